// SPDX-License-Identifier: GPL-2.0
/*
 * alloc.c - the allocators by name, and pools of them
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "alloc.h"

static const struct zalloc_ops *const allocators[] = {
	&zalloc_zsmalloc,
	&zalloc_zbud,
};

/**
 * zalloc_find - an allocator by name
 * @name: as the user writes it; a newline at its end is passed over
 *
 * Context: any.
 * Return: the allocator, or NULL if there is none of that name.
 */
const struct zalloc_ops *zalloc_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(allocators); i++)
		if (sysfs_streq(name, allocators[i]->name))
			return allocators[i];
	return NULL;
}

/**
 * zalloc_create - make a pool
 * @ops:  its allocator
 * @name: for the allocator's own statistics
 * @kind: for the allocator's own books
 *
 * Context: process, may sleep (GFP_KERNEL).
 * Return: the pool, or NULL: no memory.
 */
struct zalloc_pool *zalloc_create(const struct zalloc_ops *ops, const char *name,
				  enum zalloc_kind kind)
{
	struct zalloc_pool *pool = kmalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	pool->ops = ops;
	pool->priv = ops->create(name, kind);
	if (!pool->priv) {
		kfree(pool);
		return NULL;
	}
	return pool;
}

/**
 * zalloc_destroy - end a pool
 * @pool: all of its handles are freed; or NULL
 *
 * Context: process, may sleep.
 */
void zalloc_destroy(struct zalloc_pool *pool)
{
	if (!pool)
		return;
	pool->ops->destroy(pool->priv);
	kfree(pool);
}
