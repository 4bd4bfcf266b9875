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
#define ROOM 100000	/* that a donor of ours says it has */

/* Who we are, from the command line. */
struct identity {
	struct rs_hello_self self;
	u16 to;
	struct rs_auth_key key;
	bool has_key;
	const char *from;	/* the address to connect from, or NULL: any */
	unsigned int seed;	/* of what is random but for nonces: rand() */
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
/* The right checksum or tag for what was changed in the last one built; @len: with the tag. */
void make_right(struct talk *t, u8 *frame, size_t len);
bool send_frame(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len);
/* False: the connection has ended, or the frame is not right. The payload is behind the header. */
bool receive(struct talk *t, struct rs_wire_hdr *hdr);

/* An owner's handshake, step by step; and all of it. */
bool begin_talk(struct talk *t, const char *address, enum rs_lane_kind kind,
		const struct rs_auth_key *key, struct rs_hello *hs);
bool say_hello(struct talk *t, const char *address, enum rs_lane_kind kind,
	       const struct rs_auth_key *key, struct rs_hello *hs);
/* The donor's answer to our HELLO: from here on frames have tags, of which PROVE's is due. */
bool is_greeted(struct talk *t, struct rs_hello *hs);
bool is_welcome(struct talk *t);
bool shake_hands(struct talk *t, const char *address, enum rs_lane_kind kind);

/* False if the other side has ended the connection within @seconds. */
bool stays_open(struct talk *t, int seconds);

/*
 * odd.c: one frame that is tampered with; @how: what is_tampering(). Who sends returns false if the
 * connection has ended, or is of no more use.
 */
bool is_tampering(const char *name);
bool send_tampered(struct talk *t, const char *how, struct rs_wire_hdr hdr, const void *payload,
		   size_t len);

/* Some bytes become others, one of them for sure. */
void mutate(u8 *p, size_t len);
/* A HELLO or HELLO_REPLY says something else in one field; its proof is as before. */
void change_hello(u8 *payload);
/* A handshake's frame as it should not be: altered, of another length or type, cut off, twice. */
bool send_odd(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len);

/* foreign.c: as ourselves and as node @other */
bool foreign_pool(const char *address, u16 other);

/* crowd.c: from one address, and from several */
bool flood(const char *address, unsigned long count);
bool crowd(const char *address);

/* miser.c: stores @pages, and gives back a little now and then, until the donor ends it */
bool be_miserly(const char *address, unsigned long pages);

/* fuzz.c: @count random frames */
bool fuzz(const char *address, unsigned long count);

/*
 * babble.c: until @count frames were sent that nobody has asked for: now and then something else in
 * place of an answer of some @type, and such frames whenever there is nothing to be read.
 */
void babble_begin(unsigned long count);
bool babble_instead(u8 type);
bool babble_hello_reply(struct talk *t, struct rs_wire_hdr hdr, struct rs_hello *hs);
bool babble_welcome(struct talk *t, struct rs_wire_hdr hdr);
bool babble_reply(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len);
bool babble_in_silence(struct talk *t);

int owner_main(const char *address, const char *attack, unsigned long count);
int donor_main(const char *mode, unsigned long count);

#endif
