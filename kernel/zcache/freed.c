// SPDX-License-Identifier: GPL-2.0
/*
 * freed.c - slots that were freed, and telling donors to forget them
 *
 * invalidate comes under the swap lock, so it only sets the slot's bit; the
 * work does the rest. Three rules keep it right:
 * - Only a slot that has an entry has its bit set. It is set and cleared under
 *   the object's lock; a store that supersedes it clears it, or the entry's
 *   end.
 * - A local entry with donors that may hold older versions becomes a remote
 *   entry of those; a remote entry stays until each donor has confirmed. A
 *   broken connection thus forgets nothing: the slot is told again.
 * - dev->dirty has a bit an object: the work scans only those.
 *
 * A store over a page that is on donors does not tell them: most slots are freed or pushed anew soon,
 * which ends the older version. They are told when one wants its RAM back, or when the list
 * has no room for the donors of the next push (zc_tell_outdated()).
 */
#include <linux/bitmap.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include "internal.h"
#include "trace.h"

/* See zc_flush_failures(). */
static atomic_t failures;

static unsigned int nr_chunks(const struct zc_dev *dev)
{
	return DIV_ROUND_UP(dev->nr_slots, TMEM_OBJECT_PAGES);
}

bool zc_slot_is_freed(const struct zc_dev *dev, u32 slot)
{
	return test_bit(slot, dev->freed);
}

/* Marks a slot free whose entry is there. Under the object's lock. */
void zc_freed_set(struct zc_dev *dev, u32 slot)
{
	if (!test_and_set_bit(slot, dev->freed))
		atomic_long_inc(&dev->nr_freed);
	zc_freed_again(dev, slot);
}

/* The slot is in use again, or has no entry any more. Under the object's lock. */
void zc_freed_clear(struct zc_dev *dev, u32 slot)
{
	if (test_bit(slot, dev->freed) && test_and_clear_bit(slot, dev->freed))
		atomic_long_dec(&dev->nr_freed);
}

/* Whatever kept the work from forgetting @slot has ended. Any context. */
void zc_freed_again(struct zc_dev *dev, u32 slot)
{
	set_bit(slot >> TMEM_OBJECT_SHIFT, dev->dirty);
	queue_work(zc_wq, &dev->freed_work);
}

/* There may be room for flushes again. Any context. */
void zc_freed_kick(struct zc_dev *dev)
{
	/* A bit that is set meanwhile brings its own queue_work(). */
	if (!data_race(bitmap_empty(dev->dirty, nr_chunks(dev))))
		queue_work(zc_wq, &dev->freed_work);
}

static void *mark_freed(void *ctx, u64 slot, void *entry)
{
	if (entry)
		zc_freed_set(ctx, slot);
	return entry;
}

void zc_invalidate_page(void *priv, u32 slot)
{
	struct zc_dev *dev = priv;

	counter_inc(zc, invalidates);
	tmem_modify(dev->pool, slot, mark_freed, dev);
}

struct forget {
	struct zc_dev *dev;
	struct tmem_remote tell;	/* donors to be told, if there are any */
};

static void *forget_entry(void *ctx, u64 slot, void *entry)
{
	struct forget *f = ctx;
	struct zc_entry *e = entry;

	if (!entry || !zc_slot_is_freed(f->dev, slot))
		return entry;
	if (xa_is_value(entry)) {
		f->tell = tmem_remote_unpack(xa_to_value(entry));
		if (f->tell.flushing) {
			f->tell.nr_donors = 0;
			return entry;
		}
	} else {
		/* Whoever has it in hand comes back here (zc_freed_again). */
		if (e->flags & ZC_PUSHING)
			return entry;
		f->tell = zc_donors_remote(e->donors, e->version, e->len ?: PAGE_SIZE, e->comp);
	}
	if (!f->tell.nr_donors)
		return NULL;
	f->tell.flushing = true;
	return zc_remote_entry(&f->tell);
}

struct flushed {
	struct zc_dev *dev;
	u16 version;
	u16 donor;
	bool ok;
	bool listed;	/* out: the entry lists the donor, so it will be told again */
};

/*
 * A page that came home, or was stored anew, of which the donor has forgotten all that it may have held:
 * no version later than the flush's has been in a batch.
 */
static void flushed_local(struct flushed *f, struct zc_entry *e)
{
	e->flags &= ~ZC_TOLD;
	if (!f->ok || e->flags & (ZC_PUSHING | ZC_PUSHED) || e->version != (u16)(f->version + 1))
		return;
	if (zc_entry_unlist(f->dev, e, f->donor))
		zc_donor_left(f->donor);
}

static void *flushed_entry(void *ctx, u64 slot, void *entry)
{
	struct flushed *f = ctx;
	struct tmem_remote r;

	f->listed = entry && zc_entry_lists(entry, f->donor);
	if (entry && !xa_is_value(entry))
		flushed_local(f, entry);
	if (!entry || !xa_is_value(entry) || !zc_slot_is_freed(f->dev, slot))
		return entry;
	r = tmem_remote_unpack(xa_to_value(entry));
	if (r.version != f->version)
		return entry;
	if (!f->ok)
		r.flushing = false;
	else if (tmem_remote_remove_donor(&r, f->donor))
		zc_donor_left(f->donor);
	return r.nr_donors ? zc_remote_entry(&r) : NULL;
}

/* True: the entry listed the donor, and does still unless it has forgotten (@ok). */
static bool flushed(struct zc_dev *dev, u16 donor, u32 slot, u16 version, bool ok)
{
	struct flushed f = { .dev = dev, .version = version, .donor = donor, .ok = ok };

	tmem_modify(dev->pool, slot, flushed_entry, &f);
	return f.listed;
}

/* Tells the donors of @r; false: there is no room for more flushes now. */
static bool tell(struct zc_dev *dev, const struct zcache_remote_ops *ops, u32 slot,
		 const struct tmem_remote *r)
{
	int i, err;

	for (i = 0; i < r->nr_donors; i++) {
		err = zc_remote_flush(ops, r->donor[i], dev->id, slot, r->version);
		/* It has forgotten all, or is told anew: when there is room, or when it is up. */
		if (err)
			flushed(dev, r->donor[i], slot, r->version, err == -ENOENT);
		if (err == -EAGAIN)
			return false;
	}
	return true;
}

struct outdated {
	struct zc_dev *dev;
	bool leaving;
	struct tmem_remote tell;
};

/*
 * What donors may hold becomes an older version, if it is not: so no flush of it can meet
 * the page on its way in a later batch.
 */
static void *outdate_entry(void *ctx, u64 slot, void *entry)
{
	struct outdated *o = ctx;
	struct zc_entry *e = entry;
	struct zc_donors donors;

	if (!entry || xa_is_value(entry) || zc_slot_is_freed(o->dev, slot) ||
	    e->flags & (ZC_PUSHING | ZC_TOLD))
		return entry;
	donors = zc_donors_alive(e->donors, o->leaving);
	if (e->flags & ZC_PUSHED)
		e->version++;
	e->flags &= ~ZC_PUSHED;
	o->tell = zc_donors_remote(donors, e->version - 1, PAGE_SIZE, 0);
	if (o->tell.nr_donors)
		e->flags |= ZC_TOLD;
	return entry;
}

/**
 * zc_tell_outdated - donors are told to forget the older versions of a local page
 * @dev:     its device
 * @ops:     of the tier, held by the caller, who calls its flush_end()
 * @slot:    which
 * @leaving: only those that want their RAM back
 *
 * Nothing is done if the page is not local, in a batch, or they have been told already. Each is out of
 * the entry's list when it has confirmed.
 *
 * Context: process, under zc_order_lock.
 * Return: false: there is no room for more flushes now.
 */
bool zc_tell_outdated(struct zc_dev *dev, const struct zcache_remote_ops *ops, u32 slot,
		      bool leaving)
{
	struct outdated o = { .dev = dev, .leaving = leaving };

	lockdep_assert_held(&zc_order_lock);
	tmem_modify(dev->pool, slot, outdate_entry, &o);
	return tell(dev, ops, slot, &o.tell);
}

/* The freed slots of an object; false: there is no room for more flushes now. */
static bool forget_chunk(struct zc_dev *dev, const struct zcache_remote_ops *ops,
			 unsigned long chunk)
{
	unsigned long slot = chunk << TMEM_OBJECT_SHIFT;
	unsigned long end = min_t(unsigned long, dev->nr_slots, slot + TMEM_OBJECT_PAGES);
	bool told = true;

	mutex_lock(&zc_order_lock);
	for_each_set_bit_from(slot, dev->freed, end) {
		struct forget f = { .dev = dev };

		tmem_modify(dev->pool, slot, forget_entry, &f);
		if (f.tell.nr_donors)
			told = tell(dev, ops, slot, &f.tell);
		if (!told)
			break;
		cond_resched();
	}
	mutex_unlock(&zc_order_lock);
	return told;
}

static void freed_work(struct work_struct *work)
{
	struct zc_dev *dev = container_of(work, struct zc_dev, freed_work);
	const struct zcache_remote_ops *ops;
	unsigned long chunk;
	int idx;

	ops = zc_remote_get(&idx);
	for_each_set_bit(chunk, dev->dirty, nr_chunks(dev)) {
		if (!test_and_clear_bit(chunk, dev->dirty) || forget_chunk(dev, ops, chunk))
			continue;
		set_bit(chunk, dev->dirty);
		/* Room that was made before that has woken nobody (zc_freed_kick). */
		if (!forget_chunk(dev, ops, chunk))
			break;
	}
	if (ops) {
		ops->flush_end();
		zc_remote_put(idx);
	}
}

/*
 * How many flushes have failed so far, for who queues one before no entry lists the donor any more: if
 * this changes before that, it may have been that one, whose failure was not a stray's yet. Any
 * context; ordered by the object's lock.
 */
int zc_flush_failures(void)
{
	return atomic_read(&failures);
}

void zcache_flush_done(u16 donor, u32 id, u32 slot, u16 version, int err)
{
	struct zc_dev *dev = zc_dev_get(id);

	if (err) {
		counter_inc(zc, flushes_failed);
		atomic_inc(&failures);
	} else {
		counter_inc(zc, flushes_done);
	}
	if (!dev)
		return;
	/* What a sweep told of are strays that are counted already. */
	if (slot < dev->nr_slots && !flushed(dev, donor, slot, version, !err) && err &&
	    !zc_donor_is_swept(donor))
		zc_donor_abandoned(donor);
	zc_dev_put(dev);
}
EXPORT_SYMBOL_GPL(zcache_flush_done);

/* A donor can be reached: flushes that waited for it are due. Any context. */
void zc_freed_retell(void)
{
	struct zc_dev *dev;
	u32 id;

	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		bitmap_fill(dev->dirty, nr_chunks(dev));
		queue_work(zc_wq, &dev->freed_work);
		zc_dev_put(dev);
	}
}

/* All slots are free. Process context. */
void zc_invalidate_area(void *priv)
{
	struct zc_dev *dev = priv;
	u32 slot;

	for (slot = 0; slot < dev->nr_slots; slot++) {
		zc_invalidate_page(dev, slot);
		cond_resched();
	}
}

/* After an error, too, zc_freed_exit() is due. */
int zc_freed_init(struct zc_dev *dev)
{
	INIT_WORK(&dev->freed_work, freed_work);
	dev->freed = kvcalloc(BITS_TO_LONGS(dev->nr_slots), sizeof(long), GFP_KERNEL);
	dev->dirty = kvcalloc(BITS_TO_LONGS(nr_chunks(dev)), sizeof(long), GFP_KERNEL);
	return dev->freed && dev->dirty ? 0 : -ENOMEM;
}

void zc_freed_exit(struct zc_dev *dev)
{
	kvfree(dev->freed);
	kvfree(dev->dirty);
}
