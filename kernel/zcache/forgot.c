// SPDX-License-Identifier: GPL-2.0
/*
 * forgot.c - copies that are gone, or given up, leave the index
 *
 * A donor that has lost its memory: all of them go, and a page that had no other is lost. One that is
 * dead and to be used no more (drained, or it lied): those go that nobody will miss. It may come
 * back, so they are strays then, and what it alone has stays in the index.
 */
#include "internal.h"

#define BATCH 64

struct scan {
	u16 donor;
	unsigned int nr;
	u64 slot[BATCH];
};

static bool collect(void *ctx, u64 slot, void *entry)
{
	struct scan *s = ctx;

	if (zc_entry_lists(entry, s->donor))
		s->slot[s->nr++] = slot;
	return s->nr < BATCH;
}

/**
 * struct forgot - a donor's copies of a device's pages
 * @dev:    the device
 * @donor:  whose copies
 * @copies: out: how many have left the index
 * @lost:   out: pages that are nowhere else; @first_lost: one of them
 */
struct forgot {
	struct zc_dev *dev;
	u16 donor;
	unsigned long copies;
	unsigned long lost;
	u32 first_lost;
};

/*
 * True if @entry is a remote page with a copy there: @r is what it is without. A local page's list
 * loses the donor at once, then @unlisted is set; but not in a batch, which may be to it: its end
 * sorts that out, or a later pass.
 */
static bool without_donor(struct forgot *f, void *entry, struct tmem_remote *r, bool *unlisted)
{
	struct zc_entry *e = entry;

	*unlisted = false;
	if (!entry)
		return false;
	if (!xa_is_value(entry)) {
		*unlisted = !(e->flags & ZC_PUSHING) && zc_entry_unlist(f->dev, e, f->donor);
		return false;
	}
	*r = tmem_remote_unpack(xa_to_value(entry));
	return tmem_remote_remove_donor(r, f->donor);
}

static void *forgot_entry(void *ctx, u64 slot, void *entry)
{
	struct forgot *f = ctx;
	struct tmem_remote r;
	bool unlisted;

	if (!without_donor(f, entry, &r, &unlisted))
		return entry;
	f->copies++;
	if (r.nr_donors)
		return zc_remote_entry(&r);
	if (zc_slot_is_freed(f->dev, slot))
		return NULL;
	/* Whoever may hold the slot: he stores it anew, frees it, or reads what is below. */
	if (fswap_slot_has_below(f->dev->fdev, slot)) {
		fswap_slot_dropped(f->dev->fdev, slot, true);
		return NULL;
	}
	if (fswap_slot_needs_above(f->dev->fdev, slot) && !f->lost++)
		f->first_lost = slot;
	return zc_remote_entry(&r);
}

/* Has somebody a copy who is there, and is to keep it? */
static bool one_stays(const struct tmem_remote *r)
{
	int i;

	for (i = 0; i < r->nr_donors; i++)
		if (!zc_donor_is_dead(r->donor[i]) && !zcache_donor_is_leaving(r->donor[i]))
			return true;
	return false;
}

static void *give_up_entry(void *ctx, u64 slot, void *entry)
{
	struct forgot *f = ctx;
	struct tmem_remote r;
	bool unlisted;

	if (!without_donor(f, entry, &r, &unlisted)) {
		if (unlisted)
			zc_donor_abandoned(f->donor);
		return entry;
	}
	if (!zc_slot_is_freed(f->dev, slot) && !one_stays(&r)) {
		/* It has to be on the backing device still, with nobody about to change that. */
		if (!fswap_slot_is_below(f->dev->fdev, slot))
			return entry;
		if (!r.nr_donors)
			fswap_slot_dropped(f->dev->fdev, slot, true);
	}
	/* Before the object is unlocked: who resets the donor's strays finds it there, or listed. */
	zc_donor_abandoned(f->donor);
	return r.nr_donors ? zc_remote_entry(&r) : NULL;
}

/* @change: as tmem_modify()'s, with @f. */
static void change_listed(struct forgot *f, void *(*change)(void *ctx, u64 slot, void *entry))
{
	struct scan s = { .donor = f->donor };
	unsigned int i;
	u64 next = 0;

	do {
		s.nr = 0;
		next = tmem_walk(f->dev->pool, next, collect, &s);
		for (i = 0; i < s.nr; i++)
			tmem_modify(f->dev->pool, s.slot[i], change, f);
		cond_resched();
		if (next != ULLONG_MAX)
			next++;
	} while (next != ULLONG_MAX);
}

unsigned long zcache_donor_forgot(u16 donor, enum zcache_loss_cause cause)
{
	unsigned long copies = 0;
	struct zc_dev *dev;
	u32 id;

	zc_donor_new_life(donor);
	for (id = 0; (dev = zc_dev_next(id)); id++) {
		struct forgot f = { .dev = dev, .donor = donor };

		id = dev->id;
		change_listed(&f, forgot_entry);
		if (f.lost)
			zc_lost(dev, f.first_lost, f.lost, donor, cause);
		copies += f.copies;
		zc_dev_put(dev);
	}
	counter_add(zc, copies_forgotten, copies);
	zc_donor_reset(donor, cause == ZCACHE_LOSS_REMOVED);
	zc_move_kick();
	return copies;
}
EXPORT_SYMBOL_GPL(zcache_donor_forgot);

/**
 * zc_give_up_dead - copies on dead donors that are to be used no more leave the index
 *
 * But for those of pages that nobody else has who is there.
 *
 * Context: process, may sleep.
 * Return: whether these donors have pages still; a later pass may find that they can be given up.
 */
bool zc_give_up_dead(void)
{
	struct zc_dev *dev;
	bool left = false;
	int donor = -1;
	u32 id;

	while ((donor = zc_donor_next_given_up(donor + 1, &left)) >= 0) {
		for (id = 0; (dev = zc_dev_next(id)); id++) {
			struct forgot f = { .dev = dev, .donor = donor };

			id = dev->id;
			change_listed(&f, give_up_entry);
			zc_dev_put(dev);
		}
		left |= zcache_donor_pages(donor) != 0;
	}
	return left;
}
