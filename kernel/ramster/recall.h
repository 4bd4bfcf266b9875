/* SPDX-License-Identifier: GPL-2.0 */
/* recall.h - taking lent RAM back */
#ifndef _RAMSTER_RECALL_H
#define _RAMSTER_RECALL_H

#include <linux/types.h>

/* Something is lent: look out for pressure. Any context. */
void rs_recall_watch(void);

/* So many frames have come back. Any context that may wake. */
void rs_recall_progress(unsigned long frames);

/* Is RAM being taken back? Then none is lent. Any context. */
bool rs_is_recalling(void);

/* Lend nothing and take all back, until told otherwise. Process context. */
void rs_donor_drain(bool on);

int rs_recall_init(void);
void rs_recall_exit(void);

#endif
