// SPDX-License-Identifier: GPL-2.0
/*
 * pool.c - pools, objects and the rules by which entries come and go
 *
 * Ownership and locks:
 * - A pool belongs to its host, which keeps it alive across each call.
 * - pool->objects holds the objects; an object, once made, stays until the
 *   pool is destroyed, so a looked-up object needs no reference. Lookups are
 *   lockless (RCU inside xa_load), makers meet in xa_cmpxchg().
 * - obj->pages holds the entries under its own xa_lock, taken with bottom halves
 *   off because replies from the network may complete in softirq. It is a
 *   leaf but for what the host takes in get() and changed().
 * - An entry that left an object belongs to the operation that removed it,
 *   which hands it to the host's drop() after the lock is released.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "counters.h"
#include "stats.h"
#include "tmem/tmem.h"

struct tmem_obj {
	struct xarray pages;
};

struct tmem_pool {
	enum tmem_kind kind;
	const struct tmem_pool_ops *ops;
	void *host;
	atomic_long_t count;
	atomic_long_t nr_objects;
	struct xarray objects;
};

/* How many entries are looked at before the lock is let go. */
#define WALK_BATCH 256

static unsigned long page_index(u64 index)
{
	return index & (TMEM_OBJECT_PAGES - 1);
}

static struct tmem_obj *find_object(struct tmem_pool *pool, u64 index)
{
	return xa_load(&pool->objects, index >> TMEM_OBJECT_SHIFT);
}

static struct tmem_obj *make_object(struct tmem_pool *pool, u64 index, gfp_t gfp)
{
	struct tmem_obj *obj, *other;

	obj = kzalloc(sizeof(*obj), gfp);
	if (!obj)
		return NULL;
	xa_init_flags(&obj->pages, XA_FLAGS_LOCK_BH);
	other = xa_cmpxchg_bh(&pool->objects, index >> TMEM_OBJECT_SHIFT, NULL, obj, gfp);
	if (other) {
		kfree(obj);
		return xa_is_err(other) ? NULL : other;
	}
	atomic_long_inc(&pool->nr_objects);
	counter_inc(tmem, objects);
	return obj;
}

static void count_entries(struct tmem_pool *pool, long n)
{
	atomic_long_add(n, &pool->count);
	counter_add(tmem, entries, n);
}

static void drop(struct tmem_pool *pool, u64 index, void *entry)
{
	if (entry && pool->ops->drop)
		pool->ops->drop(pool->host, index, entry);
}

struct tmem_pool *tmem_pool_create(enum tmem_kind kind, const struct tmem_pool_ops *ops,
				   void *host)
{
	struct tmem_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	pool->kind = kind;
	pool->ops = ops;
	pool->host = host;
	xa_init_flags(&pool->objects, XA_FLAGS_LOCK_BH);
	counter_inc(tmem, pools);
	return pool;
}
EXPORT_SYMBOL_GPL(tmem_pool_create);

void tmem_pool_destroy(struct tmem_pool *pool)
{
	struct tmem_obj *obj;
	unsigned long oid;

	tmem_flush_pool(pool);
	xa_for_each(&pool->objects, oid, obj) {
		xa_destroy(&obj->pages);
		kfree(obj);
		counter_dec(tmem, objects);
	}
	xa_destroy(&pool->objects);
	kfree(pool);
	counter_dec(tmem, pools);
}
EXPORT_SYMBOL_GPL(tmem_pool_destroy);

/* What stands at @index became @new from @old: counts it and tells the host. */
static void changed(struct tmem_pool *pool, struct tmem_obj *obj, u64 index, void *old, void *new)
{
	lockdep_assert_held(&obj->pages.xa_lock);
	if (!old != !new)
		count_entries(pool, new ? 1 : -1);
	if (pool->ops->changed)
		pool->ops->changed(pool->host, index, old, new);
}

/* Puts @new where @old is. The node is there: replacing or removing allocates nothing. */
static void replace(struct tmem_pool *pool, struct tmem_obj *obj, u64 index, void *old, void *new)
{
	if (new)
		__xa_store(&obj->pages, page_index(index), new, 0);
	else
		__xa_erase(&obj->pages, page_index(index));
	changed(pool, obj, index, old, new);
}

int tmem_put(struct tmem_pool *pool, u64 index, void *entry, gfp_t gfp)
{
	struct tmem_obj *obj = find_object(pool, index);
	void *old;
	int err;

	counter_inc(tmem, puts);
	if (!obj)
		obj = make_object(pool, index, gfp);
	if (!obj) {
		counter_inc(tmem, failed_puts);
		return -ENOMEM;
	}
	xa_lock_bh(&obj->pages);
	old = __xa_store(&obj->pages, page_index(index), entry, gfp);
	err = xa_err(old);
	if (err) {
		/* No older contents may outlive a put, even one that failed. */
		old = __xa_erase(&obj->pages, page_index(index));
		if (old)
			changed(pool, obj, index, old, NULL);
		counter_inc(tmem, failed_puts);
	} else {
		changed(pool, obj, index, old, entry);
	}
	xa_unlock_bh(&obj->pages);
	drop(pool, index, old);
	return err;
}
EXPORT_SYMBOL_GPL(tmem_put);

bool tmem_has(struct tmem_pool *pool, u64 index)
{
	struct tmem_obj *obj = find_object(pool, index);

	return obj && xa_load(&obj->pages, page_index(index));
}
EXPORT_SYMBOL_GPL(tmem_has);

void *tmem_get(struct tmem_pool *pool, u64 index)
{
	struct tmem_obj *obj = find_object(pool, index);
	void *entry;

	counter_inc(tmem, gets);
	if (!obj)
		return NULL;
	xa_lock_bh(&obj->pages);
	entry = xa_load(&obj->pages, page_index(index));
	if (entry && pool->kind == TMEM_EPHEMERAL) {
		replace(pool, obj, index, entry, NULL);
	} else if (entry && !xa_is_value(entry) && pool->ops->get) {
		pool->ops->get(pool->host, index, entry);
	}
	xa_unlock_bh(&obj->pages);
	if (entry)
		counter_inc(tmem, gets_found);
	return entry;
}
EXPORT_SYMBOL_GPL(tmem_get);

bool tmem_cmpxchg(struct tmem_pool *pool, u64 index, void *old, void *new)
{
	struct tmem_obj *obj = find_object(pool, index);
	bool same;

	if (!obj)
		return false;
	xa_lock_bh(&obj->pages);
	same = xa_load(&obj->pages, page_index(index)) == old;
	if (same)
		replace(pool, obj, index, old, new);
	xa_unlock_bh(&obj->pages);
	if (same)
		drop(pool, index, old);
	else
		counter_inc(tmem, lost_races);
	return same;
}
EXPORT_SYMBOL_GPL(tmem_cmpxchg);

bool tmem_modify(struct tmem_pool *pool, u64 index,
		 void *(*fn)(void *ctx, u64 index, void *entry), void *ctx)
{
	struct tmem_obj *obj = find_object(pool, index);
	void *old, *new;

	if (!obj)
		return false;
	xa_lock_bh(&obj->pages);
	old = xa_load(&obj->pages, page_index(index));
	new = fn(ctx, index, old);
	if (new != old)
		replace(pool, obj, index, old, new);
	xa_unlock_bh(&obj->pages);
	if (new != old)
		drop(pool, index, old);
	return true;
}
EXPORT_SYMBOL_GPL(tmem_modify);

bool tmem_flush(struct tmem_pool *pool, u64 index)
{
	struct tmem_obj *obj = find_object(pool, index);
	void *old;

	counter_inc(tmem, flushes);
	if (!obj)
		return false;
	xa_lock_bh(&obj->pages);
	old = xa_load(&obj->pages, page_index(index));
	if (old)
		replace(pool, obj, index, old, NULL);
	xa_unlock_bh(&obj->pages);
	drop(pool, index, old);
	if (old)
		counter_inc(tmem, flushes_found);
	return old;
}
EXPORT_SYMBOL_GPL(tmem_flush);

static unsigned long flush_pages(struct tmem_pool *pool, struct tmem_obj *obj, u64 base)
{
	unsigned long index, n = 0;
	void *entry;

	xa_for_each(&obj->pages, index, entry) {
		if (tmem_flush(pool, base + index))
			n++;
		if (n % WALK_BATCH == 0)
			cond_resched();
	}
	return n;
}

unsigned long tmem_flush_object(struct tmem_pool *pool, u64 index)
{
	struct tmem_obj *obj = find_object(pool, index);

	return obj ? flush_pages(pool, obj, index - page_index(index)) : 0;
}
EXPORT_SYMBOL_GPL(tmem_flush_object);

unsigned long tmem_flush_pool(struct tmem_pool *pool)
{
	unsigned long oid, n = 0;
	struct tmem_obj *obj;

	xa_for_each(&pool->objects, oid, obj)
		n += flush_pages(pool, obj, (u64)oid << TMEM_OBJECT_SHIFT);
	return n;
}
EXPORT_SYMBOL_GPL(tmem_flush_pool);

/* Walks @obj from *@index on; false when @fn stopped, with *@index where. */
static bool walk_object(struct tmem_obj *obj, u64 base, u64 *index,
			bool (*fn)(void *ctx, u64 index, void *entry), void *ctx)
{
	XA_STATE(xas, &obj->pages, page_index(*index));
	unsigned int seen = 0;
	bool go = true;
	void *entry;

	xas_lock_bh(&xas);
	xas_for_each(&xas, entry, TMEM_OBJECT_PAGES - 1) {
		if (!fn(ctx, base + xas.xa_index, entry)) {
			*index = base + xas.xa_index;
			go = false;
			break;
		}
		if (++seen % WALK_BATCH)
			continue;
		xas_pause(&xas);
		xas_unlock_bh(&xas);
		cond_resched();
		xas_lock_bh(&xas);
	}
	xas_unlock_bh(&xas);
	return go;
}

u64 tmem_walk(struct tmem_pool *pool, u64 start,
	      bool (*fn)(void *ctx, u64 index, void *entry), void *ctx)
{
	unsigned long oid = start >> TMEM_OBJECT_SHIFT;
	struct tmem_obj *obj;
	u64 base, index;

	xa_for_each_start(&pool->objects, oid, obj, oid) {
		base = (u64)oid << TMEM_OBJECT_SHIFT;
		index = max(start, base);
		if (!walk_object(obj, base, &index, fn, ctx))
			return index;
		cond_resched();
	}
	return ULLONG_MAX;
}
EXPORT_SYMBOL_GPL(tmem_walk);

unsigned long tmem_pool_count(const struct tmem_pool *pool)
{
	return atomic_long_read(&pool->count);
}
EXPORT_SYMBOL_GPL(tmem_pool_count);

unsigned long tmem_pool_objects(const struct tmem_pool *pool)
{
	return atomic_long_read(&pool->nr_objects);
}
EXPORT_SYMBOL_GPL(tmem_pool_objects);
