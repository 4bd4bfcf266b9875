/* SPDX-License-Identifier: GPL-2.0 */
/* donor.h - the RAM that this node lends: pools by owner, room, quota */
#ifndef _RAMSTER_DONOR_H
#define _RAMSTER_DONOR_H

#include <linux/types.h>

/* Pages that owner @num has here. Process context. */
u64 rs_donor_pages_lent(u16 num);

/* Pages that this node would still take, of all owners. Process context. */
u64 rs_donor_room(void);

int rs_donor_init(void);
void rs_donor_exit(void);

#endif
