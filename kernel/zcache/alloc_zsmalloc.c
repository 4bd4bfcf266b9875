// SPDX-License-Identifier: GPL-2.0
/*
 * alloc_zsmalloc.c - the kernel's zsmalloc: densest, no order of its own
 *
 * Objects of any length up to a page, packed across page frames that the
 * kernel can move and compact.
 */
#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/numa.h>
#include <linux/zsmalloc.h>

#include "alloc.h"

static void *pool_create(const char *name, enum zalloc_kind kind)
{
	return zs_create_pool(name);
}

static void pool_destroy(void *pool)
{
	zs_destroy_pool(pool);
}

static int zpage_alloc(void *pool, size_t len, gfp_t gfp, u64 tag, unsigned long *handle)
{
	unsigned long obj = zs_malloc(pool, len, gfp | __GFP_HIGHMEM | __GFP_MOVABLE, NUMA_NO_NODE);

	if (IS_ERR_VALUE(obj))
		return (long)obj;
	*handle = obj;
	return 0;
}

static void zpage_free(void *pool, unsigned long handle)
{
	zs_free(pool, handle);
}

static void zpage_write(void *pool, unsigned long handle, const void *src, size_t len)
{
	/* The API wants a pointer to writable memory, but only reads. */
	zs_obj_write(pool, handle, (void *)src, len);
}

static const void *zpage_read_begin(void *pool, unsigned long handle, size_t len, void *bounce)
{
	return zs_obj_read_begin(pool, handle, len, bounce);
}

static void zpage_read_end(void *pool, unsigned long handle, size_t len, const void *mem)
{
	zs_obj_read_end(pool, handle, len, (void *)mem);
}

static unsigned long pool_pages(void *pool)
{
	return zs_get_total_pages(pool);
}

const struct zalloc_ops zalloc_zsmalloc = {
	.name = "zsmalloc",
	.create = pool_create,
	.destroy = pool_destroy,
	.alloc = zpage_alloc,
	.free = zpage_free,
	.write = zpage_write,
	.read_begin = zpage_read_begin,
	.read_end = zpage_read_end,
	.pages = pool_pages,
};
