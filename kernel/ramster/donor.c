// SPDX-License-Identifier: GPL-2.0
/* donor.c - zpages kept for owners: put, get, flush */
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/zsmalloc.h>

#include "donor_internal.h"
#include "recall.h"
#include "room.h"
#include "stats.h"
#include "trace.h"

/*
 * Memory is lent only if it is there: no reclaim on an owner's behalf but
 * kswapd's, and no reserves.
 */
#define LENT_GFP	(__GFP_KSWAPD_RECLAIM | __GFP_NOWARN | __GFP_NOMEMALLOC)
#define ZPAGE_GFP	(LENT_GFP | __GFP_HIGHMEM | __GFP_MOVABLE)

/* What zsmalloc cannot hold of a zpage, since it ends at a page, is in @tail. */
struct rs_lent {
	unsigned long handle;
	refcount_t refs;
	u16 len;
	u16 version;
	u8 tail[];
};

static size_t tail_len(size_t len)
{
	return len > PAGE_SIZE ? len - PAGE_SIZE : 0;
}

static size_t body_len(size_t len)
{
	return min_t(size_t, len, PAGE_SIZE);
}

static struct kmem_cache *lent_cache;

/* Is @a older than or the same as @b? Versions wrap. */
static bool version_le(u16 a, u16 b)
{
	return (s16)(a - b) <= 0;
}

static struct rs_lent *lent_alloc(size_t len)
{
	size_t tail = tail_len(len);

	return tail ? kmalloc(sizeof(struct rs_lent) + tail, LENT_GFP) :
		      kmem_cache_alloc(lent_cache, LENT_GFP);
}

static void lent_free(struct rs_lent *l, size_t len)
{
	if (tail_len(len))
		kfree(l);
	else
		kmem_cache_free(lent_cache, l);
}

static void lent_put(struct rs_owner *owner, struct rs_lent *l)
{
	if (!refcount_dec_and_test(&l->refs))
		return;
	zs_free(owner->zs, l->handle);
	atomic_long_inc(&owner->holes);
	atomic_long_dec(&owner->pages);
	counter_dec(rs, foreign_pages);
	counter_add(rs, foreign_zbytes, -(s64)l->len);
	lent_free(l, l->len);
}

static void get_entry(void *host, u64 slot, void *entry)
{
	refcount_inc(&((struct rs_lent *)entry)->refs);
}

static void drop_entry(void *host, u64 slot, void *entry)
{
	lent_put(host, entry);
}

static const struct tmem_pool_ops pool_ops = { .get = get_entry, .drop = drop_entry };

/* The pool, made if need be; NULL: no memory, or no such pool can be. */
static struct tmem_pool *pool_of(struct rs_owner *owner, u32 id, bool make)
{
	struct tmem_pool *pool;
	unsigned int noio;

	if (id >= RS_DEVICES)
		return NULL;
	pool = READ_ONCE(owner->pools[id]);
	if (pool || !make)
		return pool;
	noio = memalloc_noio_save();	/* as rs_owner_equip() */
	mutex_lock(&owner->pools_lock);
	pool = owner->pools[id];
	if (!pool) {
		pool = tmem_pool_create(TMEM_PERSISTENT, &pool_ops, owner);
		smp_store_release(&owner->pools[id], pool);	/* whole, to who reads it above */
	}
	mutex_unlock(&owner->pools_lock);
	memalloc_noio_restore(noio);
	return pool;
}

/* Keeps one zpage. On a refusal any older version is forgotten. */
static bool put_one(struct rs_owner *owner, struct tmem_pool *pool,
		    const struct rs_wire_rec *rec, const u8 *data)
{
	struct rs_lent *l = lent_alloc(rec->len);
	size_t body = body_len(rec->len);

	if (!l)
		return false;
	l->handle = zs_malloc(owner->zs, body, ZPAGE_GFP, NUMA_NO_NODE);
	if (IS_ERR_VALUE(l->handle)) {
		lent_free(l, rec->len);
		return false;
	}
	zs_obj_write(owner->zs, l->handle, (void *)data, body);
	memcpy(l->tail, data + body, tail_len(rec->len));
	refcount_set(&l->refs, 1);
	l->len = rec->len;
	l->version = rec->version;
	atomic_long_inc(&owner->pages);
	counter_inc(rs, foreign_pages);
	counter_add(rs, foreign_zbytes, l->len);
	if (!tmem_put(pool, rec->slot, l, LENT_GFP))
		return true;
	lent_put(owner, l);
	return false;
}

/**
 * rs_donor_put - keep an owner's zpages
 * @owner:   whose
 * @hdr:     of its PUT, checked
 * @payload: of its PUT
 *
 * Context: process.
 * Return: a bit a record, set if it is kept. What is not kept is not here in any version.
 */
u64 rs_donor_put(struct rs_owner *owner, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	u64 budget = rs_donor_room_for(atomic_long_read(&owner->frames)) << PAGE_SHIFT;
	/* Who is refused all costs nothing. */
	bool equipped = budget && !rs_owner_equip(owner);
	struct tmem_pool *pool = pool_of(owner, hdr->pool, equipped);
	const u8 *data = payload + hdr->count * RS_WIRE_REC;
	struct rs_wire_rec rec;
	u64 stored = 0;
	unsigned int i;

	WRITE_ONCE(owner->put_at, jiffies);
	for (i = 0; i < hdr->count; i++) {
		rs_wire_rec_decode(payload + i * RS_WIRE_REC, &rec);
		if (pool && budget >= rec.len && put_one(owner, pool, &rec, data)) {
			budget -= rec.len;
			stored |= BIT_ULL(i);
			counter_inc(rs, donor_puts);
		} else {
			if (pool)
				tmem_flush(pool, rec.slot);
			counter_inc(rs, donor_puts_refused);
		}
		data += rec.len;
		/* A GET of the same owner's may be waiting for the CPU. */
		cond_resched();
	}
	rs_owner_count(owner);
	rs_recall_watch();
	return stored;
}

/**
 * rs_donor_get - a zpage back to its owner
 * @owner: whose
 * @id:    pool
 * @get:   which
 * @dst:   where it goes
 * @room:  bytes there
 *
 * Context: process.
 * Return: its length; 0: this version is not here; more than @room: it did not fit, nothing was
 * copied.
 */
size_t rs_donor_get(struct rs_owner *owner, u32 id, const struct rs_wire_get *get, void *dst,
		    size_t room)
{
	struct tmem_pool *pool = pool_of(owner, id, false);
	struct rs_lent *l = pool ? tmem_get(pool, get->slot) : NULL;
	size_t len = 0;
	void *src;

	if (l && l->version == get->version)
		len = l->len;
	if (len && len <= room) {
		/* What straddles two frames is put together in @dst itself. */
		src = zs_obj_read_begin(owner->zs, l->handle, body_len(len), dst);
		if (src != dst)
			memcpy(dst, src, body_len(len));
		zs_obj_read_end(owner->zs, l->handle, body_len(len), src);
		memcpy(dst + body_len(len), l->tail, tail_len(len));
	}
	if (l)
		lent_put(owner, l);
	return len;
}

struct flush {
	u16 version;
};

static void *flush_one(void *ctx, u64 slot, void *entry)
{
	const struct flush *f = ctx;
	const struct rs_lent *l = entry;

	return entry && !version_le(l->version, f->version) ? entry : NULL;
}

static void flush_pages(struct tmem_pool *pool, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	struct rs_wire_flush rec;
	struct flush f;
	unsigned int i;

	for (i = 0; i < hdr->count; i++) {
		rs_wire_flush_decode(payload + i * RS_WIRE_REC, &rec);
		f.version = rec.version;
		tmem_modify(pool, rec.slot, flush_one, &f);
		counter_inc(rs, donor_flushes);
		cond_resched();
	}
}

/* Forgets what an owner's FLUSH names; checked. Process context. */
void rs_donor_flush(struct rs_owner *owner, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	struct tmem_pool *pool;
	unsigned int i;

	for (i = 0; i < RS_DEVICES; i++) {
		pool = pool_of(owner, i, false);
		if (!pool || (hdr->flags != RS_FLUSH_ALL && i != hdr->pool))
			continue;
		if (hdr->flags == RS_FLUSH_PAGES)
			flush_pages(pool, hdr, payload);
		else
			tmem_flush_pool(pool);
	}
	rs_owner_count(owner);
}

int rs_donor_init(void)
{
	lent_cache = KMEM_CACHE(rs_lent, 0);
	return lent_cache ? 0 : -ENOMEM;
}

/* No owner is left. */
void rs_donor_exit(void)
{
	kmem_cache_destroy(lent_cache);
}
