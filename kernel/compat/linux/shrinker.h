/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _RAMSTER_COMPAT_LINUX_SHRINKER_H
#define _RAMSTER_COMPAT_LINUX_SHRINKER_H

#include_next <linux/shrinker.h>
#include <linux/version.h>

/*
 * 6.7 made shrinkers allocated objects: shrinker_alloc(), fill in,
 * shrinker_register(), shrinker_free(). Before, the caller's struct was
 * registered under its name in one call.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
#include <linux/container_of.h>
#include <linux/slab.h>

struct compat_shrinker {
	struct shrinker shrinker;
	const char *name;
	bool registered;
};

static inline struct shrinker *shrinker_alloc(unsigned int flags, const char *name)
{
	struct compat_shrinker *c = kzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	c->name = name;
	c->shrinker.flags = flags;
	c->shrinker.seeks = DEFAULT_SEEKS;
	return &c->shrinker;
}

static inline void shrinker_register(struct shrinker *s)
{
	struct compat_shrinker *c = container_of(s, struct compat_shrinker, shrinker);

	c->registered = !register_shrinker(s, "%s", c->name);
}

static inline void shrinker_free(struct shrinker *s)
{
	struct compat_shrinker *c;

	if (!s)
		return;
	c = container_of(s, struct compat_shrinker, shrinker);
	if (c->registered)
		unregister_shrinker(s);
	kfree(c);
}
#endif

#endif
