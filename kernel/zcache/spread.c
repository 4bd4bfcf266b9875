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
 * copies than these had; if not they stay, and after IN_VAIN of them no more come for a while, and
 * none at all as long as home is that much over the mark.
 */
#include <linux/delay.h>

#include "move.h"

#define IN_VAIN		256	/* pages, until it is no use */
#define TRIES		20	/* 20 ms each, until donors have answered */

/**
 * struct crowd - pages that can make room
 * @dev:    of which device
 * @copies: a page should have
 * @fine:   those that lie well, too
 * @nr_roomy: donors with room: @roomy
 * @nr:     out: how many pages: @slot
 * @held:   out: copies that they have now
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

/* The donors with room, if they are too few for a page and its copies: how many. Else 0. */
static unsigned int too_few_roomy(const struct zc_dev *dev, u16 donor[ZCACHE_COPIES_MAX])
{
	unsigned int n;

	if (fswap_backing_path(dev->fdev))
		return 0;
	n = zc_remote_roomy(dev, donor);
	return n < fswap_policy(dev->fdev).replicas ? n : 0;
}

/**
 * zc_is_crowded - have donors room, but too few of them for a page and its copies?
 * @dev: whose pages
 *
 * With a backing device pages have somewhere to go.
 *
 * Context: process.
 */
bool zc_is_crowded(const struct zc_dev *dev)
{
	u16 donor[ZCACHE_COPIES_MAX];

	return too_few_roomy(dev, donor);
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
		c->held += r.nr_donors;
	}
	return c->nr < ZC_MOVES;
}

/*
 * Have donors got more copies since @before pages were pushed than those had that have come home since?
 * Eviction, for which some have come just now, is given time. Not a question of how many copies there
 * are: programs free some meanwhile.
 */
static bool has_grown(const struct crowd *c, unsigned long held, long before)
{
	unsigned int tries;

	zc_evict_want(c->nr, false);
	for (tries = 0; tries < TRIES; tries++) {
		zc_evict_flush();
		if ((atomic_long_read(&c->dev->pushed) - before) * c->copies > held)
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
		c->nr_roomy = too_few_roomy(c->dev, c->roomy);
		if (c->nr_roomy)
			return true;
		zc_evict_flush();
		msleep(20);
	}
	return false;
}

/* True: it has ended since it is not crowded any more, or for something that is more urgent. */
static bool spread_some(struct zc_dev *dev, bool fine, bool *grown, bool *found)
{
	unsigned long held = 0, in_vain = 0;
	long before = atomic_long_read(&dev->pushed);
	bool no_room = false;
	ktime_t since;
	u64 next = 0;

	while (next != ULLONG_MAX) {
		struct crowd c = {
			.dev = dev,
			.copies = fswap_policy(dev->fdev).replicas,
			.fine = fine,
		};

		if (zc_move_is_due() || !READ_ONCE(zc_running) || !is_crowded_still(&c))
			return true;
		since = ktime_get();
		next = tmem_walk(dev->pool, next, collect, &c);
		if (next != ULLONG_MAX)
			next++;
		if (!c.nr)
			continue;
		*found = true;
		in_vain += zc_bring_home(dev, c.slot, c.nr, &no_room);
		held += c.held;
		if (has_grown(&c, held, before)) {
			before = atomic_long_read(&dev->pushed);
			held = 0;
			in_vain = 0;
			*grown = true;
		}
		if (no_room || in_vain >= IN_VAIN)
			return false;
		if (!fine)
			zc_move_keep_rate(c.nr, since);
	}
	return false;
}

/**
 * zc_spread - let pages make room for each other, as long as it is crowded
 * @dev:    whose; the caller holds a reference
 * @wanted: stores have found no room; else those that lie badly make some, or if none can, the others
 *
 * Context: the worker that moves pages, alone.
 * Return: false if it was of no use.
 */
bool zc_spread(struct zc_dev *dev, bool wanted)
{
	unsigned long over = zc_pool_over_full();
	bool grown = false, found = false, done;

	if (over >= IN_VAIN && dev->spread_over && over >= dev->spread_over)
		return false;
	done = spread_some(dev, wanted, &grown, &found);
	if (!done && !found && !wanted)
		done = spread_some(dev, true, &grown, &found);
	dev->spread_over = done || grown ? 0 : over;
	return done || grown;
}
