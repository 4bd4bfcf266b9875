// SPDX-License-Identifier: GPL-2.0
/* test_auth.c - who gets in and who does not: proofs, sessions, tags, and the handshake's rules */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ramster/hello.h"

/* --- the tests' own crypto, by the vectors of the RFCs --- */

static void test_hmac(void **state)
{
	/* RFC 4231, cases 1 and 2 */
	static const u8 want[2][32] = {
		{ 0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b,
		  0xf1, 0x2b, 0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c,
		  0x2e, 0x32, 0xcf, 0xf7 },
		{ 0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95,
		  0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9,
		  0x64, 0xec, 0x38, 0x43 },
	};
	struct hmac_sha256_ctx ctx;
	u8 key[20], out[32];

	(void)state;
	memset(key, 0x0b, sizeof(key));
	hmac_sha256_init_usingrawkey(&ctx, key, sizeof(key));
	hmac_sha256_update(&ctx, (const u8 *)"Hi There", 8);
	hmac_sha256_final(&ctx, out);
	assert_memory_equal(out, want[0], 32);

	hmac_sha256_init_usingrawkey(&ctx, (const u8 *)"Jefe", 4);
	hmac_sha256_update(&ctx, (const u8 *)"what do ya want for nothing?", 28);
	hmac_sha256_final(&ctx, out);
	assert_memory_equal(out, want[1], 32);
}

static void test_chacha(void **state)
{
	/* RFC 8439, 2.3.2 */
	static const u8 want[16] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20,
		0x71, 0xc4,
	};
	static const u8 iv[16] = { 1, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0x4a };
	struct chacha_state chacha;
	u8 out[64] = { 0 }, raw[32];
	u32 key[8];

	(void)state;
	for (int i = 0; i < 32; i++)
		raw[i] = i;
	for (int i = 0; i < 8; i++)
		key[i] = get_unaligned_le32(raw + 4 * i);
	chacha_init(&chacha, key, iv);
	chacha20_crypt(&chacha, out, out, sizeof(out));
	assert_memory_equal(out, want, sizeof(want));
}

static void test_poly1305(void **state)
{
	/* RFC 8439, 2.5.2 */
	static const u8 key[32] = {
		0x85, 0xd6, 0xbe, 0x78, 0x57, 0x55, 0x6d, 0x33, 0x7f, 0x44, 0x52, 0xfe, 0x42, 0xd5,
		0x06, 0xa8, 0x01, 0x03, 0x80, 0x8a, 0xfb, 0x0d, 0xb2, 0xfd, 0x4a, 0xbf, 0xf6, 0xaf,
		0x41, 0x49, 0xf5, 0x1b,
	};
	static const u8 want[16] = {
		0xa8, 0x06, 0x1d, 0xc1, 0x30, 0x51, 0x36, 0xc6, 0xc2, 0x2b, 0x8b, 0xaf, 0x0c, 0x01,
		0x27, 0xa9,
	};
	static const char text[] = "Cryptographic Forum Research Group";
	struct poly1305_desc_ctx mac;
	u8 out[16];

	(void)state;
	poly1305_init(&mac, key);
	poly1305_update(&mac, (const u8 *)text, 10);
	poly1305_update(&mac, (const u8 *)text + 10, sizeof(text) - 11);
	poly1305_final(&mac, out);
	assert_memory_equal(out, want, sizeof(want));
}

/* --- two nodes --- */

static const u8 lives[2][16] = { "first life of 0", "first life of 1" };
static const struct rs_hello_self owner = { 0, lives[0], "lab" };
static const struct rs_hello_self donor = { 1, lives[1], "lab" };
static struct rs_auth_key key, other_key;

static int setup(void **state)
{
	u8 secret[RS_SECRET_BYTES] = { 1, 2, 3 };

	(void)state;
	rs_auth_key_make(&key, secret);
	secret[31] = 1;
	rs_auth_key_make(&other_key, secret);
	return 0;
}

/* A handshake between owner and donor, whose frames @spoil may change on their way. */
struct talk {
	struct rs_hello o, d;
	const struct rs_auth_key *owner_key;
	struct rs_auth_key donor_keys[2];
	unsigned int nr_keys;
	u8 nonce;
	const char *why;
};

static void talk_begin(struct talk *t, const struct rs_auth_key *k, unsigned int nr)
{
	*t = (struct talk){ .owner_key = k, .nr_keys = nr, .nonce = 7 };
	t->donor_keys[0] = key;
	t->donor_keys[1] = other_key;
}

static int donor_hears(struct talk *t, const u8 *hello)
{
	return rs_hello_frame(&t->d, &donor, t->donor_keys, t->nr_keys, RS_HELLO, hello, &t->why);
}

static void owner_asks(struct talk *t)
{
	u8 nonce[RS_WIRE_NONCE] = { t->nonce };

	rs_hello_ask(&t->o, &owner, 1, RS_LANE_FETCH, t->owner_key, nonce);
}

static void donor_answers(struct talk *t)
{
	u8 nonce[RS_WIRE_NONCE] = { t->nonce, 1 };

	rs_hello_answer(&t->d, &donor, nonce);
}

static int owner_hears(struct talk *t, const u8 *reply)
{
	return rs_hello_answered(&t->o, &owner, reply, &t->why);
}

static int talk(struct talk *t)
{
	int err;

	owner_asks(t);
	err = donor_hears(t, t->o.hello);
	if (err)
		return err;
	assert_int_equal(t->d.state, RS_HELLO_GREETED);
	donor_answers(t);
	return owner_hears(t, t->d.reply);
}

static void test_key_makes_a_session(void **state)
{
	struct rs_auth_stream a[2], b[2], c[2];
	struct talk t;

	(void)state;
	talk_begin(&t, &key, 1);
	assert_int_equal(talk(&t), 0);
	assert_int_equal(t.o.them.from, 1);
	assert_memory_equal(t.o.them.incarnation, lives[1], 16);
	assert_int_equal(t.d.them.from, 0);
	assert_int_equal(t.d.them.lane, RS_LANE_FETCH);
	assert_memory_equal(t.d.them.incarnation, lives[0], 16);
	rs_auth_session(t.o.key, t.o.hello, t.o.reply, &a[0], &a[1]);
	rs_auth_session(t.d.key, t.d.hello, t.d.reply, &b[0], &b[1]);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(a[0].key, a[1].key, sizeof(a[0].key));
	assert_int_equal(rs_hello_frame(&t.d, &donor, t.donor_keys, 1, RS_PROVE, NULL, &t.why), 0);
	assert_int_equal(t.d.state, RS_HELLO_KNOWN);

	/* Another nonce, other keys. */
	talk_begin(&t, &key, 1);
	t.nonce = 8;
	assert_int_equal(talk(&t), 0);
	rs_auth_session(t.o.key, t.o.hello, t.o.reply, &c[0], &c[1]);
	assert_memory_not_equal(a[0].key, c[0].key, sizeof(a[0].key));
}

static void test_wrong_key_and_none(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, &other_key, 1);
	assert_int_equal(talk(&t), -EKEYREJECTED);
	talk_begin(&t, NULL, 1);
	assert_int_equal(talk(&t), -EKEYREJECTED);
	talk_begin(&t, &key, 0);
	assert_int_equal(talk(&t), -EKEYREJECTED);
	/* Neither has one: that is a cluster without. */
	talk_begin(&t, NULL, 0);
	assert_int_equal(talk(&t), 0);
	/* Both of the donor's are good while a key is replaced. */
	talk_begin(&t, &other_key, 2);
	assert_int_equal(talk(&t), 0);
	assert_true(rs_auth_trusts(t.donor_keys, 2, t.d.them.key_id));
	assert_false(rs_auth_trusts(t.donor_keys, 1, t.d.them.key_id));
}

/* Right name of the key, wrong key: what counts is the proof. */
static void test_name_of_the_key_is_not_enough(void **state)
{
	struct rs_auth_key liar = other_key;
	struct talk t;

	(void)state;
	memcpy(liar.id, key.id, sizeof(liar.id));
	talk_begin(&t, &liar, 1);
	assert_int_equal(talk(&t), -EKEYREJECTED);
}

/* Whatever is changed in either message, one of the two refuses. */
static void test_every_bit_counts(void **state)
{
	struct talk t;

	(void)state;
	for (int bit = 0; bit < RS_WIRE_HELLO * 8; bit++) {
		talk_begin(&t, &key, 2);
		owner_asks(&t);
		t.o.hello[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(donor_hears(&t, t.o.hello), 0);
		assert_int_equal(t.d.state, RS_HELLO_STRANGER);

		talk_begin(&t, &key, 2);
		owner_asks(&t);
		assert_int_equal(donor_hears(&t, t.o.hello), 0);
		donor_answers(&t);
		t.d.reply[bit / 8] ^= 1 << bit % 8;
		assert_int_not_equal(owner_hears(&t, t.d.reply), 0);
	}
}

/* Somebody in between takes the key out of both messages: neither side falls for it. */
static void test_downgrade(void **state)
{
	struct rs_wire_hello h;
	struct talk t;

	(void)state;
	talk_begin(&t, &key, 1);
	owner_asks(&t);
	rs_wire_hello_decode(t.o.hello, &h);
	h.auth = RS_AUTH_NONE;
	memset(h.key_id, 0, sizeof(h.key_id));
	memset(h.proof, 0, sizeof(h.proof));
	rs_wire_hello_encode(t.o.hello, &h);
	assert_int_equal(donor_hears(&t, t.o.hello), -EKEYREJECTED);

	talk_begin(&t, &key, 1);
	owner_asks(&t);
	assert_int_equal(donor_hears(&t, t.o.hello), 0);
	t.d.key = NULL;
	donor_answers(&t);
	assert_int_equal(owner_hears(&t, t.d.reply), -EKEYREJECTED);
}

/* A HELLO that was recorded gets an answer, and no further; a reply that was, not even that. */
static void test_replay(void **state)
{
	struct rs_auth_stream old[2], now[2];
	struct talk t, again;

	(void)state;
	talk_begin(&t, &key, 1);
	assert_int_equal(talk(&t), 0);
	rs_auth_session(t.o.key, t.o.hello, t.o.reply, &old[0], &old[1]);

	talk_begin(&again, &key, 1);
	again.nonce = 9;
	assert_int_equal(donor_hears(&again, t.o.hello), 0);
	donor_answers(&again);
	rs_auth_session(again.d.key, again.d.hello, again.d.reply, &now[0], &now[1]);
	assert_memory_not_equal(old[0].key, now[0].key, sizeof(old[0].key));

	owner_asks(&again);
	assert_int_equal(owner_hears(&again, t.d.reply), -EKEYREJECTED);
}

/* A donor's own words sent back to it do not make somebody else an owner. */
static void test_reflection(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, &key, 1);
	assert_int_equal(talk(&t), 0);
	memset(&t.d, 0, sizeof(t.d));
	assert_int_equal(donor_hears(&t, t.o.reply), -EKEYREJECTED);
}

static void test_order_of_frames(void **state)
{
	struct talk t;

	(void)state;
	talk_begin(&t, &key, 1);
	for (int type = 0; type < __RS_WIRE_TYPES; type++)
		if (type != RS_HELLO)
			assert_int_equal(rs_hello_frame(&t.d, &donor, &key, 1, type, NULL, &t.why),
					 -EPROTO);
	owner_asks(&t);
	assert_int_equal(donor_hears(&t, t.o.hello), 0);
	for (int type = 0; type < __RS_WIRE_TYPES; type++)
		if (type != RS_PROVE)
			assert_int_equal(rs_hello_frame(&t.d, &donor, &key, 1, type, t.o.hello,
							&t.why), -EPROTO);
}

static void test_somebody_else(void **state)
{
	static const struct rs_hello_self third = { 2, lives[1], "lab" };
	static const struct rs_hello_self elsewhere = { 1, lives[1], "lab2" };
	static const u8 nonce[RS_WIRE_NONCE] = { 3 };
	struct talk t;

	(void)state;
	talk_begin(&t, &key, 1);
	owner_asks(&t);
	assert_int_equal(rs_hello_frame(&t.d, &third, &key, 1, RS_HELLO, t.o.hello, &t.why),
			 -EREMCHG);
	assert_int_equal(rs_hello_frame(&t.d, &elsewhere, &key, 1, RS_HELLO, t.o.hello, &t.why),
			 -EREMCHG);
	assert_int_equal(donor_hears(&t, t.o.hello), 0);
	rs_hello_answer(&t.d, &third, nonce);
	assert_int_equal(owner_hears(&t, t.d.reply), -EREMCHG);
}

/* --- frames --- */

#define FRAME 200

static void send_frame(struct rs_auth_stream *s, u8 *frame)
{
	struct poly1305_desc_ctx mac;

	for (int i = 0; i < FRAME; i++)
		frame[i] = i * 7 + (int)s->next;
	rs_auth_tag_begin(s, &mac);
	poly1305_update(&mac, frame, RS_WIRE_HDR);
	poly1305_update(&mac, frame + RS_WIRE_HDR, FRAME - RS_WIRE_HDR);
	poly1305_final(&mac, frame + FRAME);
}

static void begin_stream(struct rs_auth_stream *tx, struct rs_auth_stream *rx)
{
	struct rs_auth_stream unused;
	struct talk t;

	talk_begin(&t, &key, 1);
	assert_int_equal(talk(&t), 0);
	rs_auth_session(t.o.key, t.o.hello, t.o.reply, tx, &unused);
	rs_auth_session(t.d.key, t.d.hello, t.d.reply, rx, &unused);
}

static void test_frames(void **state)
{
	u8 frame[3][FRAME + RS_WIRE_TAG];
	struct rs_auth_stream tx, rx, at;

	(void)state;
	begin_stream(&tx, &rx);
	for (int i = 0; i < 3; i++)
		send_frame(&tx, frame[i]);
	assert_true(rs_auth_frame_ok(&rx, frame[0], FRAME));
	at = rx;
	assert_false(rs_auth_frame_ok(&rx, frame[0], FRAME));	/* again */
	rx = at;
	assert_false(rs_auth_frame_ok(&rx, frame[2], FRAME));	/* one is missing */
	for (int bit = 0; bit < (FRAME + RS_WIRE_TAG) * 8; bit++) {
		rx = at;
		frame[1][bit / 8] ^= 1 << bit % 8;
		assert_false(rs_auth_frame_ok(&rx, frame[1], FRAME));
		frame[1][bit / 8] ^= 1 << bit % 8;
	}
	for (int cut = 0; cut < FRAME; cut++) {
		rx = at;
		assert_false(rs_auth_frame_ok(&rx, frame[1], cut));
	}
	rx = at;
	assert_true(rs_auth_frame_ok(&rx, frame[1], FRAME));
	assert_true(rs_auth_frame_ok(&rx, frame[2], FRAME));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_chacha),
		cmocka_unit_test(test_poly1305),
		cmocka_unit_test(test_key_makes_a_session),
		cmocka_unit_test(test_wrong_key_and_none),
		cmocka_unit_test(test_name_of_the_key_is_not_enough),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_downgrade),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_reflection),
		cmocka_unit_test(test_order_of_frames),
		cmocka_unit_test(test_somebody_else),
		cmocka_unit_test(test_frames),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
