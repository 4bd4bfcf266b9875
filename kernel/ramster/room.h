/* SPDX-License-Identifier: GPL-2.0 */
/* room.h - how much more this node can lend */
#ifndef _RAMSTER_ROOM_H
#define _RAMSTER_ROOM_H

#include <linux/types.h>

u64 rs_donor_room_for(unsigned long frames);

/* Page frames that all owners take up; donor.c counts. */
unsigned long rs_donor_frames(void);

#endif
