/* SPDX-License-Identifier: GPL-2.0 */
/* drain.h - bring all pages of a device home, while it is in use */
#ifndef _FRONTSWAP_DRAIN_H
#define _FRONTSWAP_DRAIN_H

struct fswap_dev;

void fswap_drain(struct fswap_dev *dev);

int fswap_drain_init(void);
void fswap_drain_uninit(void);

#endif
