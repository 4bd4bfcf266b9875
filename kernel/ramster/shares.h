/* SPDX-License-Identifier: GPL-2.0 */
/* shares.h - no owner takes what others want their share of; in page frames */
#ifndef _RAMSTER_SHARES_H
#define _RAMSTER_SHARES_H

/* What is left of @room for an owner that takes up @frames. Process context. */
unsigned long rs_shares_room(unsigned long frames, unsigned long room);

/* Looks who has how much; asks for what others want. The recall's work, while nothing is recalled. */
void rs_shares_look(void);

#endif
