/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hello.h - the handshake's rules: who says what when, and what is believed
 *
 *	owner				donor
 *	HELLO			->
 *				<-	HELLO_REPLY	proves the key, and is fresh: it
 *							covers the owner's nonce
 *	PROVE			->			the first frame under the session's
 *							keys: proves the same of the owner
 *				<-	WELCOME
 *
 * Pure, as auth.h is; handshake.c does the talking, and fuzzers play either side.
 */
#ifndef _RAMSTER_HELLO_H
#define _RAMSTER_HELLO_H

#include "auth.h"

/* One's own place in the cluster. */
struct rs_hello_self {
	u16 num;
	const u8 *incarnation;
	const char *cluster;
};

enum rs_hello_state {
	RS_HELLO_STRANGER,	/* HELLO is due */
	RS_HELLO_GREETED,	/* PROVE is due */
	RS_HELLO_KNOWN,
};

/**
 * struct rs_hello - a handshake, on either side
 * @state: the donor's
 * @key:   by which both prove themselves; NULL: they do not
 * @them:  what the other side has said of itself; to be believed when the state is KNOWN, or
 *	   rs_hello_answered() has returned 0
 * @hello, @reply: the payloads
 */
struct rs_hello {
	enum rs_hello_state state;
	const struct rs_auth_key *key;
	struct rs_wire_hello them;
	u8 hello[RS_WIRE_HELLO];
	u8 reply[RS_WIRE_HELLO];
};

/* The owner. */
void rs_hello_ask(struct rs_hello *hs, const struct rs_hello_self *self, u16 to,
		  enum rs_lane_kind kind, const struct rs_auth_key *key,
		  const u8 nonce[RS_WIRE_NONCE]);
int rs_hello_answered(struct rs_hello *hs, const struct rs_hello_self *self, const u8 *payload,
		      const char **why);

/* The donor. */
int rs_hello_frame(struct rs_hello *hs, const struct rs_hello_self *self,
		   const struct rs_auth_key *keys, unsigned int nr_keys, u8 type,
		   const u8 *payload, const char **why);
void rs_hello_answer(struct rs_hello *hs, const struct rs_hello_self *self,
		     const u8 nonce[RS_WIRE_NONCE]);

#endif
