// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_hello.c - any bytes as what the other side of a handshake says
 *
 * The first byte chooses our side and our keys, and whether what arrives gets a right
 * proof; without one nobody may get in. Then messages: a byte for the type, and a HELLO's
 * payload (or what there is of it).
 */
#include <stdlib.h>
#include <string.h>

#include "ramster/hello.h"

#define WITH_KEY	1
#define PROVEN		2
#define AS_OWNER	4

static const u8 life[16] = "one of ours";
static const u8 nonce[RS_WIRE_NONCE] = "not random at all";
static const struct rs_hello_self self = { 2, life, "lab" };
static struct rs_auth_key keys[2];

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void make_keys(void)
{
	u8 secret[RS_SECRET_BYTES] = { 1 };

	rs_auth_key_make(&keys[0], secret);
	secret[0] = 2;
	rs_auth_key_make(&keys[1], secret);
}

/* The next message, in memory of just its size; false at the end. */
static bool next(const u8 **data, size_t *size, u8 *type, u8 *payload)
{
	size_t n;

	if (!*size)
		return false;
	*type = **data;
	n = *size - 1 < RS_WIRE_HELLO ? *size - 1 : RS_WIRE_HELLO;
	memset(payload, 0, RS_WIRE_HELLO);
	memcpy(payload, *data + 1, n);
	*data += 1 + n;
	*size -= 1 + n;
	return true;
}

static void session(const struct rs_hello *hs)
{
	struct rs_auth_stream a, b;

	if (!hs->key)
		return;
	rs_auth_session(hs->key, hs->hello, hs->reply, &a, &b);
	must(memcmp(a.key, b.key, sizeof(a.key)));
}

static void as_donor(u8 how, const u8 *data, size_t size)
{
	unsigned int nr_keys = how & WITH_KEY ? 2 : 0;
	u8 *payload = malloc(RS_WIRE_HELLO), type;
	struct rs_hello hs = { 0 };
	const char *why = NULL;

	while (next(&data, &size, &type, payload)) {
		enum rs_hello_state before = hs.state;
		int err;

		if (how & PROVEN && nr_keys) {
			memcpy(payload + RS_WIRE_UNPROVEN - RS_WIRE_KEY_ID, keys[1].id,
			       RS_WIRE_KEY_ID);
			rs_auth_prove_hello(&keys[1], payload);
		}
		err = rs_hello_frame(&hs, &self, keys, nr_keys, type, payload, &why);
		must(err <= 0 && (!err || why));
		must(err || hs.state == before + 1);
		must(!err || hs.state == before);
		if (err)
			continue;
		must(!nr_keys || how & PROVEN);
		must(hs.them.to == self.num && !strcmp(hs.them.cluster, self.cluster));
		if (hs.state == RS_HELLO_GREETED) {
			rs_hello_answer(&hs, &self, nonce);
			session(&hs);
		}
	}
	free(payload);
}

static void as_owner(u8 how, const u8 *data, size_t size)
{
	const struct rs_auth_key *key = how & WITH_KEY ? &keys[0] : NULL;
	u8 *payload = malloc(RS_WIRE_HELLO), type;
	struct rs_hello hs;
	const char *why = NULL;

	rs_hello_ask(&hs, &self, 1, RS_LANE_FETCH, key, nonce);
	while (next(&data, &size, &type, payload)) {
		if (how & PROVEN && key) {
			memcpy(payload + RS_WIRE_UNPROVEN - RS_WIRE_KEY_ID, key->id, RS_WIRE_KEY_ID);
			rs_auth_prove_reply(key, hs.hello, payload);
		}
		if (rs_hello_answered(&hs, &self, payload, &why)) {
			must(why);
			continue;
		}
		must(!key || how & PROVEN);
		must(hs.them.from == 1 && hs.them.to == self.num);
		session(&hs);
	}
	free(payload);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool made;

	if (!size)
		return 0;
	if (!made)
		make_keys();
	made = true;
	if (*data & AS_OWNER)
		as_owner(*data, data + 1, size - 1);
	else
		as_donor(*data, data + 1, size - 1);
	return 0;
}
