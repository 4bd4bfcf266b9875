// SPDX-License-Identifier: GPL-2.0
/*
 * spread.c - pages make room for each other
 *
 * Donors that were alone for a while may be full when another is back, or new. That one has room, but
 * a page that is to have two copies finds no second donor: nothing can be evicted or repaired any
 * more, though there is room. So pages come home from the full donors and go on to one of these and
 * the one with room; where each has been is then room for another page's second copy.
 *
 * Home is full, too, but some of them may be more than fit. A donor may be full for other reasons than
 * our pages, or say that it has room and take none. So it is seen after each few whether donors got more
 * copies than these had; after IN_VAIN of them for which they did not no more come for a while, and
 * none at all as long as so many are still at home.
 */
#include <linux/delay.h>
#include <linux/workqueue.h>

#include "move.h"

#define SOON_MS		100U	/* from a wish for room to when it is heeded */
#define LATER_MAX_MS	16000U	/* the same after some spreads in vain */
#define IN_VAIN		256	/* pages, until it is no use */
#define TRIES		20	/* 20 ms each, until donors have answered */

static atomic_long_t at_home;	/* pages that came to make room */
static struct delayed_work wanted_work;
static bool wanted_now;	/* stores have found no room */
static unsigned int pause_ms = SOON_MS;
static unsigned long not_before;	/* jiffies; valid after one in vain */

/**
 * struct crowd - pages that can make room
 * @dev:    of which device
 * @copies: a page should have
 * @fine:   those that lie well, too
 * @nr_roomy: donors with room: @roomy
 * @nr:     out: how many pages: @slot
 * @held:   out: copies that they have now on donors that stay
 */
struct crowd {
	struct zc_dev *dev;
	unsigned int copies;
	bool fine;
	unsigned int nr_roomy;
	u16 roomy[ZCACHE_COPIES_MAX];
	unsigned int nr;
	u32 slot[ZC_MOVES];
	unsigned int held;
};

/* Have donors room, but too few of them for a page and its copies? With a disk it has somewhere to go. */
static bool is_crowded(const struct zc_dev *dev, unsigned int nr_roomy)
{
	return nr_roomy && nr_roomy < fswap_policy(dev->fdev).replicas && !fswap_backing_path(dev->fdev);
}

/* Something has changed: pages can make room again, maybe. Any context. */
void zc_spread_hope(void)
{
	WRITE_ONCE(pause_ms, SOON_MS);
	if (delayed_work_pending(&wanted_work))
		mod_delayed_work(zc_wq, &wanted_work, msecs_to_jiffies(SOON_MS));
}

/* What was in vain long ago says nothing of now. */
static unsigned int pause(void)
{
	unsigned long expires = READ_ONCE(not_before) + msecs_to_jiffies(LATER_MAX_MS);

	return time_before(jiffies, expires) ? READ_ONCE(pause_ms) : SOON_MS;
}

/**
 * zc_spread_want - let pages make room for each other, if that may help
 * @dev:      whose page finds no room
 * @nr_roomy: donors with room for it (zc_remote_roomy())
 *
 * Context: any.
 * Return: false if there will be none: it cannot help, or was of no use lately.
 */
bool zc_spread_want(const struct zc_dev *dev, unsigned int nr_roomy)
{
	unsigned int ms = pause();

	if (!is_crowded(dev, nr_roomy))
		return false;
	queue_delayed_work(zc_wq, &wanted_work, msecs_to_jiffies(ms));
	/* Whoever has hope meanwhile may have found nothing queued. */
	if (ms != SOON_MS && READ_ONCE(pause_ms) == SOON_MS)
		zc_spread_hope();
	return ms == SOON_MS;
}

static void want(struct work_struct *work)
{
	WRITE_ONCE(wanted_now, true);
	zc_move_again();
}

/* Is it wanted since the last call? */
bool zc_spread_is_wanted(void)
{
	return xchg(&wanted_now, false);
}

/* Remote, not where there is room, and with what it leaves there are donors enough for it. */
static bool collect(void *ctx, u64 slot, void *entry)
{
	struct crowd *c = ctx;
	struct tmem_remote r;
	unsigned int i, others = 0;

	if (!xa_is_value(entry) || zc_slot_is_freed(c->dev, slot))
		return true;
	r = tmem_remote_unpack(xa_to_value(entry));
	for (i = 0; i < c->nr_roomy; i++)
		others += !zc_entry_lists(entry, c->roomy[i]);
	if (!others || zc_nr_good(&r) + others < c->copies)
		return true;
	if (c->fine || zc_placement(c->dev, slot, &r) != ZC_FINE) {
		c->slot[c->nr++] = slot;
		c->held += zc_nr_good(&r);
	}
	return c->nr < ZC_MOVES;
}

/*
 * Have donors got more than @most copies, ever? Eviction, for which @nr pages have come just now, is given
 * time. Not a question of how many copies there are: programs free some meanwhile.
 */
static bool has_grown(unsigned int nr, long most)
{
	unsigned int tries;

	zc_evict_want(nr, false);
	for (tries = 0; tries < TRIES; tries++) {
		zc_evict_flush();
		if (atomic_long_read(&zc_copies_made) - most > 0)
			return true;
		msleep(20);
	}
	return false;
}

/* Is it crowded, or is that not so just while answers are awaited? Finds out who has room. */
static bool is_crowded_still(struct crowd *c)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES / 4; tries++) {
		c->nr_roomy = zc_remote_roomy(c->dev, c->roomy);
		if (is_crowded(c->dev, c->nr_roomy))
			return true;
		zc_evict_flush();
		msleep(20);
	}
	return false;
}

/* A page that came to make room is at home no more. Any context. */
void zc_spread_left(void)
{
	atomic_long_dec(&at_home);
}

/* A page makes room: comes home, and is local as @e. Not yet in the index. */
void zc_spread_came(struct zc_entry *e)
{
	e->flags |= ZC_SPREAD;
	atomic_long_inc(&at_home);
}

/*
 * True: it has ended since it is not crowded any more, or for something that is more urgent. That
 * nobody has room any more, now that some have come, is neither.
 */
static bool spread_some(struct zc_dev *dev, bool fine, bool *grown, bool *found)
{
	long most = atomic_long_read(&zc_copies_made);
	unsigned int in_vain = 0;
	bool no_room = false;
	ktime_t since;
	u64 next = 0;

	while (next != ULLONG_MAX) {
		struct crowd c = {
			.dev = dev,
			.copies = fswap_policy(dev->fdev).replicas,
			.fine = fine,
		};

		if (zc_move_is_due() || !READ_ONCE(zc_running))
			return true;
		if (!is_crowded_still(&c))
			return c.nr_roomy >= c.copies || !in_vain;
		if (no_room || in_vain >= IN_VAIN || atomic_long_read(&at_home) >= IN_VAIN)
			return false;
		since = ktime_get();
		next = tmem_walk(dev->pool, next, collect, &c);
		if (next != ULLONG_MAX)
			next++;
		if (!c.nr)
			continue;
		*found = true;
		zc_bring_home(dev, c.slot, c.nr, true, &no_room);
		in_vain += c.nr;
		/* So many there would be if donors had got no more than those had. */
		most += c.held;
		if (has_grown(c.nr, most)) {
			most = atomic_long_read(&zc_copies_made);
			in_vain = 0;
			*grown = true;
		}
		if (!fine)
			zc_move_keep_rate(c.nr, since);
	}
	return false;
}

/* False if it was of no use. */
static bool spread(struct zc_dev *dev, bool wanted)
{
	bool grown = false, found = false, done;

	done = spread_some(dev, wanted, &grown, &found);
	if (!done && !found && !wanted)
		done = spread_some(dev, true, &grown, &found);
	return done || grown;
}

/**
 * zc_spread - let pages make room for each other, as long as it is crowded
 * @dev:    whose; the caller holds a reference
 * @wanted: stores have found no room; else those that lie badly make some, or if none can, the others
 *
 * Not again for a while if that is of no use, unless something changes.
 *
 * Context: the worker that moves pages, alone.
 */
void zc_spread(struct zc_dev *dev, bool wanted)
{
	u16 roomy[ZCACHE_COPIES_MAX];
	unsigned int ms = pause();

	if (!is_crowded(dev, zc_remote_roomy(dev, roomy)))
		return;
	if (!wanted && ms != SOON_MS && time_before(jiffies, not_before))
		return;
	if (spread(dev, wanted)) {
		zc_spread_hope();
		return;
	}
	WRITE_ONCE(not_before, jiffies + msecs_to_jiffies(2 * ms));
	WRITE_ONCE(pause_ms, min(2 * ms, LATER_MAX_MS));
	/* What has changed meanwhile has not been looked at. */
	if (zc_move_is_due())
		zc_spread_hope();
}

void zc_spread_init(void)
{
	INIT_DELAYED_WORK(&wanted_work, want);
}

/* No device is left, and no tier; before the worker that moves pages ends. */
void zc_spread_exit(void)
{
	cancel_delayed_work_sync(&wanted_work);
}
