// SPDX-License-Identifier: GPL-2.0
/*
 * sweep.c - a donor is told to forget what no entry lists
 *
 * Nobody remembers which copies those are, so it is told of each slot of which it should hold
 * nothing. While that goes on it gets no pages, and none that it acknowledged before
 * is committed any more, so an entry that does not list it now will not until the end.
 */
#include <linux/bitmap.h>

#include "internal.h"

#define TELL_TRIES	500	/* 10 ms each, until there is room for more flushes */

struct sweep {
	u16 donor;
	u64 first;
	DECLARE_BITMAP(listed, TMEM_OBJECT_PAGES);
};

static bool mark_listed(void *ctx, u64 slot, void *entry)
{
	struct sweep *s = ctx;

	if (slot >= s->first + TMEM_OBJECT_PAGES)
		return false;
	if (zc_entry_lists(entry, s->donor))
		__set_bit(slot - s->first, s->listed);
	return true;
}

static int tell(const struct zcache_remote_ops *ops, u16 donor, u32 dev, u32 slot, u16 version)
{
	unsigned int tries = TELL_TRIES;
	int err;

	do {
		err = ops->flush(donor, dev, slot, version);
	} while (err == -EAGAIN && zc_remote_wait_room(ops, &tries));
	return err;
}

static int sweep_chunk(struct zc_dev *dev, const struct zcache_remote_ops *ops, struct sweep *s)
{
	u64 end = min_t(u64, dev->nr_slots, s->first + TMEM_OBJECT_PAGES), slot;
	int err;

	bitmap_zero(s->listed, TMEM_OBJECT_PAGES);
	tmem_walk(dev->pool, s->first, mark_listed, s);
	for (slot = s->first; slot < end; slot++) {
		if (test_bit(slot - s->first, s->listed))
			continue;
		/* Of two versions half the range apart, one is not older than whatever it holds. */
		err = tell(ops, s->donor, dev->id, slot, 0);
		if (!err)
			err = tell(ops, s->donor, dev->id, slot, U16_MAX / 2);
		if (err)
			return err;
	}
	return 0;
}

static int sweep_device(struct zc_dev *dev, const struct zcache_remote_ops *ops, u16 donor)
{
	struct sweep s = { .donor = donor };
	int err = 0;

	for (; s.first < dev->nr_slots && !err; s.first += TMEM_OBJECT_PAGES) {
		/* Its detach waits for us, and tells the donor to forget all of it. */
		if (percpu_ref_is_dying(&dev->refs) || !READ_ONCE(zc_running))
			break;
		err = sweep_chunk(dev, ops, &s);
		cond_resched();
	}
	return err;
}

int zcache_donor_sweep(u16 donor)
{
	const struct zcache_remote_ops *ops;
	struct zc_dev *dev;
	int idx, err = 0;
	u32 id;

	zc_donor_sweep_begins(donor);
	ops = zc_remote_get(&idx);
	if (!ops)
		return -ENOENT;
	for (id = 0; !err && (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		err = sweep_device(dev, ops, donor);
		zc_dev_put(dev);
	}
	ops->flush_end();
	zc_remote_put(idx);
	if (!err)
		counter_inc(zc, sweeps);
	return err;
}
EXPORT_SYMBOL_GPL(zcache_donor_sweep);
