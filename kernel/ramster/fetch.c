// SPDX-License-Identifier: GPL-2.0
/*
 * fetch.c - bringing zpages back: GET and its reply
 *
 * A fetch is sent by the faulting task itself, at the end of its read-ahead, and what waits
 * together goes in one frame. If another is sending, that one takes ours along. On a broken
 * connection fetches go back to the waiting list and are sent anew when it is up again.
 *
 * A fetch has fetch_timeout_ms; a page that only silent donors have is waited for until they
 * count as dead and that time has passed once more, whoever was asked meanwhile. Time in which
 * this machine stood still itself does not count.
 */
#include "peer_internal.h"
#include "seal.h"
#include "trace.h"

/* What we keep in a fetch of zcache's while it is ours. */
struct get {
	unsigned long deadline;		/* jiffies */
	unsigned long sent;		/* jiffies64 in ns would not fit; us of ktime */
	u32 hedge_at;			/* jiffies; if the fetch has a hedge */
	u32 looked;			/* jiffies when anyone last looked after it */
	u32 req_id;			/* of its frame: tags are used again, and answers may be late */
	u16 tag;
};

/* Those with something in gets_waiting. */
static DECLARE_BITMAP(to_be_asked, RS_NODE_MAX + 1);

static struct get *get_of(struct zcache_fetch *f)
{
	BUILD_BUG_ON(sizeof(struct get) > sizeof(f->tier));
	return (struct get *)f->tier;
}

static unsigned long now_us(void)
{
	return ktime_to_us(ktime_get());
}

/*
 * Each heartbeat looks after what waits. Where one comes much too late, we have slept or had no
 * CPU: what is more than suspect_ms of that time is not the donors'. Under peer->lock, if a peer
 * has it. True: such a time was there.
 */
static bool look_after(struct zcache_fetch *f)
{
	unsigned long most = msecs_to_jiffies(READ_ONCE(rs_settings.suspect_ms));
	unsigned long passed = (u32)((u32)jiffies - get_of(f)->looked);

	get_of(f)->looked = jiffies;
	if (passed <= most)
		return false;
	f->since += passed - most;
	get_of(f)->deadline += passed - most;
	return true;
}

/* A place in the table for @f, if there is one; under peer->lock. */
static bool take_tag(struct rs_peer *peer, struct zcache_fetch *f)
{
	unsigned int i, at;

	lockdep_assert_held(&peer->lock);
	if (peer->nr_gets == RS_GETS)
		return false;
	for (i = 0; i < RS_GETS; i++) {
		at = RS_GET_INDEX(peer->next_get + i);
		if (!peer->gets[at])
			break;
	}
	peer->next_get = at + 1;
	peer->gets[at] = f;
	peer->nr_gets++;
	peer->get_use[at] += RS_GETS;
	get_of(f)->tag = peer->get_use[at] | at;
	return true;
}

static void give_tag(struct rs_peer *peer, struct zcache_fetch *f)
{
	unsigned int at = RS_GET_INDEX(get_of(f)->tag);

	lockdep_assert_held(&peer->lock);
	peer->gets[at] = NULL;
	peer->nr_gets--;
}

/* The list has changed; another peer may have the number of one whose list does not any more. */
static void note_waiting(struct rs_peer *peer)
{
	rs_peer_note(peer, to_be_asked, !list_empty(&peer->gets_waiting));
}

/* Moves waiting fetches of one device into a frame: how many. Under the lane's tx_lock. */
static unsigned int build(struct rs_peer *peer, u32 *dev, u32 *req_id)
{
	struct rs_wire_get rec;
	struct zcache_fetch *f;
	unsigned int n = 0;

	spin_lock(&peer->lock);
	*req_id = peer->next_req_id++;
	while (peer->usable && n < RS_WIRE_MAX_RECORDS) {
		f = list_first_entry_or_null(&peer->gets_waiting, struct zcache_fetch, node);
		if (!f || (n && f->dev != *dev) || !take_tag(peer, f))
			break;
		list_del(&f->node);
		*dev = f->dev;
		get_of(f)->sent = now_us();
		get_of(f)->req_id = *req_id;
		rec = (struct rs_wire_get) {
			.slot = f->slot,
			.version = f->version,
			.tag = get_of(f)->tag,
		};
		rs_wire_get_encode(peer->get_wire + n * RS_WIRE_REC, &rec);
		trace_rs_fetch(peer->info.num, f->dev, f->slot, f->version);
		n++;
	}
	if (n)
		note_waiting(peer);
	spin_unlock(&peer->lock);
	return n;
}

static bool is_waiting(struct rs_peer *peer)
{
	bool waiting;

	spin_lock(&peer->lock);
	waiting = peer->usable && peer->nr_gets < RS_GETS && !list_empty(&peer->gets_waiting);
	spin_unlock(&peer->lock);
	return waiting;
}

/* Sends what waits, unless another is at it, who will then see ours. Process context; may block. */
void rs_fetch_send(struct rs_peer *peer)
{
	struct rs_lane *lane = &peer->lane[RS_LANE_FETCH];
	struct rs_wire_hdr hdr;
	struct kvec vec;
	u32 dev, req_id;
	unsigned int n;

	do {
		if (!mutex_trylock(&lane->tx_lock))
			return;
		/* A task's wait can be broken off by a signal, half a frame sent; a worker's cannot. */
		if (!(current->flags & PF_WQ_WORKER) && !rs_lane_has_space(lane)) {
			mutex_unlock(&lane->tx_lock);
			rs_fetch_kick(peer);
			return;
		}
		while ((n = build(peer, &dev, &req_id))) {
			hdr = (struct rs_wire_hdr) {
				.type = RS_GET, .req_id = req_id, .pool = dev, .count = n,
			};
			vec = (struct kvec) { peer->get_wire, n * RS_WIRE_REC };
			counter_inc(rs, get_frames);
			/* On an error the lane breaks, and these are sent anew. */
			if (rs_lane_send(lane, &hdr, &vec, 1))
				break;
		}
		mutex_unlock(&lane->tx_lock);
	} while (!rs_lane_is_broken(lane) && is_waiting(peer));
}

/* Hedged fetches are looked at so often while there are any. */
#define HEDGE_TICK	msecs_to_jiffies(10)
#define HEDGE_MIN_MS	20

/* How long a donor may take before the next is asked, in jiffies; under peer->lock. */
static unsigned long hedge_delay(const struct rs_peer *peer, unsigned int hedge)
{
	unsigned int max = READ_ONCE(rs_settings.fetch_timeout_ms) / 4;
	unsigned int ms = max_t(unsigned int, peer->latency_us / 1000 * 8, HEDGE_MIN_MS);

	lockdep_assert_held(&peer->lock);
	return msecs_to_jiffies(min(ms << (2 * (hedge - 1)), max));
}

/* Ends hedged fetches that take too long, for another to be asked. */
void rs_fetch_hedge_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_delayed_work(work), struct rs_peer, hedge_work);

	if (rs_fetch_expire(peer, RS_EXPIRE_HEDGED))
		queue_delayed_work(rs_beat_wq, &peer->hedge_work, HEDGE_TICK);
}

/* The end of all waiting for @f, in jiffies. */
static unsigned long last_moment(const struct zcache_fetch *f)
{
	return f->since + msecs_to_jiffies(READ_ONCE(rs_settings.dead_ms)) +
	       msecs_to_jiffies(READ_ONCE(rs_settings.fetch_timeout_ms));
}

static unsigned long deadline(const struct zcache_fetch *f)
{
	unsigned long last = last_moment(f);
	unsigned long own = jiffies + msecs_to_jiffies(READ_ONCE(rs_settings.fetch_timeout_ms));

	return f->when == ZCACHE_ANYHOW || time_after(own, last) ? last : own;
}

/* May it be asked of this peer now? 0 or an errno; under peer->lock. */
static int may_ask(const struct rs_peer *peer, const struct zcache_fetch *f)
{
	lockdep_assert_held(&peer->lock);
	if (peer->removing)
		return -ENOENT;
	if (time_after(jiffies, last_moment(f)))
		return -ETIMEDOUT;
	switch (f->when) {
	case ZCACHE_IF_UP:
		return peer->usable && peer->state == RAMSTER_NODE_UP ? 0 : -ENOTCONN;
	case ZCACHE_IF_LINKED:
		return peer->usable ? 0 : -ENOTCONN;
	default:
		return 0;
	}
}

int rs_fetch(struct zcache_fetch *f)
{
	struct rs_peer *peer = rs_peer_get(f->donor);
	int err;

	if (!peer)
		return -ENOENT;
	/* Nobody has looked while no peer had it: since it was wanted, or another one ended it. */
	if (!get_of(f)->looked)
		get_of(f)->looked = f->since;
	look_after(f);
	get_of(f)->deadline = deadline(f);
	spin_lock(&peer->lock);
	err = may_ask(peer, f);
	if (!err) {
		list_add_tail(&f->node, &peer->gets_waiting);
		note_waiting(peer);
	}
	/* Its deadline is the heartbeat's business. */
	if (!err && !peer->usable)
		queue_delayed_work(rs_beat_wq, &peer->beat_work, 0);
	if (!err && f->hedge) {
		get_of(f)->hedge_at = jiffies + hedge_delay(peer, f->hedge);
		queue_delayed_work(rs_beat_wq, &peer->hedge_work, HEDGE_TICK);
	}
	spin_unlock(&peer->lock);
	rs_peer_put(peer);
	return err;
}

void rs_fetch_end(bool atomic)
{
	struct rs_peer *peer;
	unsigned int num;

	for (num = 0; (peer = rs_peer_next_of(to_be_asked, num)); num++) {
		num = peer->info.num;
		if (is_waiting(peer)) {
			if (atomic)
				rs_fetch_kick(peer);
			else
				rs_fetch_send(peer);
		}
		rs_peer_put(peer);
	}
}

/* The fetch with this tag of the request @req_id, taken out of the table, if it is still there. */
static struct zcache_fetch *answered(struct rs_peer *peer, u32 req_id, u16 tag)
{
	struct zcache_fetch *f;
	u32 us;

	spin_lock(&peer->lock);
	f = peer->gets[RS_GET_INDEX(tag)];
	if (f && get_of(f)->tag == tag && get_of(f)->req_id == req_id) {
		give_tag(peer, f);
		us = now_us() - get_of(f)->sent;
		if (!look_after(f))
			peer->latency_us = peer->latency_us ? (peer->latency_us * 7 + us) / 8 : us;
	} else {
		f = NULL;
	}
	spin_unlock(&peer->lock);
	return f;
}

/*
 * The zpage out of what a donor returned, in its place. -ENOENT: it does not have it; and what it
 * has instead is as good as nothing.
 */
static int open_page(struct rs_peer *peer, const struct zcache_fetch *f, u16 version, u8 *data,
		     size_t len)
{
	unsigned int more = rs_seal_bytes();
	const struct rs_seal_page page = {
		.dev = f->dev,
		.slot = f->slot,
		.version = f->version,
		.len = f->len,
		.comp = f->comp,
	};

	if (!len)
		return -ENOENT;
	/* It may not have the version that it was asked for, but no honest donor sends another one. */
	if (version == f->version &&
	    (!more || (len == f->len + more && rs_unseal(data, &page))))
		return 0;
	counter_inc(rs, seal_failures);
	rs_peer_lied(peer, f);
	return -ENOENT;
}

/* The fetch has its answer: the bytes at @data. */
static void end(struct rs_peer *peer, struct zcache_fetch *f, const struct rs_wire_got *got,
		u8 *data)
{
	int err = open_page(peer, f, got->version, data, got->len);
	size_t sealed = rs_seal_bytes() ? got->len : 0, len = got->len;

	if (!err && sealed)
		len = f->len;
	trace_rs_fetch_done(peer->info.num, f->dev, f->slot, f->version, len, err);
	if (err)
		counter_inc(rs, pages_fetch_missed);
	else
		counter_inc(rs, pages_fetched);
	zcache_fetch_done(f, err, data, err ? 0 : len);
	/* What was secret does not stay in the buffer; nor does what was opened before it was found wrong. */
	memzero_explicit(data, sealed);
}

/* GET_REPLY. Process context. An errno breaks the lane. */
int rs_fetch_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	/* The lane's buffer, and nobody's else until we return. */
	u8 *data = (u8 *)payload + hdr->count * RS_WIRE_REC;
	struct rs_wire_got got;
	struct zcache_fetch *f;
	unsigned int i;

	for (i = 0; i < hdr->count; i++) {
		rs_wire_got_decode(payload + i * RS_WIRE_REC, &got);
		f = answered(peer, hdr->req_id, got.tag);
		if (f)
			end(peer, f, &got, data);
		/* else: it came too late, and was asked for elsewhere. */
		data += got.len;
	}
	if (is_waiting(peer))
		rs_fetch_kick(peer);
	return 0;
}

/* The connection broke: what was asked waits to be asked anew. */
void rs_fetch_requeue(struct rs_peer *peer)
{
	unsigned int i;

	spin_lock(&peer->lock);
	for (i = 0; i < RS_GETS; i++) {
		struct zcache_fetch *f = peer->gets[i];

		if (!f)
			continue;
		give_tag(peer, f);
		list_add(&f->node, &peer->gets_waiting);
	}
	note_waiting(peer);
	spin_unlock(&peer->lock);
}

static bool is_expired(struct zcache_fetch *f, enum rs_expire which)
{
	switch (which) {
	case RS_EXPIRE_ALL:
		return true;
	case RS_EXPIRE_HEDGED:
		return f->hedge && time_after32(jiffies, get_of(f)->hedge_at);
	case RS_EXPIRE_DOWN:
		if (f->when != ZCACHE_ANYHOW)
			return true;
		fallthrough;
	case RS_EXPIRE_OTHERS:
		if (f->others)
			return true;
		fallthrough;
	default:
		return time_after(jiffies, get_of(f)->deadline);
	}
}

/**
 * rs_fetch_expire - end fetches before they are answered
 * @peer:  whose
 * @which: which of them
 *
 * Context: process.
 * Return: whether others are left that have a hedge.
 */
bool rs_fetch_expire(struct rs_peer *peer, enum rs_expire which)
{
	bool left = which == RS_EXPIRE_HEDGED || which == RS_EXPIRE_OTHERS;
	int err = left ? -ETIME : -ETIMEDOUT;
	struct zcache_fetch *f, *next;
	LIST_HEAD(expired);
	bool hedged = false;
	unsigned int i;

	spin_lock(&peer->lock);
	for (i = 0; i < RS_GETS; i++) {
		f = peer->gets[i];
		if (!f)
			continue;
		look_after(f);
		if (is_expired(f, which)) {
			give_tag(peer, f);
			list_add(&f->node, &expired);
		} else {
			hedged |= f->hedge;
		}
	}
	list_for_each_entry_safe(f, next, &peer->gets_waiting, node) {
		look_after(f);
		if (is_expired(f, which))
			list_move(&f->node, &expired);
		else
			hedged |= f->hedge;
	}
	if (!list_empty(&expired))
		note_waiting(peer);
	spin_unlock(&peer->lock);
	list_for_each_entry_safe(f, next, &expired, node) {
		if (!left)
			counter_inc(rs, pages_fetch_failed);
		trace_rs_fetch_done(peer->info.num, f->dev, f->slot, f->version, 0, err);
		zcache_fetch_done(f, err, NULL, 0);
	}
	if (is_waiting(peer))
		rs_fetch_kick(peer);
	return hedged;
}

/* A donor can be asked again: who waits for one that cannot looks whether it has the page, too. */
void rs_fetch_look_around(void)
{
	struct rs_peer *peer;
	unsigned int num;

	for (num = 0; (peer = rs_peer_next(num)); num++) {
		num = peer->info.num;
		if (READ_ONCE(peer->state) != RAMSTER_NODE_UP)
			rs_fetch_expire(peer, RS_EXPIRE_OTHERS);
		rs_peer_put(peer);
	}
}
