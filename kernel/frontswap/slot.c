// SPDX-License-Identifier: GPL-2.0
#include "slot.h"

#include "backend.h"
#include "device.h"
#include "stats.h"
#include "trace.h"

/**
 * fswap_slot_lock - become the slot's writer
 * @dev:  the device
 * @slot: which
 *
 * Any context. Return: false if somebody else is.
 */
bool fswap_slot_lock(struct fswap_dev *dev, u32 slot)
{
	unsigned int bits;

	do {
		bits = slotmap_get(&dev->map, slot);
		if (bits & SLOT_BUSY)
			return false;
	} while (!slotmap_try(&dev->map, slot, bits, bits | SLOT_BUSY));
	return true;
}

/*
 * The unlock was a full barrier. It pairs with those between a bio's or the
 * drain's getting in line and their last look at the slot.
 */
static void slot_unlocked(struct fswap_dev *dev)
{
	if (atomic_read(&dev->nr_held))
		queue_work(fswap_wq, &dev->unhold);
	/* After that barrier, as its comment wants it */
	if (waitqueue_active(&dev->slot_wait))
		wake_up(&dev->slot_wait);
}

/**
 * fswap_slot_tryunlock - unlock a slot unless an invalidation is due
 * @dev:  the device
 * @slot: held by the caller
 *
 * Any context. Return: false if fswap_slot_unlock() has to be called from a
 * context where the backend may be.
 */
bool fswap_slot_tryunlock(struct fswap_dev *dev, u32 slot)
{
	unsigned int bits;

	do {
		bits = slotmap_get(&dev->map, slot);
		if (bits & SLOT_GONE)
			return false;
	} while (!slotmap_try(&dev->map, slot, bits, bits & ~SLOT_BUSY));
	slot_unlocked(dev);
	return true;
}

static void invalidate_locked(struct fswap_dev *dev, u32 slot)
{
	unsigned int old = fswap_slot_forget(dev, slot);

	if (old & SLOT_ABOVE)
		fswap_backend_invalidate(dev, slot);
	if (old & (SLOT_ABOVE | SLOT_BELOW)) {
		counter_inc(fswap, invalidates);
		trace_fswap_invalidate(dev->id, slot, old & SLOT_ABOVE ? 1 : 0);
	}
}

/**
 * fswap_slot_unlock - let the next writer have the slot
 * @dev:  the device
 * @slot: held by the caller
 *
 * Carries out an invalidation that came meanwhile. Not from hard interrupts.
 */
void fswap_slot_unlock(struct fswap_dev *dev, u32 slot)
{
	while (!fswap_slot_tryunlock(dev, slot)) {
		slotmap_change(&dev->map, slot, SLOT_GONE, 0);
		invalidate_locked(dev, slot);
	}
}

/**
 * fswap_slot_taken - the backend has taken the slot's page
 * @dev:  the device
 * @slot: held by the caller, who holds a pin of the device too and loses it
 */
void fswap_slot_taken(struct fswap_dev *dev, u32 slot)
{
	unsigned int old = slotmap_change(&dev->map, slot, SLOT_BELOW, SLOT_ABOVE);

	if (old & SLOT_ABOVE)
		fswap_backend_unpin(dev);
}

/**
 * fswap_slot_kept - the backend has the slot's page now, as the backing device has
 * @dev:  the device; has a backing device
 * @slot: held by the caller
 */
void fswap_slot_kept(struct fswap_dev *dev, u32 slot)
{
	slotmap_change(&dev->map, slot, 0, SLOT_ABOVE);
}

/**
 * fswap_slot_forget - no place has the slot's contents any more
 * @dev:  the device
 * @slot: held by the caller
 *
 * The backend is not told. Any context. Return: the bits as they were.
 */
unsigned int fswap_slot_forget(struct fswap_dev *dev, u32 slot)
{
	unsigned int old = slotmap_change(&dev->map, slot, SLOT_ABOVE | SLOT_BELOW, 0);

	if (old & SLOT_ABOVE)
		fswap_backend_unpin(dev);
	return old;
}

/**
 * fswap_slot_came_down - the drain has written what was above
 * @dev:  the device
 * @slot: held by the caller
 */
void fswap_slot_came_down(struct fswap_dev *dev, u32 slot)
{
	unsigned int old = slotmap_change(&dev->map, slot, SLOT_ABOVE, SLOT_BELOW);

	if (old & SLOT_ABOVE)
		fswap_backend_unpin(dev);
}

/**
 * fswap_slot_written - a write of the slot's current contents reached the backing device
 * @dev:  the device
 * @slot: held by the caller. Any context.
 */
void fswap_slot_written(struct fswap_dev *dev, u32 slot)
{
	slotmap_change(&dev->map, slot, 0, SLOT_BELOW);
}

/**
 * fswap_slot_invalidate - the device's user does not want the slot any more
 * @dev:  the device
 * @slot: which
 *
 * Not from hard interrupts; spinlocks may be held, and interrupts be off.
 */
void fswap_slot_invalidate(struct fswap_dev *dev, u32 slot)
{
	unsigned int bits;

	do {
		bits = slotmap_get(&dev->map, slot);
		if (!(bits & ~SLOT_GONE))
			return;
		if (bits & SLOT_BUSY) {
			if (slotmap_try(&dev->map, slot, bits, bits | SLOT_GONE))
				return;
			continue;
		}
	} while (bits & SLOT_BUSY || !slotmap_try(&dev->map, slot, bits, bits | SLOT_BUSY));

	invalidate_locked(dev, slot);
	fswap_slot_unlock(dev, slot);
}

/**
 * fswap_slot_is_below - may the backend drop its page of the slot at once?
 * @dev:  the device
 * @slot: which
 *
 * See frontswap.h. Return: whether the backing device has the current contents.
 */
bool fswap_slot_is_below(const struct fswap_dev *dev, u32 slot)
{
	if (slot >= dev->map.nr)
		return false;
	return (slotmap_get(&dev->map, slot) & (SLOT_BELOW | SLOT_BUSY)) == SLOT_BELOW;
}
EXPORT_SYMBOL_GPL(fswap_slot_is_below);

/**
 * fswap_slot_has_below - is there a page on the backing device that could be read?
 * @dev:  the device
 * @slot: which
 *
 * See frontswap.h. Return: true, too, while the slot is held.
 */
bool fswap_slot_has_below(const struct fswap_dev *dev, u32 slot)
{
	return slot < dev->map.nr && slotmap_get(&dev->map, slot) & SLOT_BELOW;
}
EXPORT_SYMBOL_GPL(fswap_slot_has_below);

/**
 * fswap_slot_needs_above - would a page be lost without the backend's?
 * @dev:  the device
 * @slot: which
 *
 * See frontswap.h. The caller knows that there was a page, and that its slot has not been freed since. Whoever
 * holds a slot with contents in both places supersedes those above (by a store, an invalidation, or
 * since they come down), or can do without them: he reads what is below.
 *
 * Return: whether the contents are nowhere but above, and are wanted.
 */
bool fswap_slot_needs_above(const struct fswap_dev *dev, u32 slot)
{
	if (slot >= dev->map.nr)
		return false;
	return !(slotmap_get(&dev->map, slot) & (SLOT_BELOW | SLOT_GONE));
}
EXPORT_SYMBOL_GPL(fswap_slot_needs_above);

/**
 * fswap_slot_dropped - the backend has dropped its page of the slot
 * @dev:   the device
 * @slot:  which
 * @below: whether the backing device has the current contents
 *
 * See frontswap.h.
 */
void fswap_slot_dropped(struct fswap_dev *dev, u32 slot, bool below)
{
	unsigned int bits;

	if (slot >= dev->map.nr)
		return;
	do {
		bits = slotmap_get(&dev->map, slot);
		if (!(bits & SLOT_ABOVE))
			return;
	} while (!slotmap_try(&dev->map, slot, bits,
			      (bits & ~(SLOT_ABOVE | SLOT_BELOW)) | (below ? SLOT_BELOW : 0)));
	fswap_backend_unpin(dev);
}
EXPORT_SYMBOL_GPL(fswap_slot_dropped);
