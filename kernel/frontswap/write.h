/* SPDX-License-Identifier: GPL-2.0 */
/*
 * write.h - pages written, and the lists where writes wait
 *
 * A write waits in one of two lists:
 * - "held": a slot of it is busy, by a writeback for instance. Tried again
 *   whenever a slot of the device is unlocked; there is always somebody who
 *   will, since whoever holds a slot waits for nothing but I/O under way.
 * - "waiting": the backend said -EAGAIN. Tried again, in order, when it says
 *   that it has room, or when the bio's time is up, and then for the last time.
 *   A write that comes while others wait gets in line behind them.
 * A write that has failed lingers in a third, "refused", before its bio ends:
 * swap code would write the page again at once, and as often as it can.
 * A waiting bio holds no slot. Nothing in either list is lost when the backend
 * goes: it is tried again, and goes below.
 */
#ifndef _FRONTSWAP_WRITE_H
#define _FRONTSWAP_WRITE_H

#include <linux/types.h>

struct bio;
struct fswap_dev;
struct fswap_io;

void fswap_write_pages(struct fswap_io *io);
void fswap_write_kick(struct fswap_dev *dev);
bool fswap_write_linger(struct fswap_dev *dev, struct bio *bio);

void fswap_write_init_dev(struct fswap_dev *dev);
void fswap_write_exit_dev(struct fswap_dev *dev);

#endif
