// SPDX-License-Identifier: GPL-2.0
/*
 * keep.c - pages that are read from the backing device come up again
 *
 * They went there when their donors died, or when nobody had room. Those that are read once
 * more are wanted; if there is room for them at donors by now, they are kept as if
 * they had just been stored, and go the way of all pages.
 */
#include "internal.h"

/* Is the page nowhere but on the backing device, or with donors that are all dead? */
static bool has_fallen(struct zc_dev *dev, u32 slot)
{
	void *entry = tmem_get(dev->pool, slot);
	struct tmem_remote r;
	int i;

	if (!entry)
		return true;
	if (!xa_is_value(entry)) {
		zc_entry_put(dev, entry);
		return false;
	}
	if (zc_slot_is_freed(dev, slot))
		return true;
	r = tmem_remote_unpack(xa_to_value(entry));
	for (i = 0; i < r.nr_donors; i++)
		if (!zc_donor_is_dead(r.donor[i]))
			return false;
	return true;
}

/**
 * zc_wants - should a page that is read from the backing device be kept? (the backend's wants)
 * @priv: the device
 * @slot: its key
 *
 * Context: process.
 * Return: true if it has no good copy here, and donors have room for one. Where there are none, what is
 * on the backing device is there since the pool is full.
 */
bool zc_wants(void *priv, u32 slot)
{
	struct zc_dev *dev = priv;

	return READ_ONCE(zc_enabled) && !zc_pool_excess(true) && zc_remote_has_room(dev) &&
	       has_fallen(dev, slot);
}

/**
 * zc_keep - keep a page that is on the backing device, and stays there (the backend's keep)
 * @priv: the device
 * @slot: its key, locked
 * @page: its contents
 *
 * What donors have of it, if they come back, is an older version from now on, as after a store. As
 * the slot is locked, it counts as not saved yet; zc_save_soon() puts that right.
 *
 * Context: process; does not wait for memory.
 * Return: 0 or an errno, and the index is as it was.
 */
int zc_keep(void *priv, u32 slot, struct page *page)
{
	int err;

	/* Up to the high mark: what is above that is for those that have no other place. */
	if (zc_pool_excess(true))
		return -ENOMEM;
	err = zc_store_page(priv, slot, page);
	if (!err)
		counter_inc(zc, kept_pages);
	return err;
}
