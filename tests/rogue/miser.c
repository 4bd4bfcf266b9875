// SPDX-License-Identifier: GPL-2.0
/*
 * miser.c - an owner that stores much and gives back little
 *
 * It need not be asked: a little comes back now and then, whatever the donor wants.
 */
#include <unistd.h>

#include "rogue.h"

#define LEN		4000	/* no two such pages share a frame */
#define A_PUT		16	/* of these fit into a frame */
#define A_FLUSH		256	/* 1 MiB */
#define PAUSE_S		20	/* less than the donor waits for somebody who gives nothing back */

static struct talk t;

static bool put(u32 slot)
{
	struct rs_wire_hdr hdr = { .type = RS_PUT, .count = A_PUT };
	struct rs_wire_rec rec = { .version = 1, .len = LEN, .comp = 1 };
	static u8 payload[A_PUT * (RS_WIRE_REC + LEN)];
	struct rs_wire_put_reply reply;
	int i;

	for (i = 0; i < A_PUT; i++) {
		rec.slot = slot + i;
		rs_wire_rec_encode(payload + i * RS_WIRE_REC, &rec);
	}
	return send_frame(&t, hdr, payload, sizeof(payload)) && receive(&t, &hdr) &&
	       hdr.type == RS_PUT_REPLY &&
	       !rs_wire_put_reply_decode(t.frame + RS_WIRE_HDR, hdr.count, &reply) &&
	       reply.stored == (1ULL << A_PUT) - 1;
}

static bool flush(u32 slot)
{
	struct rs_wire_hdr hdr = { .type = RS_FLUSH, .count = A_FLUSH };
	struct rs_wire_flush rec = { .slot = slot, .version = 1 };
	u8 payload[A_FLUSH * RS_WIRE_REC];
	int i;

	for (i = 0; i < A_FLUSH; i++, rec.slot++)
		rs_wire_flush_encode(payload + i * RS_WIRE_REC, &rec);
	if (!send_frame(&t, hdr, payload, sizeof(payload)))
		return false;
	/* The donor asks for its RAM meanwhile. */
	do
		if (!receive(&t, &hdr))
			return false;
	while (hdr.type != RS_FLUSH_REPLY);
	return true;
}

bool be_miserly(const char *address, unsigned long pages)
{
	unsigned long n;

	if (!shake_hands(&t, address, RS_LANE_BULK))
		return false;
	for (n = 0; n < pages; n += A_PUT)
		if (!put(n))
			return false;
	printf("stored %lu\n", n);
	fflush(stdout);
	/* Until the donor has had enough of it. */
	for (n = 0; n < pages && flush(n); n += A_FLUSH)
		sleep(PAUSE_S);
	printf("given back %lu\n", n);
	return n < pages;
}
