/* SPDX-License-Identifier: GPL-2.0 */
/* move.h - pages that lie badly: which these are, and giving up copies of them (move.c) */
#ifndef _ZCACHE_MOVE_H
#define _ZCACHE_MOVE_H

#include "internal.h"

#define ZC_MOVES	32	/* pages moved at a time */

/* How a page lies. */
enum zc_placement {
	ZC_FINE,
	ZC_LEAVING,	/* a copy is where none should be */
	ZC_UNSAVED,	/* the policy wants it on the backing device, too */
	ZC_TOO_FEW,	/* or more donors to have it */
	ZC_OUTDATED,	/* it is local, and an older version is where none should be */
};

/**
 * struct zc_scan - some pages of a device that lie badly
 * @dev:      whose
 * @place:    there are donors enough for a page with too few copies, or there is much room at home
 * @stuck:    there is no room at all, and none is looked for in this pass
 * @repair:   out: some should move for another reason than a donor that leaves
 * @skipped:  out: how many should move, but had better not now
 * @nr:       out: how many should move; @slot: which
 * @nr_outdated: out: of how many local ones donors are to be told; @outdated: which
 */
struct zc_scan {
	struct zc_dev *dev;
	bool place;
	bool stuck;
	bool repair;
	unsigned int skipped;
	unsigned int nr;
	unsigned int nr_outdated;
	u32 slot[ZC_MOVES];
	u32 outdated[ZC_MOVES];
};

/* move.c */
bool zc_move_is_due(void);
void zc_move_again(void);
void zc_move_keep_rate(unsigned int pages, ktime_t since);
unsigned int zc_bring_home(struct zc_dev *dev, const u32 *slot, unsigned int nr, bool spread,
			   bool *no_room);

/* spread.c */
void zc_spread_init(void);
void zc_spread_exit(void);
void zc_spread_hope(void);
void zc_spread_came(struct zc_entry *e);
bool zc_spread_is_wanted(void);
void zc_spread(struct zc_dev *dev, bool wanted);

/* placement.c */
unsigned int zc_nr_good(const struct tmem_remote *r);
enum zc_placement zc_placement(const struct zc_dev *dev, u32 slot, const struct tmem_remote *r);
u64 zc_find_misplaced(struct zc_scan *s, u64 first);
unsigned long zc_count_misplaced(void);

/* shed.c */
bool zc_shed_copies(struct zc_dev *dev, u32 slot);
void zc_shed_outdated(struct zc_dev *dev, const u32 *slot, unsigned int nr, bool leaving);

#endif
