/* SPDX-License-Identifier: GPL-2.0 */
/*
 * fair.h - each owner's part of what a donor lends
 *
 * Pure: compiles in userspace for the unit tests. All amounts are page frames.
 */
#ifndef _RAMSTER_FAIR_H
#define _RAMSTER_FAIR_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "wire_user.h"
#endif

/**
 * struct rs_fair_owner - what there is to know of an owner
 * @frames: that it takes up
 * @num:    node number
 * @here:   it has a connection, so it can be asked
 * @wants:  it put pages lately, and may have more
 * @spares: rs_fair_make()'s own: it wants no more, and has less than the level
 */
struct rs_fair_owner {
	unsigned long frames;
	u16 num;
	bool here;
	bool wants;
	bool spares;
};

/**
 * struct rs_fair - who may have how much, until it is made anew
 * @foot:  kept for each node that could be an owner, whether it is one or not
 * @door:  kept beyond what it has for each owner that others have more than: by taking it an
 *         owner shows that it wants more
 * @most:  what the largest owner has
 * @feet:  of the room, what is kept for those below their foot
 * @kept:  the same, and the doors
 * @level: the share of each that wants one, beyond which nothing is lent; ULONG_MAX: nobody
 *         wants what another has too much of
 * @head:  kept for those that want their share, and are far below it
 */
struct rs_fair {
	unsigned long foot;
	unsigned long door;
	unsigned long most;
	unsigned long feet;
	unsigned long kept;
	unsigned long level;
	unsigned long head;
};

void rs_fair_make(struct rs_fair *fair, struct rs_fair_owner *owner, unsigned int nr,
		  unsigned int nodes, unsigned long capacity);
unsigned long rs_fair_room(const struct rs_fair *fair, unsigned long frames, unsigned long room);
unsigned long rs_fair_wanted(const struct rs_fair *fair, unsigned long room);
unsigned long rs_fair_excess(const struct rs_fair *fair, const struct rs_fair_owner *owner);

#endif
