// SPDX-License-Identifier: GPL-2.0
/*
 * shrinker.c - memory reclaim asks for some of the pool back
 *
 * Nothing can be freed at once: pages must be at a donor or on the backing device
 * first. So a scan asks eviction for that many and frees none itself.
 *
 * Swapping is itself pressure, and a cache that every swap-out empties would never be
 * hit: a frame of the pool holds two or three pages, each of which costs a round
 * trip to bring back. So reclaim is offered only pages that have lain there for a
 * while, and not the last quarter of what the pool may take. Only before a task
 * would be killed for want of memory, any page goes.
 */
#include <linux/delay.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/shrinker.h>

#include "internal.h"

/* Before a kill, eviction has so long to give something back, and is asked for so much. */
#define OOM_WAIT_MS	500
#define OOM_PAGES	1024UL

static struct shrinker *shrinker;

static bool any_is_cold(void)
{
	struct zc_dev *dev;
	bool cold = false;
	u32 id;

	for (id = 0; !cold && (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		cold = zc_lru_has(dev, ZC_COLD_S);
		zc_dev_put(dev);
	}
	return cold;
}

static unsigned long count(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long pages = zc_pool_above_floor();

	return pages && any_is_cold() ? pages : SHRINK_EMPTY;
}

static unsigned long scan(struct shrinker *s, struct shrink_control *sc)
{
	counter_inc(zc, shrinker_asked);
	zc_evict_want(min(sc->nr_to_scan, zc_pool_above_floor()), true);
	return SHRINK_STOP;
}

/* The kernel is about to kill a task for its memory. Process context, may sleep for a moment. */
static int before_oom_kill(struct notifier_block *nb, unsigned long unused, void *freed)
{
	unsigned long before = zc_pool_pages(), now = before, tries;

	if (!before)
		return NOTIFY_OK;
	counter_inc(zc, oom_asked);
	zc_evict_want(OOM_PAGES, false);
	for (tries = OOM_WAIT_MS / 20; tries && now + OOM_PAGES / 8 > before; tries--) {
		msleep(20);
		now = zc_pool_pages();
	}
	if (now < before)
		*(unsigned long *)freed += before - now;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = { .notifier_call = before_oom_kill };

int zc_shrinker_init(void)
{
	int err;

	shrinker = shrinker_alloc(0, "zcache");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	err = register_oom_notifier(&oom_notifier);
	if (err) {
		shrinker_free(shrinker);
		return err;
	}
	shrinker_register(shrinker);
	return 0;
}

void zc_shrinker_exit(void)
{
	unregister_oom_notifier(&oom_notifier);
	shrinker_free(shrinker);
}
