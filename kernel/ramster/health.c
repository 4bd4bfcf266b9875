// SPDX-License-Identifier: GPL-2.0
/* health.c - a donor's state: what is heard of it, and what its silence means */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "netlink.h"
#include "peer_internal.h"
#include "trace.h"

/* Numbers of those that are usable; changed with that, under the peer's lock. */
static DECLARE_BITMAP(usable_peers, RS_NODE_MAX + 1);

/*
 * The first of those in @set (bits by number) with a number of at least @num, referenced, or NULL:
 * what is done for each page costs nothing for donors that have no part in it. Any context.
 */
struct rs_peer *rs_peer_next_of(const unsigned long *set, u16 num)
{
	struct rs_peer *peer = NULL;
	unsigned long n = num;

	while (!peer && (n = find_next_bit(set, RS_NODE_MAX + 1, n)) <= RS_NODE_MAX)
		peer = rs_peer_get(n++);
	return peer;
}

struct rs_peer *rs_peer_next_usable(u16 num)
{
	return rs_peer_next_of(usable_peers, num);
}

/* @set changes with what it says of the peer, under the peer's lock. */
void rs_peer_note(struct rs_peer *peer, unsigned long *set, bool in)
{
	lockdep_assert_held(&peer->lock);
	if (test_bit(peer->info.num, set) != in)
		assign_bit(peer->info.num, set, in);
}

static void set_usable(struct rs_peer *peer, bool usable)
{
	bool was = peer->usable;

	lockdep_assert_held(&peer->lock);
	peer->usable = usable;
	if (usable != was)
		rs_peer_note(peer, usable_peers, usable);
	counter_add(rs, peers_up, usable - was);
}

/* From one of the states @from (bits) to @to; false if it is in another. Process context. */
bool rs_peer_change_state(struct rs_peer *peer, unsigned long from, enum ramster_node_state to,
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
	set_usable(peer, peer->linked && !peer->removing && (BIT(to) & RS_LINKED_STATES));
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

/* No lane is to be used any more. Process context. */
void rs_peer_make_unusable(struct rs_peer *peer, bool removing)
{
	spin_lock(&peer->lock);
	set_usable(peer, false);
	peer->removing |= removing;
	spin_unlock(&peer->lock);
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

/*
 * A frame of the donor's came, with its room. What ends a RECALL comes after it on the same lane: an
 * answer of the other lane may be older than the RECALL. Process context.
 */
void rs_peer_heard(struct rs_peer *peer, enum rs_lane_kind kind, u32 room)
{
	bool had_none, has_enough;

	spin_lock(&peer->lock);
	peer->last_heard = jiffies;
	if (peer->recalling && kind != RS_LANE_BULK)
		room = 0;
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
void rs_peer_recalled(struct rs_peer *peer, u16 mb)
{
	char text[160];
	bool was;

	counter_inc(rs, recalls_received);
	spin_lock(&peer->lock);
	if (time_before(jiffies, peer->recalled_at + RS_RECALL_MIN)) {
		spin_unlock(&peer->lock);
		return;
	}
	peer->recalled_at = jiffies;
	was = peer->recalling || time_before(jiffies, peer->recall_told + RS_RECALL_TELL);
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

static void suspect_liar(struct rs_peer *peer)
{
	rs_peer_change_state(peer, BIT(RAMSTER_NODE_UP), RAMSTER_NODE_SUSPECT,
			     "it returned a page that is not what it was given");
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
	suspect_liar(peer);
	zcache_donor_evacuate(peer->info.num, U64_MAX);
}

/* Milliseconds since the peer was heard: on both lanes, if it is linked. */
unsigned int rs_peer_silence(struct rs_peer *peer)
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

/**
 * rs_peer_tell - tell zcache whether a donor is up or down
 * @peer: the donor, whose state has just been changed to one of both
 *
 * The heartbeat and the link change states at the same time. Each tells afterwards what is true by
 * then, one after the other, so whoever comes last tells the last state.
 *
 * Context: process; takes @peer->tell_lock.
 */
void rs_peer_tell(struct rs_peer *peer)
{
	enum ramster_node_state state;

	mutex_lock(&peer->tell_lock);
	spin_lock(&peer->lock);
	state = peer->state;
	spin_unlock(&peer->lock);
	if (state == RAMSTER_NODE_DOWN)
		zcache_donor_down(peer->info.num);
	else if (BIT(state) & RS_LINKED_STATES)
		zcache_donor_up(peer->info.num);
	/* Else it is down again soon, or up. */
	mutex_unlock(&peer->tell_lock);
}

static void is_down(struct rs_peer *peer, unsigned long from, const char *why)
{
	if (!rs_peer_change_state(peer, from, RAMSTER_NODE_DOWN, why))
		return;
	if (from & RS_LINKED_STATES)
		rs_lane_break(&peer->lane[RS_LANE_BULK]);
	rs_peer_tell(peer);
	/* Who has another source need not wait for this one. */
	rs_fetch_expire(peer, RS_EXPIRE_DOWN);
}

static void judge(struct rs_peer *peer)
{
	unsigned int quiet = rs_peer_silence(peer), dead = READ_ONCE(rs_settings.dead_ms);

	if (!READ_ONCE(peer->usable)) {
		if (quiet > dead)
			is_down(peer, BIT(RAMSTER_NODE_CONNECTING), "it cannot be reached");
		return;
	}
	if (quiet > dead)
		is_down(peer, RS_LINKED_STATES, "it was silent for too long");
	else if (rs_push_overdue(peer, 2 * dead))
		is_down(peer, RS_LINKED_STATES, "it leaves pages unanswered");
	else if (quiet > READ_ONCE(rs_settings.suspect_ms))
		rs_peer_change_state(peer, BIT(RAMSTER_NODE_UP), RAMSTER_NODE_SUSPECT,
				     "it does not answer");
	else if (READ_ONCE(peer->lied))
		suspect_liar(peer);
	else
		rs_peer_change_state(peer, BIT(RAMSTER_NODE_SUSPECT), RAMSTER_NODE_UP,
				     "it answers again");
}

/*
 * A donor that is down needs no heart: rs_fetch() and the next connection start it again. But
 * fetches that it was sent go back to the waiting list only when the connection is taken down.
 */
static bool has_business(struct rs_peer *peer)
{
	bool has;

	spin_lock(&peer->lock);
	has = peer->state != RAMSTER_NODE_DOWN || !list_empty(&peer->gets_waiting) ||
	      peer->nr_gets;
	spin_unlock(&peer->lock);
	return has;
}

/*
 * Have we slept ourselves, or had no CPU? Then what has come meanwhile may not have been looked at,
 * and nobody's silence says anything: others get until the next beat. But not again and again.
 */
static bool were_away(struct rs_peer *peer)
{
	unsigned long late = peer->beat_at + msecs_to_jiffies(READ_ONCE(rs_settings.suspect_ms));

	peer->beat_late = !peer->beat_late && time_after(jiffies, late);
	peer->beat_at = jiffies;
	return peer->beat_late;
}

/* The heartbeat: judges the silence, ends what is overdue, pings. */
void rs_beat_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_delayed_work(work), struct rs_peer, beat_work);
	unsigned int beat = min(READ_ONCE(rs_settings.heartbeat_ms),
				READ_ONCE(rs_settings.fetch_timeout_ms) / 4);

	if (!were_away(peer)) {
		rs_fetch_expire(peer, RS_EXPIRE_OVERDUE);
		judge(peer);
	}
	rs_sweep(peer);
	rs_flush_again(peer);
	if (READ_ONCE(peer->usable)) {
		set_bit(RS_LANE_BULK, &peer->ping_due);
		set_bit(RS_LANE_FETCH, &peer->ping_due);
		queue_work(rs_send_wq, &peer->bulk_work);
		queue_work(rs_send_wq, &peer->fetch_work);
	}
	if (has_business(peer))
		queue_delayed_work(rs_beat_wq, &peer->beat_work, msecs_to_jiffies(beat));
}
