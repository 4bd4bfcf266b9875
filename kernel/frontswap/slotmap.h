/* SPDX-License-Identifier: GPL-2.0 */
/*
 * slotmap.h - what a device knows of each slot: four bits, changed together
 *
 * Both "above" and "below" sit in one word, so that a change of place is one
 * atomic step: whoever looks finds the page in exactly the place where it is.
 * The counts follow each change, without a lock.
 */
#ifndef _FRONTSWAP_SLOTMAP_H
#define _FRONTSWAP_SLOTMAP_H

#include <linux/atomic.h>
#include <linux/types.h>

#define SLOT_ABOVE	1u	/* the backend has the page */
#define SLOT_BELOW	2u	/* the backing device has its current contents */
#define SLOT_BUSY	4u	/* the slot's lock: see slot.h */
#define SLOT_GONE	8u	/* invalidated while busy: the holder does it at the end */
#define SLOT_BITS	4

struct fswap_books;

struct slotmap {
	unsigned long *words;
	u32 nr;
	atomic64_t places;	/* low half: above; high half: below only */
	atomic_long_t both;
};

int slotmap_init(struct slotmap *map, u32 nr);
void slotmap_exit(struct slotmap *map);
unsigned int slotmap_get(const struct slotmap *map, u32 slot);
unsigned int slotmap_change(struct slotmap *map, u32 slot, unsigned int clear, unsigned int set);
bool slotmap_try(struct slotmap *map, u32 slot, unsigned int old, unsigned int new);
u64 slotmap_next(const struct slotmap *map, u64 slot, unsigned int bits);
void slotmap_read_books(const struct slotmap *map, struct fswap_books *books);

#endif
