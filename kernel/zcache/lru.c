// SPDX-License-Identifier: GPL-2.0
/*
 * lru.c - the order in which a device's zpages leave
 *
 * Youngest first. Being on the list holds no reference: the last put takes an
 * entry off, under the list's lock, before it is freed.
 */
#include <linux/ktime.h>

#include "internal.h"

/* Seconds, as an entry keeps them; they wrap after 18 hours. */
u16 zc_now(void)
{
	return ktime_get_seconds();
}

/* The entry becomes the youngest. Process context; the caller holds a reference. */
void zc_lru_add(struct zc_dev *dev, struct zc_entry *e)
{
	spin_lock(&dev->lru_lock);
	if (list_empty(&e->lru))
		list_add(&e->lru, &dev->lru);
	spin_unlock(&dev->lru_lock);
}

/* The entry is the next to leave. Process context; the caller holds a reference. */
void zc_lru_add_oldest(struct zc_dev *dev, struct zc_entry *e)
{
	spin_lock(&dev->lru_lock);
	if (list_empty(&e->lru))
		list_add_tail(&e->lru, &dev->lru);
	spin_unlock(&dev->lru_lock);
}

/* Off the list, if it is on it. Process context. */
void zc_lru_remove(struct zc_dev *dev, struct zc_entry *e)
{
	spin_lock(&dev->lru_lock);
	list_del_init(&e->lru);
	spin_unlock(&dev->lru_lock);
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
	struct zc_entry *e, *found = NULL;

	spin_lock(&dev->lru_lock);
	while (!found && !list_empty(&dev->lru)) {
		e = list_last_entry(&dev->lru, struct zc_entry, lru);
		if (min_age && (u16)(zc_now() - e->stamp) < min_age)
			break;
		list_del_init(&e->lru);
		/* Zero: its last put is waiting for our lock. */
		if (refcount_inc_not_zero(&e->refs))
			found = e;
	}
	spin_unlock(&dev->lru_lock);
	return found;
}
