// SPDX-License-Identifier: GPL-2.0
/*
 * shed.c - copies on donors that are given up where they are
 *
 * Those on donors that leave, of pages that are on the backing device; and older versions of
 * local pages. No page moves for that: the donors are told to forget, with some patience if there is
 * no room for more flushes.
 */
#include "move.h"

#define TELL_TRIES	101	/* 10 ms each, until donors have taken in older flushes */

/**
 * zc_shed_outdated - tell donors of the older versions of local pages
 * @dev:     whose; the caller holds a reference
 * @slot:    of each page
 * @nr:      how many
 * @leaving: only donors that want their RAM back
 *
 * Those that are not up are told by a later pass, or when the page goes on or is freed. The caller
 * calls the tier's flush_end().
 *
 * Context: process, may sleep; not under zc_order_lock.
 */
void zc_shed_outdated(struct zc_dev *dev, const u32 *slot, unsigned int nr, bool leaving)
{
	const struct zcache_remote_ops *ops;
	unsigned int i, tries;
	bool ok = true;
	int idx;

	ops = zc_remote_get(&idx);
	if (!ops)
		return;
	for (i = 0; i < nr && ok; i++) {
		tries = TELL_TRIES;
		do {
			mutex_lock(&zc_order_lock);
			ok = zc_tell_outdated(dev, ops, slot[i], leaving);
			mutex_unlock(&zc_order_lock);
		} while (!ok && zc_remote_wait_room(ops, &tries));
	}
	zc_remote_put(idx);
}

struct shed {
	struct zc_dev *dev;
	void *old;
	void *new;	/* with the copies that stay; NULL: there are none */
	bool done;
};

static void *shed_entry(void *ctx, u64 slot, void *entry)
{
	struct shed *s = ctx;

	if (entry != s->old || zc_slot_is_freed(s->dev, slot))
		return entry;
	/* None is to be left: the backing device must have it still. */
	if (!s->new && !fswap_slot_is_below(s->dev->fdev, slot))
		return entry;
	if (!s->new)
		fswap_slot_dropped(s->dev->fdev, slot, true);
	s->done = true;
	return s->new;
}

/* -EAGAIN: there is no room for more flushes now. Else a bit for each donor of @r that could not be told. */
static int tell(struct zc_dev *dev, const struct zcache_remote_ops *ops, u32 slot,
		const struct tmem_remote *r)
{
	int i, err, untold = 0;

	for (i = 0; i < r->nr_donors; i++) {
		err = zc_remote_flush(ops, r->donor[i], dev->id, slot, r->version);
		if (err == -EAGAIN)
			return err;
		if (err && err != -ENOENT)
			untold |= BIT(i);
	}
	return untold;
}

/*
 * The page's copies on donors that leave are given up, if the backing device has it. 0 if not; 1:
 * they are; -EAGAIN: there is no room for more flushes now.
 *
 * They are told before the entry changes, under the lock: once it is gone, and the slot free, a page of
 * whatever version may be stored there and pushed to them. Should it be another entry by then, they
 * are told of a version that it does not want, either.
 */
static int shed_ordered(struct zc_dev *dev, const struct zcache_remote_ops *ops, u32 slot)
{
	struct shed s = { .dev = dev };
	struct tmem_remote r, stays, leaves;
	int i, failures, untold;

	lockdep_assert_held(&zc_order_lock);
	s.old = tmem_get(dev->pool, slot);
	if (!s.old)
		return 0;
	if (!xa_is_value(s.old)) {
		zc_entry_put(dev, s.old);
		return 0;
	}
	r = tmem_remote_unpack(xa_to_value(s.old));
	if (zc_placement(dev, slot, &r) != ZC_LEAVING || !fswap_slot_is_below(dev->fdev, slot))
		return 0;
	stays = r;
	leaves = r;
	for (i = 0; i < r.nr_donors; i++)
		tmem_remote_remove_donor(zcache_donor_is_leaving(r.donor[i]) ? &stays : &leaves,
					 r.donor[i]);
	s.new = stays.nr_donors ? zc_remote_entry(&stays) : NULL;
	failures = zc_flush_failures();
	untold = tell(dev, ops, slot, &leaves);
	if (untold < 0)
		return untold;
	tmem_modify(dev->pool, slot, shed_entry, &s);
	if (!s.done)
		return 0;
	/* One stray too many costs a sweep, one too few a donor's memory. */
	if (failures != zc_flush_failures())
		untold = (1 << leaves.nr_donors) - 1;
	counter_inc(zc, moved_to_backing);
	for (i = 0; i < leaves.nr_donors; i++) {
		zc_donor_left(leaves.donor[i]);
		if (untold & BIT(i))
			zc_donor_abandoned(leaves.donor[i]);
	}
	return 1;
}

/**
 * zc_shed_copies - give up a page's copies on donors that leave, if the backing device has it
 * @dev:  its device; the caller holds a reference
 * @slot: which
 *
 * The caller calls the tier's flush_end().
 *
 * Context: process, may sleep; not under zc_order_lock.
 * Return: false: it is not on the backing device, has none, or there was no room for flushes all
 * the while.
 */
bool zc_shed_copies(struct zc_dev *dev, u32 slot)
{
	const struct zcache_remote_ops *ops;
	unsigned int tries = TELL_TRIES;
	int err, idx;

	ops = zc_remote_get(&idx);
	do {
		mutex_lock(&zc_order_lock);
		err = shed_ordered(dev, ops, slot);
		mutex_unlock(&zc_order_lock);
	} while (err == -EAGAIN && zc_remote_wait_room(ops, &tries));
	if (ops)
		zc_remote_put(idx);
	return err > 0;
}
