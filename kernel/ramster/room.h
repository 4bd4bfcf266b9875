/* SPDX-License-Identifier: GPL-2.0 */
/* room.h - how much more this node can lend, and what it must take back; in page frames */
#ifndef _RAMSTER_ROOM_H
#define _RAMSTER_ROOM_H

#include <linux/mm.h>
#include <linux/types.h>

#define PAGES_A_MB	(1UL << (20 - PAGE_SHIFT))

u64 rs_donor_room_for(unsigned long frames);

/* Page frames that all owners take up; owner.c counts. */
unsigned long rs_donor_frames(void);

/* The most for one owner; ULONG_MAX: no limit. Any context. */
unsigned long rs_room_quota(void);

unsigned long rs_room_excess(bool recalling);
bool rs_room_is_short(void);
bool rs_room_is_broken(void);
bool rs_room_is_gone(void);

#endif
