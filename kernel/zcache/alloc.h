/* SPDX-License-Identifier: GPL-2.0 */
/*
 * alloc.h - where zpages are kept: one small interface, several allocators
 *
 * Rules that all callers keep, because the strictest allocator needs them:
 *
 *  - Process context only, never softirq or hard interrupts: zsmalloc's locks
 *    are plain spinlocks. For the same reason no call under a lock that is
 *    also taken in softirq.
 *  - alloc and free do not sleep beyond what @gfp allows; free never does, so
 *    it may be called under a (plain) spinlock.
 *  - write and read_begin want bottom halves enabled: up to Linux 6.14
 *    zs_map_object() is a BUG() if in_interrupt().
 *  - From read_begin to read_end the caller is atomic, on one CPU, and opens
 *    no second read or write.
 *  - The owner of a handle does not free it while it writes or reads it.
 */
#ifndef _ZCACHE_ALLOC_H
#define _ZCACHE_ALLOC_H

#include <linux/gfp.h>
#include <linux/types.h>

/* May the pages of a pool vanish? The allocator only keeps its books by it. */
enum zalloc_kind {
	ZALLOC_PERSISTENT,
	ZALLOC_EPHEMERAL,
};

/**
 * struct zalloc_ops - an allocator; immutable
 * @name:	as the user writes it
 * @create:	a new pool called @name, or NULL: no memory. May sleep.
 * @destroy:	end an empty pool. May sleep.
 * @alloc:	room for @len bytes, 1 to PAGE_SIZE. @gfp says how hard to try; which
 *		memory it is, highmem or movable, is the allocator's to say.
 *		@tag is what @oldest tells. 0, -ENOMEM, or -ENOSPC: @len is more than this allocator keeps.
 * @free:	give it back
 * @write:	fill it, whole
 * @read_begin:	the @len bytes in one piece: in place, or copied into @bounce
 *		(PAGE_SIZE bytes, the caller's until @read_end). Cannot fail.
 * @read_end:	@mem is what @read_begin returned
 * @pages:	page frames that the pool takes up
 * @oldest:	optional: the tags of the zpages in the least recently used
 *		frame, the unit of eviction; returns how many (0: the pool is
 *		empty). The frame moves to the young end, so that the next call tells
 *		of the next one, whatever became of this one. By the time the
 *		caller looks, its zpages may be gone or replaced.
 */
struct zalloc_ops {
	const char *name;
	void *(*create)(const char *name, enum zalloc_kind kind);
	void (*destroy)(void *pool);
	int (*alloc)(void *pool, size_t len, gfp_t gfp, u64 tag, unsigned long *handle);
	void (*free)(void *pool, unsigned long handle);
	void (*write)(void *pool, unsigned long handle, const void *src, size_t len);
	const void *(*read_begin)(void *pool, unsigned long handle, size_t len, void *bounce);
	void (*read_end)(void *pool, unsigned long handle, size_t len, const void *mem);
	unsigned long (*pages)(void *pool);
	unsigned int (*oldest)(void *pool, u64 tags[2]);
};

extern const struct zalloc_ops zalloc_zsmalloc;
extern const struct zalloc_ops zalloc_zbud;

struct zalloc_pool {
	const struct zalloc_ops *ops;
	void *priv;
};

const struct zalloc_ops *zalloc_find(const char *name);
struct zalloc_pool *zalloc_create(const struct zalloc_ops *ops, const char *name,
				  enum zalloc_kind kind);
void zalloc_destroy(struct zalloc_pool *pool);

static inline int zalloc_alloc(struct zalloc_pool *pool, size_t len, gfp_t gfp, u64 tag,
			       unsigned long *handle)
{
	return pool->ops->alloc(pool->priv, len, gfp, tag, handle);
}

static inline void zalloc_free(struct zalloc_pool *pool, unsigned long handle)
{
	pool->ops->free(pool->priv, handle);
}

static inline void zalloc_write(struct zalloc_pool *pool, unsigned long handle, const void *src,
				size_t len)
{
	pool->ops->write(pool->priv, handle, src, len);
}

static inline const void *zalloc_read_begin(struct zalloc_pool *pool, unsigned long handle,
					    size_t len, void *bounce)
{
	return pool->ops->read_begin(pool->priv, handle, len, bounce);
}

static inline void zalloc_read_end(struct zalloc_pool *pool, unsigned long handle, size_t len,
				   const void *mem)
{
	pool->ops->read_end(pool->priv, handle, len, mem);
}

static inline unsigned long zalloc_pages(struct zalloc_pool *pool)
{
	return pool->ops->pages(pool->priv);
}

static inline bool zalloc_has_oldest(const struct zalloc_pool *pool)
{
	return pool->ops->oldest;
}

/* 0 as well if the allocator has no order of its own. */
static inline unsigned int zalloc_oldest(struct zalloc_pool *pool, u64 tags[2])
{
	return pool->ops->oldest ? pool->ops->oldest(pool->priv, tags) : 0;
}

#endif
