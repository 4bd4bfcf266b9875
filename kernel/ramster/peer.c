// SPDX-License-Identifier: GPL-2.0
/* peer.c - a donor's life as its client sees it: connecting, heartbeat, end */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "handshake.h"
#include "lost.h"
#include "netlink.h"
#include "peer_internal.h"
#include "trace.h"

/* Backs off up to so many times the first interval. */
#define BACKOFF_MAX	16

/* A connection that held for less does not end the backing off. */
#define STABLE_MS	5000

/* A donor can want its RAM back, and no more, as often as it likes; it is told of so often. */
#define RECALL_TELL	HZ

/* A step of connecting takes at most so long. */
#define STEP_MS		5000
#define FIRST_STEP_MS	3000	/* with a donor that was never there */

struct workqueue_struct *rs_link_wq;
struct workqueue_struct *rs_beat_wq;
struct workqueue_struct *rs_send_wq;
struct workqueue_struct *rs_client_wq;

/* Donors that are tried at once though they are down: each attempt holds one of 256 workers. */
#define TRIES_MAX	64
#define FIRST_TRIES_MAX	192
#define TRY_AGAIN_MS	100

/* By number. Looked up under RCU; changed by the node manager only. */
static DEFINE_XARRAY(peers);

/* Numbers of those that are usable; changed with that, under the peer's lock. */
static DECLARE_BITMAP(usable_peers, RS_NODE_MAX + 1);

static atomic_t tries;

static void free_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_rcu_work(work), struct rs_peer, free_work);
	int i;

	for (i = 0; i < __RS_LANES; i++)
		rs_lane_exit(&peer->lane[i]);
	rs_flush_exit(peer);
	kvfree(peer);
}

/* In a work: who lets go last may be about to sleep (rs_fetch_end()), and vfree() may sleep. */
static void peer_free(struct kref *refs)
{
	queue_rcu_work(rs_link_wq, &container_of(refs, struct rs_peer, refs)->free_work);
}

/* The peer, referenced, or NULL. Any context. */
struct rs_peer *rs_peer_get(u16 num)
{
	struct rs_peer *peer;

	rcu_read_lock();
	peer = xa_load(&peers, num);
	if (peer && !kref_get_unless_zero(&peer->refs))
		peer = NULL;
	rcu_read_unlock();
	return peer;
}

/* The first peer with a number of at least @num, referenced, or NULL. Any context. */
struct rs_peer *rs_peer_next(u16 num)
{
	unsigned long index = num;
	struct rs_peer *peer;

	rcu_read_lock();
	xa_for_each_start(&peers, index, peer, num)
		if (kref_get_unless_zero(&peer->refs))
			break;
	rcu_read_unlock();
	return peer;
}

/* The first usable one, likewise: what is done for each page costs nothing for donors that are down. */
struct rs_peer *rs_peer_next_usable(u16 num)
{
	struct rs_peer *peer = NULL;
	unsigned long n = num;

	while (!peer && (n = find_next_bit(usable_peers, RS_NODE_MAX + 1, n)) <= RS_NODE_MAX)
		peer = rs_peer_get(n++);
	return peer;
}

void rs_peer_put(struct rs_peer *peer)
{
	kref_put(&peer->refs, peer_free);
}

#define LINKED_STATES (BIT(RAMSTER_NODE_UP) | BIT(RAMSTER_NODE_SUSPECT))

/* Returns what it was. */
static bool set_usable(struct rs_peer *peer, bool usable)
{
	bool was = peer->usable;

	lockdep_assert_held(&peer->lock);
	peer->usable = usable;
	if (usable)
		set_bit(peer->info.num, usable_peers);
	else if (was)
		clear_bit(peer->info.num, usable_peers);
	counter_add(rs, peers_up, usable - was);
	return was;
}

/* From one of the states @from (bits) to @to; false if it is in another. Process context. */
static bool change_state(struct rs_peer *peer, unsigned long from, enum ramster_node_state to,
			 const char *why)
{
	enum ramster_node_state old;
	char text[160];

	spin_lock(&peer->lock);
	old = peer->state;
	if (!(BIT(old) & from)) {
		spin_unlock(&peer->lock);
		return false;
	}
	peer->state = to;
	set_usable(peer, peer->linked && !peer->removing && (BIT(to) & LINKED_STATES));
	spin_unlock(&peer->lock);
	if (old == to)
		return true;
	trace_rs_node_state(peer->info.num, old, to);
	snprintf(text, sizeof(text), "node %s (%u): %s -> %s: %s", peer->info.name,
		 peer->info.num, rs_state_name(old), rs_state_name(to), why);
	pr_info("%s\n", text);
	rs_event(RAMSTER_EVENT_NODE_STATE, peer->info.num, peer->info.name, to, text);
	return true;
}

/* No lane is to be used any more. True if they were in use. */
static bool make_unusable(struct rs_peer *peer, bool removing)
{
	bool was_usable;

	spin_lock(&peer->lock);
	was_usable = set_usable(peer, false);
	peer->removing |= removing;
	spin_unlock(&peer->lock);
	return was_usable;
}

/* So many of our pages are to leave it; while it is drained, or has lied, all are, in any case. */
static void evacuate(struct rs_peer *peer, u64 pages)
{
	if (!READ_ONCE(peer->draining) && !READ_ONCE(peer->lied))
		zcache_donor_evacuate(peer->info.num, pages);
}

/* Down for one that is not there. Any context. */
enum ramster_node_state rs_peer_state(u16 num)
{
	struct rs_peer *peer = rs_peer_get(num);
	enum ramster_node_state state = RAMSTER_NODE_DOWN;

	if (peer) {
		state = READ_ONCE(peer->state);
		rs_peer_put(peer);
	}
	return state;
}

/* A frame of the donor's came, with its room. Process context. */
void rs_peer_heard(struct rs_peer *peer, u32 room)
{
	bool had_none, has_enough;

	spin_lock(&peer->lock);
	peer->last_heard = jiffies;
	had_none = !peer->room;
	peer->room = room;
	has_enough = room && peer->recalling;
	if (has_enough)
		peer->recalling = false;
	spin_unlock(&peer->lock);
	if (has_enough)
		evacuate(peer, 0);
	if (had_none && room)
		zcache_remote_kick();
}

/* The donor wants @mb MiB back. Process context. */
static void recalled(struct rs_peer *peer, u16 mb)
{
	char text[160];
	bool was;

	counter_inc(rs, recalls_received);
	spin_lock(&peer->lock);
	was = peer->recalling || time_before(jiffies, peer->recall_told + RECALL_TELL);
	peer->recalling = true;
	if (!was)
		peer->recall_told = jiffies;
	spin_unlock(&peer->lock);
	evacuate(peer, (u64)mb << (20 - PAGE_SHIFT));
	if (was)
		return;
	snprintf(text, sizeof(text), "node %s (%u) wants its RAM back: %u MiB of our pages leave it",
		 peer->info.name, peer->info.num, mb);
	pr_info_ratelimited("%s\n", text);
	rs_event(RAMSTER_EVENT_RECALLED, peer->info.num, peer->info.name, RAMSTER_NODE_UP, text);
}

/**
 * rs_peer_lied - a donor has returned something else than it was given
 * @peer: the donor
 * @f:    what it was asked for
 *
 * By malice or because its memory is bad: it gets no more pages, and those that it
 * still returns as they were are taken back. It stays suspect until it is removed and added again.
 *
 * Context: process.
 */
void rs_peer_lied(struct rs_peer *peer, const struct zcache_fetch *f)
{
	pr_err_ratelimited("node %s (%u) returned for slot %u of frontswap%u what we did not give it: its memory is bad, or it cheats; it gets no more pages\n",
			   peer->info.name, peer->info.num, f->slot, f->dev);
	if (READ_ONCE(peer->lied))
		return;
	WRITE_ONCE(peer->lied, true);
	change_state(peer, BIT(RAMSTER_NODE_UP), RAMSTER_NODE_SUSPECT,
		     "it returned a page that is not what it was given");
	zcache_donor_evacuate(peer->info.num, U64_MAX);
}

static struct rs_peer *peer_of(struct rs_lane *lane, enum rs_lane_kind kind)
{
	return container_of(lane, struct rs_peer, lane[kind]);
}

/* May a donor send this on a lane of that kind? */
static bool is_due(enum rs_lane_kind kind, u8 type)
{
	switch (type) {
	case RS_PONG:
	case RS_ERROR:
		return true;
	case RS_GET_REPLY:
		return kind == RS_LANE_FETCH;
	case RS_PUT_REPLY:
	case RS_FLUSH_REPLY:
	case RS_ROOM:
	case RS_RECALL:
		return kind == RS_LANE_BULK;
	default:
		return false;
	}
}

static int handle(struct rs_peer *peer, enum rs_lane_kind kind, const struct rs_wire_hdr *hdr,
		  const u8 *payload)
{
	char text[RS_WIRE_MAX_TEXT + 1];

	if (!is_due(kind, hdr->type))
		return -EPROTO;
	if (hdr->type != RS_ERROR)
		rs_peer_heard(peer, hdr->room);
	switch (hdr->type) {
	case RS_PUT_REPLY:
		return rs_push_reply(peer, hdr, payload);
	case RS_GET_REPLY:
		return rs_fetch_reply(peer, hdr, payload);
	case RS_FLUSH_REPLY:
		return rs_flush_reply(peer, hdr);
	case RS_RECALL:
		recalled(peer, hdr->count);
		return 0;
	case RS_ERROR:
		rs_wire_text_decode(payload, hdr->length, text);
		pr_warn_ratelimited("node %s (%u) ends the connection: %s\n", peer->info.name,
				    peer->info.num, text);
		return -ECONNABORTED;
	default:
		return 0;
	}
}

/* A frame of the donor's. An errno breaks the lane. */
static int frame(struct rs_peer *peer, enum rs_lane_kind kind, const struct rs_wire_hdr *hdr,
		 const u8 *payload)
{
	int err = handle(peer, kind, hdr, payload);

	if (err == -EPROTO) {
		counter_inc(rs, protocol_errors);
		pr_warn_ratelimited("node %s (%u) sent a frame of type %u where none is due: the connection is ended\n",
				    peer->info.name, peer->info.num, hdr->type);
	}
	return err;
}

static int bulk_frame(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	return frame(peer_of(lane, RS_LANE_BULK), RS_LANE_BULK, hdr, payload);
}

static int fetch_frame(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	return frame(peer_of(lane, RS_LANE_FETCH), RS_LANE_FETCH, hdr, payload);
}

static void broken(struct rs_peer *peer)
{
	mod_delayed_work(rs_link_wq, &peer->link_work, 0);
}

static void bulk_broken(struct rs_lane *lane)
{
	broken(peer_of(lane, RS_LANE_BULK));
}

static void fetch_broken(struct rs_lane *lane)
{
	broken(peer_of(lane, RS_LANE_FETCH));
}

static const struct rs_lane_ops lane_ops[__RS_LANES] = {
	[RS_LANE_BULK] = { .frame = bulk_frame, .broken = bulk_broken },
	[RS_LANE_FETCH] = { .frame = fetch_frame, .broken = fetch_broken },
};

/* Sends a PING if one is due. Under the lane's tx_lock. */
static void send_ping(struct rs_peer *peer, enum rs_lane_kind kind)
{
	struct rs_wire_hdr hdr = { .type = RS_PING };

	if (READ_ONCE(peer->usable) && test_and_clear_bit(kind, &peer->ping_due))
		rs_lane_send(&peer->lane[kind], &hdr, NULL, 0);
}

/* Takes the first off the bulk lane's list; @any: even if the lane cannot be used. */
static struct rs_bulk *take_bulk(struct rs_peer *peer, bool any)
{
	struct rs_bulk *bulk = NULL;

	spin_lock(&peer->lock);
	if (any || peer->usable)
		bulk = list_first_entry_or_null(&peer->bulk, struct rs_bulk, node);
	if (bulk) {
		list_del(&bulk->node);
		if (!bulk->is_put)
			container_of(bulk, struct rs_flush_batch, bulk)->state = RS_FLUSH_SENDING;
	}
	spin_unlock(&peer->lock);
	return bulk;
}

static void bulk_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(work, struct rs_peer, bulk_work);
	struct rs_lane *lane = &peer->lane[RS_LANE_BULK];
	struct rs_bulk *bulk;

	mutex_lock(&lane->tx_lock);
	send_ping(peer, RS_LANE_BULK);
	while ((bulk = take_bulk(peer, false))) {
		if (bulk->is_put)
			rs_push_send(container_of(bulk, struct rs_push_target, bulk));
		else
			rs_flush_send(peer, container_of(bulk, struct rs_flush_batch, bulk));
		send_ping(peer, RS_LANE_BULK);
		cond_resched();
	}
	mutex_unlock(&lane->tx_lock);
}

static void fetch_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(work, struct rs_peer, fetch_work);
	struct rs_lane *lane = &peer->lane[RS_LANE_FETCH];

	mutex_lock(&lane->tx_lock);
	send_ping(peer, RS_LANE_FETCH);
	mutex_unlock(&lane->tx_lock);
	rs_fetch_send(peer);
}

/* Fetches wait and their sender is not known to be at it. Any context. */
void rs_fetch_kick(struct rs_peer *peer)
{
	queue_work(rs_send_wq, &peer->fetch_work);
}

/* Milliseconds since the peer was heard: on both lanes, if it is linked. */
static unsigned int silence(struct rs_peer *peer)
{
	unsigned long heard = READ_ONCE(peer->last_heard), rx;
	int i;

	for (i = 0; i < __RS_LANES && READ_ONCE(peer->usable); i++) {
		rx = READ_ONCE(peer->lane[i].last_rx);
		if (!i || time_before(rx, heard))
			heard = rx;
	}
	return jiffies_to_msecs(jiffies - heard);
}

static void is_down(struct rs_peer *peer, unsigned long from, const char *why)
{
	if (!change_state(peer, from, RAMSTER_NODE_DOWN, why))
		return;
	if (from & LINKED_STATES)
		rs_lane_break(&peer->lane[RS_LANE_BULK]);
	zcache_donor_down(peer->info.num);
	/* Who has another source need not wait for this one. */
	rs_fetch_expire(peer, RS_EXPIRE_DOWN);
}

static void judge(struct rs_peer *peer)
{
	unsigned int quiet = silence(peer), dead = READ_ONCE(rs_settings.dead_ms);

	if (!READ_ONCE(peer->usable)) {
		if (quiet > dead)
			is_down(peer, BIT(RAMSTER_NODE_CONNECTING), "it cannot be reached");
		return;
	}
	if (quiet > dead)
		is_down(peer, LINKED_STATES, "it was silent for too long");
	else if (rs_push_overdue(peer, 2 * dead))
		is_down(peer, LINKED_STATES, "it leaves pages unanswered");
	else if (quiet > READ_ONCE(rs_settings.suspect_ms))
		change_state(peer, BIT(RAMSTER_NODE_UP), RAMSTER_NODE_SUSPECT,
			     "it does not answer");
	else if (READ_ONCE(peer->lied))
		change_state(peer, BIT(RAMSTER_NODE_UP), RAMSTER_NODE_SUSPECT,
			     "it returned a page that is not what it was given");
	else
		change_state(peer, BIT(RAMSTER_NODE_SUSPECT), RAMSTER_NODE_UP,
			     "it answers again");
}

/* A donor that is down needs no heart: rs_fetch() and the next connection start it again. */
static bool has_business(struct rs_peer *peer)
{
	bool has;

	spin_lock(&peer->lock);
	has = peer->state != RAMSTER_NODE_DOWN || !list_empty(&peer->gets_waiting);
	spin_unlock(&peer->lock);
	return has;
}

/* The heartbeat: judges the silence, ends what is overdue, pings. */
static void beat_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_delayed_work(work), struct rs_peer, beat_work);
	unsigned int beat = min(READ_ONCE(rs_settings.heartbeat_ms),
				READ_ONCE(rs_settings.fetch_timeout_ms) / 4);

	rs_fetch_expire(peer, RS_EXPIRE_OVERDUE);
	judge(peer);
	rs_sweep(peer);
	if (READ_ONCE(peer->usable)) {
		set_bit(RS_LANE_BULK, &peer->ping_due);
		set_bit(RS_LANE_FETCH, &peer->ping_due);
		queue_work(rs_send_wq, &peer->bulk_work);
		queue_work(rs_send_wq, &peer->fetch_work);
	}
	if (has_business(peer))
		queue_delayed_work(rs_beat_wq, &peer->beat_work, msecs_to_jiffies(beat));
}

/* Ends the connection and settles what was in flight. From link_work only; not usable. */
static void unlink(struct rs_peer *peer)
{
	struct rs_bulk *bulk;
	int i;

	for (i = 0; i < __RS_LANES; i++)
		rs_lane_close(&peer->lane[i]);
	/* No sender starts any more (not usable); these wait for the last. */
	cancel_work_sync(&peer->bulk_work);
	cancel_work_sync(&peer->fetch_work);
	rs_fetch_requeue(peer);
	while ((bulk = take_bulk(peer, true))) {
		if (bulk->is_put)
			rs_push_fail(container_of(bulk, struct rs_push_target, bulk));
		else
			rs_flush_fail(peer, container_of(bulk, struct rs_flush_batch, bulk));
	}
	rs_push_fail_all(peer);
	rs_flush_fail_all(peer);
}

/* The donor has another incarnation than before: what it held is gone. */
static void has_forgotten(struct rs_peer *peer)
{
	unsigned long copies = zcache_donor_forgot(peer->info.num, ZCACHE_LOSS_RESTARTED);
	char text[120];

	counter_inc(rs, incarnations_forgot);
	spin_lock(&peer->lock);
	bitmap_zero(peer->missed, RS_DEVICES);
	spin_unlock(&peer->lock);
	snprintf(text, sizeof(text), "node %s (%u) has restarted: %lu copies of our pages there are gone",
		 peer->info.name, peer->info.num, copies);
	pr_warn("%s\n", text);
	rs_event(RAMSTER_EVENT_NODE_FORGOT, peer->info.num, peer->info.name,
		 RAMSTER_NODE_CONNECTING, text);
}

/*
 * Why the donor cannot be used, if it has answered at all: somebody has to do something
 * about that. Logged when it changes.
 */
static void say_refused(struct rs_peer *peer, const char *why)
{
	if (!why[0] || !strcmp(why, peer->refused))
		return;
	strscpy(peer->refused, why, sizeof(peer->refused));
	pr_warn("node %s (%u) cannot be used, and is tried again: %s\n", peer->info.name,
		peer->info.num, why);
}

/* Both lanes, shaken hands. From link_work only. */
static int link(struct rs_peer *peer)
{
	unsigned int timeout = min_t(unsigned int, READ_ONCE(rs_settings.dead_ms),
				     peer->has_incarnation ? STEP_MS : FIRST_STEP_MS);
	struct rs_handshake hs[__RS_LANES];
	int i, err;

	for (i = 0; i < __RS_LANES; i++) {
		if (READ_ONCE(peer->removing))
			return -ECANCELED;
		err = rs_handshake_connect(&peer->lane[i], i, &peer->info, timeout,
					   &peer->key_slot, &hs[i]);
		if (err) {
			say_refused(peer, hs[i].why);
			return err;
		}
	}
	/* With the first connection: a donor that never was there costs little. */
	err = rs_flush_init(peer);
	if (err)
		return err;
	if (memcmp(hs[0].incarnation, hs[1].incarnation, sizeof(hs[0].incarnation)) ||
	    memcmp(hs[0].key_id, hs[1].key_id, sizeof(hs[0].key_id)))
		return -EAGAIN;	/* it restarted, or the key was changed, between the two */
	if (peer->has_incarnation &&
	    memcmp(peer->incarnation, hs[0].incarnation, sizeof(peer->incarnation)))
		has_forgotten(peer);
	err = rs_flush_missed(peer);
	if (err)
		return err;
	spin_lock(&peer->lock);
	memcpy(peer->incarnation, hs[0].incarnation, sizeof(peer->incarnation));
	memcpy(peer->key_id, hs[0].key_id, sizeof(peer->key_id));
	peer->has_incarnation = true;
	peer->last_heard = jiffies;
	peer->up_since = jiffies;
	peer->room = hs[0].room;
	peer->linked = true;
	peer->links++;
	peer->refused[0] = '\0';
	spin_unlock(&peer->lock);
	for (i = 0; i < __RS_LANES; i++) {
		/* Forgetting may have taken long; its silence begins now. */
		WRITE_ONCE(peer->lane[i].last_rx, jiffies);
		rs_lane_start(&peer->lane[i]);
	}
	/* rs_peers_reconnect() may have come before it could find us linked. */
	if (!rs_cluster_trusts(peer->key_id))
		rs_lane_break(&peer->lane[RS_LANE_BULK]);
	return 0;
}

static void try_later(struct rs_peer *peer)
{
	unsigned int first = READ_ONCE(rs_settings.reconnect_ms);

	peer->backoff_ms = clamp(peer->backoff_ms * 2, first, first * BACKOFF_MAX);
	queue_delayed_work(rs_link_wq, &peer->link_work, msecs_to_jiffies(peer->backoff_ms));
}

static void try_now(struct rs_peer *peer)
{
	unsigned int noio = memalloc_noio_save();
	int err;

	if (silence(peer) <= READ_ONCE(rs_settings.dead_ms) &&
	    change_state(peer, BIT(RAMSTER_NODE_DOWN), RAMSTER_NODE_CONNECTING, "connecting"))
		queue_delayed_work(rs_beat_wq, &peer->beat_work, 0);
	err = link(peer);
	memalloc_noio_restore(noio);
	if (err) {
		counter_inc(rs, connects_failed);
		unlink(peer);
		try_later(peer);
		return;
	}
	counter_inc(rs, connects);
	change_state(peer, BIT(RAMSTER_NODE_CONNECTING) | BIT(RAMSTER_NODE_DOWN),
		     RAMSTER_NODE_UP, "connected");
	/* A lane that broke since has queued us again. */
	zcache_donor_up(peer->info.num);
	queue_delayed_work(rs_beat_wq, &peer->beat_work, 0);
	queue_work(rs_send_wq, &peer->bulk_work);
	rs_fetch_kick(peer);
	rs_fetch_look_around();
}

/* Many donors that are not there must not keep the workers from those that are. */
static bool take_turn(struct rs_peer *peer)
{
	bool waits = READ_ONCE(peer->state) == RAMSTER_NODE_DOWN && !xchg(&peer->is_there, false);

	if (waits)
		return atomic_add_unless(&tries, 1, peer->backoff_ms ? TRIES_MAX : FIRST_TRIES_MAX);
	atomic_inc(&tries);
	return true;
}

static void try_in_turn(struct rs_peer *peer)
{
	if (!take_turn(peer)) {
		queue_delayed_work(rs_link_wq, &peer->link_work, msecs_to_jiffies(
					   TRY_AGAIN_MS + get_random_u32_below(TRY_AGAIN_MS)));
		return;
	}
	try_now(peer);
	atomic_dec(&tries);
}

/* Is the connection in order? Then who called us found it broken before it was made anew. */
static bool is_linked(const struct rs_peer *peer)
{
	int i;

	for (i = 0; i < __RS_LANES; i++)
		if (rs_lane_is_broken(&peer->lane[i]))
			return false;
	return peer->linked;
}

/* A lane broke, it is time to try again, or the peer is to go. */
static void link_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_delayed_work(work), struct rs_peer, link_work);
	bool was_linked = peer->linked;

	if (is_linked(peer) && !READ_ONCE(peer->removing))
		return;
	make_unusable(peer, false);
	peer->linked = false;
	if (READ_ONCE(peer->removing)) {
		unlink(peer);
		complete_all(&peer->settled);
		return;
	}
	if (was_linked) {
		counter_inc(rs, disconnects);
		change_state(peer, LINKED_STATES, RAMSTER_NODE_CONNECTING, "the connection broke");
	}
	unlink(peer);
	if (was_linked && time_before(jiffies, peer->up_since + msecs_to_jiffies(STABLE_MS))) {
		try_later(peer);
		return;
	}
	if (was_linked)
		peer->backoff_ms = 0;
	try_in_turn(peer);
}

static struct rs_peer *peer_new(const struct rs_node_info *node)
{
	struct rs_peer *peer = kvzalloc(sizeof(*peer), GFP_KERNEL);
	int i;

	if (!peer)
		return NULL;
	kref_init(&peer->refs);
	peer->info = *node;
	spin_lock_init(&peer->lock);
	init_completion(&peer->settled);
	INIT_LIST_HEAD(&peer->bulk);
	INIT_LIST_HEAD(&peer->gets_waiting);
	INIT_DELAYED_WORK(&peer->link_work, link_work);
	INIT_DELAYED_WORK(&peer->beat_work, beat_work);
	INIT_DELAYED_WORK(&peer->hedge_work, rs_fetch_hedge_work);
	INIT_WORK(&peer->bulk_work, bulk_work);
	INIT_WORK(&peer->fetch_work, fetch_work);
	INIT_WORK(&peer->sweep_work, rs_sweep_work);
	INIT_RCU_WORK(&peer->free_work, free_work);
	peer->state = RAMSTER_NODE_DOWN;
	peer->last_heard = jiffies;
	peer->recall_told = jiffies - RECALL_TELL;
	for (i = 0; i < __RS_LANES; i++)
		rs_lane_init(&peer->lane[i], &lane_ops[i], rs_client_wq, true,
			     i == RS_LANE_FETCH ? RS_WIRE_MAX_FRAME : RS_LANE_SMALL);
	return peer;
}

int rs_peer_add(const struct rs_node_info *node)
{
	struct rs_peer *peer = peer_new(node);
	int err;

	if (!peer)
		return -ENOMEM;
	err = xa_insert(&peers, node->num, peer, GFP_KERNEL);
	if (err) {
		rs_peer_put(peer);
		return err == -EBUSY ? -EEXIST : err;
	}
	queue_delayed_work(rs_link_wq, &peer->link_work, 0);
	if (node->drain)
		rs_peer_drain(node->num, true);
	return 0;
}

void rs_peer_drain(u16 num, bool on)
{
	struct rs_peer *peer = rs_peer_get(num);

	if (!peer)
		return;
	spin_lock(&peer->lock);
	peer->draining = on;
	spin_unlock(&peer->lock);
	zcache_donor_evacuate(num, on || READ_ONCE(peer->lied) ? U64_MAX : 0);
	rs_peer_put(peer);
}

void rs_peer_try(u16 num)
{
	struct rs_peer *peer = rs_peer_get(num);

	if (!peer)
		return;
	spin_lock(&peer->lock);
	if (!peer->linked && !peer->removing) {
		WRITE_ONCE(peer->is_there, true);
		mod_delayed_work(rs_link_wq, &peer->link_work, 0);
	}
	spin_unlock(&peer->lock);
	rs_peer_put(peer);
}

void rs_peer_remove(u16 num)
{
	struct rs_peer *peer = xa_erase(&peers, num);
	unsigned long copies;
	int i;

	if (!peer)
		return;
	make_unusable(peer, true);
	rs_fetch_expire(peer, RS_EXPIRE_ALL);
	for (i = 0; i < __RS_LANES; i++)
		rs_lane_abort(&peer->lane[i]);
	mod_delayed_work(rs_link_wq, &peer->link_work, 0);
	wait_for_completion(&peer->settled);
	cancel_delayed_work_sync(&peer->link_work);
	cancel_delayed_work_sync(&peer->beat_work);
	cancel_work_sync(&peer->sweep_work);
	rs_push_settle(peer);
	rs_fetch_expire(peer, RS_EXPIRE_ALL);
	cancel_delayed_work_sync(&peer->hedge_work);
	change_state(peer, ~0UL, RAMSTER_NODE_DOWN, "removed");
	zcache_donor_evacuate(num, 0);
	copies = zcache_donor_forgot(num, ZCACHE_LOSS_REMOVED);
	if (copies)
		pr_warn("node %s (%u) was removed with %lu copies of our pages\n", peer->info.name,
			num, copies);
	rs_peer_put(peer);
}

void rs_peers_reconnect(bool all)
{
	struct rs_peer *peer;
	u8 key_id[RS_WIRE_KEY_ID];
	unsigned int num;
	bool linked;

	for (num = 0; (peer = rs_peer_next(num)); num++) {
		num = peer->info.num;
		spin_lock(&peer->lock);
		linked = peer->linked;
		memcpy(key_id, peer->key_id, sizeof(key_id));
		spin_unlock(&peer->lock);
		if (linked && (all || !rs_cluster_trusts(key_id)))
			rs_lane_break(&peer->lane[RS_LANE_BULK]);
		rs_peer_put(peer);
	}
}

bool rs_peer_read(u16 num, struct rs_peer_info *info)
{
	struct rs_peer *peer = rs_peer_get(num);

	if (!peer)
		return false;
	spin_lock(&peer->lock);
	info->state = peer->state;
	info->has_incarnation = peer->has_incarnation;
	memcpy(info->incarnation, peer->incarnation, sizeof(info->incarnation));
	info->room = peer->room;
	info->recalling = peer->recalling;
	spin_unlock(&peer->lock);
	info->pages_remote = zcache_donor_pages(num);
	rs_peer_put(peer);
	return true;
}

static const struct zcache_remote_ops remote_ops = {
	.owner = THIS_MODULE,
	.has_room = rs_has_room,
	.push_begin = rs_push_begin,
	.push_add = rs_push_add,
	.push_submit = rs_push_submit,
	.fetch = rs_fetch,
	.fetch_end = rs_fetch_end,
	.flush = rs_flush,
	.flush_end = rs_flush_end,
	.flush_device = rs_flush_device,
	.lost = rs_lost,
};

static void destroy_queues(void)
{
	struct workqueue_struct *queues[] = { rs_beat_wq, rs_client_wq, rs_send_wq, rs_link_wq };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++)
		if (queues[i])
			destroy_workqueue(queues[i]);
}

/* Unbound, so that a fetch is not queued behind the handling of bulk. */
static int create_queues(void)
{
	rs_link_wq = alloc_workqueue("ramster_link", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	rs_send_wq = alloc_workqueue("ramster_send", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	rs_client_wq = alloc_workqueue("ramster_client",
				       WQ_MEM_RECLAIM | WQ_UNBOUND | WQ_HIGHPRI, 0);
	rs_beat_wq = alloc_workqueue("ramster_beat", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (rs_link_wq && rs_send_wq && rs_client_wq && rs_beat_wq)
		return 0;
	destroy_queues();
	return -ENOMEM;
}

/* Workqueues and batches, and the registration as zcache's remote tier. */
int rs_peers_init(void)
{
	int err = create_queues();

	if (err)
		return err;
	err = rs_push_init();
	if (err)
		goto err_push;
	rs_lost_init();
	err = zcache_register_remote(&remote_ops);
	if (err)
		goto err_register;
	return 0;

err_register:
	rs_push_exit();
err_push:
	destroy_queues();
	return err;
}

/* No peer is left. */
void rs_peers_exit(void)
{
	zcache_unregister_remote(&remote_ops);
	/* Peers that wait for a grace period come to their queue before it is drained. */
	rcu_barrier();
	rs_lost_exit();
	destroy_queues();
	rs_push_exit();
}
