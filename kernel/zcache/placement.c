// SPDX-License-Identifier: GPL-2.0
/*
 * placement.c - which pages lie badly
 *
 * Badly lies a remote page with a copy on a donor that wants its RAM back; one that
 * fewer donors have than the policy wants, since one is dead or has restarted; and one that
 * should be on the backing device, too. A local page does whose older version lies on a donor
 * that wants its RAM back.
 */
#include "move.h"

/* Donors that have it and will keep it, neither dead nor leaving; @alive: those that are not dead. */
static unsigned int nr_good(const struct tmem_remote *r, unsigned int *alive)
{
	unsigned int i, n = 0;

	*alive = 0;
	for (i = 0; i < r->nr_donors; i++) {
		bool stays = !zcache_donor_is_leaving(r->donor[i]);

		if (zc_donor_is_dead(r->donor[i]))
			continue;
		(*alive)++;
		n += stays;
	}
	return n;
}

/* Donors that have the page and will keep it. Any context. */
unsigned int zc_nr_good(const struct tmem_remote *r)
{
	unsigned int alive;

	return nr_good(r, &alive);
}

/**
 * zc_placement - should a remote page move, and can it?
 * @dev:  its device
 * @slot: which; in use
 * @r:    where it is
 *
 * Context: any.
 * Return: how it lies; ZC_FINE, too, if nobody can change it.
 */
enum zc_placement zc_placement(const struct zc_dev *dev, u32 slot, const struct tmem_remote *r)
{
	struct fswap_policy policy = fswap_policy(dev->fdev);
	bool below = fswap_slot_has_below(dev->fdev, slot);
	unsigned int alive, good = nr_good(r, &alive);

	if (alive > good)
		return ZC_LEAVING;
	if (!alive)
		return ZC_FINE;	/* or lost, or on the backing device alone: nobody can change that */
	if (policy.backup && !below)
		return ZC_UNSAVED;
	return good < policy.replicas ? ZC_TOO_FEW : ZC_FINE;
}

/* If it is in a batch, that settles it, or does not: then a later pass does. */
static enum zc_placement local_placement(const struct zc_entry *e)
{
	return zc_donors_alive(e->donors, true).packed ? ZC_OUTDATED : ZC_FINE;
}

/* The same for any index entry. Under the object's lock. */
static enum zc_placement entry_placement(const struct zc_dev *dev, u32 slot, void *entry)
{
	struct tmem_remote r;

	if (zc_slot_is_freed(dev, slot))
		return ZC_FINE;
	if (!xa_is_value(entry))
		return local_placement(entry);
	r = tmem_remote_unpack(xa_to_value(entry));
	return zc_placement(dev, slot, &r);
}

static bool collect(void *ctx, u64 slot, void *entry)
{
	struct zc_scan *s = ctx;
	enum zc_placement lies = entry_placement(s->dev, slot, entry);

	if (lies == ZC_FINE)
		return true;
	if (lies == ZC_OUTDATED) {
		s->outdated[s->nr_outdated++] = slot;
		return s->nr_outdated < ZC_MOVES;
	}
	/* What has just failed goes on failing for a while; the next pass may find it mended. */
	if (s->stuck || (lies == ZC_TOO_FEW && !s->place) ||
	    (lies == ZC_UNSAVED && zc_is_paused(s->dev))) {
		s->skipped++;
		return true;
	}
	s->repair |= lies != ZC_LEAVING;
	s->slot[s->nr++] = slot;
	return s->nr < ZC_MOVES;
}

/**
 * zc_find_misplaced - find the next pages that lie badly
 * @s:     of which device, and which pages are wanted; what is found is added
 * @first: slot to begin at
 *
 * Context: process.
 * Return: the slot that it has stopped at, full; ULLONG_MAX: there are no more.
 */
u64 zc_find_misplaced(struct zc_scan *s, u64 first)
{
	return tmem_walk(s->dev->pool, first, collect, s);
}

struct tally {
	const struct zc_dev *dev;
	unsigned long pages;
};

static bool count(void *ctx, u64 slot, void *entry)
{
	struct tally *t = ctx;

	t->pages += entry_placement(t->dev, slot, entry) != ZC_FINE;
	return true;
}

/* How many pages of all devices lie badly. Process context. */
unsigned long zc_count_misplaced(void)
{
	struct tally t = {};
	struct zc_dev *dev;
	u32 id;

	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		t.dev = dev;
		tmem_walk(dev->pool, 0, count, &t);
		zc_dev_put(dev);
	}
	return t.pages;
}
