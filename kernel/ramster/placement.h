/* SPDX-License-Identifier: GPL-2.0 */
/*
 * placement.h - which donors a batch goes to
 *
 * Pure: compiles in userspace for the unit tests.
 */
#ifndef _RAMSTER_PLACEMENT_H
#define _RAMSTER_PLACEMENT_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include "wire_user.h"
#endif

#define RS_PLACE_MAX	3	/* donors of one batch */

/**
 * struct rs_candidate - a donor that might take a batch
 * @room:	pages that it says it still takes; 0 rules it out
 * @latency_us: of its recent answers
 * @num:	node number
 * @usable:	up, with credits
 */
struct rs_candidate {
	u32 room;
	u32 latency_us;
	u16 num;
	bool usable;
};

/* A supply of random numbers, all 64 bits uniform. */
typedef u64 (*rs_random_fn)(void *ctx);

unsigned int rs_place(const struct rs_candidate *cand, unsigned int nr, unsigned int want,
		      rs_random_fn random, void *ctx, u16 donor[RS_PLACE_MAX]);

#endif
