/* SPDX-License-Identifier: GPL-2.0 */
/*
 * keep.h - pages that are read from the backing device and go above again
 *
 * A page that lost its place above (its donor died, or there was no room) is on the backing
 * device alone, or as good as. If the backend wants it, whoever reads it brings it up: the slot is locked
 * from before the read to the end of the backend's keep(), so that nobody writes or
 * drops what is read; and it stays below as well, so that a keep() that fails
 * costs nothing. What nobody reads stays where it is.
 *
 * Only pages that are locked in memory, as those of the swap cache are while they are read: others, of
 * direct I/O, may be changed by their user between the read and the keep().
 */
#ifndef _FRONTSWAP_KEEP_H
#define _FRONTSWAP_KEEP_H

#include <linux/types.h>

struct fswap_dev;
struct page;

u32 fswap_keep_begin(struct fswap_dev *dev, u32 slot, u32 nr);
void fswap_keep_end(struct fswap_dev *dev, u32 slot, struct page *page);

#endif
