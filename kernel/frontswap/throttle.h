/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FRONTSWAP_THROTTLE_H
#define _FRONTSWAP_THROTTLE_H

struct bio;
struct fswap_dev;

void fswap_throttle(struct fswap_dev *dev, const struct bio *bio);
void fswap_throttle_wake(struct fswap_dev *dev);

#endif
