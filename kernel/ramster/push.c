// SPDX-License-Identifier: GPL-2.0
/*
 * push.c - taking zpages to donors: PUT and its reply
 *
 * A batch has one buffer and goes to one or more donors, each of which is a
 * target with a credit of that peer. The batches are made at load: their number
 * bounds what is in flight, and a push needs no memory. Each zpage is sealed in the buffer,
 * once for all donors.
 */
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "peer_internal.h"
#include "placement.h"
#include "seal.h"
#include "trace.h"

#define PUSHES		8
#define PUSH_DATA	(64 * 1024)	/* zpage bytes in a batch */
#define CANDIDATES	64		/* donors that one choice looks at */
#define REST		HZ		/* of a donor that has taken nothing of a batch */

/**
 * struct rs_push - a batch
 * @zp:      zcache's part
 * @node:    in idle
 * @lock:    guards the records' acked and refused while several donors answer
 * @pending: donors that have not answered
 * @wire:    encoded records
 * @data:    PUSH_DATA bytes, @bytes of them filled
 * @most:    bytes that all its donors say they have room for, or PUSH_DATA
 */
struct rs_push {
	struct zcache_push zp;
	struct list_head node;
	spinlock_t lock;
	atomic_t pending;
	struct rs_push_target target[ZCACHE_COPIES_MAX];
	u8 wire[RS_WIRE_MAX_RECORDS * RS_WIRE_REC];
	size_t bytes;
	size_t most;
	u8 *data;
};

static struct rs_push *pushes;
static LIST_HEAD(idle);
static DEFINE_SPINLOCK(idle_lock);	/* guards idle; a leaf */

static DEFINE_MUTEX(choice_lock);	/* guards candidates; taken with no other lock */
static struct rs_candidate candidates[CANDIDATES];

static struct rs_push *push_of(struct zcache_push *zp)
{
	return container_of(zp, struct rs_push, zp);
}

static struct rs_push *take_idle(void)
{
	struct rs_push *p;

	spin_lock(&idle_lock);
	p = list_first_entry_or_null(&idle, struct rs_push, node);
	if (p)
		list_del(&p->node);
	spin_unlock(&idle_lock);
	return p;
}

static void put_idle(struct rs_push *p)
{
	spin_lock(&idle_lock);
	list_add(&p->node, &idle);
	spin_unlock(&idle_lock);
}

static u64 random_u64(void *ctx)
{
	return get_random_u64();
}

/* May it get pages of @dev? Not before it has forgotten those that it should not have. */
static bool may_get(const struct rs_peer *peer, u32 dev)
{
	lockdep_assert_held(&peer->lock);
	return peer->usable && !peer->sweeping && !test_bit(dev, peer->missed);
}

/* Is it one to be chosen, now or as soon as it has forgotten? */
static bool is_good(const struct rs_peer *peer)
{
	lockdep_assert_held(&peer->lock);
	return peer->usable && peer->state == RAMSTER_NODE_UP &&
	       !zcache_donor_is_leaving(peer->info.num) && !time_before(jiffies, peer->puts_from);
}

/* Is it to be chosen for pages of @dev? */
static bool is_wanted(const struct rs_peer *peer, u32 dev)
{
	return is_good(peer) && may_get(peer, dev);
}

/* Pages that it has room for beside those on their way to it. */
static u32 room_left(const struct rs_peer *peer)
{
	lockdep_assert_held(&peer->lock);
	return peer->room - min(peer->room, peer->put_frames);
}

/* Peers that might take a batch, from a random one on, so that all get their turn. */
static unsigned int gather(u32 dev)
{
	unsigned int start = get_random_u32_below(RS_NODE_MAX + 1), num = start, n = 0;
	bool wrapped = false;
	struct rs_peer *peer;

	lockdep_assert_held(&choice_lock);
	while (n < CANDIDATES) {
		peer = rs_peer_next_usable(num);
		if (!peer && !wrapped) {
			wrapped = true;
			num = 0;
			continue;
		}
		if (!peer || (wrapped && peer->info.num >= start)) {
			if (peer)
				rs_peer_put(peer);
			break;
		}
		spin_lock(&peer->lock);
		candidates[n] = (struct rs_candidate) {
			.num = peer->info.num,
			.room = room_left(peer),
			.latency_us = peer->latency_us,
			.usable = is_wanted(peer, dev) && peer->nr_puts < RS_PUSH_CREDITS,
		};
		spin_unlock(&peer->lock);
		/* Those that cannot take it do not take a place, either. */
		n += candidates[n].usable && candidates[n].room;
		num = peer->info.num + 1;
		rs_peer_put(peer);
	}
	return n;
}

/* A credit of @num's for the @i-th target. */
static bool reserve(struct rs_push *p, unsigned int i, u16 num)
{
	struct rs_peer *peer = rs_peer_get(num);
	bool ok;

	if (!peer)
		return false;
	spin_lock(&peer->lock);
	ok = may_get(peer, p->zp.dev) && peer->nr_puts < RS_PUSH_CREDITS;
	peer->nr_puts += ok;
	p->most = min_t(u64, p->most, (u64)room_left(peer) << PAGE_SHIFT);
	spin_unlock(&peer->lock);
	if (ok)
		p->target[i].peer = peer;
	else
		rs_peer_put(peer);
	return ok;
}

static void release(struct rs_push_target *t)
{
	struct rs_peer *peer = t->peer;

	t->peer = NULL;
	spin_lock(&peer->lock);
	peer->nr_puts--;
	peer->put_frames -= t->frames;
	t->frames = 0;
	spin_unlock(&peer->lock);
	/* Who waits has queued itself before it looks; we look for it after the change. */
	smp_mb();
	wake_up_var(&peer->nr_puts);
	rs_peer_put(peer);
}

unsigned int rs_roomy(u32 dev, bool patient, u16 *donor, unsigned int max)
{
	struct rs_peer *peer;
	unsigned int num, n = 0;

	for (num = 0; n < max && (peer = rs_peer_next_usable(num)); num++) {
		num = peer->info.num;
		donor[n] = num;
		spin_lock(&peer->lock);
		n += (patient ? is_good(peer) : is_wanted(peer, dev)) &&
		     (peer->room || peer->nr_puts);
		spin_unlock(&peer->lock);
		rs_peer_put(peer);
	}
	return n;
}

struct zcache_push *rs_push_begin(u32 dev, unsigned int want)
{
	unsigned int i, n;
	u16 donor[RS_PLACE_MAX];
	struct rs_push *p = take_idle();

	if (!p)
		return NULL;
	mutex_lock(&choice_lock);
	n = rs_place(candidates, gather(dev), want, random_u64, NULL, donor);
	mutex_unlock(&choice_lock);
	p->zp = (struct zcache_push) { .dev = dev };
	p->bytes = 0;
	p->most = PUSH_DATA;
	if (n < want)
		goto put;
	for (i = 0; i < n; i++) {
		if (!reserve(p, i, donor[i]))
			goto release;
		p->zp.donor[i] = donor[i];
		p->zp.nr_donors++;
	}
	return &p->zp;
release:
	while (i--)
		release(&p->target[i]);
put:
	put_idle(p);
	return NULL;
}

void *rs_push_add(struct zcache_push *zp, u32 slot, u16 version, u8 comp, u16 len)
{
	u16 bytes = len + rs_seal_bytes();
	struct rs_wire_rec rec = { .slot = slot, .version = version, .len = bytes, .comp = comp };
	struct rs_push *p = push_of(zp);
	void *room;

	/* A copy is of no use without the others. One page goes in any case: its answer says what room is. */
	if (zp->nr == ZCACHE_PUSH_MAX || (zp->nr && p->bytes + bytes > p->most))
		return NULL;
	rs_wire_rec_encode(p->wire + zp->nr * RS_WIRE_REC, &rec);
	zp->rec[zp->nr++] = (struct zcache_push_rec) {
		.slot = slot,
		.version = version,
		.len = len,
		.comp = comp,
	};
	room = p->data + p->bytes;
	p->bytes += bytes;
	return room;
}

/* False: it must not leave; nothing of it is in the buffer any more. */
static bool seal(struct rs_push *p)
{
	unsigned int i, more = rs_seal_bytes();
	u8 *data = p->data;

	for (i = 0; more && i < p->zp.nr; i++) {
		const struct zcache_push_rec *rec = &p->zp.rec[i];
		const struct rs_seal_page page = {
			.dev = p->zp.dev,
			.slot = rec->slot,
			.version = rec->version,
			.len = rec->len,
			.comp = rec->comp,
		};

		if (rs_seal(data, &page)) {
			memzero_explicit(p->data, p->bytes);
			return false;
		}
		data += rec->len + more;
		cond_resched();
	}
	return true;
}

/* One less who uses the batch; the last one ends it. Process context, without locks. */
static void push_put(struct rs_push *p)
{
	if (!atomic_dec_and_test(&p->pending))
		return;
	zcache_push_done(&p->zp);
	put_idle(p);
	zcache_remote_kick();
}

/* It has taken nothing; if it says that it has room nevertheless, that is not to be relied upon. */
static void rest(struct rs_peer *peer)
{
	spin_lock(&peer->lock);
	if (peer->room)
		peer->puts_from = jiffies + REST;
	spin_unlock(&peer->lock);
}

/* A donor has answered (@err 0), or will not. Process context, without locks. */
static void end(struct rs_push_target *t, u64 stored, int err)
{
	struct rs_push *p = t->push;
	unsigned int i, nr_stored = 0;
	u8 bit = 1 << t->index;

	trace_rs_push_done(t->peer->info.num, p->zp.dev, p->zp.nr, stored, err);
	spin_lock(&p->lock);
	for (i = 0; !err && i < p->zp.nr; i++) {
		if (stored & BIT_ULL(i)) {
			p->zp.rec[i].acked |= bit;
			nr_stored++;
		} else {
			p->zp.rec[i].refused |= bit;
		}
	}
	spin_unlock(&p->lock);
	counter_add(rs, pages_remotified, nr_stored);
	if (err)
		counter_add(rs, pages_remotify_failed, p->zp.nr);
	else
		counter_add(rs, pages_remotify_refused, p->zp.nr - nr_stored);
	if (!err && !nr_stored)
		rest(t->peer);
	release(t);
	push_put(p);
}

void rs_push_submit(struct zcache_push *zp)
{
	struct rs_push *p = push_of(zp);
	unsigned int i, nr_donors = zp->nr_donors;
	struct rs_push_target *t;
	u32 frames = DIV_ROUND_UP(p->bytes, PAGE_SIZE);
	bool gone, sealed;

	if (!zp->nr) {
		for (i = 0; i < nr_donors; i++)
			release(&p->target[i]);
		put_idle(p);
		return;
	}
	sealed = seal(p);
	atomic_set(&p->pending, nr_donors);
	for (i = 0; i < nr_donors; i++) {
		t = &p->target[i];
		t->push = p;
		t->index = i;
		t->since = jiffies;
		t->bulk.is_put = true;
		spin_lock(&t->peer->lock);
		/* It may have gone since its credit was taken. */
		gone = !t->peer->usable || !sealed;
		if (!gone) {
			t->frames = frames;
			t->peer->put_frames += frames;
			t->req_id = t->peer->next_req_id++;
			list_add_tail(&t->bulk.node, &t->peer->bulk);
			queue_work(rs_send_wq, &t->peer->bulk_work);
		}
		spin_unlock(&t->peer->lock);
		if (gone)
			end(t, 0, -ENOTCONN);
	}
}

/* Takes a free place in the table of what was sent; under peer->lock. There is one: a credit. */
static void table_add(struct rs_peer *peer, struct rs_push_target *t)
{
	unsigned int i;

	lockdep_assert_held(&peer->lock);
	for (i = 0; i < RS_PUSH_CREDITS; i++) {
		if (!peer->puts[i]) {
			peer->puts[i] = t;
			return;
		}
	}
}

static struct rs_push_target *table_remove(struct rs_peer *peer, u32 req_id, bool any)
{
	struct rs_push_target *t;
	unsigned int i;

	lockdep_assert_held(&peer->lock);
	for (i = 0; i < RS_PUSH_CREDITS; i++) {
		t = peer->puts[i];
		if (t && (any || t->req_id == req_id)) {
			peer->puts[i] = NULL;
			return t;
		}
	}
	return NULL;
}

/* Sends a batch that was taken off peer->bulk. Under the bulk lane's tx_lock. */
void rs_push_send(struct rs_push_target *t)
{
	struct rs_wire_hdr hdr = { .type = RS_PUT, .req_id = t->req_id };
	struct rs_peer *peer = t->peer;
	struct rs_push *p = t->push;
	struct kvec vec[2];

	/* An answer may come before all is sent; the buffers stay until we are done, too. */
	atomic_inc(&p->pending);
	spin_lock(&peer->lock);
	table_add(peer, t);
	spin_unlock(&peer->lock);
	hdr.pool = p->zp.dev;
	hdr.count = p->zp.nr;
	vec[0] = (struct kvec) { p->wire, p->zp.nr * RS_WIRE_REC };
	vec[1] = (struct kvec) { p->data, p->bytes };
	trace_rs_push(peer->info.num, p->zp.dev, p->zp.nr, p->bytes);
	counter_inc(rs, put_frames);
	/* On an error the lane breaks, and its end fails the batch. */
	rs_lane_send(&peer->lane[RS_LANE_BULK], &hdr, vec, 2);
	push_put(p);
}

/* PUT_REPLY. Process context. An errno breaks the lane. */
int rs_push_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	struct rs_wire_put_reply reply;
	struct rs_push_target *t;
	int err;

	spin_lock(&peer->lock);
	t = table_remove(peer, hdr->req_id, false);
	spin_unlock(&peer->lock);
	if (!t)
		return -EPROTO;
	err = rs_wire_put_reply_decode(payload, t->push->zp.nr, &reply);
	if (!err && hdr->count != t->push->zp.nr)
		err = -EPROTO;
	end(t, err ? 0 : reply.stored, err);
	return err;
}

/* The batch will not be sent. It was taken off peer->bulk. */
void rs_push_fail(struct rs_push_target *t)
{
	end(t, 0, -ENOTCONN);
}

/* The connection broke: the fate of what was sent is not known. The lanes are closed. */
void rs_push_fail_all(struct rs_peer *peer)
{
	struct rs_push_target *t;

	do {
		spin_lock(&peer->lock);
		t = table_remove(peer, 0, true);
		spin_unlock(&peer->lock);
		if (t)
			end(t, 0, -ENOTCONN);
	} while (t);
}

/* Waits until no batch has a credit of a peer that takes no new one. Process context. */
void rs_push_settle(struct rs_peer *peer)
{
	wait_var_event(&peer->nr_puts, !READ_ONCE(peer->nr_puts));
}

/* Has the peer left a batch unanswered for so long? Process context. */
bool rs_push_overdue(struct rs_peer *peer, unsigned long deadline_ms)
{
	bool overdue = false;
	unsigned int i;

	spin_lock(&peer->lock);
	for (i = 0; i < RS_PUSH_CREDITS; i++)
		if (peer->puts[i] &&
		    time_after(jiffies, peer->puts[i]->since + msecs_to_jiffies(deadline_ms)))
			overdue = true;
	spin_unlock(&peer->lock);
	return overdue;
}

int rs_push_init(void)
{
	struct rs_push *p;
	int i;

	pushes = kvcalloc(PUSHES, sizeof(*pushes), GFP_KERNEL);
	if (!pushes)
		return -ENOMEM;
	for (i = 0; i < PUSHES; i++) {
		p = &pushes[i];
		spin_lock_init(&p->lock);
		p->data = kvmalloc(PUSH_DATA, GFP_KERNEL);
		if (!p->data) {
			rs_push_exit();
			return -ENOMEM;
		}
		list_add(&p->node, &idle);
	}
	return 0;
}

/* Nothing is in flight. */
void rs_push_exit(void)
{
	int i;

	for (i = 0; i < PUSHES; i++)
		kvfree_sensitive(pushes[i].data, PUSH_DATA);
	kvfree(pushes);
	INIT_LIST_HEAD(&idle);
}
