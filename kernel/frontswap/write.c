// SPDX-License-Identifier: GPL-2.0
#include "write.h"

#include <linux/highmem.h>
#include <linux/sched/mm.h>

#include "backend.h"
#include "device.h"
#include "io.h"
#include "slot.h"
#include "stats.h"
#include "throttle.h"

/*
 * How long refused writes linger, at most: about as long as memory reclaim pauses when
 * it finds nothing but pages under writeback. And how many may: each is a bio.
 */
#define LINGER		(HZ / 10)
#define LINGER_MAX	16384

/* What becomes of a page. */
enum fate {
	DONE,
	BELOW,	/* the slot stays locked until it is written there */
	WAIT,	/* for room */
	HELD,	/* the slot is busy */
	FAILED,
};

/* By what is set now: it may have changed since it began to wait. */
static unsigned long patience_end(const struct fswap_io *io)
{
	return io->waits_since + msecs_to_jiffies(READ_ONCE(io->dev->store_wait_ms));
}

static bool is_impatient(const struct fswap_io *io)
{
	if (io->waited)
		return time_after_eq(jiffies, patience_end(io));
	return !READ_ONCE(io->dev->store_wait_ms);
}

static enum fate write_header(struct fswap_io *io)
{
	counter_inc(fswap, header_writes);
	if (io->dev->backing)
		return BELOW;
	copy_highpage(io->dev->header, fswap_io_page(io));
	return DONE;
}

static enum fate write_page(struct fswap_io *io)
{
	struct fswap_dev *dev = io->dev;
	u32 slot = fswap_io_slot(io);
	unsigned int old;
	int err;

	if (!slot)
		return write_header(io);
	if (!fswap_slot_lock(dev, slot))
		return HELD;

	err = fswap_backend_store(dev, slot, fswap_io_page(io));
	if (!err) {
		counter_inc(fswap, stores_taken);
		fswap_slot_taken(dev, slot);
		fswap_slot_unlock(dev, slot);
		return DONE;
	}

	old = fswap_slot_forget(dev, slot);
	if (err == -ENODEV && old & SLOT_ABOVE)
		fswap_backend_invalidate(dev, slot);
	if (err == -EAGAIN && !is_impatient(io)) {
		fswap_slot_unlock(dev, slot);
		return WAIT;
	}
	if (err == -EAGAIN)
		counter_inc(fswap, stores_impatient);
	if (err != -ENODEV)
		counter_inc(fswap, stores_refused);
	if (dev->backing)
		return BELOW;
	counter_inc(fswap, stores_failed);
	fswap_slot_unlock(dev, slot);
	return FAILED;
}

static void retry_one(struct fswap_dev *dev)
{
	unsigned int i = atomic_inc_return(&dev->next_retrier);

	queue_work(fswap_wq, &dev->retriers[i % FSWAP_RETRIERS].work);
}

/* There is room: one of them alone may be waiting for the backing device. */
static void retry_all(struct fswap_dev *dev)
{
	int i;

	for (i = 0; i < FSWAP_RETRIERS; i++)
		queue_work(fswap_wq, &dev->retriers[i].work);
}

static void start_clock(struct fswap_io *io)
{
	io->waited = true;
	io->waits_since = jiffies;
	counter_inc(fswap, stores_waited);
}

/* One timer for all who wait: it is not to run longer than the patience of any. */
static void start_timer(struct fswap_dev *dev, unsigned long end)
{
	long left = max((long)(end - jiffies), 0l);

	lockdep_assert_held(&dev->park_lock);
	if (!queue_delayed_work(fswap_wq, &dev->patience, left) &&
	    time_before(end, READ_ONCE(dev->patience.timer.expires)))
		mod_delayed_work(fswap_wq, &dev->patience, left);
}

/*
 * @seq was read before the backend was asked: if it has changed, the backend
 * may have had room before we were on the list. The same goes for a backend
 * that left.
 */
static void wait_for_room(struct fswap_io *io, int seq)
{
	struct fswap_dev *dev = io->dev;
	bool first = !io->waited;
	unsigned long flags;

	if (first)
		start_clock(io);

	spin_lock_irqsave(&dev->park_lock, flags);
	if (first)
		list_add_tail(&io->node, &dev->waiting);
	else
		list_add(&io->node, &dev->waiting);
	atomic_inc(&dev->nr_waiting);
	start_timer(dev, patience_end(io));
	spin_unlock_irqrestore(&dev->park_lock, flags);

	smp_mb(); /* pairs with fswap_retry() and fswap_write_kick() */
	if (atomic_read(&dev->room_seq) != seq || !READ_ONCE(dev->accepting))
		retry_all(dev);
}

/* Only behind others: they are sure to be tried again, and so are those behind them. */
static bool get_in_line(struct fswap_io *io)
{
	struct fswap_dev *dev = io->dev;
	unsigned long flags;
	bool in_line;

	if (!atomic_read(&dev->nr_waiting))
		return false;

	spin_lock_irqsave(&dev->park_lock, flags);
	in_line = !list_empty(&dev->waiting);
	if (in_line) {
		start_clock(io);
		list_add_tail(&io->node, &dev->waiting);
		atomic_inc(&dev->nr_waiting);
	}
	spin_unlock_irqrestore(&dev->park_lock, flags);
	return in_line;
}

static void hold(struct fswap_io *io)
{
	struct fswap_dev *dev = io->dev;
	u32 slot = fswap_io_slot(io);
	unsigned long flags;

	counter_inc(fswap, stores_held);
	spin_lock_irqsave(&dev->park_lock, flags);
	list_add_tail(&io->node, &dev->held);
	atomic_inc(&dev->nr_held);
	spin_unlock_irqrestore(&dev->park_lock, flags);

	smp_mb(); /* pairs with the unlock of the slot */
	if (!(slotmap_get(&dev->map, slot) & SLOT_BUSY))
		queue_work(fswap_wq, &dev->unhold);
}

/* Returns whether there was no room; @io is not the caller's any more in any case. */
static bool write_on(struct fswap_io *io)
{
	struct fswap_run run = {};

	for (; io->iter.bi_size; fswap_io_advance(io)) {
		int seq = atomic_read_acquire(&io->dev->room_seq);
		enum fate fate = write_page(io);

		if (fate == BELOW) {
			fswap_run_add(&run, io);
			continue;
		}
		fswap_run_submit(&run, io);
		if (fate == WAIT) {
			wait_for_room(io, seq);
			return true;
		}
		if (fate == HELD) {
			hold(io);
			return false;
		}
		if (fate == FAILED) {
			io->refused = true;
			fswap_io_fail(io, BLK_STS_NOSPC);
			break;
		}
	}
	fswap_run_submit(&run, io);
	fswap_io_put(io);
	return false;
}

/**
 * fswap_write_pages - write each page of an io, above or below
 * @io: the caller's count is given up
 */
void fswap_write_pages(struct fswap_io *io)
{
	if (!get_in_line(io))
		write_on(io);
}

static struct fswap_io *first_waiting(struct fswap_dev *dev)
{
	struct fswap_io *io;
	unsigned long flags;

	spin_lock_irqsave(&dev->park_lock, flags);
	io = list_first_entry_or_null(&dev->waiting, struct fswap_io, node);
	if (io) {
		list_del(&io->node);
		atomic_dec(&dev->nr_waiting);
	}
	spin_unlock_irqrestore(&dev->park_lock, flags);
	fswap_throttle_wake(dev);
	return io;
}

/*
 * Until there is no room. While things move, the workers call each other to
 * help. They work for reclaim, as the submitters did, so they may dip into the
 * reserves just the same: memory that is freed may depend on it.
 */
static void retry(struct fswap_dev *dev)
{
	unsigned int noreclaim = memalloc_noreclaim_save();
	struct fswap_io *io;

	while ((io = first_waiting(dev)) && !write_on(io)) {
		if (atomic_read(&dev->nr_waiting))
			retry_one(dev);
		cond_resched();
	}
	memalloc_noreclaim_restore(noreclaim);
}

static void retry_work(struct work_struct *work)
{
	retry(container_of(work, struct fswap_retrier, work)->dev);
}

static void patience_work(struct work_struct *work)
{
	retry(container_of(to_delayed_work(work), struct fswap_dev, patience));
}

static void unhold_work(struct work_struct *work)
{
	struct fswap_dev *dev = container_of(work, struct fswap_dev, unhold);
	unsigned int noreclaim = memalloc_noreclaim_save();
	struct fswap_io *io, *next;
	LIST_HEAD(ios);

	spin_lock_irq(&dev->park_lock);
	list_splice_init(&dev->held, &ios);
	atomic_set(&dev->nr_held, 0);
	spin_unlock_irq(&dev->park_lock);

	list_for_each_entry_safe(io, next, &ios, node)
		write_on(io);
	memalloc_noreclaim_restore(noreclaim);
}

/* While no more bios can be made, the few that are in reserve are everybody's. */
static bool bios_are_scarce(void)
{
	struct page *page = alloc_page(GFP_NOWAIT | __GFP_NOMEMALLOC | __GFP_NOWARN);

	if (page)
		__free_page(page);
	return !page;
}

/**
 * fswap_write_linger - let a refused write end, but not at once
 * @dev: the device
 * @bio: has its status, and its reference in dev->ios
 *
 * Any context. Return: false if there are too many, or bios are scarce; it is still the caller's.
 */
bool fswap_write_linger(struct fswap_dev *dev, struct bio *bio)
{
	unsigned long flags;
	bool room;

	if (bios_are_scarce())
		return false;
	spin_lock_irqsave(&dev->park_lock, flags);
	room = dev->nr_refused < LINGER_MAX;
	if (room) {
		bio_list_add(&dev->refused, bio);
		dev->nr_refused++;
		/* Within the lock: once the work has the bio, nothing keeps the device. */
		queue_delayed_work(fswap_end_wq, &dev->dismiss, LINGER);
	}
	spin_unlock_irqrestore(&dev->park_lock, flags);
	return room;
}

static void dismiss_work(struct work_struct *work)
{
	struct fswap_dev *dev = container_of(to_delayed_work(work), struct fswap_dev, dismiss);
	struct bio_list bios = BIO_EMPTY_LIST;
	struct bio *bio;

	spin_lock_irq(&dev->park_lock);
	bio_list_merge(&bios, &dev->refused);
	bio_list_init(&dev->refused);
	dev->nr_refused = 0;
	spin_unlock_irq(&dev->park_lock);

	while ((bio = bio_list_pop(&bios))) {
		bio_endio(bio);
		percpu_ref_put(&dev->ios);
	}
}

/**
 * fswap_write_kick - try all bios that wait, something has changed
 * @dev: the device
 *
 * Any context.
 */
void fswap_write_kick(struct fswap_dev *dev)
{
	smp_mb(); /* pairs with wait_for_room() */
	if (atomic_read(&dev->nr_waiting))
		retry_all(dev);
}

/**
 * fswap_retry - the backend has room again
 * @dev: the device
 *
 * Any context.
 */
void fswap_retry(struct fswap_dev *dev)
{
	atomic_inc(&dev->room_seq);
	fswap_write_kick(dev);
}
EXPORT_SYMBOL_GPL(fswap_retry);

/**
 * fswap_write_init_dev - set up a device's lists
 * @dev: new
 */
void fswap_write_init_dev(struct fswap_dev *dev)
{
	int i;

	spin_lock_init(&dev->park_lock);
	INIT_LIST_HEAD(&dev->waiting);
	INIT_LIST_HEAD(&dev->held);
	bio_list_init(&dev->refused);
	for (i = 0; i < FSWAP_RETRIERS; i++) {
		dev->retriers[i].dev = dev;
		INIT_WORK(&dev->retriers[i].work, retry_work);
	}
	INIT_DELAYED_WORK(&dev->patience, patience_work);
	INIT_WORK(&dev->unhold, unhold_work);
	INIT_DELAYED_WORK(&dev->dismiss, dismiss_work);
	init_waitqueue_head(&dev->slot_wait);
	init_waitqueue_head(&dev->line_wait);
}

/**
 * fswap_write_exit_dev - stop a device's workers
 * @dev: has no bios any more
 */
void fswap_write_exit_dev(struct fswap_dev *dev)
{
	int i;

	cancel_delayed_work_sync(&dev->patience);
	for (i = 0; i < FSWAP_RETRIERS; i++)
		cancel_work_sync(&dev->retriers[i].work);
	cancel_work_sync(&dev->unhold);
	cancel_delayed_work_sync(&dev->dismiss);
}
