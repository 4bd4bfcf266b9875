// SPDX-License-Identifier: GPL-2.0
/*
 * alloc.c - the allocators: what is written is read, oldest() tells the truth
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": alloc selftest: " fmt

#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../alloc.h"
#include "selftest.h"

#define NR_SLOTS	256
#define NR_STEPS	10000

struct slot {
	unsigned long handle;
	u16 len;
	u8 byte;
};

struct trial {
	struct zalloc_pool *pool;
	struct slot slots[NR_SLOTS];
	u8 bounce[PAGE_SIZE];
	u8 contents[PAGE_SIZE];
};

static bool slot_verify(struct trial *t, const struct slot *slot)
{
	const u8 *mem = zalloc_read_begin(t->pool, slot->handle, slot->len, t->bounce);
	bool ok = !memchr_inv(mem, slot->byte, slot->len);

	zalloc_read_end(t->pool, slot->handle, slot->len, mem);
	if (!ok)
		pr_err("%s: a zpage of %u bytes has changed\n", t->pool->ops->name, slot->len);
	return ok;
}

static bool slot_fill(struct trial *t, struct slot *slot)
{
	size_t len = get_random_u32() % 8 ? 1 + get_random_u32() % PAGE_SIZE : PAGE_SIZE;
	int err = zalloc_alloc(t->pool, len, GFP_KERNEL, slot - t->slots, &slot->handle);

	if (err == -ENOSPC && zalloc_has_oldest(t->pool))
		return true;
	if (err) {
		pr_err("%s: no room for %zu bytes: %d\n", t->pool->ops->name, len, err);
		return false;
	}
	slot->len = len;
	slot->byte = get_random_u32();
	memset(t->contents, slot->byte, len);
	zalloc_write(t->pool, slot->handle, t->contents, len);
	return true;
}

static bool slot_empty(struct trial *t, struct slot *slot)
{
	bool ok = slot_verify(t, slot);

	zalloc_free(t->pool, slot->handle);
	slot->len = 0;
	return ok;
}

static bool oldest_is_true(struct trial *t)
{
	u64 tags[2];
	unsigned int nr = zalloc_oldest(t->pool, tags);
	bool ok = true;

	while (nr-- && ok) {
		ok = tags[nr] < NR_SLOTS && t->slots[tags[nr]].len;
		if (ok)
			ok = slot_empty(t, &t->slots[tags[nr]]);
		else
			pr_err("%s: oldest() made up a zpage\n", t->pool->ops->name);
	}
	return ok;
}

static bool step(struct trial *t)
{
	struct slot *slot = &t->slots[get_random_u32() % NR_SLOTS];

	if (!(get_random_u32() % 64))
		return oldest_is_true(t);
	if (!slot->len)
		return slot_fill(t, slot);
	if (get_random_u32() % 4)
		return slot_empty(t, slot);
	return slot_verify(t, slot);
}

static bool life(struct trial *t)
{
	bool ok = true;
	int i;

	for (i = 0; i < NR_STEPS && ok; i++) {
		ok = step(t);
		cond_resched();
	}
	for (i = 0; i < NR_SLOTS; i++)
		if (t->slots[i].len && !slot_empty(t, &t->slots[i]))
			ok = false;
	return ok;
}

static bool allocator_works(const char *name)
{
	const struct zalloc_ops *ops = zalloc_find(name);
	struct trial *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	bool ok = false;

	if (!ops || !t)
		goto out;
	t->pool = zalloc_create(ops, "selftest", ZALLOC_EPHEMERAL);
	if (!t->pool)
		goto out;
	ok = life(t);
	/* zsmalloc may free a little later. */
	if (ok && zalloc_has_oldest(t->pool) && zalloc_pages(t->pool)) {
		pr_err("%s: an empty pool has %lu pages\n", name, zalloc_pages(t->pool));
		ok = false;
	}
	zalloc_destroy(t->pool);
out:
	kvfree(t);
	return ok;
}

bool zalloc_selftest(void)
{
	bool ok = allocator_works("zsmalloc") && allocator_works("zbud");

	pr_info("%s\n", ok ? "passed" : "failed");
	return ok;
}
