// SPDX-License-Identifier: GPL-2.0
/*
 * odd.c - frames that are not what they should be
 *
 * One that is tampered with on its way has a name, since each way is a test; what is random is for
 * fuzzing.
 */
#include <stdlib.h>

#include "rogue.h"

/* --- by name; the frame is in t->frame, @len bytes with its tag --- */

static bool twice(struct talk *t, size_t len)
{
	return send_raw(t, t->frame, len) && send_raw(t, t->frame, len);
}

static bool flip(struct talk *t, size_t len, size_t byte)
{
	t->frame[byte] ^= 1;
	return send_raw(t, t->frame, len);
}

/* Not in its length: that the frame is another one must be seen by the tag alone. */
static bool flip_in_header(struct talk *t, size_t len)
{
	return flip(t, len, 8);		/* the request id */
}

static bool flip_in_payload(struct talk *t, size_t len)
{
	return flip(t, len, RS_WIRE_HDR + (len - RS_WIRE_HDR - RS_WIRE_TAG) / 2);
}

/* It loses bytes on its way; others come in their place. */
static bool truncated(struct talk *t, size_t len)
{
	size_t lost = len < RS_WIRE_HDR + 100 ? len - RS_WIRE_HDR : 100;

	return send_raw(t, t->frame, len - lost) && send_raw(t, t->frame, lost);
}

static bool oversized(struct talk *t, size_t len)
{
	struct rs_wire_hdr hdr;

	(void)len;
	if (rs_wire_hdr_decode(t->frame, &hdr))
		return false;
	hdr.length = RS_WIRE_MAX_PAYLOAD + 1;
	rs_wire_hdr_encode(t->frame, &hdr);
	return send_raw(t, t->frame, RS_WIRE_HDR);
}

/* From a version to come, by somebody who has the key. */
static bool wrong_version(struct talk *t, size_t len)
{
	t->frame[4] = RS_WIRE_VERSION + 1;
	make_right(t, t->frame, len);
	return send_raw(t, t->frame, len);
}

static const struct tampering {
	const char *name;
	bool (*send)(struct talk *t, size_t len);
} tamperings[] = {
	{ "replayed-frame", twice },
	{ "bit-flip-in-header", flip_in_header },
	{ "bit-flip-in-payload", flip_in_payload },
	{ "truncated-frame", truncated },
	{ "oversized-frame", oversized },
	{ "wrong-version", wrong_version },
};

static const struct tampering *find_tampering(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tamperings); i++)
		if (!strcmp(tamperings[i].name, name))
			return &tamperings[i];
	return NULL;
}

bool is_tampering(const char *name)
{
	return find_tampering(name);
}

bool send_tampered(struct talk *t, const char *how, struct rs_wire_hdr hdr, const void *payload,
		   size_t len)
{
	return find_tampering(how)->send(t, build(t, hdr, payload, len, t->frame));
}

/* --- at random --- */

void mutate(u8 *p, size_t len)
{
	size_t one = rand() % len;
	u8 was = p[one];
	unsigned int n;

	for (n = rand() % 5; n; n--)
		p[rand() % len] = rand() % 4 ? rand() : rand() % 8;
	p[one] = was ^ (1 + rand() % 255);
}
