// SPDX-License-Identifier: GPL-2.0
/*
 * foreign.c - two owners in one: neither reads, replaces or flushes what is the other's
 *
 * Both name the same devices, slots and versions, so that nothing but whose connection it is
 * tells their pages apart.
 */
#include <unistd.h>

#include "rogue.h"

#define PAGES	RS_WIRE_MAX_RECORDS
#define LEN	200
#define VERSION	7
#define NOTHING	0	/* as a page's contents */

static const u32 pools[] = { 0, 1, 255 };	/* the first ones are an honest owner's, too */
static const u32 impossible[] = { 256, 0xffffffff };

struct somebody {
	struct talk lane[__RS_LANES];
	u16 num;
	u8 life[16];
};

static struct somebody we, they;

static bool enter(struct somebody *who, const char *address, u16 num)
{
	who->num = num;
	random_bytes(who->life, sizeof(who->life));
	me.self.num = num;
	me.self.incarnation = who->life;
	return shake_hands(&who->lane[RS_LANE_BULK], address, RS_LANE_BULK) &&
	       shake_hands(&who->lane[RS_LANE_FETCH], address, RS_LANE_FETCH);
}

static bool put(struct somebody *who, u32 pool, u8 contents, bool stored)
{
	struct rs_wire_hdr hdr = { .type = RS_PUT, .pool = pool, .count = PAGES };
	struct rs_wire_rec rec = { .version = VERSION, .len = LEN, .comp = 1 };
	struct talk *t = &who->lane[RS_LANE_BULK];
	u8 payload[PAGES * (RS_WIRE_REC + LEN)];
	struct rs_wire_put_reply reply;

	memset(payload, contents, sizeof(payload));
	for (rec.slot = 0; rec.slot < PAGES; rec.slot++)
		rs_wire_rec_encode(payload + rec.slot * RS_WIRE_REC, &rec);
	return send_frame(t, hdr, payload, sizeof(payload)) && receive(t, &hdr) &&
	       hdr.type == RS_PUT_REPLY &&
	       !rs_wire_put_reply_decode(t->frame + RS_WIRE_HDR, hdr.count, &reply) &&
	       reply.stored == (stored ? ~0ULL : 0);
}

/* Is each page there with these contents, or none? */
static bool holds(struct somebody *who, u32 pool, u8 contents)
{
	struct rs_wire_hdr hdr = { .type = RS_GET, .pool = pool, .count = PAGES };
	struct talk *t = &who->lane[RS_LANE_FETCH];
	u8 payload[PAGES * RS_WIRE_REC];
	struct rs_wire_get get = { .version = VERSION };
	struct rs_wire_got got;
	const u8 *data;
	int i, n;

	for (get.slot = 0; get.slot < PAGES; get.slot++) {
		get.tag = get.slot;
		rs_wire_get_encode(payload + get.slot * RS_WIRE_REC, &get);
	}
	/* Less than one frame's data: one answer. */
	if (!send_frame(t, hdr, payload, sizeof(payload)) || !receive(t, &hdr) ||
	    hdr.type != RS_GET_REPLY || hdr.count != PAGES)
		return false;
	data = t->frame + RS_WIRE_HDR + PAGES * RS_WIRE_REC;
	for (i = 0; i < PAGES; i++) {
		rs_wire_got_decode(t->frame + RS_WIRE_HDR + i * RS_WIRE_REC, &got);
		if (got.len != (contents == NOTHING ? 0 : LEN))
			return false;
		for (n = 0; n < got.len; n++)
			if (*data++ != contents)
				return false;
	}
	return true;
}

static bool flush(struct somebody *who, u32 pool, enum rs_flush_scope scope)
{
	struct rs_wire_hdr hdr = { .type = RS_FLUSH, .flags = scope, .pool = pool };
	struct rs_wire_flush rec = { .version = VERSION };
	struct talk *t = &who->lane[RS_LANE_BULK];
	u8 payload[PAGES * RS_WIRE_REC];

	if (scope == RS_FLUSH_PAGES)
		hdr.count = PAGES;
	for (rec.slot = 0; rec.slot < PAGES; rec.slot++)
		rs_wire_flush_encode(payload + rec.slot * RS_WIRE_REC, &rec);
	return send_frame(t, hdr, payload, hdr.count * RS_WIRE_REC) && receive(t, &hdr) &&
	       hdr.type == RS_FLUSH_REPLY;
}

/* They do what they can to our pages in @pool, without and with some of their own there. */
static bool is_ours_alone(u32 pool)
{
	enum rs_flush_scope scope;

	if (!put(&we, pool, 0x5a, true) || !holds(&we, pool, 0x5a) || !holds(&they, pool, NOTHING))
		return false;
	for (scope = RS_FLUSH_PAGES; scope <= RS_FLUSH_POOL; scope++) {
		if (!flush(&they, pool, scope) || !holds(&we, pool, 0x5a))
			return false;
		if (!put(&they, pool, 0xa5, true) || !holds(&they, pool, 0xa5) ||
		    !holds(&we, pool, 0x5a))
			return false;
		if (!flush(&they, pool, scope) || !holds(&they, pool, NOTHING) ||
		    !holds(&we, pool, 0x5a))
			return false;
	}
	return true;
}

/* Devices that cannot be: nothing is kept, nothing is found, and the connection stays. */
static bool is_nowhere(u32 pool)
{
	return put(&they, pool, 0xa5, false) && holds(&they, pool, NOTHING) &&
	       flush(&they, pool, RS_FLUSH_PAGES);
}

bool foreign_pool(const char *address, u16 other)
{
	size_t i;

	if (!enter(&we, address, me.self.num) || !enter(&they, address, other))
		return false;
	for (i = 0; i < ARRAY_SIZE(pools); i++)
		if (!is_ours_alone(pools[i]))
			return false;
	for (i = 0; i < ARRAY_SIZE(impossible); i++)
		if (!is_nowhere(impossible[i]))
			return false;
	if (!flush(&they, 0, RS_FLUSH_ALL))
		return false;
	for (i = 0; i < ARRAY_SIZE(pools); i++)
		if (!holds(&we, pools[i], 0x5a))
			return false;
	return flush(&we, 0, RS_FLUSH_ALL) && holds(&we, pools[0], NOTHING);
}
