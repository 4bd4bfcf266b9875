/* SPDX-License-Identifier: GPL-2.0 */
/*
 * auth.h - proofs of the cluster key, the keys of a session, and the tags of frames
 *
 * Pure, as wire.h is: the kernel, the unit tests, the fuzzers and the tests' own
 * nodes compile the same auth.c. docs/PROTOCOL.md, "Authentication", has the format, docs/SECURITY.md
 * what it promises. All functions: any context that may use the FPU, no allocation, no lock.
 *
 * HMAC-SHA256 proves, HKDF (RFC 5869) derives, and each frame has a Poly1305 tag
 * under a key of its own: the first bytes of ChaCha20's stream of the session's key and the
 * number of the frame.
 */
#ifndef _RAMSTER_AUTH_H
#define _RAMSTER_AUTH_H

#include "wire.h"

#ifdef __KERNEL__
#include <crypto/poly1305.h>
#else
#include "auth_user.h"
#endif

#define RS_SECRET_BYTES		32

/**
 * struct rs_auth_key - what is kept of a cluster key; the key itself is not
 * @id:      names it in HELLO; says nothing of the key
 * @prove:   for the proofs
 * @session: for the keys of sessions
 */
struct rs_auth_key {
	u8 id[RS_WIRE_KEY_ID];
	u8 prove[32];
	u8 session[32];
};

/**
 * struct rs_auth_stream - one direction of one connection
 * @key:  ChaCha20's
 * @next: number of the next frame
 */
struct rs_auth_stream {
	u32 key[8];
	u64 next;
};

void rs_auth_key_make(struct rs_auth_key *key, const u8 secret[RS_SECRET_BYTES]);

/* Is a connection good that was made with the key of this name? All zero: without one. */
bool rs_auth_trusts(const struct rs_auth_key *keys, unsigned int nr_keys, const u8 *key_id);

/*
 * @hello and @reply are encoded payloads. A HELLO is proven by itself, a HELLO_REPLY
 * together with the HELLO that it answers. "prove" fills the proof in.
 */
void rs_auth_prove_hello(const struct rs_auth_key *key, u8 *hello);
bool rs_auth_hello_ok(const struct rs_auth_key *key, const u8 *hello);
void rs_auth_prove_reply(const struct rs_auth_key *key, const u8 *hello, u8 *reply);
bool rs_auth_reply_ok(const struct rs_auth_key *key, const u8 *hello, const u8 *reply);

void rs_auth_session(const struct rs_auth_key *key, const u8 *hello, const u8 *reply,
		     struct rs_auth_stream *to_donor, struct rs_auth_stream *to_owner);

/* A tag: begin, poly1305_update() over the header and the payload, poly1305_final(). */
void rs_auth_tag_begin(struct rs_auth_stream *stream, struct poly1305_desc_ctx *mac);
bool rs_auth_frame_ok(struct rs_auth_stream *stream, const u8 *frame, size_t len);

#endif
