// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz.c - random frames to a donor: after the handshake, and in each state before
 *
 * By somebody who has the key, so that most frames have right tags and are looked at. The choices
 * follow from the seed and from when the donor ends a connection.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rogue.h"

/* Frames are mutated one in so many: most of these end a connection, and few live long ... */
static const unsigned int mutated_in[] = { 16, 256 };
/* ... and of them one in so many has a wrong tag. */
#define FORGED_IN	8

/* After a connection that shook hands, one in so many has an odd frame in its handshake ... */
#define ODD_IN		4
/* ... and of the others one in so many does not end it. */
#define EARLY_IN	4

/*
 * A connection in one of the states of the handshake: before it, in the middle, or, mostly, after;
 * or with a handshake that goes another way.
 */
enum state { STRANGE, GREETING, GREETED, ODD, KNOWN, __STATES };

static const char *address;
static struct talk t;

static struct {
	unsigned long sent, said, mutated, refused, state[__STATES];
} nr;

/* A request that may come on a lane of this kind; now and then one that may not. */
static size_t random_payload(enum rs_lane_kind kind, u8 *payload, struct rs_wire_hdr *hdr)
{
	static const u8 types[__RS_LANES][4] = {
		[RS_LANE_BULK] = { RS_PUT, RS_PUT, RS_FLUSH, RS_PING },
		[RS_LANE_FETCH] = { RS_GET, RS_GET, RS_GET, RS_PING },
	};
	size_t len = 0;
	int i;

	if (rand() % 512 == 0)
		kind = !kind;
	*hdr = (struct rs_wire_hdr){ .type = types[kind][rand() % 4], .req_id = rand() };
	if (hdr->type == RS_PING)
		return 0;
	hdr->pool = rand() % 16 ? rand() % 3 : rand();
	/* Most are short, so that there are many. */
	hdr->count = 1 + rand() % (rand() % 32 ? 2 : hdr->type == RS_FLUSH ? 512 : 64);
	if (hdr->type == RS_FLUSH && !(rand() % 64)) {
		hdr->flags = 1;
		hdr->count = 0;
	}
	for (i = 0; i < hdr->count; i++) {
		u8 *p = payload + i * RS_WIRE_REC;
		u16 last = hdr->type == RS_GET ? i : 0;

		if (hdr->type == RS_PUT)
			last = 1 + rand() % (rand() % 16 ? 60 : 4000);
		put_unaligned_le32(rand() % 4096, p);
		put_unaligned_le16(rand() % 4, p + 4);
		put_unaligned_le16(last, p + 6);
		if (hdr->type == RS_PUT)
			len += last;
	}
	len += hdr->count * RS_WIRE_REC;
	return len;
}

/* A frame that is random but has a right checksum or tag; not all that are mutated have. */
static size_t random_frame(enum rs_lane_kind kind, unsigned int one_in, u8 *frame, bool *mutated)
{
	static u8 payload[RS_WIRE_MAX_PAYLOAD];
	struct rs_wire_hdr hdr;
	size_t len;

	len = random_payload(kind, payload, &hdr);
	len = build(&t, hdr, payload, len, frame);
	*mutated = rand() % one_in == 0;
	if (*mutated)
		mutate(frame + 4, len - 4 - (t.guarded ? RS_WIRE_TAG : 0));
	if (*mutated && rand() % FORGED_IN)
		make_right(&t, frame, len);
	return len;
}

/* One or many, up to one that is mutated. */
static size_t random_batch(enum rs_lane_kind kind, unsigned int one_in, u8 *batch, size_t room)
{
	int n = rand() % 8 ? 64 : 1;
	size_t len = 0;
	bool mutated;

	do {
		len += random_frame(kind, one_in, batch + len, &mutated);
		nr.mutated += mutated;
		nr.sent++;
	} while (--n && !mutated && len < room - RS_WIRE_MAX_FRAME);
	return len;
}

static void be_patient(void)
{
	static const struct timeval patience = { .tv_sec = 2 };

	setsockopt(t.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(t.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

/* Until the donor has seen all of it; false if it has ended the connection, or does not answer. */
static bool settle(void)
{
	struct rs_wire_hdr hdr, ping = { .type = RS_PING, .req_id = rand() };

	be_patient();
	if (!send_frame(&t, ping, NULL, 0))
		return false;
	do
		if (!receive(&t, &hdr))
			return false;
	while (hdr.type != RS_PONG || hdr.req_id != ping.req_id);
	return true;
}

/* A HELLO that says something else, with a proof of that or of what it said; or that is odd. */
static bool odd_hello(struct rs_hello *hs)
{
	int way = rand() % 3;

	if (!way)
		return send_odd(&t, (struct rs_wire_hdr){ .type = RS_HELLO }, hs->hello,
				RS_WIRE_HELLO);
	change_hello(hs->hello);
	if (way == 1)
		rs_auth_prove_hello(&me.key, hs->hello);
	return send_frame(&t, (struct rs_wire_hdr){ .type = RS_HELLO }, hs->hello, RS_WIRE_HELLO);
}

/* In place of PROVE: HELLO once more, or an odd one. */
static bool odd_prove(const struct rs_hello *hs)
{
	if (rand() % 8 == 0)
		return send_frame(&t, (struct rs_wire_hdr){ .type = RS_HELLO }, hs->hello,
				  RS_WIRE_HELLO);
	return send_odd(&t, (struct rs_wire_hdr){ .type = RS_PROVE }, NULL, 0);
}

/* One of the handshake's frames is odd. True: the donor has taken it all the same. */
static bool shake_oddly(enum rs_lane_kind kind)
{
	bool hello_is_odd = rand() % 2;
	struct rs_hello hs;

	if (!begin_talk(&t, address, kind, &me.key, &hs))
		return false;
	be_patient();
	if (hello_is_odd)
		return odd_hello(&hs) && is_greeted(&t, &hs) &&
		       send_frame(&t, (struct rs_wire_hdr){ .type = RS_PROVE }, NULL, 0) &&
		       is_welcome(&t);
	return send_frame(&t, (struct rs_wire_hdr){ .type = RS_HELLO }, hs.hello, RS_WIRE_HELLO) &&
	       is_greeted(&t, &hs) && odd_prove(&hs) && is_welcome(&t);
}

/* Once we have failed we shake hands, and are forgiven: else we would be penalised most of the time. */
static enum state next_state(enum state last)
{
	if (last != KNOWN)
		return KNOWN;
	if (rand() % ODD_IN == 0)
		return ODD;
	return rand() % EARLY_IN ? KNOWN : rand() % ODD;
}

static bool begin(enum rs_lane_kind kind, enum state state)
{
	struct rs_hello hs;

	switch (state) {
	case KNOWN:
		return shake_hands(&t, address, kind);
	case ODD:
		return shake_oddly(kind);
	case STRANGE:
		return begin_talk(&t, address, kind, &me.key, &hs);
	default:
		return say_hello(&t, address, kind, &me.key, &hs) &&
		       (state == GREETING || is_greeted(&t, &hs));
	}
}

static void say_progress(void)
{
	if (nr.sent - nr.said <= 10000)
		return;
	nr.said = nr.sent;
	printf("sent %lu\n", nr.sent);
	fflush(stdout);
}

/* Frames, one by one or many at once, until the donor ends the connection or they are @count. */
static void send_frames(enum rs_lane_kind kind, unsigned long count)
{
	static u8 batch[4 * RS_WIRE_MAX_FRAME];
	unsigned int one_in = mutated_in[rand() % ARRAY_SIZE(mutated_in)];
	size_t len;

	do {
		len = random_batch(kind, one_in, batch, sizeof(batch));
		say_progress();
	} while (send_raw(&t, batch, len) && settle() && nr.sent < count);
}

bool fuzz(const char *to, unsigned long count)
{
	enum state state = ODD;
	enum rs_lane_kind kind;

	address = to;
	printf("seed %u\n", me.seed);
	while (nr.sent < count) {
		kind = rand() % __RS_LANES;
		state = next_state(state);
		if (begin(kind, state)) {
			nr.state[state]++;
			send_frames(kind, count);
		} else if (state == ODD) {
			nr.state[ODD]++;
		} else {
			nr.refused++;
			usleep(100000);
		}
		if (t.fd >= 0)
			close(t.fd);
	}
	printf("sent %lu mutated %lu; connections: ", nr.sent, nr.mutated);
	printf("strange %lu greeting %lu greeted %lu odd %lu known %lu refused %lu\n",
	       nr.state[STRANGE], nr.state[GREETING], nr.state[GREETED], nr.state[ODD],
	       nr.state[KNOWN], nr.refused);
	return nr.state[KNOWN];
}
