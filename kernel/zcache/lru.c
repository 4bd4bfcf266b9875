// SPDX-License-Identifier: GPL-2.0
/*
 * lru.c - the order in which a device's zpages leave
 *
 * Two lists: those that may leave, and those that are to be saved on the backing device
 * before (writeback.c). Youngest first. Being on the list holds no reference: the last put takes an
 * entry off, under the list's lock, before it is freed.
 *
 * An allocator with an order of its own, zbud, says which frame goes next, as
 * only a whole frame gives back a page of memory. The list then says no more than
 * who may be taken.
 */
#include <linux/ktime.h>

#include "internal.h"

/* Seconds, as an entry keeps them; they wrap after 18 hours. */
u16 zc_now(void)
{
	return ktime_get_seconds();
}

/* Where an entry belongs, and news for who works on that list. */
static struct list_head *list_of(struct zc_dev *dev, struct zc_entry *e)
{
	if (zc_is_saved(dev, e->slot))
		return &dev->lru;
	zc_save_soon(dev);
	return &dev->unsaved;
}

/* The entry becomes the youngest of its list. Process context; the caller holds a reference. */
void zc_lru_add(struct zc_dev *dev, struct zc_entry *e)
{
	spin_lock(&dev->lru_lock);
	if (list_empty(&e->lru))
		list_add(&e->lru, list_of(dev, e));
	spin_unlock(&dev->lru_lock);
}

/* The entry is the next of its list. Process context; the caller holds a reference. */
void zc_lru_add_oldest(struct zc_dev *dev, struct zc_entry *e)
{
	spin_lock(&dev->lru_lock);
	if (list_empty(&e->lru))
		list_add_tail(&e->lru, list_of(dev, e));
	spin_unlock(&dev->lru_lock);
}

/* Nothing is there to be evicted, now or once it is saved. Process context. */
bool zc_lru_is_empty(const struct zc_dev *dev)
{
	return list_empty_careful(&dev->lru) && list_empty_careful(&dev->unsaved);
}

/* The policy has changed: what has to be saved is looked at anew. Process context. */
void zc_lru_resort(struct zc_dev *dev)
{
	spin_lock(&dev->lru_lock);
	if (fswap_policy(dev->fdev).backup)
		list_splice_tail_init(&dev->lru, &dev->unsaved);
	else
		list_splice_init(&dev->unsaved, &dev->lru);
	spin_unlock(&dev->lru_lock);
	zc_save_soon(dev);
}

/* Off the list, if it is on it. Process context. */
void zc_lru_remove(struct zc_dev *dev, struct zc_entry *e)
{
	spin_lock(&dev->lru_lock);
	list_del_init(&e->lru);
	spin_unlock(&dev->lru_lock);
}

/**
 * zc_lru_isolate_slot - take the entry in a slot off its list
 * @dev:  whose
 * @slot: which
 *
 * Context: process.
 * Return: the entry, with a reference; NULL: it is on no list.
 */
struct zc_entry *zc_lru_isolate_slot(struct zc_dev *dev, u64 slot)
{
	struct zc_entry *e = tmem_get(dev->pool, slot);
	bool listed;

	if (!e || xa_is_value(e))
		return NULL;
	spin_lock(&dev->lru_lock);
	listed = !list_empty(&e->lru);
	list_del_init(&e->lru);
	spin_unlock(&dev->lru_lock);
	if (listed)
		return e;
	zc_entry_put(dev, e);
	return NULL;
}

/* The next zpage of the oldest frame. Its buddy is remembered, to be next. */
static struct zc_entry *isolate_from_frame(struct zc_dev *dev)
{
	unsigned long frames = zalloc_pages(dev->zpool);
	u32 buddy = xchg(&dev->buddy, 0);
	struct zc_entry *e = buddy ? zc_lru_isolate_slot(dev, buddy - 1) : NULL;
	unsigned int nr;
	u64 slots[2];

	while (!e && frames--) {
		nr = zalloc_oldest(dev->zpool, slots);
		if (!nr)
			break;
		e = zc_lru_isolate_slot(dev, slots[0]);
		if (nr == 2 && e)
			WRITE_ONCE(dev->buddy, slots[1] + 1);
		else if (nr == 2)
			e = zc_lru_isolate_slot(dev, slots[1]);
	}
	return e;
}

static bool is_younger(const struct zc_entry *e, unsigned int age)
{
	return age && (u16)(zc_now() - e->stamp) < age;
}

static bool list_has(const struct list_head *list, unsigned int min_age)
{
	return !list_empty(list) &&
	       !is_younger(list_last_entry(list, struct zc_entry, lru), min_age);
}

/* Is there an entry on either list that is at least so many seconds old? Process context. */
bool zc_lru_has(struct zc_dev *dev, unsigned int min_age)
{
	bool has;

	spin_lock(&dev->lru_lock);
	has = list_has(&dev->lru, min_age) || list_has(&dev->unsaved, min_age);
	spin_unlock(&dev->lru_lock);
	return has;
}

static struct zc_entry *isolate_from_list(struct zc_dev *dev, struct list_head *list,
					  unsigned int min_age)
{
	struct zc_entry *e, *found = NULL;

	spin_lock(&dev->lru_lock);
	while (!found && !list_empty(list)) {
		e = list_last_entry(list, struct zc_entry, lru);
		if (is_younger(e, min_age))
			break;
		list_del_init(&e->lru);
		/* Zero: its last put is waiting for our lock. */
		if (refcount_inc_not_zero(&e->refs))
			found = e;
	}
	spin_unlock(&dev->lru_lock);
	return found;
}

/**
 * zc_lru_isolate - take the oldest entry off the list
 * @dev:     whose
 * @min_age: leave it if it is younger than so many seconds
 *
 * Context: process.
 * Return: the entry, with a reference, or NULL.
 */
struct zc_entry *zc_lru_isolate(struct zc_dev *dev, unsigned int min_age)
{
	if (!min_age && zalloc_has_oldest(dev->zpool))
		return isolate_from_frame(dev);
	return isolate_from_list(dev, &dev->lru, min_age);
}

/* The same of those that are to be saved first. */
struct zc_entry *zc_lru_isolate_unsaved(struct zc_dev *dev, unsigned int min_age)
{
	return isolate_from_list(dev, &dev->unsaved, min_age);
}
