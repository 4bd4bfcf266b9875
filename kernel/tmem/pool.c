// SPDX-License-Identifier: GPL-2.0
/*
 * pool.c - pools, objects and the rules by which entries come and go
 *
 * Ownership and locks:
 * - A pool belongs to its host, which keeps it alive across each call.
 * - An object is made by the first put of one of its indices and dies with its
 *   last entry: it is then marked dead and taken out of pool->objects, under
 *   its lock, and freed after a grace period. Who looks one up holds RCU until it
 *   has the lock, and passes over a dead one.
 * - obj->lock guards its entries. Interrupts are off meanwhile, as they are already for
 *   who frees a slot of swap: the kernel does that under a lock of its own that is
 *   taken so. It is a leaf but for what the host takes in its calls and for pool->objects' own lock.
 * - An entry that left an object belongs to the operation that removed it,
 *   which hands it to the host's drop() after the lock is released.
 *
 * An object is a flat array and not an xarray of its own: an xarray's node has
 * 64 bytes beside its 64 slots, which is one more byte an entry than the
 * goal of 10 leaves room for, and a walk down from its root.
 */
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "pool.h"
#include "stats.h"
#include "tmem/tmem.h"

struct tmem_obj {
	spinlock_t lock;
	u16 count;
	bool dead;
	union {
		void *entry[TMEM_OBJECT_PAGES];
		struct rcu_head rcu;	/* once dead and out of reach */
	};
};

struct tmem_pool {
	enum tmem_kind kind;
	const struct tmem_pool_ops *ops;
	void *host;
	atomic_long_t count;
	atomic_long_t nr_objects;
	unsigned long last;		/* the highest index that @objects ever had */
	struct xarray objects;		/* index >> TMEM_OBJECT_SHIFT -> object */
};

static struct kmem_cache *obj_cache;

static void **place(struct tmem_obj *obj, u64 index)
{
	lockdep_assert_held(&obj->lock);
	return &obj->entry[index & (TMEM_OBJECT_PAGES - 1)];
}

/* The object of @index, locked, or NULL. @flags are for unlock_object(). */
static struct tmem_obj *lock_object(struct tmem_pool *pool, u64 index, unsigned long *flags)
{
	struct tmem_obj *obj;

	rcu_read_lock();
	obj = xa_load(&pool->objects, index >> TMEM_OBJECT_SHIFT);
	if (obj) {
		spin_lock_irqsave(&obj->lock, *flags);
		if (obj->dead) {
			spin_unlock_irqrestore(&obj->lock, *flags);
			obj = NULL;
		} else {
			__release(&obj->lock);	/* for sparse: the caller has it, maybe */
		}
	}
	rcu_read_unlock();
	return obj;
}

static void free_object(struct rcu_head *rcu)
{
	kmem_cache_free(obj_cache, container_of(rcu, struct tmem_obj, rcu));
}

/* Lets go of an object; the last entry's end is its own. */
static void unlock_object(struct tmem_pool *pool, struct tmem_obj *obj, u64 index,
			  unsigned long flags)
{
	bool dead = !obj->count;

	lockdep_assert_held(&obj->lock);
	__acquire(&obj->lock);	/* for sparse: see lock_object() */
	if (dead) {
		obj->dead = true;
		xa_erase(&pool->objects, index >> TMEM_OBJECT_SHIFT);
		atomic_long_dec(&pool->nr_objects);
		counter_dec(tmem, objects);
	}
	spin_unlock_irqrestore(&obj->lock, flags);
	if (dead)
		call_rcu(&obj->rcu, free_object);
}

static void note_last(struct tmem_pool *pool, unsigned long oid)
{
	unsigned long last = READ_ONCE(pool->last);

	while (oid > last && !try_cmpxchg(&pool->last, &last, oid))
		;
}

/* The object of @index, made if need be, locked; NULL: no memory. */
static struct tmem_obj *make_object(struct tmem_pool *pool, u64 index, gfp_t gfp,
				    unsigned long *flags)
{
	struct tmem_obj *obj, *other;

	while (!(obj = lock_object(pool, index, flags))) {
		obj = kmem_cache_zalloc(obj_cache, gfp);
		if (!obj)
			return NULL;
		spin_lock_init(&obj->lock);
		/* Locked before it can be found: it is empty, but not dead. */
		spin_lock_irqsave(&obj->lock, *flags);
		other = xa_cmpxchg(&pool->objects, index >> TMEM_OBJECT_SHIFT, NULL, obj,
				   gfp & ~__GFP_DIRECT_RECLAIM);
		if (!other) {
			atomic_long_inc(&pool->nr_objects);
			note_last(pool, index >> TMEM_OBJECT_SHIFT);
			counter_inc(tmem, objects);
			__release(&obj->lock);	/* for sparse, as above */
			return obj;
		}
		spin_unlock_irqrestore(&obj->lock, *flags);
		kmem_cache_free(obj_cache, obj);
		if (xa_is_err(other))
			return NULL;
	}
	return obj;
}

static void count_entries(struct tmem_pool *pool, struct tmem_obj *obj, int n)
{
	obj->count += n;
	atomic_long_add(n, &pool->count);
	counter_add(tmem, entries, n);
}

static void drop(struct tmem_pool *pool, u64 index, void *entry)
{
	if (entry && pool->ops->drop)
		pool->ops->drop(pool->host, index, entry);
}

/* What stands at @index becomes @new; returns what stood there. Tells the host. */
static void *replace(struct tmem_pool *pool, struct tmem_obj *obj, u64 index, void *new)
{
	void **at = place(obj, index);
	void *old = *at;

	if (old == new)
		return old;
	*at = new;
	if (!old != !new)
		count_entries(pool, obj, new ? 1 : -1);
	if (pool->ops->changed)
		pool->ops->changed(pool->host, index, old, new);
	return old;
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
	xa_init(&pool->objects);
	counter_inc(tmem, pools);
	return pool;
}
EXPORT_SYMBOL_GPL(tmem_pool_create);

void tmem_pool_destroy(struct tmem_pool *pool)
{
	tmem_flush_pool(pool);
	xa_destroy(&pool->objects);
	kfree(pool);
	counter_dec(tmem, pools);
}
EXPORT_SYMBOL_GPL(tmem_pool_destroy);

int tmem_put(struct tmem_pool *pool, u64 index, void *entry, gfp_t gfp)
{
	unsigned long flags;
	struct tmem_obj *obj = make_object(pool, index, gfp, &flags);
	void *old;

	counter_inc(tmem, puts);
	/* Without an object there is no older contents, either. */
	if (!obj) {
		counter_inc(tmem, failed_puts);
		return -ENOMEM;
	}
	old = replace(pool, obj, index, entry);
	unlock_object(pool, obj, index, flags);
	drop(pool, index, old);
	return 0;
}
EXPORT_SYMBOL_GPL(tmem_put);

void *tmem_get(struct tmem_pool *pool, u64 index)
{
	unsigned long flags;
	struct tmem_obj *obj = lock_object(pool, index, &flags);
	void *entry;

	counter_inc(tmem, gets);
	if (!obj)
		return NULL;
	entry = *place(obj, index);
	if (entry && pool->kind == TMEM_EPHEMERAL)
		replace(pool, obj, index, NULL);
	else if (entry && !xa_is_value(entry) && pool->ops->get)
		pool->ops->get(pool->host, index, entry);
	unlock_object(pool, obj, index, flags);
	if (entry)
		counter_inc(tmem, gets_found);
	return entry;
}
EXPORT_SYMBOL_GPL(tmem_get);

bool tmem_cmpxchg(struct tmem_pool *pool, u64 index, void *old, void *new)
{
	unsigned long flags;
	struct tmem_obj *obj = lock_object(pool, index, &flags);
	bool same;

	if (!obj)
		return false;
	same = *place(obj, index) == old;
	if (same)
		replace(pool, obj, index, new);
	unlock_object(pool, obj, index, flags);
	if (same && new != old)
		drop(pool, index, old);
	if (!same)
		counter_inc(tmem, lost_races);
	return same;
}
EXPORT_SYMBOL_GPL(tmem_cmpxchg);

bool tmem_modify(struct tmem_pool *pool, u64 index,
		 void *(*fn)(void *ctx, u64 index, void *entry), void *ctx)
{
	unsigned long flags;
	struct tmem_obj *obj = lock_object(pool, index, &flags);
	void *old, *new;

	if (!obj)
		return false;
	old = *place(obj, index);
	new = fn(ctx, index, old);
	replace(pool, obj, index, new);
	unlock_object(pool, obj, index, flags);
	if (new != old)
		drop(pool, index, old);
	return true;
}
EXPORT_SYMBOL_GPL(tmem_modify);

bool tmem_flush(struct tmem_pool *pool, u64 index)
{
	unsigned long flags;
	struct tmem_obj *obj = lock_object(pool, index, &flags);
	void *old;

	counter_inc(tmem, flushes);
	if (!obj)
		return false;
	old = replace(pool, obj, index, NULL);
	unlock_object(pool, obj, index, flags);
	drop(pool, index, old);
	if (old)
		counter_inc(tmem, flushes_found);
	return old;
}
EXPORT_SYMBOL_GPL(tmem_flush);

unsigned long tmem_flush_object(struct tmem_pool *pool, u64 index)
{
	u64 first = index - index % TMEM_OBJECT_PAGES;
	unsigned long i, n = 0;

	for (i = 0; i < TMEM_OBJECT_PAGES; i++)
		n += tmem_flush(pool, first + i);
	return n;
}
EXPORT_SYMBOL_GPL(tmem_flush_object);

unsigned long tmem_flush_pool(struct tmem_pool *pool)
{
	unsigned long oid, n = 0;
	struct tmem_obj *obj;

	/* The object itself may be gone before it is looked at: only its number counts. */
	xa_for_each(&pool->objects, oid, obj) {
		n += tmem_flush_object(pool, (u64)oid << TMEM_OBJECT_SHIFT);
		cond_resched();
	}
	return n;
}
EXPORT_SYMBOL_GPL(tmem_flush_pool);

/* Walks the object of *@index from there on; false when @fn stopped, with *@index where. */
static bool walk_object(struct tmem_pool *pool, u64 *index,
			bool (*fn)(void *ctx, u64 index, void *entry), void *ctx)
{
	unsigned long flags;
	struct tmem_obj *obj = lock_object(pool, *index, &flags);
	u64 locked = *index, end = (*index | (TMEM_OBJECT_PAGES - 1)) + 1;
	void *entry;
	bool go = true;

	if (!obj)
		return true;
	for (; *index < end; (*index)++) {
		entry = *place(obj, *index);
		if (!entry)
			continue;
		go = fn(ctx, *index, entry);
		if (!go)
			break;
	}
	unlock_object(pool, obj, locked, flags);
	return go;
}

u64 tmem_walk(struct tmem_pool *pool, u64 start,
	      bool (*fn)(void *ctx, u64 index, void *entry), void *ctx)
{
	unsigned long oid = start >> TMEM_OBJECT_SHIFT;
	struct tmem_obj *obj;
	u64 index;

	xa_for_each_start(&pool->objects, oid, obj, oid) {
		index = max(start, (u64)oid << TMEM_OBJECT_SHIFT);
		if (!walk_object(pool, &index, fn, ctx))
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

unsigned long tmem_pool_bytes(const struct tmem_pool *pool)
{
	unsigned long objects = tmem_pool_objects(pool), last = READ_ONCE(pool->last), nodes = 0;

	/* Of each height, as many nodes as there can be: objects may be far apart. */
	do {
		last >>= XA_CHUNK_SHIFT;
		nodes += min(objects, last + 1);
	} while (last);
	return objects * sizeof(struct tmem_obj) + nodes * sizeof(struct xa_node);
}
EXPORT_SYMBOL_GPL(tmem_pool_bytes);

int tmem_pools_init(void)
{
	obj_cache = KMEM_CACHE(tmem_obj, 0);
	return obj_cache ? 0 : -ENOMEM;
}

/* No pool is left. */
void tmem_pools_exit(void)
{
	rcu_barrier();
	kmem_cache_destroy(obj_cache);
}
