// SPDX-License-Identifier: GPL-2.0
/* fuzz.c - random frames to a donor, by somebody who has the key: most of them have right tags */
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "rogue.h"

static const char *address;
static struct talk t;

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

/* A connection in one of the states of the handshake: before it, in the middle, or, mostly, after. */
enum state { STRANGE, GREETING, GREETED, KNOWN };

/* Those that fail to shake hands are few, or we would be penalised most of the time. */
static bool begin(enum rs_lane_kind kind, enum state *state)
{
	struct rs_hello hs;

	*state = rand() % 20 ? KNOWN : rand() % KNOWN;
	if (*state == KNOWN)
		return shake_hands(&t, address, kind);
	memset(&t, 0, offsetof(struct talk, frame));
	t.fd = -1;
	if (*state == STRANGE) {
		t.fd = dial(address);
		return t.fd >= 0;
	}
	return say_hello(&t, address, kind, &me.key, &hs) &&
	       (*state == GREETING || is_greeted(&t, &hs));
}

/* Until the donor has seen all of it; false if it has ended the connection, or does not answer. */
static bool settle(void)
{
	static const struct timeval patience = { .tv_sec = 2 };
	struct rs_wire_hdr hdr, ping = { .type = RS_PING, .req_id = rand() };

	setsockopt(t.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(t.fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!send_frame(&t, ping, NULL, 0))
		return false;
	do
		if (!receive(&t, &hdr))
			return false;
	while (hdr.type != RS_PONG || hdr.req_id != ping.req_id);
	return true;
}

/* Frames are mutated one in so many: most of these end a connection. */
#define MUTATED_IN 16

/* A frame that is random but has a right tag, be it mutated or not. */
static size_t random_frame(enum rs_lane_kind kind, u8 *frame, bool *mutated)
{
	static u8 payload[RS_WIRE_MAX_PAYLOAD];
	struct rs_wire_hdr hdr;
	size_t len;

	len = random_payload(kind, payload, &hdr);
	len = build(&t, hdr, payload, len, frame);
	*mutated = rand() % MUTATED_IN == 0;
	if (*mutated)
		mutate(frame + 4, len - 4 - (t.guarded ? RS_WIRE_TAG : 0));
	if (*mutated && t.guarded)
		make_right(&t, frame, len);
	return len;
}

/* Over as many connections as it takes, sent one by one or many at once. */
bool fuzz(const char *to, unsigned long count)
{
	static u8 batch[4 * RS_WIRE_MAX_FRAME];
	unsigned long sent = 0, said = 0, refused = 0, odd = 0, nr[KNOWN + 1] = { 0 };
	enum rs_lane_kind kind;
	enum state state;
	bool mutated;
	size_t len;
	int n;

	address = to;
	srand(time(NULL) ^ getpid());
	while (sent < count) {
		kind = rand() % __RS_LANES;
		if (!begin(kind, &state)) {
			refused++;
			if (t.fd >= 0)
				close(t.fd);
			usleep(100000);
			continue;
		}
		nr[state]++;
		do {
			len = 0;
			n = rand() % 8 ? 64 : 1;
			do {
				len += random_frame(kind, batch + len, &mutated);
				odd += mutated;
				sent++;
			} while (--n && !mutated && len < sizeof(batch) - RS_WIRE_MAX_FRAME);
			if (sent - said > 10000) {
				said = sent;
				printf("sent %lu\n", sent);
				fflush(stdout);
			}
		} while (send_raw(&t, batch, len) && settle() && sent < count);
		close(t.fd);
	}
	printf("sent %lu mutated %lu; connections: strange %lu greeting %lu greeted %lu known %lu refused %lu\n",
	       sent, odd, nr[STRANGE], nr[GREETING], nr[GREETED], nr[KNOWN], refused);
	return nr[KNOWN];
}
