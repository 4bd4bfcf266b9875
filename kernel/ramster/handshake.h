/* SPDX-License-Identifier: GPL-2.0 */
/* handshake.h - who is at the other end of a lane: hello.h's rules over the wire */
#ifndef _RAMSTER_HANDSHAKE_H
#define _RAMSTER_HANDSHAKE_H

#include "hello.h"
#include "lane.h"
#include "node.h"

/* How long a step of it may take. */
#define RS_HANDSHAKE_MS	5000


/* What a client has found out about a donor. */
struct rs_handshake {
	u32 room;
	u8 incarnation[16];
	u8 key_id[RS_WIRE_KEY_ID];
	char why[RS_WHY_MAX];	/* it is not to be used, as it says itself or shows; else empty */
};

/* A server's handshake, and the keys as they were when it began. */
struct rs_greeting {
	struct rs_hello hello;
	struct rs_auth_key keys[RS_KEYS];
	unsigned int nr_keys;
	u8 us[RS_INCARNATION_BYTES];	/* as we presented ourselves */
};

int rs_handshake_connect(struct rs_lane *lane, enum rs_lane_kind kind,
			 const struct sockaddr_storage *from, const struct rs_node_info *to,
			 unsigned int timeout_ms, unsigned int *key_slot, struct rs_handshake *hs);
int rs_handshake_frame(struct rs_lane *lane, struct rs_greeting *greeting,
		       const struct rs_wire_hdr *hdr, const u8 *payload, const char **why);
int rs_handshake_welcome(struct rs_lane *lane, u32 room);

#endif
