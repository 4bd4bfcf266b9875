// SPDX-License-Identifier: GPL-2.0
/*
 * owner.c - attacks on a donor, one a run
 *
 * Each returns whether the donor behaved: it let nothing through, and ended the
 * connection where it should. What it counted and logged is for the test to see.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "rogue.h"

static const char *address;
static struct talk t;

static bool say_hello_with(const struct rs_auth_key *key, struct rs_hello *hs)
{
	return say_hello(&t, address, RS_LANE_BULK, key, hs);
}

/* Refused with no more than a number, and cut off. */
static bool is_turned_away(void)
{
	struct rs_wire_hdr hdr;

	return receive(&t, &hdr) && hdr.type == RS_ERROR && hdr.status == EPERM && !hdr.length &&
	       !stays_open(&t, 20);
}

static bool wrong_key(unsigned long unused)
{
	u8 secret[RS_SECRET_BYTES];
	struct rs_auth_key key;
	struct rs_hello hs;

	(void)unused;
	random_bytes(secret, sizeof(secret));
	rs_auth_key_make(&key, secret);
	return say_hello_with(&key, &hs) && is_turned_away();
}

/* The name of the right key, and a proof that is none. */
static bool wrong_proof(unsigned long unused)
{
	struct rs_auth_key key = me.key;
	struct rs_hello hs;

	(void)unused;
	random_bytes(key.prove, sizeof(key.prove));
	return say_hello_with(&key, &hs) && is_turned_away();
}

static bool no_key(unsigned long unused)
{
	struct rs_hello hs;

	(void)unused;
	return say_hello_with(NULL, &hs) && is_turned_away();
}

/* A connection, and what we would say on it: @h is what @hs->hello holds, to be altered. */
static bool prepare_hello(struct rs_hello *hs, struct rs_wire_hello *h)
{
	return begin_talk(&t, address, RS_LANE_BULK, &me.key, hs) &&
	       !rs_wire_hello_decode(hs->hello, h);
}

static bool send_hello(const struct rs_hello *hs)
{
	return send_frame(&t, (struct rs_wire_hdr){ .type = RS_HELLO }, hs->hello, RS_WIRE_HELLO);
}

/* An owner offers more than version 1 has, and proves that; somebody in between takes it away. */
static bool downgrade(unsigned long unused)
{
	struct rs_wire_hello h;
	struct rs_hello hs;

	(void)unused;
	if (!prepare_hello(&hs, &h))
		return false;
	h.version_max = RS_WIRE_VERSION + 1;
	h.features = RS_WIRE_FEATURES | 1;
	rs_wire_hello_encode(hs.hello, &h);
	rs_auth_prove_hello(&me.key, hs.hello);
	if (rs_wire_hello_decode(hs.hello, &h))
		return false;
	h.version_max = RS_WIRE_VERSION;
	h.features = 0;
	rs_wire_hello_encode(hs.hello, &h);
	return send_hello(&hs) && is_turned_away();
}

/* Likewise: an owner that names and proves the key seems to have none. */
static bool downgrade_to_no_key(unsigned long unused)
{
	struct rs_wire_hello h;
	struct rs_hello hs;

	(void)unused;
	if (!prepare_hello(&hs, &h))
		return false;
	h.auth = RS_AUTH_NONE;
	rs_wire_hello_encode(hs.hello, &h);
	return send_hello(&hs) && !stays_open(&t, 20);
}

/* What an honest owner said, said again by somebody who has no key. */
static bool replayed_hello(unsigned long unused)
{
	u8 hello[RS_WIRE_HDR + RS_WIRE_HELLO], proven[RS_WIRE_HDR + RS_WIRE_TAG];
	struct rs_wire_hdr hdr;
	struct rs_hello hs;

	(void)unused;
	if (!say_hello_with(&me.key, &hs))
		return false;
	memcpy(hello, t.frame, sizeof(hello));
	if (!is_greeted(&t, &hs))
		return false;
	build(&t, (struct rs_wire_hdr){ .type = RS_PROVE }, NULL, 0, proven);
	if (!send_raw(&t, proven, sizeof(proven)) || !is_welcome(&t))
		return false;
	close(t.fd);

	memset(&t, 0, offsetof(struct talk, frame));
	t.fd = dial(address);
	return t.fd >= 0 && send_raw(&t, hello, sizeof(hello)) && receive(&t, &hdr) &&
	       hdr.type == RS_HELLO_REPLY && send_raw(&t, proven, sizeof(proven)) &&
	       !stays_open(&t, 20);
}

static size_t a_put(u8 *payload)
{
	struct rs_wire_rec rec = { .slot = 1, .version = 1, .len = 200, .comp = 1 };

	rs_wire_rec_encode(payload, &rec);
	memset(payload + RS_WIRE_REC, 0x5a, rec.len);
	return RS_WIRE_REC + rec.len;
}

static bool replayed_frame(unsigned long unused)
{
	struct rs_wire_hdr hdr;
	u8 ping[RS_WIRE_HDR + RS_WIRE_TAG];

	(void)unused;
	if (!shake_hands(&t, address, RS_LANE_BULK))
		return false;
	build(&t, (struct rs_wire_hdr){ .type = RS_PING }, NULL, 0, ping);
	return send_raw(&t, ping, sizeof(ping)) && receive(&t, &hdr) && hdr.type == RS_PONG &&
	       send_raw(&t, ping, sizeof(ping)) && !stays_open(&t, 20);
}

/* What a_put() has is not there. To be asked in the same life, which alone would have stored it. */
static bool is_not_stored(void)
{
	struct rs_wire_hdr hdr = { .type = RS_GET, .pool = 1, .count = 1 };
	struct rs_wire_get get = { .slot = 1, .version = 1 };
	struct rs_wire_got got;
	u8 payload[RS_WIRE_REC];

	rs_wire_get_encode(payload, &get);
	if (!shake_hands(&t, address, RS_LANE_FETCH) ||
	    !send_frame(&t, hdr, payload, sizeof(payload)) || !receive(&t, &hdr) ||
	    hdr.type != RS_GET_REPLY || hdr.count != 1)
		return false;
	rs_wire_got_decode(t.frame + RS_WIRE_HDR, &got);
	return !got.len;
}

/* A PUT does not arrive as it was sent. */
static bool tampered(const char *how)
{
	struct rs_wire_hdr hdr = { .type = RS_PUT, .pool = 1, .count = 1 };
	u8 payload[RS_WIRE_REC + 200];

	if (!shake_hands(&t, address, RS_LANE_BULK) ||
	    !send_tampered(&t, how, hdr, payload, a_put(payload)) || stays_open(&t, 20))
		return false;
	close(t.fd);
	return is_not_stored();
}

/* Somebody with the key who speaks later versions only is told that. */
static bool no_common_version(unsigned long unused)
{
	struct rs_wire_hello h;
	struct rs_wire_hdr hdr;
	struct rs_hello hs;

	(void)unused;
	if (!prepare_hello(&hs, &h))
		return false;
	h.version_min = RS_WIRE_VERSION + 1;
	h.version_max = RS_WIRE_VERSION + 2;
	rs_wire_hello_encode(hs.hello, &h);
	rs_auth_prove_hello(&me.key, hs.hello);
	return send_hello(&hs) && receive(&t, &hdr) && hdr.type == RS_ERROR &&
	       hdr.status == EPROTONOSUPPORT && hdr.length && !stays_open(&t, 20);
}

/* A whole page's length announced by a stranger, for whom there is only room for a HELLO. */
static bool oversized_hello(unsigned long unused)
{
	struct rs_wire_hdr hdr = { .type = RS_PUT, .pool = 1, .count = 1, .length = 4096 };

	(void)unused;
	t.fd = dial(address);
	rs_wire_hdr_encode(t.frame, &hdr);
	return t.fd >= 0 && send_raw(&t, t.frame, RS_WIRE_HDR) && !stays_open(&t, 20);
}

static bool foreign(unsigned long other)
{
	return foreign_pool(address, other);
}

/* As many pages as the donor takes, each as small as can be and 2^@shift slots from the next. */
static bool hoard_by(unsigned int shift, unsigned long most)
{
	u8 payload[RS_WIRE_MAX_RECORDS * (RS_WIRE_REC + 1)];
	struct rs_wire_put_reply reply = { .stored = ~0ULL };
	struct rs_wire_rec rec = { .version = 1, .len = 1 };
	struct rs_wire_hdr hdr;
	unsigned long n = 0;
	int i;

	if (!shake_hands(&t, address, RS_LANE_BULK))
		return false;
	memset(payload, 0x5a, sizeof(payload));
	while (n < most && reply.stored == ~0ULL) {
		for (i = 0; i < RS_WIRE_MAX_RECORDS; i++) {
			rec.slot = (n + i) << shift;
			rs_wire_rec_encode(payload + i * RS_WIRE_REC, &rec);
		}
		hdr = (struct rs_wire_hdr){ .type = RS_PUT, .count = RS_WIRE_MAX_RECORDS,
					    .pool = n >> (32 - shift) };
		if (!send_frame(&t, hdr, payload, sizeof(payload)) || !receive(&t, &hdr) ||
		    hdr.type != RS_PUT_REPLY ||
		    rs_wire_put_reply_decode(t.frame + RS_WIRE_HDR, hdr.count, &reply))
			return false;
		n += __builtin_popcountll(reply.stored);
	}
	printf("stored %lu\n", n);
	return n < most &&
	       send_frame(&t, (struct rs_wire_hdr){ .type = RS_FLUSH, .flags = RS_FLUSH_ALL }, NULL, 0) &&
	       receive(&t, &hdr) && hdr.type == RS_FLUSH_REPLY;
}

static bool hoard(unsigned long most)
{
	return hoard_by(12, most);
}

/* Where hardly two of them share a node of any height of the donor's index. */
static bool hoard_far(unsigned long most)
{
	return hoard_by(24, most);
}

#define HOG_AHEAD 16

/* For @seconds, what costs the donor most and us least: pages to be forgotten that it does not have. */
static bool hog(unsigned long seconds)
{
	const struct rs_wire_hdr flush = { .type = RS_FLUSH, .count = RS_WIRE_MAX_FLUSH };
	u8 payload[RS_WIRE_MAX_FLUSH * RS_WIRE_REC];
	struct rs_wire_flush rec = { .version = 1 };
	time_t end = time(NULL) + seconds;
	unsigned long sent = 0, answered = 0;
	struct rs_wire_hdr hdr;

	if (!shake_hands(&t, address, RS_LANE_BULK))
		return false;
	memset(payload, 0, sizeof(payload));
	for (; rec.slot < RS_WIRE_MAX_FLUSH; rec.slot++)
		rs_wire_flush_encode(payload + rec.slot * RS_WIRE_REC, &rec);
	while (time(NULL) < end) {
		for (; sent < answered + HOG_AHEAD; sent++)
			if (!send_frame(&t, flush, payload, sizeof(payload)))
				return false;
		if (!receive(&t, &hdr))
			return false;
		answered += hdr.type == RS_FLUSH_REPLY;
	}
	printf("answered %lu\n", answered);
	return answered;
}

/* A page, and then a new life that knows nothing of it, again and again. */
static bool reconnect(unsigned long count)
{
	u8 life[16], payload[RS_WIRE_REC + 200];
	struct rs_wire_put_reply reply;
	struct rs_wire_hdr hdr;
	unsigned long i;

	me.self.incarnation = life;
	for (i = 0; i < count; i++) {
		random_bytes(life, sizeof(life));
		hdr = (struct rs_wire_hdr){ .type = RS_PUT, .count = 1 };
		if (!shake_hands(&t, address, RS_LANE_BULK) ||
		    !send_frame(&t, hdr, payload, a_put(payload)) || !receive(&t, &hdr) ||
		    hdr.type != RS_PUT_REPLY ||
		    rs_wire_put_reply_decode(t.frame + RS_WIRE_HDR, hdr.count, &reply) || !reply.stored)
			return false;
		close(t.fd);
	}
	return true;
}

/* A byte of a HELLO a second. */
static bool slow_loris(unsigned long seconds)
{
	struct rs_hello hs;
	unsigned long i;

	if (!begin_talk(&t, address, RS_LANE_BULK, &me.key, &hs))
		return false;
	build(&t, (struct rs_wire_hdr){ .type = RS_HELLO }, hs.hello, RS_WIRE_HELLO, t.frame);
	for (i = 0; i < seconds; i++)
		if (!send_raw(&t, t.frame + i, 1) || !stays_open(&t, 1))
			return true;
	return false;
}

/* As an honest owner: may we come in? */
static bool greet(unsigned long unused)
{
	(void)unused;
	return shake_hands(&t, address, RS_LANE_BULK);
}

static bool many(unsigned long count)
{
	return flood(address, count);
}

static bool many_addresses(unsigned long unused)
{
	(void)unused;
	return crowd(address);
}

/* Fails again and again, until the donor does not even listen to what we say. */
static bool knock(unsigned long most)
{
	u8 secret[RS_SECRET_BYTES];
	struct rs_wire_hdr hdr;
	struct rs_auth_key key;
	unsigned long answered;
	unsigned int refused = 0;
	struct rs_hello hs;

	random_bytes(secret, sizeof(secret));
	rs_auth_key_make(&key, secret);
	/* Once may be for want of a place: the donor ends connections in its own time. */
	for (answered = 0; answered < most && refused < 3;) {
		if (!say_hello_with(&key, &hs) || !receive(&t, &hdr)) {
			refused++;
			usleep(200000);
		} else if (hdr.type != RS_ERROR || hdr.status != EPERM || stays_open(&t, 20)) {
			return false;
		} else {
			refused = 0;
			answered++;
		}
		if (t.fd >= 0)
			close(t.fd);
	}
	printf("answered %lu\n", answered);
	return answered && refused;
}

static bool miser(unsigned long pages)
{
	return be_miserly(address, pages);
}

static bool random_frames(unsigned long count)
{
	return fuzz(address, count);
}

static const struct attack {
	const char *name;
	bool (*run)(unsigned long count);
} attacks[] = {
	{ "wrong-key", wrong_key },
	{ "wrong-proof", wrong_proof },
	{ "no-key", no_key },
	{ "downgrade", downgrade },
	{ "downgrade-to-no-key", downgrade_to_no_key },
	{ "replayed-hello", replayed_hello },
	{ "replayed-frame", replayed_frame },
	{ "oversized-hello", oversized_hello },
	{ "no-common-version", no_common_version },
	{ "foreign-pool", foreign },
	{ "hoard", hoard },
	{ "hoard-far", hoard_far },
	{ "hog", hog },
	{ "reconnect", reconnect },
	{ "slow-loris", slow_loris },
	{ "greet", greet },
	{ "flood", many },
	{ "crowd", many_addresses },
	{ "knock", knock },
	{ "miser", miser },
	{ "fuzz", random_frames },
};

static int report(bool ok)
{
	puts(ok ? "as it should be" : "NOT AS IT SHOULD BE");
	return !ok;
}

int owner_main(const char *to, const char *attack, unsigned long count)
{
	size_t i;

	address = to;
	for (i = 0; i < ARRAY_SIZE(attacks); i++)
		if (!strcmp(attacks[i].name, attack))
			return report(attacks[i].run(count));
	if (is_tampering(attack))
		return report(tampered(attack));
	fprintf(stderr, "rogue: no attack %s\n", attack);
	return 2;
}
