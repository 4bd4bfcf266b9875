// SPDX-License-Identifier: GPL-2.0
/* store.c - a page on its way out: compress it and keep it */
#include <linux/highmem.h>

#include "comp.h"
#include "internal.h"
#include "samefill.h"
#include "trace.h"

/* A zpage longer than this saves too little: the page is kept raw. */
#define POOR_LEN	(PAGE_SIZE / 16 * 15)

/* Keeps @len bytes at @src as @e's zpage. */
static int keep(struct zc_dev *dev, struct zc_entry *e, const void *src, size_t len, u8 comp)
{
	int err = zalloc_alloc(dev->zpool, len, ZC_STORE_GFP, e->slot, &e->handle);

	if (err)
		return err;
	zalloc_write(dev->zpool, e->handle, src, len);
	e->len = len;
	e->comp = comp;
	counter_inc(zc, zpages);
	counter_add(zc, zbytes, len);
	return 0;
}

static int compress(struct zc_dev *dev, struct zc_entry *e, const void *src, bool any)
{
	const struct zcomp_ops *comp = zc_compressor();
	struct zcomp_ctx *ctx = zcomp_get();
	size_t len;
	int err;

	err = zcomp_compress(ctx, comp, src, &len);
	if (err && err != -ENOSPC) {
		counter_inc(zc, refused_compress_failed);
	} else if (!err && len <= POOR_LEN) {
		err = keep(dev, e, ctx->dst, len, comp->id);
	} else if (READ_ONCE(zc_reject_incompressible) && !any) {
		err = -E2BIG;
		counter_inc(zc, refused_compress_poor);
	} else {
		err = keep(dev, e, src, PAGE_SIZE, ZCOMP_RAW);
		if (!err)
			counter_inc(zc, incompressible_pages);
	}
	zcomp_put(ctx);
	return err;
}

/**
 * zc_entry_fill - give a new entry its contents
 * @dev:  its device
 * @e:    not published yet
 * @page: the contents
 * @any:  even if it does not compress and such pages are refused
 *
 * Context: process; does not wait for memory.
 * Return: 0, -ENOMEM, -E2BIG (it does not compress) or what the compressor said.
 */
int zc_entry_fill(struct zc_dev *dev, struct zc_entry *e, struct page *page, bool any)
{
	void *src = kmap_local_page(page);
	unsigned long word;
	int err = 0;

	if (page_same_filled(src, &word)) {
		e->flags = ZC_SAME;
		e->handle = word;
		counter_inc(zc, same_filled_pages);
	} else {
		err = compress(dev, e, src, any);
	}
	kunmap_local(src);
	return err;
}

/* No: the older contents go, and the caller is told whether to wait for room. */
static int refuse(struct zc_dev *dev, u32 slot, int err)
{
	zc_invalidate_page(dev, slot);
	if (err == -ENOMEM && zc_evict_wait(dev)) {
		counter_inc(zc, stores_told_to_wait);
		err = -EAGAIN;
	}
	trace_zcache_store(dev->id, slot, 0, err);
	return err;
}

/**
 * zc_store_page - put a page into the index, in place of what is there
 * @dev:  the device
 * @slot: its key
 * @page: its contents
 *
 * Context: process; does not wait for memory.
 * Return: 0 or an errno, and the index is as it was.
 */
int zc_store_page(struct zc_dev *dev, u32 slot, struct page *page)
{
	struct zc_entry *e;
	int err;

	counter_inc(zc, stores);
	if (!READ_ONCE(zc_enabled)) {
		counter_inc(zc, refused_disabled);
		return -EPERM;
	}
	if (zc_pool_is_full()) {
		counter_inc(zc, refused_pool_limit);
		return -ENOMEM;
	}
	e = zc_entry_new(slot, ZC_STORE_GFP);
	if (!e) {
		counter_inc(zc, refused_alloc);
		return -ENOMEM;
	}
	err = zc_entry_fill(dev, e, page, false);
	if (err) {
		if (err == -ENOMEM)
			counter_inc(zc, refused_alloc);
		zc_entry_put(dev, e);
		return err;
	}
	zc_entry_get(e);
	err = tmem_put(dev->pool, slot, e, ZC_STORE_GFP);
	if (err) {
		counter_inc(zc, refused_index);
		zc_entry_put(dev, e);
		zc_entry_put(dev, e);
		return err;
	}
	if (!zc_entry_is_same(e))
		zc_lru_add(dev, e);
	trace_zcache_store(dev->id, slot, e->len, 0);
	zc_entry_put(dev, e);
	if (zc_pool_excess(true))
		zc_evict_kick();
	return 0;
}

/**
 * zc_store - keep a page (the backend's store)
 * @priv: the device
 * @slot: its key
 * @page: its contents
 *
 * Context: process, on behalf of reclaim.
 * Return: 0, -EAGAIN (no room now, but soon) or another errno: refused.
 */
int zc_store(void *priv, u32 slot, struct page *page)
{
	struct zc_dev *dev = priv;
	int err;

	err = zc_store_page(dev, slot, page);
	return err ? refuse(dev, slot, err) : 0;
}
