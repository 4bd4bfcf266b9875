/* SPDX-License-Identifier: GPL-2.0 */
/* lost.h - telling that pages are lost */
#ifndef _RAMSTER_LOST_H
#define _RAMSTER_LOST_H

#include "zcache/zcache.h"

void rs_lost(const struct zcache_loss *loss);

void rs_lost_init(void);
void rs_lost_exit(void);

#endif
