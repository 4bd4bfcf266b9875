// SPDX-License-Identifier: GPL-2.0
/*
 * evict.c - makes room: the oldest zpages go to donors, else to the backing device
 *
 * One work for all devices, woken by stores above the high mark, by donors that
 * have room again, by the shrinker and, for age-out, by a timer.
 */
#include <linux/sched/mm.h>

#include "internal.h"

/* A store that waits for room is tried again after so long, if nothing calls sooner. */
#define RETRY_MS 20

/* Donors that took pages so shortly ago, and take none, may just have fallen silent for a moment. */
#define HOPE	(10 * HZ)

static unsigned long last_push;		/* jiffies; valid if @pushed */
static bool pushed;

static struct work_struct evict_work;
static struct delayed_work age_work;
static struct delayed_work retry_work;

/* What memory reclaim has asked for, of any age, and of cold pages only. */
static atomic_long_t wanted_pages;
static atomic_long_t wanted_cold_pages;

/* The device with the most local pages that are not in @skip's bits; referenced. */
static struct zc_dev *fattest(const unsigned long *skip)
{
	struct zc_dev *dev, *best = NULL;
	u32 id;

	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		if (!test_bit(id, skip) && !zc_lru_is_empty(dev) &&
		    (!best || atomic_long_read(&dev->local) > atomic_long_read(&best->local))) {
			if (best)
				zc_dev_put(best);
			best = dev;
		} else {
			zc_dev_put(dev);
		}
	}
	return best;
}

/*
 * Donors that have room for pages of @dev's, now or when answers are in, but no more than a page is to
 * have copies. With a backing device to go to, none is waited for any longer. Process context.
 */
unsigned int zc_remote_roomy(const struct zc_dev *dev, u16 donor[ZCACHE_COPIES_MAX])
{
	const struct zcache_remote_ops *ops;
	unsigned int n;
	int idx;

	ops = zc_remote_get(&idx);
	if (!ops)
		return 0;
	n = ops->roomy(dev->id, !fswap_backing_path(dev->fdev), donor,
		       fswap_policy(dev->fdev).replicas);
	zc_remote_put(idx);
	return n;
}

/* Is there room for a page of @dev's and its copies? Process context. */
bool zc_remote_has_room(const struct zc_dev *dev)
{
	u16 donor[ZCACHE_COPIES_MAX];

	return zc_remote_roomy(dev, donor) == fswap_policy(dev->fdev).replicas;
}

static unsigned int push(struct zc_dev *dev, unsigned int min_age)
{
	unsigned int n = zc_push_batch(dev, min_age);

	if (n) {
		WRITE_ONCE(last_push, jiffies);
		WRITE_ONCE(pushed, true);
	}
	return n;
}

/*
 * How many pages of at least that age are on their way; 0 if no device can let go of any.
 * @urgent: to the backing device, too, if donors take none right now.
 */
static unsigned int evict_from_fattest(unsigned long *stuck, unsigned int min_age, bool urgent)
{
	struct zc_dev *dev;
	unsigned int n = 0;

	while (!n && (dev = fattest(stuck))) {
		n = push(dev, min_age);
		/* Donors that are just busy tell when they are not. */
		if (!n && (urgent || !zc_remote_has_room(dev)))
			n = zc_writeback_some(dev, min_age);
		if (!n) {
			if (min_age)
				zc_save_cold(dev);
			else
				zc_save_kick(dev);
			set_bit(dev->id, stuck);
		}
		zc_dev_put(dev);
		cond_resched();
	}
	return n;
}

static void evict(struct work_struct *work)
{
	DECLARE_BITMAP(stuck, ZC_DEVICES_MAX) = {};
	unsigned int noreclaim = memalloc_noreclaim_save();
	long wanted = atomic_long_xchg(&wanted_pages, 0);
	long cold = atomic_long_xchg(&wanted_cold_pages, 0);
	unsigned int n;

	while (wanted > 0 || zc_pool_excess(false)) {
		n = evict_from_fattest(stuck, 0, wanted > 0);
		if (!n)
			break;
		wanted -= n;
		cold -= n;
	}
	bitmap_zero(stuck, ZC_DEVICES_MAX);
	while (cold > 0) {
		n = evict_from_fattest(stuck, ZC_COLD_S, false);
		if (!n)
			break;
		cold -= n;
	}
	memalloc_noreclaim_restore(noreclaim);
}

static void age_out(struct work_struct *work)
{
	unsigned int age = READ_ONCE(zc_age_out_s);
	unsigned int noreclaim;
	struct zc_dev *dev;
	u32 id;

	if (!age)
		return;
	noreclaim = memalloc_noreclaim_save();
	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		while (push(dev, age))
			cond_resched();
		zc_dev_put(dev);
	}
	memalloc_noreclaim_restore(noreclaim);
	queue_delayed_work(zc_wq, &age_work, max(1U, age / 4) * HZ);
}

/* The age was set. Process context. */
void zc_age_out_changed(void)
{
	mod_delayed_work(zc_wq, &age_work, 0);
}

/* The pool is above a mark, or it has become possible to do something about it. Any context. */
void zc_evict_kick(void)
{
	queue_work(zc_wq, &evict_work);
}

/* What can be evicted down to the low mark now has been, or is on its way. Process context. */
void zc_evict_flush(void)
{
	zc_evict_kick();
	flush_work(&evict_work);
}

/* So many zpages should go, even below the marks; @cold: cold ones only. Any context. */
void zc_evict_want(unsigned long pages, bool cold)
{
	atomic_long_add(pages, cold ? &wanted_cold_pages : &wanted_pages);
	zc_evict_kick();
}

static void retry(struct work_struct *work)
{
	struct zc_dev *dev;
	u32 id;

	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		fswap_retry(dev->fdev);
		zc_dev_put(dev);
	}
}

/* Without a backing device a refusal is a write error, and a short silence is no reason for one. */
static bool may_come_back(const struct zc_dev *dev)
{
	return !fswap_backing_path(dev->fdev) && READ_ONCE(pushed) &&
	       time_before(jiffies, READ_ONCE(last_push) + HOPE);
}

/**
 * zc_evict_wait - will there be room soon?
 * @dev: whose page wants it
 *
 * If so, frontswap is told to try again, whatever becomes of the eviction.
 *
 * Context: process.
 */
bool zc_evict_wait(const struct zc_dev *dev)
{
	u16 donor[ZCACHE_COPIES_MAX];
	unsigned int n = zc_remote_roomy(dev, donor);

	if (n < fswap_policy(dev->fdev).replicas && !zc_spread_want(dev, n) && !may_come_back(dev))
		return false;
	zc_evict_kick();
	queue_delayed_work(zc_wq, &retry_work, msecs_to_jiffies(RETRY_MS));
	return true;
}

void zcache_remote_kick(void)
{
	struct zc_dev *dev;
	u32 id;

	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		zc_freed_kick(dev);
		zc_dev_put(dev);
	}
	zc_evict_kick();
}
EXPORT_SYMBOL_GPL(zcache_remote_kick);

void zc_evict_init(void)
{
	INIT_WORK(&evict_work, evict);
	INIT_DELAYED_WORK(&age_work, age_out);
	INIT_DELAYED_WORK(&retry_work, retry);
}

/* No device is left, no tier, and no parameter is being written. */
void zc_evict_exit(void)
{
	cancel_delayed_work_sync(&age_work);
	cancel_delayed_work_sync(&retry_work);
	cancel_work_sync(&evict_work);
}
