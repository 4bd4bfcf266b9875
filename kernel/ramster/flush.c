// SPDX-License-Identifier: GPL-2.0
/*
 * flush.c - telling donors to forget pages, in batches
 *
 * zcache keeps the duty until the answer, so a batch that fails is just
 * reported as failed.
 */
#include <linux/mm.h>

#include "peer_internal.h"
#include "seal.h"

/* How long a device that goes waits for its donors to confirm. */
#define POOL_TIMEOUT_MS 5000

/* Who waits for answers to a whole pool's flush. Of the batches, under their peers' locks. */
struct rs_flush_wait {
	atomic_t pending;
	struct completion done;
};

/* An idle batch, or NULL. */
struct rs_flush_batch *rs_flush_take(struct rs_peer *peer, u32 dev, enum rs_flush_scope scope)
{
	struct rs_flush_batch *b;
	unsigned int i;

	lockdep_assert_held(&peer->lock);
	/* The last is for whole pools, so that these never find none. */
	i = scope == RS_FLUSH_PAGES ? 0 : RS_FLUSHES;
	for (; i < RS_FLUSHES + (scope != RS_FLUSH_PAGES); i++) {
		b = &peer->flush[i];
		if (b->state != RS_FLUSH_IDLE)
			continue;
		b->state = RS_FLUSH_FILLING;
		b->scope = scope;
		b->dev = dev;
		b->nr = 0;
		b->last = false;
		b->wait = NULL;
		return b;
	}
	return NULL;
}

/* Those with a batch in @filling. */
static DECLARE_BITMAP(to_be_ended, RS_NODE_MAX + 1);

static void set_filling(struct rs_peer *peer, struct rs_flush_batch *b)
{
	peer->filling = b;
	rs_peer_note(peer, to_be_ended, b);
}

/* The batch is full, or is not to wait for more. */
void rs_flush_enqueue(struct rs_peer *peer, struct rs_flush_batch *b)
{
	lockdep_assert_held(&peer->lock);
	b->state = RS_FLUSH_QUEUED;
	b->req_id = peer->next_req_id++;
	list_add_tail(&b->bulk.node, &peer->bulk);
	if (peer->filling == b)
		set_filling(peer, NULL);
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
		rs_flush_enqueue(peer, peer->filling);
	if (!peer->filling)
		set_filling(peer, rs_flush_take(peer, dev, RS_FLUSH_PAGES));
	b = peer->filling;
	if (!b)
		return -EAGAIN;
	b->slot[b->nr] = slot;
	b->version[b->nr] = version;
	if (++b->nr == RS_FLUSH_RECS)
		rs_flush_enqueue(peer, b);
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

	for (num = 0; (peer = rs_peer_next_of(to_be_ended, num)); num++) {
		num = peer->info.num;
		spin_lock(&peer->lock);
		/* Else unlink() ends it, and expects no more on the list. */
		if (peer->filling && peer->usable)
			rs_flush_enqueue(peer, peer->filling);
		spin_unlock(&peer->lock);
		rs_peer_put(peer);
	}
}

static void wait_put(struct rs_flush_wait *wait)
{
	if (atomic_dec_and_test(&wait->pending))
		complete(&wait->done);
}

/*
 * Sends a flush of all of @dev to the peer; false if it cannot be told now. Until it has
 * confirmed, the heartbeat or the next handshake tells it, and it gets no page of such a device.
 */
static bool flush_pool(struct rs_peer *peer, u32 dev, struct rs_flush_wait *wait)
{
	struct rs_flush_batch *b = NULL;

	spin_lock(&peer->lock);
	__set_bit(dev, peer->missed);
	if (peer->usable)
		b = rs_flush_take(peer, dev, RS_FLUSH_POOL);
	if (b) {
		b->wait = wait;
		atomic_inc(&wait->pending);
		rs_flush_enqueue(peer, b);
	}
	spin_unlock(&peer->lock);
	return b;
}

/* Whoever waited has gone. */
static void give_up(struct rs_peer *peer, const struct rs_flush_wait *wait)
{
	struct rs_flush_batch *b = &peer->flush[RS_FLUSHES];

	spin_lock(&peer->lock);
	if (b->wait == wait)
		b->wait = NULL;
	spin_unlock(&peer->lock);
}

/* All peers at once, whose answers are waited for together; one device at a time. */
void rs_flush_device(u32 dev)
{
	static DEFINE_MUTEX(one_device);
	struct rs_flush_wait wait = { .pending = ATOMIC_INIT(1) };
	struct rs_peer *peer, *told = NULL;
	unsigned int num;

	if (dev >= RS_DEVICES)
		return;
	init_completion(&wait.done);
	rs_flush_end();
	mutex_lock(&one_device);
	for (num = 0; (peer = rs_peer_next(num)); num++) {
		num = peer->info.num;
		if (flush_pool(peer, dev, &wait)) {
			peer->next_told = told;
			told = peer;
		} else {
			rs_peer_put(peer);
		}
	}
	wait_put(&wait);
	wait_for_completion_timeout(&wait.done, msecs_to_jiffies(POOL_TIMEOUT_MS));
	while (told) {
		peer = told;
		told = peer->next_told;
		give_up(peer, &wait);
		rs_peer_put(peer);
	}
	mutex_unlock(&one_device);
	rs_seal_forget(dev);
}

/* The heartbeat's: tells the donor of a device of which it could not be told when that went. */
void rs_flush_again(struct rs_peer *peer)
{
	struct rs_flush_batch *b = NULL;
	unsigned int dev;

	spin_lock(&peer->lock);
	dev = find_first_bit(peer->missed, RS_DEVICES);
	if (peer->usable && dev < RS_DEVICES)
		b = rs_flush_take(peer, dev, RS_FLUSH_POOL);
	if (b)
		rs_flush_enqueue(peer, b);
	spin_unlock(&peer->lock);
}

static int tell(struct rs_peer *peer, enum rs_flush_scope scope, u32 dev)
{
	struct rs_lane *lane = &peer->lane[RS_LANE_BULK];
	struct rs_wire_hdr hdr = { .type = RS_FLUSH, .flags = scope, .pool = dev };
	const u8 *payload;
	int err;

	mutex_lock(&lane->tx_lock);
	err = rs_lane_send(lane, &hdr, NULL, 0);
	mutex_unlock(&lane->tx_lock);
	if (!err)
		err = rs_lane_receive(lane, &hdr, &payload, POOL_TIMEOUT_MS);
	if (!err && (hdr.type != RS_FLUSH_REPLY || hdr.status))
		err = -EPROTO;
	return err;
}

/**
 * rs_flush_missed - what the donor should have forgotten while it could not be told
 * @peer: shaken hands, not started
 *
 * A donor that we do not know yet may hold pages of a time when it was in our table
 * before; none of them is in our index. Nor is any of a donor whose pages were repaired
 * while it was away.
 *
 * Context: process, sleeps; link_work only. Return: 0 or an errno.
 */
int rs_flush_missed(struct rs_peer *peer)
{
	unsigned int dev;
	int err;

	if (!peer->has_incarnation || zcache_donor_is_litter(peer->info.num)) {
		spin_lock(&peer->lock);
		bitmap_zero(peer->missed, RS_DEVICES);
		spin_unlock(&peer->lock);
		err = tell(peer, RS_FLUSH_ALL, 0);
		if (!err)
			zcache_donor_swept(peer->info.num);
		return err;
	}
	for_each_set_bit(dev, peer->missed, RS_DEVICES) {
		err = tell(peer, RS_FLUSH_POOL, dev);
		if (err)
			return err;
		spin_lock(&peer->lock);
		__clear_bit(dev, peer->missed);
		spin_unlock(&peer->lock);
	}
	return 0;
}

/* Ends a batch that is ENDING: the caller's alone. */
static void end(struct rs_peer *peer, struct rs_flush_batch *b, int err)
{
	unsigned int i;

	for (i = 0; i < b->nr; i++) {
		if (!err)
			counter_inc(rs, pages_flushed);
		zcache_flush_done(peer->info.num, b->dev, b->slot[i], b->version[i], err);
		cond_resched();
	}
	if (b->last)
		rs_sweep_end(peer, err);
	spin_lock(&peer->lock);
	if (b->scope == RS_FLUSH_POOL && !err)
		__clear_bit(b->dev, peer->missed);
	if (b->wait)
		wait_put(b->wait);
	b->wait = NULL;
	b->state = RS_FLUSH_IDLE;
	spin_unlock(&peer->lock);
	if (!err)
		zcache_remote_kick();
}

/* Sends a batch that was taken off peer->bulk. Under the bulk lane's tx_lock. */
void rs_flush_send(struct rs_peer *peer, struct rs_flush_batch *b)
{
	struct rs_lane *lane = &peer->lane[RS_LANE_BULK];
	struct rs_wire_hdr hdr = {
		.type = RS_FLUSH,
		.flags = b->scope,
		.pool = b->dev,
		.req_id = b->req_id,
		.count = b->nr,
	};
	struct kvec vec = { b->wire, b->nr * RS_WIRE_REC };
	struct rs_wire_flush rec;
	bool answered;
	unsigned int i;

	for (i = 0; i < b->nr; i++) {
		rec = (struct rs_wire_flush) { b->slot[i], b->version[i] };
		rs_wire_flush_encode(b->wire + i * RS_WIRE_REC, &rec);
	}
	counter_inc(rs, flush_frames);
	/* On an error the lane breaks, and its end fails the batch. */
	rs_lane_send(lane, &hdr, &vec, 1);
	spin_lock(&peer->lock);
	answered = b->state == RS_FLUSH_ANSWERED;
	b->state = answered ? RS_FLUSH_ENDING : RS_FLUSH_SENT;
	spin_unlock(&peer->lock);
	if (answered)
		end(peer, b, b->err);
}

/* FLUSH_REPLY. Process context. An errno breaks the lane. */
int rs_flush_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr)
{
	int i, err = -EPROTO, status = hdr->status ? -EIO : 0;
	struct rs_flush_batch *b;

	spin_lock(&peer->lock);
	for (i = 0; i <= RS_FLUSHES; i++) {
		b = &peer->flush[i];
		if (b->req_id != hdr->req_id)
			continue;
		if (b->state == RS_FLUSH_SENT) {
			b->state = RS_FLUSH_ENDING;
			err = 0;
			break;
		}
		if (b->state == RS_FLUSH_SENDING) {
			b->state = RS_FLUSH_ANSWERED;
			b->err = status;
			spin_unlock(&peer->lock);
			return 0;
		}
	}
	spin_unlock(&peer->lock);
	if (!err)
		end(peer, b, status);
	return err;
}

/* Nobody knows what the donor has forgotten. Taken off peer->bulk, or the lanes are closed. */
void rs_flush_fail(struct rs_peer *peer, struct rs_flush_batch *b)
{
	spin_lock(&peer->lock);
	if (peer->filling == b)
		set_filling(peer, NULL);
	b->state = RS_FLUSH_ENDING;
	spin_unlock(&peer->lock);
	end(peer, b, -ENOTCONN);
}

/* The connection broke; the lanes are closed, and peer->bulk is empty. */
void rs_flush_fail_all(struct rs_peer *peer)
{
	int i;

	for (i = 0; i <= RS_FLUSHES && peer->flush; i++)
		if (READ_ONCE(peer->flush[i].state) != RS_FLUSH_IDLE)
			rs_flush_fail(peer, &peer->flush[i]);
}

/* Once is enough. */
int rs_flush_init(struct rs_peer *peer)
{
	if (!peer->flush)
		peer->flush = kvcalloc(RS_FLUSHES + 1, sizeof(*peer->flush), GFP_KERNEL);
	return peer->flush ? 0 : -ENOMEM;
}

void rs_flush_exit(struct rs_peer *peer)
{
	kvfree(peer->flush);
}
