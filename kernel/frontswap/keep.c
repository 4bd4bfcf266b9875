// SPDX-License-Identifier: GPL-2.0
#include "keep.h"

#include "backend.h"
#include "device.h"
#include "slot.h"
#include "stats.h"

static bool is_below(const struct fswap_dev *dev, u32 slot)
{
	return slotmap_get(&dev->map, slot) & SLOT_BELOW;
}

static bool begin_one(struct fswap_dev *dev, u32 slot)
{
	if (!slot || !is_below(dev, slot) || !fswap_backend_wants(dev, slot) ||
	    !fswap_slot_lock(dev, slot))
		return false;
	if (is_below(dev, slot))
		return true;
	fswap_slot_unlock(dev, slot);
	return false;
}

/**
 * fswap_keep_begin - lock pages that are about to be read below, and are to be above too
 * @dev:  has a backing device
 * @slot: of the first
 * @nr:   how many neighbours are read
 *
 * Process context. Return: how many of them, from the first on, are held now, and for each of which
 * fswap_keep_end() must follow; often none.
 */
u32 fswap_keep_begin(struct fswap_dev *dev, u32 slot, u32 nr)
{
	u32 n = 0;

	while (n < nr && begin_one(dev, slot + n))
		n++;
	return n;
}

/**
 * fswap_keep_end - a page has been read: let the backend have it, and unlock it
 * @dev:  the device
 * @slot: held since fswap_keep_begin()
 * @page: its contents; NULL: they could not be read
 *
 * Process context; waits for nothing.
 */
void fswap_keep_end(struct fswap_dev *dev, u32 slot, struct page *page)
{
	if (page && !fswap_backend_keep(dev, slot, page)) {
		fswap_slot_kept(dev, slot);
		counter_inc(fswap, backing_reads_kept);
	}
	fswap_slot_unlock(dev, slot);
}
