// SPDX-License-Identifier: GPL-2.0
/* peer.c - a donor's life as its client sees it: connecting, heartbeat, end */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "handshake.h"
#include "netlink.h"
#include "peer_internal.h"
#include "trace.h"

/* Backs off up to so many times the first interval. */
#define BACKOFF_MAX	16

struct workqueue_struct *rs_link_wq;
struct workqueue_struct *rs_send_wq;
struct workqueue_struct *rs_client_wq;

/* By number. Looked up under RCU; changed by the node manager only. */
static DEFINE_XARRAY(peers);

static const char *const state_name[__RAMSTER_NODE_STATES] = {
	[RAMSTER_NODE_DOWN] = "down",
	[RAMSTER_NODE_CONNECTING] = "connecting",
	[RAMSTER_NODE_UP] = "up",
	[RAMSTER_NODE_SUSPECT] = "suspect",
};

static void peer_free(struct kref *refs)
{
	struct rs_peer *peer = container_of(refs, struct rs_peer, refs);
	int i;

	for (i = 0; i < __RS_LANES; i++)
		rs_lane_exit(&peer->lane[i]);
	rs_flush_exit(peer);
	kvfree_rcu(peer, rcu);
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

void rs_peer_put(struct rs_peer *peer)
{
	kref_put(&peer->refs, peer_free);
}

static void set_state(struct rs_peer *peer, enum ramster_node_state state, const char *why)
{
	enum ramster_node_state old;
	char text[160];

	spin_lock(&peer->lock);
	old = peer->state;
	peer->state = state;
	peer->usable = state == RAMSTER_NODE_UP || state == RAMSTER_NODE_SUSPECT;
	spin_unlock(&peer->lock);
	if (old == state)
		return;
	trace_rs_node_state(peer->info.num, old, state);
	snprintf(text, sizeof(text), "node %s (%u): %s -> %s: %s", peer->info.name,
		 peer->info.num, state_name[old], state_name[state], why);
	pr_info("%s\n", text);
	rs_event(RAMSTER_EVENT_NODE_STATE, peer->info.num, peer->info.name, state, text);
	if (state == RAMSTER_NODE_UP && old != RAMSTER_NODE_SUSPECT)
		counter_inc(rs, peers_up);
	else if (old == RAMSTER_NODE_UP && state != RAMSTER_NODE_SUSPECT)
		counter_dec(rs, peers_up);
	else if (old == RAMSTER_NODE_SUSPECT && state != RAMSTER_NODE_UP)
		counter_dec(rs, peers_up);
}

/* A frame of the donor's came, with its room. Process context. */
void rs_peer_heard(struct rs_peer *peer, u32 room)
{
	bool suspect, had_none;

	spin_lock(&peer->lock);
	peer->last_heard = jiffies;
	had_none = !peer->room;
	peer->room = room;
	suspect = peer->state == RAMSTER_NODE_SUSPECT;
	spin_unlock(&peer->lock);
	if (suspect)
		set_state(peer, RAMSTER_NODE_UP, "it answers again");
	if (had_none && room)
		zcache_remote_kick();
}

static struct rs_peer *peer_of(struct rs_lane *lane, enum rs_lane_kind kind)
{
	return container_of(lane, struct rs_peer, lane[kind]);
}

static int frame(struct rs_peer *peer, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	char text[RS_WIRE_MAX_TEXT + 1];

	if (hdr->type != RS_ERROR)
		rs_peer_heard(peer, hdr->room);
	switch (hdr->type) {
	case RS_PUT_REPLY:
		return rs_push_reply(peer, hdr, payload);
	case RS_GET_REPLY:
		return rs_fetch_reply(peer, hdr, payload);
	case RS_FLUSH_REPLY:
		return rs_flush_reply(peer, hdr);
	case RS_PONG:
	case RS_ROOM:
		return 0;
	case RS_RECALL:
		/* Pages leave a donor that has no room by being refused; nothing is called back yet. */
		return 0;
	case RS_ERROR:
		rs_wire_text_decode(payload, hdr->length, text);
		pr_warn_ratelimited("node %s (%u) ends the connection: %s\n", peer->info.name,
				    peer->info.num, text);
		return -ECONNABORTED;
	default:
		counter_inc(rs, protocol_errors);
		return -EPROTO;
	}
}

static int bulk_frame(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	return frame(peer_of(lane, RS_LANE_BULK), hdr, payload);
}

static int fetch_frame(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	return frame(peer_of(lane, RS_LANE_FETCH), hdr, payload);
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

	if (test_and_clear_bit(kind, &peer->ping_due))
		rs_lane_send(&peer->lane[kind], &hdr, NULL, 0);
}

static void bulk_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(work, struct rs_peer, bulk_work);
	struct rs_lane *lane = &peer->lane[RS_LANE_BULK];
	bool more = true;

	mutex_lock(&lane->tx_lock);
	while (more && READ_ONCE(peer->usable) && !rs_lane_is_broken(lane)) {
		send_ping(peer, RS_LANE_BULK);
		/* Flushes first: they free a donor's memory, and are small. */
		more = rs_flush_send(peer) || rs_push_send(peer);
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

/* Milliseconds since the peer was heard. */
static unsigned int silence(struct rs_peer *peer)
{
	return jiffies_to_msecs(jiffies - READ_ONCE(peer->last_heard));
}

/* The heartbeat: pings, judges the silence, ends what is overdue. Runs for the peer's whole life. */
static void beat_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_delayed_work(work), struct rs_peer, beat_work);
	unsigned int beat = READ_ONCE(rs_settings.heartbeat_ms);
	unsigned int dead = READ_ONCE(rs_settings.dead_ms);
	unsigned int quiet = silence(peer);

	rs_fetch_expire(peer, false);
	if (READ_ONCE(peer->usable)) {
		if (quiet > dead || rs_push_overdue(peer, 2 * dead)) {
			set_state(peer, RAMSTER_NODE_DOWN, "it was silent for too long");
			rs_lane_break(&peer->lane[RS_LANE_BULK]);
		} else {
			if (quiet > READ_ONCE(rs_settings.suspect_ms))
				set_state(peer, RAMSTER_NODE_SUSPECT, "it does not answer");
			set_bit(RS_LANE_BULK, &peer->ping_due);
			set_bit(RS_LANE_FETCH, &peer->ping_due);
			queue_work(rs_send_wq, &peer->bulk_work);
			queue_work(rs_send_wq, &peer->fetch_work);
		}
	} else if (peer->state == RAMSTER_NODE_CONNECTING && quiet > dead) {
		set_state(peer, RAMSTER_NODE_DOWN, "it cannot be reached");
	}
	if (!READ_ONCE(peer->removing))
		queue_delayed_work(rs_link_wq, &peer->beat_work, msecs_to_jiffies(beat));
}

/* Ends the connection and settles what was in flight. From link_work only. */
static void unlink(struct rs_peer *peer)
{
	int i;

	for (i = 0; i < __RS_LANES; i++)
		rs_lane_close(&peer->lane[i]);
	/* No sender starts any more (not usable); these wait for the last. */
	cancel_work_sync(&peer->bulk_work);
	cancel_work_sync(&peer->fetch_work);
	rs_fetch_requeue(peer);
	rs_push_fail_all(peer);
	rs_flush_fail_all(peer);
}

/* Both lanes, shaken hands. From link_work only. */
static int link(struct rs_peer *peer)
{
	struct rs_handshake hs[__RS_LANES];
	unsigned int timeout = READ_ONCE(rs_settings.dead_ms);
	unsigned long forgotten;
	char text[120];
	int i, err;

	for (i = 0; i < __RS_LANES; i++) {
		err = rs_lane_connect(&peer->lane[i], &peer->info.addr, timeout);
		if (!err)
			err = rs_handshake_client(&peer->lane[i], i, &peer->info, &hs[i]);
		if (err)
			return err;
	}
	if (memcmp(hs[0].incarnation, hs[1].incarnation, sizeof(hs[0].incarnation)))
		return -EAGAIN;	/* it restarted between the two */
	if (peer->has_incarnation &&
	    memcmp(peer->incarnation, hs[0].incarnation, sizeof(peer->incarnation))) {
		counter_inc(rs, incarnations_forgot);
		forgotten = zcache_donor_forgot(peer->info.num);
		snprintf(text, sizeof(text), "node %s (%u) has restarted: %lu copies of our pages there are gone",
			 peer->info.name, peer->info.num, forgotten);
		pr_warn("%s\n", text);
		rs_event(RAMSTER_EVENT_NODE_FORGOT, peer->info.num, peer->info.name,
			 RAMSTER_NODE_CONNECTING, text);
	}
	spin_lock(&peer->lock);
	memcpy(peer->incarnation, hs[0].incarnation, sizeof(peer->incarnation));
	peer->has_incarnation = true;
	peer->last_heard = jiffies;
	peer->room = hs[0].room;
	spin_unlock(&peer->lock);
	for (i = 0; i < __RS_LANES; i++)
		rs_lane_start(&peer->lane[i]);
	return 0;
}

static void try_later(struct rs_peer *peer)
{
	unsigned int first = READ_ONCE(rs_settings.reconnect_ms);

	peer->backoff_ms = clamp(peer->backoff_ms * 2, first, first * BACKOFF_MAX);
	queue_delayed_work(rs_link_wq, &peer->link_work, msecs_to_jiffies(peer->backoff_ms));
}

/* A lane broke, it is time to try again, or the peer is to go. */
static void link_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_delayed_work(work), struct rs_peer, link_work);
	unsigned int noreclaim = memalloc_noreclaim_save();
	int err;

	if (READ_ONCE(peer->usable)) {
		counter_inc(rs, disconnects);
		set_state(peer, RAMSTER_NODE_CONNECTING, "the connection broke");
	} else if (silence(peer) <= READ_ONCE(rs_settings.dead_ms)) {
		set_state(peer, RAMSTER_NODE_CONNECTING, "connecting");
	}
	unlink(peer);
	if (READ_ONCE(peer->removing)) {
		complete_all(&peer->settled);
		goto out;
	}
	memalloc_noreclaim_restore(noreclaim);
	err = link(peer);
	noreclaim = memalloc_noreclaim_save();
	if (err) {
		counter_inc(rs, connects_failed);
		unlink(peer);
		try_later(peer);
		goto out;
	}
	counter_inc(rs, connects);
	peer->backoff_ms = 0;
	set_state(peer, RAMSTER_NODE_UP, "connected");
	/* A lane that broke since has queued us again. */
	zcache_donor_up(peer->info.num);
	rs_fetch_kick(peer);
out:
	memalloc_noreclaim_restore(noreclaim);
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
	INIT_LIST_HEAD(&peer->bulk_puts);
	INIT_LIST_HEAD(&peer->gets_waiting);
	INIT_DELAYED_WORK(&peer->link_work, link_work);
	INIT_DELAYED_WORK(&peer->beat_work, beat_work);
	INIT_WORK(&peer->bulk_work, bulk_work);
	INIT_WORK(&peer->fetch_work, fetch_work);
	peer->state = RAMSTER_NODE_DOWN;
	peer->last_heard = jiffies;
	if (rs_flush_init(peer))
		goto free;
	for (i = 0; i < __RS_LANES; i++)
		if (rs_lane_init(&peer->lane[i], &lane_ops[i], rs_client_wq))
			goto free;
	return peer;
free:
	rs_peer_put(peer);
	return NULL;
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
	queue_delayed_work(rs_link_wq, &peer->beat_work, 0);
	return 0;
}

void rs_peer_remove(u16 num)
{
	struct rs_peer *peer = xa_erase(&peers, num);

	if (!peer)
		return;
	spin_lock(&peer->lock);
	peer->removing = true;
	spin_unlock(&peer->lock);
	cancel_delayed_work_sync(&peer->beat_work);
	mod_delayed_work(rs_link_wq, &peer->link_work, 0);
	wait_for_completion(&peer->settled);
	cancel_delayed_work_sync(&peer->link_work);
	set_state(peer, RAMSTER_NODE_DOWN, "removed");
	rs_fetch_expire(peer, true);
	zcache_donor_forgot(num);
	rs_peer_put(peer);
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
};

/* Workqueues and batches, and the registration as zcache's remote tier. */
int rs_peers_init(void)
{
	int err = -ENOMEM;

	rs_link_wq = alloc_workqueue("ramster_link", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	rs_send_wq = alloc_workqueue("ramster_send", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	rs_client_wq = alloc_workqueue("ramster_client", WQ_MEM_RECLAIM | WQ_HIGHPRI | WQ_PERCPU,
				       0);
	if (!rs_link_wq || !rs_send_wq || !rs_client_wq)
		goto err_wq;
	err = rs_push_init();
	if (err)
		goto err_wq;
	err = zcache_register_remote(&remote_ops);
	if (err)
		goto err_push;
	return 0;
err_push:
	rs_push_exit();
err_wq:
	if (rs_client_wq)
		destroy_workqueue(rs_client_wq);
	if (rs_send_wq)
		destroy_workqueue(rs_send_wq);
	if (rs_link_wq)
		destroy_workqueue(rs_link_wq);
	return err;
}

/* No peer is left. */
void rs_peers_exit(void)
{
	zcache_unregister_remote(&remote_ops);
	destroy_workqueue(rs_client_wq);
	destroy_workqueue(rs_send_wq);
	destroy_workqueue(rs_link_wq);
	rs_push_exit();
	rcu_barrier();
}
