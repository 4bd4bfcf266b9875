// SPDX-License-Identifier: GPL-2.0
/*
 * pool.c - how much RAM the local cache takes, and may take
 *
 * Three marks: above the high one eviction begins, at the low one it ends, at the full one stores
 * are refused or wait. What is on its way to donors counts as gone for the
 * first two, so that eviction does not overshoot.
 */
#include <linux/mm.h>

#include "internal.h"

static atomic_long_t leaving_bytes;

/* What the pools take, but for what is on its way out. */
static unsigned long staying(void)
{
	unsigned long pages = zc_pool_pages();

	return pages - min_t(unsigned long, pages, atomic_long_read(&leaving_bytes) >> PAGE_SHIFT);
}

static unsigned long max_pages(void)
{
	return totalram_pages() / 100 * READ_ONCE(zc_max_pool_percent);
}

/* Page frames that the pools of all devices take. Process context. */
unsigned long zc_pool_pages(void)
{
	unsigned long pages = 0;
	struct zc_dev *dev;
	u32 id;

	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		pages += zalloc_pages(dev->zpool);
		zc_dev_put(dev);
	}
	return pages;
}

bool zc_pool_is_full(void)
{
	return zc_pool_pages() >= max_pages();
}

/* Bytes come into, or leave, the state of being on their way out. Any context. */
void zc_leaving_add(long bytes)
{
	atomic_long_add(bytes, &leaving_bytes);
}

static unsigned long above(unsigned long mark)
{
	unsigned long pages = staying();

	return pages > mark ? pages - mark : 0;
}

/*
 * Between two marks lie 3 % of the pool, but in a small one enough for some batches:
 * what is stored while eviction gets going.
 */
static unsigned long margin(unsigned long max)
{
	return max(max / 32, min(max / 16, 256UL));
}

/**
 * zc_pool_excess - how far above a mark the pool is
 * @high: the high mark, or else the low one
 *
 * Context: process. Return: pages, 0 if not above.
 */
unsigned long zc_pool_excess(bool high)
{
	unsigned long max = max_pages();

	return above(max - margin(max) * (high ? 1 : 2));
}

/* Pages above half of what the pool may take. Process context. */
unsigned long zc_pool_above_half(void)
{
	return above(max_pages() / 2);
}

/* Pages above the quarter that memory reclaim leaves alone. Process context. */
unsigned long zc_pool_above_floor(void)
{
	return above(max_pages() / 4);
}
