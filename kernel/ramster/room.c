// SPDX-License-Identifier: GPL-2.0
/*
 * room.c - how much more this node can lend
 *
 * Two limits: what is lent at most, and what stays free for the node's own
 * programs. The second is asked of the kernel's own estimate of memory that
 * can be had without swapping; it costs a walk over zones, so it is asked at
 * most every ROOM_AGE.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/swap.h>

#include "donor.h"
#include "node.h"
#include "room.h"

#define ROOM_AGE (HZ / 20)

static unsigned long mb_to_pages(u32 mb)
{
	return (unsigned long)mb << (20 - PAGE_SHIFT);
}

static long available(void)
{
	static unsigned long asked_at;
	static long answer;
	static bool asked;

	/* Two that ask at once get about the same answer: no lock. */
	if (!READ_ONCE(asked) || time_after(jiffies, READ_ONCE(asked_at) + ROOM_AGE)) {
		WRITE_ONCE(answer, si_mem_available());
		WRITE_ONCE(asked_at, jiffies);
		WRITE_ONCE(asked, true);
	}
	return READ_ONCE(answer);
}

u64 rs_donor_room(void)
{
	unsigned long max = mb_to_pages(READ_ONCE(rs_settings.lend_max_mb)) ?: totalram_pages() / 2;
	unsigned long keep = mb_to_pages(READ_ONCE(rs_settings.keep_free_mb)) ?:
			     totalram_pages() / 16;
	unsigned long lent = rs_donor_frames();
	long room = min_t(long, (long)max - (long)lent, available() - (long)keep);

	return room > 0 ? room : 0;
}

/**
 * rs_donor_room_for - what is left for one owner
 * @frames: page frames that it takes up already
 *
 * Context: process. Return: pages.
 */
u64 rs_donor_room_for(unsigned long frames)
{
	unsigned long quota = mb_to_pages(READ_ONCE(rs_settings.quota_mb));
	u64 room = rs_donor_room();

	if (!quota)
		return room;
	return min_t(u64, room, quota > frames ? quota - frames : 0);
}
