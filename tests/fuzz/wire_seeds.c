// SPDX-License-Identifier: GPL-2.0
/*
 * wire_seeds.c - writes the seeds of fuzz_wire: one valid frame of each type, and the longest
 *
 *	wire_seeds tests/fuzz/corpus/wire
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ramster/wire.h"

static const char *dir;
static u8 payload[RS_WIRE_MAX_PAYLOAD];

static void write_frame(const char *name, struct rs_wire_hdr h)
{
	char path[4096];
	u8 buf[RS_WIRE_HDR];
	FILE *out;

	h.req_id = 0x1234;
	rs_wire_hdr_encode(buf, &h);
	rs_wire_checksum_set(buf, rs_wire_checksum(buf, payload, h.length));
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "wb");
	if (!out || fwrite(buf, 1, sizeof(buf), out) != sizeof(buf) ||
	    fwrite(payload, 1, h.length, out) != h.length || fclose(out)) {
		perror(path);
		exit(1);
	}
	memset(payload, 0, sizeof(payload));
}

static void write_hello(const char *name, u8 type)
{
	struct rs_wire_hello h = {
		.from = 1, .to = 2, .lane = RS_LANE_FETCH, .version_min = 1, .version_max = 1,
		.cluster = "lab",
	};

	memset(h.incarnation, 0x5a, sizeof(h.incarnation));
	rs_wire_hello_encode(payload, &h);
	write_frame(name, (struct rs_wire_hdr){ .type = type, .length = RS_WIRE_HELLO });
}

static void write_put(void)
{
	struct rs_wire_rec r = { .slot = 7, .version = 3, .len = 20, .comp = 1 };

	rs_wire_rec_encode(payload, &r);
	r = (struct rs_wire_rec){ .slot = 8, .version = 1, .len = 5, .comp = 3 };
	rs_wire_rec_encode(payload + RS_WIRE_REC, &r);
	memset(payload + 2 * RS_WIRE_REC, 0xc3, 25);
	write_frame("put", (struct rs_wire_hdr){ .type = RS_PUT, .pool = 1, .count = 2,
						 .length = 2 * RS_WIRE_REC + 25 });
}

static void write_get(void)
{
	struct rs_wire_get g = { .slot = 7, .version = 3, .tag = 9 };
	struct rs_wire_got got = { .tag = 9, .version = 3, .len = 30 };

	rs_wire_get_encode(payload, &g);
	write_frame("get", (struct rs_wire_hdr){ .type = RS_GET, .pool = 1, .count = 1,
						 .length = RS_WIRE_REC });

	rs_wire_got_encode(payload, &got);
	got = (struct rs_wire_got){ .tag = 10 };
	rs_wire_got_encode(payload + RS_WIRE_REC, &got);
	write_frame("get_reply", (struct rs_wire_hdr){ .type = RS_GET_REPLY, .pool = 1, .count = 2,
						       .length = 2 * RS_WIRE_REC + 30 });
}

/* Of those that may be as long as any, each with as many records and as much data as there may be. */
static void write_longest(void)
{
	const u16 len = RS_WIRE_MAX_DATA / RS_WIRE_MAX_RECORDS;
	struct rs_wire_hdr h = { .count = RS_WIRE_MAX_RECORDS, .length = RS_WIRE_MAX_PAYLOAD };
	int i;

	for (i = 0; i < RS_WIRE_MAX_RECORDS; i++)
		rs_wire_rec_encode(payload + i * RS_WIRE_REC,
				   &(struct rs_wire_rec){ .slot = i, .version = 1, .len = len });
	h.type = RS_PUT;
	write_frame("put_longest", h);
	for (i = 0; i < RS_WIRE_MAX_RECORDS; i++)
		rs_wire_got_encode(payload + i * RS_WIRE_REC,
				   &(struct rs_wire_got){ .tag = i, .version = 1, .len = len });
	h.type = RS_GET_REPLY;
	write_frame("get_reply_longest", h);
}

static void write_flush(void)
{
	struct rs_wire_flush f = { .slot = 7, .version = 3 };

	rs_wire_flush_encode(payload, &f);
	rs_wire_flush_encode(payload + RS_WIRE_REC, &f);
	write_frame("flush", (struct rs_wire_hdr){ .type = RS_FLUSH, .pool = 1, .count = 2,
						   .length = 2 * RS_WIRE_REC });
	write_frame("flush_pool", (struct rs_wire_hdr){ .type = RS_FLUSH, .pool = 1,
							.flags = RS_FLUSH_POOL });
	write_frame("flush_all", (struct rs_wire_hdr){ .type = RS_FLUSH, .flags = RS_FLUSH_ALL });
	write_frame("flush_reply", (struct rs_wire_hdr){ .type = RS_FLUSH_REPLY, .count = 2 });
}

int main(int argc, char **argv)
{
	struct rs_wire_put_reply r = { .stored = 3 };

	if (argc != 2) {
		fprintf(stderr, "usage: wire_seeds DIRECTORY\n");
		return 2;
	}
	dir = argv[1];
	write_hello("hello", RS_HELLO);
	write_hello("hello_reply", RS_HELLO_REPLY);
	write_put();
	rs_wire_put_reply_encode(payload, &r);
	write_frame("put_reply", (struct rs_wire_hdr){ .type = RS_PUT_REPLY, .count = 2,
						       .length = RS_WIRE_PUT_REPLY, .room = 99 });
	write_get();
	write_longest();
	write_flush();
	write_frame("prove", (struct rs_wire_hdr){ .type = RS_PROVE });
	write_frame("welcome", (struct rs_wire_hdr){ .type = RS_WELCOME, .room = 99 });
	write_frame("ping", (struct rs_wire_hdr){ .type = RS_PING });
	write_frame("pong", (struct rs_wire_hdr){ .type = RS_PONG, .room = 99 });
	write_frame("recall", (struct rs_wire_hdr){ .type = RS_RECALL, .count = 64 });
	memcpy(payload, "no such node", 12);
	write_frame("error", (struct rs_wire_hdr){ .type = RS_ERROR, .status = 2, .length = 12 });
	return 0;
}
