/* SPDX-License-Identifier: GPL-2.0 */
/*
 * slot.h - one slot's life: who may write it, and how it becomes free
 *
 * SLOT_BUSY is a lock: whoever writes a slot's contents, above or below, holds
 * it from before the backend is asked until the last write below has ended:
 *
 *   the device's user	store() and/or write below	never waits: its bio is held
 *   a writeback	write below of what is above	never waits: -EBUSY
 *   a reader		read below, keep() above	never waits: it just reads
 *   the drain		load, write below, let go above	waits: process context
 *   an invalidation	both bits cleared, backend told	never waits: leaves SLOT_GONE
 *
 * So two writes of a slot's place on the backing device are never in flight at
 * once, a stale writeback cannot land upon newer contents, and a backend that
 * asks in the middle of a store() whether its page is below hears no.
 *
 * An invalidation that finds the slot busy marks it SLOT_GONE; the holder
 * carries it out when it unlocks. The next writer of the slot comes after that.
 * Only an unlock in process or softirq context may do so, since the backend is
 * called: fswap_slot_tryunlock() is for the ends of bios, which come in hard
 * interrupts.
 *
 * Other reads take no lock. They look at the bits and then at the place; a page may move from
 * above to below meanwhile. The other way goes nothing but by a write, or by a reader who holds
 * the slot (keep.h): the place below stays good then.
 */
#ifndef _FRONTSWAP_SLOT_H
#define _FRONTSWAP_SLOT_H

#include <linux/types.h>

struct fswap_dev;

bool fswap_slot_lock(struct fswap_dev *dev, u32 slot);
bool fswap_slot_tryunlock(struct fswap_dev *dev, u32 slot);
void fswap_slot_unlock(struct fswap_dev *dev, u32 slot);
void fswap_slot_taken(struct fswap_dev *dev, u32 slot);
unsigned int fswap_slot_forget(struct fswap_dev *dev, u32 slot);
void fswap_slot_came_down(struct fswap_dev *dev, u32 slot);
void fswap_slot_kept(struct fswap_dev *dev, u32 slot);
void fswap_slot_written(struct fswap_dev *dev, u32 slot);
void fswap_slot_invalidate(struct fswap_dev *dev, u32 slot);

#endif
