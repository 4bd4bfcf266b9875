// SPDX-License-Identifier: GPL-2.0
/*
 * room.c - how much more this node can lend
 *
 * Two limits: what is lent at most, and the reserve that stays free for the node's own
 * programs. The second is asked of the kernel's own estimate of memory that
 * can be had without swapping; it costs a walk over zones, so it is asked at
 * most every ROOM_AGE, and what was lent since is taken off. That estimate has nearly all cache of
 * files in it, but to get at that the kernel begins to look at programs' pages as well: as much cache as the
 * default reserve is theirs to keep, so a reserve is free memory where there is little cache.
 *
 * Pages are taken down to 9/8 of the reserve; below the reserve they are
 * called back, up to 10/8 of it. Without this gap each page that a program of
 * ours touches would start a recall. Likewise the last LIMIT_GAP frames below the first limit are
 * not given away: what a PUT costs beyond the bytes of its pages is known when it is done.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "donor.h"
#include "node.h"
#include "recall.h"
#include "room.h"
#include "shares.h"

#define ROOM_AGE (HZ / 20)
#define LIMIT_GAP 256UL		/* but at most 1/16 of the limit */

static unsigned long mb_to_pages(u32 mb)
{
	return mb * PAGES_A_MB;
}

static unsigned long most(void)
{
	return mb_to_pages(READ_ONCE(rs_settings.lend_max_mb)) ?: totalram_pages() / 2;
}

static unsigned long default_reserve(void)
{
	return totalram_pages() / 16;
}

static unsigned long reserve(void)
{
	return mb_to_pages(READ_ONCE(rs_settings.keep_free_mb)) ?: default_reserve();
}

static unsigned long file_cache(void)
{
	return global_node_page_state(NR_ACTIVE_FILE) + global_node_page_state(NR_INACTIVE_FILE);
}

static long available(void)
{
	static unsigned long asked_at, lent_then;
	static long answer;
	static bool asked;

	/* Two that ask at once get about the same answer: no lock. */
	if (!READ_ONCE(asked) || time_after(jiffies, READ_ONCE(asked_at) + ROOM_AGE)) {
		WRITE_ONCE(lent_then, rs_donor_frames());
		WRITE_ONCE(answer, si_mem_available() -
				   (long)min3(file_cache(), reserve(), default_reserve()));
		WRITE_ONCE(asked_at, jiffies);
		WRITE_ONCE(asked, true);
	}
	return READ_ONCE(answer) - (long)(rs_donor_frames() - READ_ONCE(lent_then));
}

/**
 * rs_room_excess - how much more is lent than should be
 * @recalling: it is being taken back already: to a little beyond the limit
 *
 * Context: process. Return: page frames.
 */
unsigned long rs_room_excess(bool recalling)
{
	unsigned long lent = rs_donor_frames(), max = most();
	long keep = reserve(), free = available();
	long excess = lent > max ? lent - max : 0;

	if (free < keep || (recalling && free < keep + keep / 4))
		excess = max(excess, keep + keep / 4 - free);
	return min_t(unsigned long, excess, lent);
}

/*
 * Is free memory anywhere near the reserve, and little cache of files left that could be dropped
 * instead? Process context.
 */
bool rs_room_is_short(void)
{
	return file_cache() < reserve() && available() < 2 * (long)reserve();
}

/* Is less free than the reserve? Process context. */
bool rs_room_is_broken(void)
{
	return available() < (long)reserve();
}

/*
 * Is hardly a page free, of any kind? Else who finds none wants one that lent pages are not, as one of a
 * certain NUMA node. Any context.
 */
bool rs_room_is_gone(void)
{
	return global_zone_page_state(NR_FREE_PAGES) < max(reserve(), default_reserve());
}

u64 rs_donor_room(void)
{
	long keep = reserve(), max = most(), room;

	if (rs_is_recalling())
		return 0;
	max -= min_t(unsigned long, LIMIT_GAP, max / 16);
	room = min_t(long, max - (long)rs_donor_frames(), available() - keep - keep / 8);
	return room > 0 ? room : 0;
}

unsigned long rs_room_quota(void)
{
	return mb_to_pages(READ_ONCE(rs_settings.quota_mb)) ?: ULONG_MAX;
}

/**
 * rs_donor_room_for - what is left for one owner
 * @frames: page frames that it takes up already
 *
 * Context: process. Return: pages; not one, for which a sealed page may be too long.
 */
u64 rs_donor_room_for(unsigned long frames)
{
	unsigned long quota = rs_room_quota();
	unsigned long room = rs_shares_room(frames, rs_donor_room());

	room = min(room, quota > frames ? quota - frames : 0);
	return room > 1 ? room : 0;
}
