// SPDX-License-Identifier: GPL-2.0
/* forgot.c - a donor has lost its memory: its copies leave the index */
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

struct forgot {
	struct zc_dev *dev;
	u16 donor;
	bool copy;
	bool lost;
};

static void *forgot_entry(void *ctx, u64 slot, void *entry)
{
	struct forgot *f = ctx;
	struct zc_entry *e = entry;
	struct tmem_remote r;

	if (!entry)
		return NULL;
	if (!xa_is_value(entry)) {
		/* In a batch to it: the answer will not come, and its end sorts it out. */
		if (!(e->flags & ZC_PUSHING))
			zc_entry_unlist(f->dev, e, f->donor);
		return entry;
	}
	r = tmem_remote_unpack(xa_to_value(entry));
	if (!tmem_remote_remove_donor(&r, f->donor))
		return entry;
	f->copy = true;
	if (r.nr_donors)
		return zc_remote_entry(&r);
	if (zc_slot_is_freed(f->dev, slot))
		return NULL;
	/* Whoever may hold the slot: he stores it anew, frees it, or reads what is below. */
	if (fswap_slot_has_below(f->dev->fdev, slot)) {
		fswap_slot_dropped(f->dev->fdev, slot, true);
		return NULL;
	}
	f->lost = fswap_slot_needs_above(f->dev->fdev, slot);
	return zc_remote_entry(&r);
}

static unsigned long forget_device(struct zc_dev *dev, u16 donor, enum zcache_loss_cause cause)
{
	struct scan s = { .donor = donor };
	unsigned long copies = 0, lost = 0;
	u32 first_lost = 0;
	unsigned int i;
	u64 next = 0;

	do {
		s.nr = 0;
		next = tmem_walk(dev->pool, next, collect, &s);
		for (i = 0; i < s.nr; i++) {
			struct forgot f = { .dev = dev, .donor = donor };

			tmem_modify(dev->pool, s.slot[i], forgot_entry, &f);
			copies += f.copy;
			if (f.lost && !lost++)
				first_lost = s.slot[i];
		}
		if (next != ULLONG_MAX)
			next++;
	} while (next != ULLONG_MAX);
	if (lost)
		zc_lost(dev, first_lost, lost, donor, cause);
	return copies;
}

unsigned long zcache_donor_forgot(u16 donor, enum zcache_loss_cause cause)
{
	unsigned long copies = 0;
	struct zc_dev *dev;
	u32 id;

	zc_donor_new_life(donor);
	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		copies += forget_device(dev, donor, cause);
		zc_dev_put(dev);
	}
	counter_add(zc, copies_forgotten, copies);
	zc_donor_reset(donor, cause == ZCACHE_LOSS_REMOVED);
	zc_move_kick();
	return copies;
}
EXPORT_SYMBOL_GPL(zcache_donor_forgot);
