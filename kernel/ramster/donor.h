/* SPDX-License-Identifier: GPL-2.0 */
/* donor.h - the RAM that this node lends: pools by owner, room, quota */
#ifndef _RAMSTER_DONOR_H
#define _RAMSTER_DONOR_H

#include <linux/types.h>

#include "node.h"

/* What netlink and debugfs show of an owner. */
struct rs_owner_info {
	u64 pages;		/* that it has here */
	bool away;		/* it has pages, but no connection */
	u32 grace_s;		/* then: seconds until they are freed */
};

/* What owner @num has here; zeros if there is no such owner. Process context. */
void rs_owner_read(u16 num, struct rs_owner_info *info);

/* The incarnation that owner @num is to see of us. Process context. */
void rs_owner_present(u16 num, u8 incarnation[RS_INCARNATION_BYTES]);

/* Pages that this node would still take, of all owners. Process context. */
u64 rs_donor_room(void);

/* The grace time was set. Process context. */
void rs_owner_grace_changed(void);

int rs_donor_init(void);
void rs_donor_exit(void);
/* No connection is left: frees what is kept. Process context. */
void rs_owners_exit(void);

#endif
