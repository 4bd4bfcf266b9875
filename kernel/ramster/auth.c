// SPDX-License-Identifier: GPL-2.0
/* auth.c - proofs of the cluster key, session keys, tags of frames; auth.h has the contract */
#ifdef __KERNEL__
#include <crypto/chacha.h>
#include <crypto/sha2.h>
#include <crypto/utils.h>
#include <linux/string.h>
#endif

#include "auth.h"

/* A piece of what is hashed. */
struct piece {
	const void *data;
	size_t len;
};

#define TEXT(s) { s, sizeof(s) - 1 }

static void hmac(const u8 *key, const struct piece *pieces, unsigned int n, u8 out[32])
{
	struct hmac_sha256_ctx ctx;
	unsigned int i;

	hmac_sha256_init_usingrawkey(&ctx, key, 32);
	for (i = 0; i < n; i++)
		hmac_sha256_update(&ctx, pieces[i].data, pieces[i].len);
	hmac_sha256_final(&ctx, out);
}

/* HKDF-Expand, for one block of output. */
static void expand(const u8 *key, const char *label, u8 out[32])
{
	const u8 one = 1;
	const struct piece pieces[] = { { label, strlen(label) }, { &one, 1 } };

	hmac(key, pieces, ARRAY_SIZE(pieces), out);
}

/**
 * rs_auth_key_make - what is kept of a cluster key
 * @key:    out
 * @secret: the key; the caller wipes it
 */
void rs_auth_key_make(struct rs_auth_key *key, const u8 secret[RS_SECRET_BYTES])
{
	static const u8 salt[32] = "RAMster cluster key, version 1";
	const struct piece pieces[] = { { secret, RS_SECRET_BYTES } };
	u8 root[32], id[32];

	hmac(salt, pieces, ARRAY_SIZE(pieces), root);
	expand(root, "name", id);
	memcpy(key->id, id, sizeof(key->id));
	expand(root, "proof", key->prove);
	expand(root, "session", key->session);
	memzero_explicit(root, sizeof(root));
}

bool rs_auth_trusts(const struct rs_auth_key *keys, unsigned int nr_keys, const u8 *key_id)
{
	static const u8 none[RS_WIRE_KEY_ID];
	unsigned int i;

	if (!nr_keys)
		return !memcmp(key_id, none, sizeof(none));
	for (i = 0; i < nr_keys; i++)
		if (!memcmp(key_id, keys[i].id, sizeof(keys[i].id)))
			return true;
	return false;
}

static void hello_proof(const struct rs_auth_key *key, const u8 *hello, u8 out[32])
{
	const struct piece pieces[] = { TEXT("owner"), { hello, RS_WIRE_UNPROVEN } };

	hmac(key->prove, pieces, ARRAY_SIZE(pieces), out);
}

static void reply_proof(const struct rs_auth_key *key, const u8 *hello, const u8 *reply,
			u8 out[32])
{
	const struct piece pieces[] = {
		TEXT("donor"), { hello, RS_WIRE_HELLO }, { reply, RS_WIRE_UNPROVEN },
	};

	hmac(key->prove, pieces, ARRAY_SIZE(pieces), out);
}

void rs_auth_prove_hello(const struct rs_auth_key *key, u8 *hello)
{
	hello_proof(key, hello, hello + RS_WIRE_UNPROVEN);
}

bool rs_auth_hello_ok(const struct rs_auth_key *key, const u8 *hello)
{
	u8 proof[32];

	hello_proof(key, hello, proof);
	return !crypto_memneq(proof, hello + RS_WIRE_UNPROVEN, sizeof(proof));
}

void rs_auth_prove_reply(const struct rs_auth_key *key, const u8 *hello, u8 *reply)
{
	reply_proof(key, hello, reply, reply + RS_WIRE_UNPROVEN);
}

bool rs_auth_reply_ok(const struct rs_auth_key *key, const u8 *hello, const u8 *reply)
{
	u8 proof[32];

	reply_proof(key, hello, reply, proof);
	return !crypto_memneq(proof, reply + RS_WIRE_UNPROVEN, sizeof(proof));
}

static void stream_begin(struct rs_auth_stream *stream, const u8 *root, const char *label)
{
	u8 key[32];
	int i;

	expand(root, label, key);
	for (i = 0; i < 8; i++)
		stream->key[i] = get_unaligned_le32(key + 4 * i);
	stream->next = 0;
	memzero_explicit(key, sizeof(key));
}

/**
 * rs_auth_session - the keys of a connection
 * @key:      the cluster's, by which both sides have proven themselves
 * @hello:    payload of the HELLO
 * @reply:    payload of its reply
 * @to_donor: out: what protects the owner's frames
 * @to_owner: out: what protects the donor's
 *
 * Both payloads have a random nonce, so no two connections have the same keys, and
 * nothing that was recorded on one is good on another.
 */
void rs_auth_session(const struct rs_auth_key *key, const u8 *hello, const u8 *reply,
		     struct rs_auth_stream *to_donor, struct rs_auth_stream *to_owner)
{
	const struct piece pieces[] = { { hello, RS_WIRE_HELLO }, { reply, RS_WIRE_HELLO } };
	u8 root[32];

	hmac(key->session, pieces, ARRAY_SIZE(pieces), root);
	stream_begin(to_donor, root, "to donor");
	stream_begin(to_owner, root, "to owner");
	memzero_explicit(root, sizeof(root));
}

/**
 * rs_auth_tag_begin - begin the tag of a frame
 * @stream: of the direction that it goes; its number is used up
 * @mac:    out
 */
void rs_auth_tag_begin(struct rs_auth_stream *stream, struct poly1305_desc_ctx *mac)
{
	struct chacha_state chacha;
	u8 iv[16] = { 0 }, key[32] = { 0 };

	put_unaligned_le64(stream->next++, iv + 8);
	chacha_init(&chacha, stream->key, iv);
	chacha20_crypt(&chacha, key, key, sizeof(key));
	poly1305_init(mac, key);
	chacha_zeroize_state(&chacha);
	memzero_explicit(key, sizeof(key));
}

/**
 * rs_auth_frame_ok - is this the very next frame that the other side has sent?
 * @stream: of the direction that it came
 * @frame:  header and payload, and behind them the tag
 * @len:    bytes without the tag
 *
 * Return: false: it is forged, altered, out of order or a repetition; the connection
 * must end.
 */
bool rs_auth_frame_ok(struct rs_auth_stream *stream, const u8 *frame, size_t len)
{
	struct poly1305_desc_ctx mac;
	u8 tag[RS_WIRE_TAG];

	rs_auth_tag_begin(stream, &mac);
	poly1305_update(&mac, frame, len);
	poly1305_final(&mac, tag);
	return !crypto_memneq(tag, frame + len, sizeof(tag));
}
