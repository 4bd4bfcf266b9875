// SPDX-License-Identifier: GPL-2.0
/* entry.c - a page in the local cache: its life and its contents */
#include <linux/highmem.h>
#include <linux/slab.h>

#include "comp.h"
#include "internal.h"
#include "samefill.h"

static struct kmem_cache *entry_cache;

/**
 * zc_entry_new - a page without contents yet
 * @slot: its key
 * @gfp:  for the struct
 *
 * Context: as @gfp says.
 * Return: the entry with one reference, off the LRU, or NULL.
 */
struct zc_entry *zc_entry_new(u32 slot, gfp_t gfp)
{
	struct zc_entry *e = kmem_cache_zalloc(entry_cache, gfp);

	if (!e)
		return NULL;
	INIT_LIST_HEAD(&e->lru);
	refcount_set(&e->refs, 1);
	e->slot = slot;
	e->stamp = zc_now();
	return e;
}

void zc_entry_get(struct zc_entry *e)
{
	refcount_inc(&e->refs);
}

/**
 * zc_entry_put - let go of a page; the last one frees it
 * @dev: its device
 * @e:   which
 *
 * Context: process, bottom halves enabled; no lock but plain leaf spinlocks.
 */
void zc_entry_put(struct zc_dev *dev, struct zc_entry *e)
{
	if (!refcount_dec_and_test(&e->refs))
		return;
	zc_lru_remove(dev, e);
	if (e->flags & ZC_SPREAD)
		zc_spread_left();
	if (zc_entry_is_same(e)) {
		counter_dec(zc, same_filled_pages);
	} else if (e->len) {
		zalloc_free(dev->zpool, e->handle);
		counter_dec(zc, zpages);
		counter_add(zc, zbytes, -(s64)e->len);
	}
	kmem_cache_free(entry_cache, e);
}

/**
 * zc_entry_read - the page as it was stored
 * @dev:  its device
 * @e:    which; the caller holds a reference
 * @page: where it goes
 *
 * Context: process, may sleep for a moment (the bounce page's mutex).
 * Return: 0, or -EBADMSG if the zpage does not decompress: memory was damaged.
 */
int zc_entry_read(struct zc_dev *dev, struct zc_entry *e, struct page *page)
{
	struct zcomp_ctx *ctx;
	const void *src;
	void *dst;
	int err = 0;

	if (zc_entry_is_same(e)) {
		dst = kmap_local_page(page);
		page_fill(dst, e->handle);
		kunmap_local(dst);
		return 0;
	}
	ctx = zcomp_bounce_get();
	dst = kmap_local_page(page);
	src = zalloc_read_begin(dev->zpool, e->handle, e->len, ctx->bounce);
	if (e->comp == ZCOMP_RAW)
		memcpy(dst, src, PAGE_SIZE);
	else
		err = zcomp_decompress(e->comp, src, e->len, dst);
	zalloc_read_end(dev->zpool, e->handle, e->len, src);
	kunmap_local(dst);
	zcomp_bounce_put(ctx);
	return err;
}

/**
 * zc_entry_copy - the zpage's bytes
 * @dev: its device
 * @e:   which, not same-filled; the caller holds a reference
 * @dst: room for @e->len bytes
 *
 * Context: process, may sleep for a moment (the bounce page's mutex).
 */
void zc_entry_copy(struct zc_dev *dev, struct zc_entry *e, void *dst)
{
	struct zcomp_ctx *ctx = zcomp_bounce_get();
	const void *src = zalloc_read_begin(dev->zpool, e->handle, e->len, ctx->bounce);

	memcpy(dst, src, e->len);
	zalloc_read_end(dev->zpool, e->handle, e->len, src);
	zcomp_bounce_put(ctx);
}

int zc_entry_init(void)
{
	BUILD_BUG_ON(sizeof(struct zc_entry) > 48);
	entry_cache = KMEM_CACHE(zc_entry, 0);
	return entry_cache ? 0 : -ENOMEM;
}

void zc_entry_exit(void)
{
	kmem_cache_destroy(entry_cache);
}
