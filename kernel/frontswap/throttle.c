// SPDX-License-Identifier: GPL-2.0
/*
 * throttle.c - who writes waits while many writes do
 *
 * A write that finds no room is parked, and its submitter goes on: it may be what makes room. But
 * memory reclaim that finds nothing but pages under writeback gives up after a second or two, and the
 * kernel kills. So beyond LINE_MAX the submitter waits before it adds one more, as it would for a tag of a
 * device whose queue is full.
 *
 * Kernel threads do not wait: kswapd, since others count on it for what they may not wait
 * for themselves, and those who bring pages to donors and back.
 */
#include "throttle.h"

#include <linux/bio.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "device.h"

#define LINE_MAX	512
#define LINE_LOW	(LINE_MAX - 32)	/* those who wait go on */
#define LINE_WAIT	HZ

static bool is_long(const struct fswap_dev *dev)
{
	return atomic_read(&dev->nr_waiting) >= LINE_MAX;
}

/* Bios of this task that have not been submitted yet, of a device above or below: they come first. */
static bool has_bios(void)
{
	const struct bio_list *list = current->bio_list;

	return list && !(bio_list_empty(&list[0]) && bio_list_empty(&list[1]));
}

/**
 * fswap_throttle - wait until fewer writes wait for room
 * @dev: the device
 * @bio: about to be written; nothing of it is locked or counted yet
 *
 * Context: submit_bio; sleeps, for LINE_WAIT at most, and not if the task is to die.
 */
void fswap_throttle(struct fswap_dev *dev, const struct bio *bio)
{
	if (!is_long(dev) || !READ_ONCE(dev->accepting) || !bio->bi_iter.bi_size)
		return;
	if (bio->bi_opf & REQ_NOWAIT || current->flags & PF_KTHREAD || has_bios())
		return;
	wait_event_killable_timeout(dev->line_wait, !is_long(dev), LINE_WAIT);
}

/**
 * fswap_throttle_wake - fewer writes wait
 * @dev: the device
 *
 * Any context.
 */
void fswap_throttle_wake(struct fswap_dev *dev)
{
	if (atomic_read(&dev->nr_waiting) <= LINE_LOW && wq_has_sleeper(&dev->line_wait))
		wake_up_all(&dev->line_wait);
}
