// SPDX-License-Identifier: GPL-2.0
/*
 * flush.c - telling donors to forget pages, in batches
 *
 * zcache keeps the duty until the answer, so a batch that fails is just
 * reported as failed.
 */
#include <linux/mm.h>

#include "peer_internal.h"

/* How long a device that goes waits for its donors to confirm. */
#define POOL_TIMEOUT_MS 5000

static struct rs_flush_batch *take_idle(struct rs_peer *peer, u32 dev, enum rs_flush_scope scope)
{
	struct rs_flush_batch *b;
	unsigned int i;

	lockdep_assert_held(&peer->lock);
	for (i = 0; i < RS_FLUSHES; i++) {
		b = &peer->flush[i];
		if (b->state != RS_FLUSH_IDLE)
			continue;
		b->state = RS_FLUSH_FILLING;
		b->scope = scope;
		b->dev = dev;
		b->nr = 0;
		b->done = NULL;
		return b;
	}
	return NULL;
}

static void enqueue(struct rs_peer *peer, struct rs_flush_batch *b)
{
	lockdep_assert_held(&peer->lock);
	b->state = RS_FLUSH_QUEUED;
	b->req_id = peer->next_req_id++;
	list_add_tail(&b->node, &peer->flushes);
	if (peer->filling == b)
		peer->filling = NULL;
	queue_work(rs_send_wq, &peer->bulk_work);
}

static int add(struct rs_peer *peer, u32 dev, u32 slot, u16 version)
{
	struct rs_flush_batch *b;

	lockdep_assert_held(&peer->lock);
	if (peer->removing)
		return -ENOENT;
	if (!peer->usable)
		return -ENOTCONN;
	if (peer->filling && peer->filling->dev != dev)
		enqueue(peer, peer->filling);
	if (!peer->filling)
		peer->filling = take_idle(peer, dev, RS_FLUSH_PAGES);
	b = peer->filling;
	if (!b)
		return -EAGAIN;
	b->slot[b->nr] = slot;
	b->version[b->nr] = version;
	if (++b->nr == RS_FLUSH_RECS)
		enqueue(peer, b);
	return 0;
}

int rs_flush(u16 donor, u32 dev, u32 slot, u16 version)
{
	struct rs_peer *peer = rs_peer_get(donor);
	int err;

	if (!peer)
		return -ENOENT;
	spin_lock(&peer->lock);
	err = add(peer, dev, slot, version);
	spin_unlock(&peer->lock);
	rs_peer_put(peer);
	return err;
}

void rs_flush_end(void)
{
	struct rs_peer *peer;
	unsigned int num;

	for (num = 0; (peer = rs_peer_next(num)); num++) {
		num = peer->info.num;
		spin_lock(&peer->lock);
		if (peer->filling)
			enqueue(peer, peer->filling);
		spin_unlock(&peer->lock);
		rs_peer_put(peer);
	}
}

/* One peer at a time; a peer that does not answer forgets when it learns of our next incarnation. */
void rs_flush_device(u32 dev)
{
	struct rs_peer *peer;
	unsigned int num;

	rs_flush_end();
	for (num = 0; (peer = rs_peer_next(num)); num++) {
		DECLARE_COMPLETION_ONSTACK(done);
		struct rs_flush_batch *b = NULL;

		num = peer->info.num;
		spin_lock(&peer->lock);
		if (peer->usable)
			b = take_idle(peer, dev, RS_FLUSH_POOL);
		if (b) {
			b->done = &done;
			enqueue(peer, b);
		}
		spin_unlock(&peer->lock);
		if (b && !wait_for_completion_timeout(&done, msecs_to_jiffies(POOL_TIMEOUT_MS))) {
			spin_lock(&peer->lock);
			if (b->done == &done)
				b->done = NULL;
			spin_unlock(&peer->lock);
		}
		rs_peer_put(peer);
	}
}

/* Sends one batch; false if there is none. Under the bulk lane's tx_lock. */
bool rs_flush_send(struct rs_peer *peer)
{
	struct rs_lane *lane = &peer->lane[RS_LANE_BULK];
	struct rs_wire_hdr hdr = { .type = RS_FLUSH };
	struct rs_wire_flush rec;
	struct rs_flush_batch *b;
	struct kvec vec;
	unsigned int i;

	spin_lock(&peer->lock);
	b = list_first_entry_or_null(&peer->flushes, struct rs_flush_batch, node);
	if (b) {
		list_del(&b->node);
		b->state = RS_FLUSH_SENT;
	}
	spin_unlock(&peer->lock);
	if (!b)
		return false;
	for (i = 0; i < b->nr; i++) {
		rec = (struct rs_wire_flush) { b->slot[i], b->version[i] };
		rs_wire_flush_encode(b->wire + i * RS_WIRE_REC, &rec);
	}
	hdr.flags = b->scope;
	hdr.pool = b->dev;
	hdr.req_id = b->req_id;
	hdr.count = b->nr;
	vec = (struct kvec) { b->wire, b->nr * RS_WIRE_REC };
	counter_inc(rs, flush_frames);
	rs_lane_send(lane, &hdr, &vec, 1);
	return true;
}

/* Ends a batch that the caller has taken out of the peer's hands. */
static void end(struct rs_peer *peer, struct rs_flush_batch *b, int err)
{
	unsigned int i;

	for (i = 0; i < b->nr; i++) {
		if (!err)
			counter_inc(rs, pages_flushed);
		zcache_flush_done(peer->info.num, b->dev, b->slot[i], b->version[i], err);
	}
	spin_lock(&peer->lock);
	if (b->done)
		complete(b->done);
	b->done = NULL;
	b->state = RS_FLUSH_IDLE;
	spin_unlock(&peer->lock);
}

/* FLUSH_REPLY. Process context. An errno breaks the lane. */
int rs_flush_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr)
{
	struct rs_flush_batch *b = NULL;
	unsigned int i;

	spin_lock(&peer->lock);
	for (i = 0; i < RS_FLUSHES; i++)
		if (peer->flush[i].state == RS_FLUSH_SENT &&
		    peer->flush[i].req_id == hdr->req_id)
			b = &peer->flush[i];
	if (b)
		b->state = RS_FLUSH_FILLING;	/* ours alone, until end() */
	spin_unlock(&peer->lock);
	if (!b)
		return -EPROTO;
	end(peer, b, hdr->status ? -EIO : 0);
	zcache_remote_kick();
	return 0;
}

/* The connection broke: nobody knows what the donor has forgotten. Lanes are closed. */
void rs_flush_fail_all(struct rs_peer *peer)
{
	struct rs_flush_batch *b;
	bool busy;
	int i;

	for (i = 0; i < RS_FLUSHES; i++) {
		b = &peer->flush[i];
		spin_lock(&peer->lock);
		busy = b->state != RS_FLUSH_IDLE;
		if (b->state == RS_FLUSH_QUEUED)
			list_del(&b->node);
		if (peer->filling == b)
			peer->filling = NULL;
		b->state = busy ? RS_FLUSH_FILLING : RS_FLUSH_IDLE;
		spin_unlock(&peer->lock);
		if (busy)
			end(peer, b, -ENOTCONN);
	}
}

int rs_flush_init(struct rs_peer *peer)
{
	INIT_LIST_HEAD(&peer->flushes);
	peer->flush = kvcalloc(RS_FLUSHES, sizeof(*peer->flush), GFP_KERNEL);
	return peer->flush ? 0 : -ENOMEM;
}

void rs_flush_exit(struct rs_peer *peer)
{
	kvfree(peer->flush);
}
