/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tmem.h - transcendent memory: pools -> objects -> index, and its coherency rules
 *
 * A pool maps a 64-bit index to an entry. Neighbouring indices form an object
 * with one lock. tmem does not know what an entry is: a pointer of its host's,
 * or a 63-bit value as xa_mk_value() makes it (see remote_entry.h).
 * It sees to it that an entry is replaced or removed only by who means that
 * very entry (compare-and-swap), and that entries leave through the host.
 */
#ifndef _TMEM_TMEM_H
#define _TMEM_TMEM_H

#include <linux/types.h>

struct tmem_pool;

/* Indices an object: an object is 520 bytes, 8.3 an index with its slab's waste. */
#define TMEM_OBJECT_SHIFT	6
#define TMEM_OBJECT_PAGES	(1UL << TMEM_OBJECT_SHIFT)

/**
 * enum tmem_kind - what a pool promises
 * @TMEM_PERSISTENT: an entry stays until it is flushed or replaced
 * @TMEM_EPHEMERAL:  an entry may vanish at any time; a get removes it
 */
enum tmem_kind {
	TMEM_PERSISTENT,
	TMEM_EPHEMERAL,
};

/**
 * struct tmem_pool_ops - the host's side of a pool; each may be NULL
 * @get:  take a reference on @entry, a pointer found at @index. Under the
 *	object's lock.
 * @changed: what stands at @index became @new from @old; either may be NULL. Under the object's
 *	lock, so that books moved here are exact at any moment, and a new entry
 *	may inherit from the older before anyone sees it. Must not sleep.
 * @drop: @entry has left the pool (replaced, removed, flushed or destroyed) and is now
 *	the host's to free. Called without locks, in the context of the
 *	operation that removed it. Values arrive here, too.
 */
struct tmem_pool_ops {
	void (*get)(void *host, u64 index, void *entry);
	void (*changed)(void *host, u64 index, void *old, void *new);
	void (*drop)(void *host, u64 index, void *entry);
};

/* May sleep (GFP_KERNEL). NULL: no memory. */
struct tmem_pool *tmem_pool_create(enum tmem_kind kind, const struct tmem_pool_ops *ops,
				   void *host);

/* Flushes all; the caller makes sure that no other call for @pool runs. May sleep. */
void tmem_pool_destroy(struct tmem_pool *pool);

/**
 * tmem_put - put an entry, replacing what is there
 * @pool:  where
 * @index: its key
 * @entry: a pointer, or xa_mk_value()
 * @gfp:   for the index; the object and its nodes come from it
 *
 * The older entry, if any, is handed to the host's drop(). On an error the
 * older entry is gone all the same: a put that fails is a flush, so that
 * put-put-get never returns the older.
 *
 * Context: may sleep as @gfp allows.
 * Return: 0 or -ENOMEM.
 */
int tmem_put(struct tmem_pool *pool, u64 index, void *entry, gfp_t gfp);

/**
 * tmem_get - look an entry up
 *
 * A pointer comes with a reference (the host's get()). Ephemeral pools hand the pool's
 * own reference over and forget the entry.
 *
 * Context: any but hard interrupts; they may be off.
 * Return: the entry, or NULL.
 */
void *tmem_get(struct tmem_pool *pool, u64 index);

/**
 * tmem_cmpxchg - replace @old by @new iff @old is still there
 * @new: NULL removes. An entry that replaces another needs no memory.
 *
 * On success @old is handed to the host's drop().
 *
 * Context: any but hard interrupts; they may be off. drop() runs in it.
 * Return: true if replaced.
 */
bool tmem_cmpxchg(struct tmem_pool *pool, u64 index, void *old, void *new);

/**
 * tmem_modify - look at an entry under its lock, and replace or remove it
 * @fn: called under the object's lock with the entry, or NULL; returns
 *	what is to stand there: the same entry, another (no memory needed) or
 *	NULL to remove it. If there is none it returns NULL. Interrupts are off.
 *
 * An entry that left is handed to the host's drop().
 *
 * Context: any but hard interrupts; they may be off. drop() runs in it.
 * Return: false if the object has no entry at all; @fn was not called.
 */
bool tmem_modify(struct tmem_pool *pool, u64 index,
		 void *(*fn)(void *ctx, u64 index, void *entry), void *ctx);

/* Removes what is there; drop() gets it. True if something was. Any context but hard interrupts. */
bool tmem_flush(struct tmem_pool *pool, u64 index);

/* Removes all entries of the object that holds @index. Returns their number. May sleep. */
unsigned long tmem_flush_object(struct tmem_pool *pool, u64 index);

/* Removes all entries. Returns their number. May sleep. */
unsigned long tmem_flush_pool(struct tmem_pool *pool);

/**
 * tmem_walk - call @fn for each entry at or after @start
 * @fn: called under the object's lock; returns false to stop. Must not sleep.
 *
 * Entries that come or go during the walk may or may not be seen.
 * Return: the index at which @fn stopped, or ULLONG_MAX at the end.
 */
u64 tmem_walk(struct tmem_pool *pool, u64 start,
	      bool (*fn)(void *ctx, u64 index, void *entry), void *ctx);

/* Entries in the pool. Any context. */
unsigned long tmem_pool_count(const struct tmem_pool *pool);

/* Objects in the pool. Any context. */
unsigned long tmem_pool_objects(const struct tmem_pool *pool);

/*
 * Bytes that the pool's index takes up, at most: wherever its objects lie below the highest index
 * that it has had. Any context.
 */
unsigned long tmem_pool_bytes(const struct tmem_pool *pool);

/* Each counter of the module, through @emit; see counters.h. May sleep. */
void tmem_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx);

#endif
