// SPDX-License-Identifier: GPL-2.0
/*
 * shrinker.c - memory reclaim asks for some of the pool back
 *
 * Nothing can be freed at once: pages must be at a donor or on the backing device
 * first. So a scan asks eviction for that many and frees none itself. Half of
 * what the pool may take is left alone: swapping is pressure, and a cache that
 * every swap-out empties would never be hit.
 */
#include <linux/mm.h>
#include <linux/shrinker.h>

#include "internal.h"

static struct shrinker *shrinker;

static unsigned long count(struct shrinker *s, struct shrink_control *sc)
{
	return zc_pool_above_half() ?: SHRINK_EMPTY;
}

static unsigned long scan(struct shrinker *s, struct shrink_control *sc)
{
	counter_inc(zc, shrinker_asked);
	zc_evict_extra(min(sc->nr_to_scan, zc_pool_above_half()));
	return SHRINK_STOP;
}

int zc_shrinker_init(void)
{
	shrinker = shrinker_alloc(0, "zcache");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	shrinker_register(shrinker);
	return 0;
}

void zc_shrinker_exit(void)
{
	shrinker_free(shrinker);
}
