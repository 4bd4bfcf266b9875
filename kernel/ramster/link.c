// SPDX-License-Identifier: GPL-2.0
/* link.c - connecting to a donor, again and again, and the end of a connection */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/random.h>
#include <linux/sched/mm.h>

#include "handshake.h"
#include "netlink.h"
#include "peer_internal.h"

/* Backs off up to so many times the first interval. */
#define BACKOFF_MAX	16

/* A connection that held for less does not end the backing off. */
#define STABLE_MS	5000

/* A step of connecting takes at most so long. */
#define STEP_MS		5000
#define FIRST_STEP_MS	3000	/* with a donor that was never there */

/* Attempts beside which none is begun with a donor that is down: each holds one of 256 workers. */
#define TRIES_MAX	64
#define FIRST_TRIES_MAX	192
#define TRY_AGAIN_MS	100

static atomic_t tries;

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
	while ((bulk = rs_bulk_take(peer, true))) {
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

/* Has nothing come from there, neither yes nor no? */
static bool is_silence(int err)
{
	return err == -ETIMEDOUT || err == -EHOSTUNREACH || err == -ENETUNREACH;
}

/* Both lanes, shaken hands. From link_work only. */
static int link(struct rs_peer *peer)
{
	unsigned int timeout = min_t(unsigned int, READ_ONCE(rs_settings.dead_ms),
				     peer->has_incarnation ? STEP_MS : FIRST_STEP_MS);
	struct rs_handshake hs[__RS_LANES];
	struct sockaddr_storage from;
	/* There we are no strangers; but maybe no answer finds its way to that address. */
	bool known = !peer->any_source && rs_node_source(&peer->info.addr, &from);
	int i, err;

	for (i = 0; i < __RS_LANES; i++) {
		if (READ_ONCE(peer->removing))
			return -ECANCELED;
		err = rs_handshake_connect(&peer->lane[i], i, known ? &from : NULL, &peer->info,
					   timeout, &peer->key_slot, &hs[i]);
		if (err) {
			if (!peer->known_worked && is_silence(err))
				peer->any_source = known;
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
	peer->known_worked |= known;
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

/* Was the last connection made only now? If it does not hold, there is no hurry to make it anew. */
bool rs_link_is_new(const struct rs_peer *peer)
{
	return peer->has_incarnation &&
	       time_before(jiffies, peer->up_since + msecs_to_jiffies(STABLE_MS));
}

static void try_later(struct rs_peer *peer)
{
	unsigned int first = READ_ONCE(rs_settings.reconnect_ms);

	peer->backoff_ms = clamp(peer->backoff_ms * 2, first, first * BACKOFF_MAX);
	spin_lock(&peer->lock);
	/* A second lane that broke may have queued us at once: it is later for that, too. */
	if (!peer->removing)
		mod_delayed_work(rs_link_wq, &peer->link_work, msecs_to_jiffies(peer->backoff_ms));
	spin_unlock(&peer->lock);
}

static void try_now(struct rs_peer *peer)
{
	unsigned int noio = memalloc_noio_save();
	int err;

	if (rs_peer_silence(peer) <= READ_ONCE(rs_settings.dead_ms) &&
	    rs_peer_change_state(peer, BIT(RAMSTER_NODE_DOWN), RAMSTER_NODE_CONNECTING,
				 "connecting"))
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
	rs_peer_change_state(peer, BIT(RAMSTER_NODE_CONNECTING) | BIT(RAMSTER_NODE_DOWN),
			     RAMSTER_NODE_UP, "connected");
	/* A lane that broke since has queued us again. */
	rs_peer_tell(peer);
	queue_delayed_work(rs_beat_wq, &peer->beat_work, 0);
	queue_work(rs_send_wq, &peer->bulk_work);
	rs_fetch_kick(peer);
	rs_fetch_look_around();
}

/* Many donors that are not there must not keep the workers from those that are. */
static bool take_turn(struct rs_peer *peer)
{
	bool waits = READ_ONCE(peer->state) == RAMSTER_NODE_DOWN && !xchg(&peer->is_there, false);

	if (atomic_inc_return(&tries) <= (peer->backoff_ms ? TRIES_MAX : FIRST_TRIES_MAX) || !waits)
		return true;
	atomic_dec(&tries);
	return false;
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
void rs_link_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_delayed_work(work), struct rs_peer, link_work);
	bool was_linked = peer->linked;

	if (is_linked(peer) && !READ_ONCE(peer->removing))
		return;
	rs_peer_make_unusable(peer, false);
	peer->linked = false;
	if (READ_ONCE(peer->removing)) {
		unlink(peer);
		complete_all(&peer->settled);
		return;
	}
	if (was_linked) {
		counter_inc(rs, disconnects);
		rs_peer_change_state(peer, RS_LINKED_STATES, RAMSTER_NODE_CONNECTING,
				     "the connection broke");
	}
	unlink(peer);
	if (was_linked && rs_link_is_new(peer)) {
		try_later(peer);
		return;
	}
	if (was_linked)
		peer->backoff_ms = 0;
	try_in_turn(peer);
}
