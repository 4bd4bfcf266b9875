// SPDX-License-Identifier: GPL-2.0
#include "keep.h"

#include <linux/pagemap.h>

#include "backend.h"
#include "device.h"
#include "slot.h"
#include "stats.h"

static bool begin_one(struct fswap_dev *dev, u32 slot)
{
	if (!slot || !fswap_slot_has_below(dev, slot) || !fswap_backend_wants(dev, slot) ||
	    !fswap_slot_lock(dev, slot))
		return false;
	if (fswap_slot_has_below(dev, slot))
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
 * It ends at the first that is not wanted, or not to be had, and after FSWAP_RUN_MAX.
 *
 * Process context. Return: how many are held now, from the first on; often none. fswap_keep_end() must
 * follow for each.
 */
u32 fswap_keep_begin(struct fswap_dev *dev, u32 slot, u32 nr)
{
	u32 n = 0;

	while (n < min_t(u32, nr, FSWAP_RUN_MAX) && begin_one(dev, slot + n))
		n++;
	return n;
}

/* Might the backend see anything else in it than what is below? Then it is not offered. */
static bool is_stable(struct page *page)
{
	return folio_test_locked(page_folio(page));
}

static void keep(struct fswap_dev *dev, u32 slot, struct page *page)
{
	if (slotmap_get(&dev->map, slot) & SLOT_GONE || !is_stable(page) ||
	    fswap_backend_keep(dev, slot, page))
		return;
	fswap_slot_kept(dev, slot);
	counter_inc(fswap, backing_reads_kept);
}

/**
 * fswap_keep_end - a page has been read: let the backend have it, and unlock it
 * @dev:  the device
 * @slot: held since fswap_keep_begin()
 * @page: its contents; NULL: they could not be read
 *
 * Process context; waits for neither I/O nor memory.
 */
void fswap_keep_end(struct fswap_dev *dev, u32 slot, struct page *page)
{
	if (page)
		keep(dev, slot, page);
	fswap_slot_unlock(dev, slot);
}
