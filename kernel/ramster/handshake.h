/* SPDX-License-Identifier: GPL-2.0 */
/* handshake.h - HELLO and its reply: who is at the other end of a lane */
#ifndef _RAMSTER_HANDSHAKE_H
#define _RAMSTER_HANDSHAKE_H

#include "lane.h"
#include "node.h"

/* How long a step of it may take. */
#define RS_HANDSHAKE_MS	5000

/* What a handshake has found out about the other side. */
struct rs_handshake {
	u16 from;
	enum rs_lane_kind kind;
	u32 room;
	u8 incarnation[16];
};



int rs_handshake_client(struct rs_lane *lane, enum rs_lane_kind kind,
			const struct rs_node_info *to, struct rs_handshake *hs);
int rs_handshake_server(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload,
			struct rs_handshake *hs, const char **why);
int rs_handshake_reply(struct rs_lane *lane, const struct rs_handshake *hs, u32 room);

#endif
