// SPDX-License-Identifier: GPL-2.0
/*
 * shares.c - no owner takes what others want their share of
 *
 * The recall's work looks every 0.1 s who has how much, and has fair.c divide what can
 * be lent; what an owner is told, and what it is refused, follows from that until the next look.
 * An owner above its share is asked as in a recall, but lends go on: for as long as another wants
 * what it is asked for, it is told of no room, so what leaves it does not come
 * back. No page is dropped here, either: from an owner that does not give back nothing is
 * had, and it is asked less and less often.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "donor_internal.h"
#include "fair.h"
#include "recall.h"
#include "room.h"
#include "shares.h"
#include "stats.h"

#define ROUND		(2 * HZ)	/* in which who was asked can give some of it back */
#define ROUND_MAX	(32 * HZ)	/* for those who do not */
#define EPISODE		(60 * HZ)	/* without need, after which the log says that there is one */

static DEFINE_SPINLOCK(fair_lock);	/* guards fair; a leaf */
static struct rs_fair fair = { .level = ULONG_MAX };

/* The work's own: */
static struct rs_fair_owner owners[RS_NODE_MAX + 1];

static struct {
	bool ever;
	unsigned long at;	/* jiffies */
	unsigned long round;	/* until it may be done again */
	unsigned long frames;	/* wanted */
	unsigned long excess;	/* of all that were asked, then */
} asked;

unsigned long rs_shares_room(unsigned long frames, unsigned long room)
{
	unsigned long left;

	spin_lock(&fair_lock);
	left = rs_fair_room(&fair, frames, room);
	spin_unlock(&fair_lock);
	return left;
}

/* Is it time to ask? Then it says when it will be again, and in the log, if it has not been for long. */
static bool is_due(unsigned long want, unsigned long excess)
{
	if (!asked.ever || time_after(jiffies, asked.at + EPISODE)) {
		pr_info("an owner has less than its share of what is lent here: asking others for %lu MiB of theirs\n",
			want / PAGES_A_MB + 1);
		asked.round = ROUND;
		return true;
	}
	if (time_before(jiffies, asked.at + asked.round))
		return false;
	if (excess + asked.frames / 8 <= asked.excess)
		asked.round = ROUND;
	else
		asked.round = min_t(unsigned long, 2 * asked.round, ROUND_MAX);
	return true;
}

/*
 * Those that are above their share, each for its part of @want. A RECALL is for whole MiB: what is much
 * less is added to the next one's part.
 */
static void ask(const struct rs_fair *f, unsigned int nr, unsigned long want)
{
	unsigned long all = 0, part = 0, excess;
	struct rs_owner *owner;
	unsigned int i;

	for (i = 0; i < nr; i++)
		all += rs_fair_excess(f, &owners[i]);
	want = min(want, all);
	if (!want || !is_due(want, all))
		return;
	asked.ever = true;
	asked.at = jiffies;
	asked.frames = want;
	asked.excess = all;
	counter_inc(rs, recall_shares);
	for (i = 0; i < nr; i++) {
		excess = rs_fair_excess(f, &owners[i]);
		part += mul_u64_u64_div_u64(want, excess, all);
		if (min(part, excess) < PAGES_A_MB / 2)
			continue;
		owner = rs_owner_next(owners[i].num);
		if (!owner)
			continue;
		/* Another one, if it has gone meanwhile. */
		if (owner->num == owners[i].num)
			rs_recall_ask(owner, min(part, excess));
		rs_owner_put(owner);
		part = 0;
	}
}

void rs_shares_look(void)
{
	unsigned int nr = rs_owners_read(owners, ARRAY_SIZE(owners));
	unsigned long room = rs_donor_room(), want;
	struct rs_fair now;

	rs_fair_make(&now, owners, nr, rs_node_count(), rs_donor_frames() + room);
	spin_lock(&fair_lock);
	fair = now;
	spin_unlock(&fair_lock);
	want = rs_fair_wanted(&now, room);
	if (want)
		ask(&now, nr, want);
}
