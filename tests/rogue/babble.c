// SPDX-License-Identifier: GPL-2.0
/*
 * babble.c - what a donor says that nobody has asked for
 *
 * Beside its answers a babbler sends frames that come at a wrong time, most of them well-formed. And
 * now and then an answer is not the one that is due, be it of the handshake or to a request. It has
 * the key, so that most frames have right tags and are looked at.
 *
 * No page comes back wrong by intent: it would be given no more.
 */
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "rogue.h"

/* Of the frames that nobody has asked for one in so many is odd, and ends the connection. */
#define ODD_IN	128

/* Of the answers of a type one in so many is another one. A GET is answered page by page. */
static const u8 instead_in[__RS_WIRE_TYPES] = {
	[RS_HELLO_REPLY] = 8,
	[RS_WELCOME] = 8,
	[RS_PUT_REPLY] = 16,
	[RS_FLUSH_REPLY] = 16,
	[RS_GET_REPLY] = 64,
	[RS_PONG] = 64,
};

static unsigned long to_babble;
static atomic_ulong babbled, odd;

void babble_begin(unsigned long count)
{
	printf("seed %u\n", me.seed);
	to_babble = count;
}

static bool babbles(void)
{
	return atomic_load(&babbled) < to_babble;
}

bool babble_instead(u8 type)
{
	if (!babbles() || rand() % instead_in[type])
		return false;
	atomic_fetch_add(&odd, 1);
	return true;
}

/* A frame that is a donor's to send on such a lane at any time, but for what is in it. */
static size_t plausible(const struct talk *t, struct rs_wire_hdr *hdr, u8 *payload)
{
	enum rs_lane_kind kind = t->kind;
	struct rs_wire_got got;
	u8 *data;
	int i;

	if (kind == RS_LANE_BULK && rand() % 128 == 0) {
		hdr->type = RS_RECALL;
		hdr->count = 1 + rand() % 4;
		return 0;
	}
	if (kind == RS_LANE_BULK || rand() % 4 == 0) {
		hdr->type = RS_PONG;
		return 0;
	}
	hdr->type = RS_GET_REPLY;
	hdr->req_id = t->asked + 1 + rand() % 4;
	hdr->pool = rand() % 2;
	hdr->count = 1 + rand() % 8;
	data = payload + hdr->count * RS_WIRE_REC;
	for (i = 0; i < hdr->count; i++) {
		/* Some of these are waited for. */
		got = (struct rs_wire_got){ .tag = rand(), .version = rand() % 8,
					    .len = rand() % 4 ? 0 : rand() % 200 };
		rs_wire_got_encode(payload + i * RS_WIRE_REC, &got);
		memset(data, rand(), got.len);
		data += got.len;
	}
	return data - payload;
}

/* One that makes no sense, or none at all. */
static size_t nonsense(struct rs_wire_hdr *hdr, u8 *payload)
{
	size_t len = rand() % 2 ? 8 : rand() % 600, i;

	hdr->type = rand() % 18;
	for (i = 0; i < len; i++)
		payload[i] = rand() % 3 ? 0 : rand();
	hdr->req_id = rand() % 64;
	hdr->pool = rand() % 2;
	hdr->count = rand() % 3 ? len / 8 : (size_t)rand();
	hdr->status = rand() % 2;
	return len;
}

/* One more frame that nobody has asked for; its length. @last: the connection will end by it. */
static size_t babble_frame(struct talk *t, u8 *frame, bool *last)
{
	struct rs_wire_hdr hdr = { .room = rand() % 8 ? ROOM : rand() };
	bool is_odd = rand() % ODD_IN == 0;
	u8 payload[2048];
	size_t len;

	len = is_odd ? nonsense(&hdr, payload) : plausible(t, &hdr, payload);
	len = build(t, hdr, payload, len, frame);
	/* A frame that is altered or cut on its way. */
	if (is_odd && rand() % 4 == 0)
		frame[rand() % len] ^= 1 << rand() % 8;
	if (is_odd && rand() % 4 == 0)
		len = rand() % len;
	atomic_fetch_add(&odd, is_odd);
	if (atomic_fetch_add(&babbled, 1) + 1 == to_babble) {
		printf("babbled %lu odd %lu\n", to_babble, atomic_load(&odd));
		fflush(stdout);
	}
	*last = is_odd;
	return len;
}

/* Up to so many frames at once. */
static bool babble(struct talk *t, int most)
{
	static __thread u8 batch[2 * RS_WIRE_MAX_FRAME];
	size_t len = 0;
	bool last;

	do
		len += babble_frame(t, batch + len, &last);
	while (--most && !last && len < sizeof(batch) - RS_WIRE_MAX_FRAME);
	return send_raw(t, batch, len);
}

bool babble_in_silence(struct talk *t)
{
	struct pollfd p = { .fd = t->fd, .events = POLLIN };

	while (babbles() && !poll(&p, 1, 0))
		if (!babble(t, rand() % 8 ? 32 : 1))
			return false;
	return true;
}

bool babble_hello_reply(struct talk *t, struct rs_wire_hdr hdr, struct rs_hello *hs)
{
	switch (rand() % 4) {
	case 0:
		return babble(t, 1);
	case 1:
		return send_odd(t, hdr, hs->reply, RS_WIRE_HELLO);
	case 2:
		change_hello(hs->reply);
		break;
	default:
		change_hello(hs->reply);
		if (hs->key)
			rs_auth_prove_reply(hs->key, hs->hello, hs->reply);
	}
	return send_frame(t, hdr, hs->reply, RS_WIRE_HELLO);
}

bool babble_welcome(struct talk *t, struct rs_wire_hdr hdr)
{
	return rand() % 2 ? babble(t, 1) : send_odd(t, hdr, NULL, 0);
}

/* Its request is waited for; what it says of it is not so. */
static void change_reply(struct rs_wire_hdr *hdr, u8 *payload, size_t len)
{
	static const u8 types[] = { RS_PUT_REPLY, RS_FLUSH_REPLY, RS_GET_REPLY, RS_PONG };

	switch (rand() % 5) {
	case 0:
		hdr->count = rand() % 4 ? rand() % (RS_WIRE_MAX_RECORDS + 2) : rand();
		break;
	case 1:
		hdr->status = rand() % 5000;
		break;
	case 2:
		hdr->pool = rand();
		break;
	case 3:
		hdr->type = types[rand() % ARRAY_SIZE(types)];
		break;
	default:
		/* Fewer pages than it has kept, or more than there were. */
		if (hdr->type == RS_PUT_REPLY)
			mutate(payload, hdr->count < 8 || rand() % 2 ? len : hdr->count / 8U);
		else
			hdr->flags = rand();
	}
}

bool babble_reply(struct talk *t, struct rs_wire_hdr hdr, const void *payload, size_t len)
{
	static __thread u8 other[RS_WIRE_REC + RS_WIRE_MAX_ZPAGE];
	struct rs_wire_hdr stray = hdr;

	if (len)
		memcpy(other, payload, len);
	switch (rand() % 4) {
	case 0:
		/* Another's answer, or nobody's, and then its own. */
		stray.req_id ^= 1 + rand() % 4;
		return send_frame(t, stray, other, len) && send_frame(t, hdr, other, len);
	case 1:
		return send_frame(t, hdr, other, len) && send_frame(t, hdr, other, len);
	case 2:
		len = build(t, hdr, other, len, t->frame);
		t->frame[rand() % len] ^= 1 << rand() % 8;
		return send_raw(t, t->frame, len);
	default:
		change_reply(&hdr, other, len);
		return send_frame(t, hdr, other, len);
	}
}
