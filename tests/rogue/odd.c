// SPDX-License-Identifier: GPL-2.0
/*
 * odd.c - frames that are not what they should be
 *
 * One that is tampered with on its way has a name, since each way is a test; what is random is for
 * fuzzing, and often has a right tag.
 */
#include <stdlib.h>
#include <sys/socket.h>

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

/* It loses its end on its way; as many other bytes come in its place. */
static bool spliced(struct talk *t, size_t len)
{
	size_t lost = len < RS_WIRE_HDR + 100 ? len - RS_WIRE_HDR : 100;

	return send_raw(t, t->frame, len - lost) && send_raw(t, t->frame, lost);
}

/*
 * Half of it, and then nothing more. The other side is to end the connection: if we did, with
 * something left to be read, it would be told by a reset, which may overtake that half.
 */
static bool cut(struct talk *t, size_t len)
{
	return send_raw(t, t->frame, len / 2) && !shutdown(t->fd, SHUT_WR) && !stays_open(t, 20);
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
	{ "spliced-frame", spliced },
	{ "cut-frame", cut },
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

/*
 * The sender's number is its own or nobody's, never an honest node's: with a right proof it would be
 * taken for that one, as docs/SECURITY.md says.
 */
void change_hello(u8 *payload)
{
	struct rs_wire_hello h;

	if (rs_wire_hello_decode(payload, &h))
		return;
	switch (rand() % 8) {
	case 0:
		h.from = 100 + rand() % 1000;
		break;
	case 1:
		h.to = rand() % 1100;
		break;
	case 2:
		h.lane = rand() % 4;
		break;
	case 3:
		h.version_min = rand() % 4;
		h.version_max = rand() % 4;
		break;
	case 4:
		h.features = rand();
		break;
	case 5:
		mutate(h.incarnation, sizeof(h.incarnation));
		break;
	case 6:
		h.cluster[rand() % (strlen(h.cluster) + 1)] = rand();
		break;
	default:
		h.auth = rand() % 3;
		mutate(h.key_id, sizeof(h.key_id));
	}
	rs_wire_hello_encode(payload, &h);
}

/* Ways of being odd. Those before WRONG_SUM have a right checksum or tag. */
enum odd {
	OTHER_HEADER, OTHER_PAYLOAD, OTHER_TYPE, OTHER_LENGTH, AGAIN, WRONG_SUM, CUT, REPLAYED, __ODDS
};

/* The frame in t->frame, in one of these ways if it is not odd by itself. */
static bool send_oddly(struct talk *t, enum odd odd, size_t n)
{
	switch (odd) {
	case OTHER_HEADER:
		mutate(t->frame + 4, RS_WIRE_HDR - 8);	/* between the magic and the checksum */
		make_right(t, t->frame, n);
		break;
	case WRONG_SUM:
		t->frame[rand() % n] ^= 1 << rand() % 8;
		break;
	case CUT:
		/* What comes after it would only be waited for. */
		send_raw(t, t->frame, rand() % n);
		return false;
	case REPLAYED:
		return twice(t, n);
	default:
		break;
	}
	return send_raw(t, t->frame, n);
}

bool send_odd(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len)
{
	u8 body[2 * RS_WIRE_HELLO] = { 0 };
	enum odd odd = rand() % __ODDS;

	if (len)
		memcpy(body, payload, len);
	if (odd == OTHER_PAYLOAD && len)
		mutate(body, len);
	else if (odd == OTHER_PAYLOAD || odd == OTHER_LENGTH)
		len = rand() % sizeof(body);
	if (odd == OTHER_TYPE)
		hdr.type = 1 + rand() % (__RS_WIRE_TYPES - 1);
	if (odd == AGAIN && !send_frame(t, hdr, body, len))
		return false;
	return send_oddly(t, odd, build(t, hdr, body, len, t->frame));
}
