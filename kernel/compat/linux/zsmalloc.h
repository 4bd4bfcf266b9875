/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zsmalloc.h - zs_malloc() with a node, zs_obj_*() instead of a mapping
 */
#ifndef _COMPAT_LINUX_ZSMALLOC_H
#define _COMPAT_LINUX_ZSMALLOC_H

#include_next <linux/zsmalloc.h>
#include <linux/string.h>
#include <linux/version.h>

/* Linux 6.16: zs_malloc() takes the NUMA node. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static inline unsigned long compat_zs_malloc(struct zs_pool *pool, size_t size, gfp_t gfp,
					     const int nid)
{
	return zs_malloc(pool, size, gfp);
}
#define zs_malloc compat_zs_malloc
#endif

/*
 * Linux 6.15: zs_obj_read_begin(), zs_obj_read_end() and zs_obj_write() replace
 * zs_map_object(). Linux 7.0: the first two take the length.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
static inline void *zs_obj_read_begin(struct zs_pool *pool, unsigned long handle, size_t mem_len,
				      void *local_copy)
{
	return zs_map_object(pool, handle, ZS_MM_RO);
}

static inline void zs_obj_read_end(struct zs_pool *pool, unsigned long handle, size_t mem_len,
				   void *handle_mem)
{
	zs_unmap_object(pool, handle);
}

static inline void zs_obj_write(struct zs_pool *pool, unsigned long handle, void *handle_mem,
				size_t mem_len)
{
	memcpy(zs_map_object(pool, handle, ZS_MM_WO), handle_mem, mem_len);
	zs_unmap_object(pool, handle);
}
#endif

#endif
