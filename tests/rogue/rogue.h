/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rogue.h - a node that does not play by the rules
 *
 *	rogue owner ADDRESS ATTACK	connects to a donor and misbehaves
 *	rogue donor MODE [COUNT]	lends, and lies
 *
 * It speaks the protocol by the kernel's own wire.c, auth.c and hello.c, so that it gets as far as
 * somebody can who knows all but, in some attacks, the key.
 */
#ifndef ROGUE_H
#define ROGUE_H

#include <stdbool.h>
#include <stdio.h>

#include "ramster/hello.h"

#define PORT 7777

/* Who we are, from the command line. */
struct identity {
	struct rs_hello_self self;
	u16 to;
	struct rs_auth_key key;
	bool has_key;
	const char *from;	/* the address to connect from, or NULL: any */
};

extern struct identity me;

/*
 * A connection. @tx and @rx count once the handshake is done with a key; of a donor's: @kind, and
 * @asked, the req_id of the last GET.
 */
struct talk {
	int fd;
	bool guarded;
	enum rs_lane_kind kind;
	u32 asked;
	struct rs_auth_stream tx, rx;
	u8 frame[RS_WIRE_MAX_FRAME];	/* the last one received or built */
};

/* talk.c; what cannot go wrong in a test ends the program */
int dial(const char *address);
void random_bytes(void *p, size_t len);
bool send_raw(struct talk *t, const void *data, size_t len);
size_t build(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len, u8 *frame);
/* The right tag for what was changed in the last one built; @len is its length, with the tag. */
void tag_again(struct talk *t, u8 *frame, size_t len);
bool send_frame(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len);
/* False: the connection has ended, or the frame is not right. The payload is behind the header. */
bool receive(struct talk *t, struct rs_wire_hdr *hdr);
bool shake_hands(struct talk *t, const char *address, enum rs_lane_kind kind);

/* False if the other side has ended the connection within @seconds. */
bool stays_open(struct talk *t, int seconds);

/* foreign.c: as ourselves and as node @other */
bool foreign_pool(const char *address, u16 other);

/* crowd.c: from one address, and from several */
bool flood(const char *address, unsigned long count);
bool crowd(const char *address);

int owner_main(const char *address, const char *attack, unsigned long count);
int donor_main(const char *mode, unsigned long count);

#endif
