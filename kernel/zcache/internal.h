/* SPDX-License-Identifier: GPL-2.0 */
/*
 * internal.h - zcache's own structures, their owners and locks
 *
 * What lives how long, and who guards it:
 *
 * - zc_dev: made by frontswap's attach, gone by its detach. Others (eviction,
 *   completions, netlink) reach it by id under RCU or zc_devs_lock and hold
 *   dev->refs, which detach waits for.
 * - zc_entry: a page in the local cache. Immutable once published in the index, but
 *   for its donors, version and state, which dev's object lock (tmem) guards. The index
 *   holds one reference; readers and batches hold their own. The last one
 *   takes it off the LRU and frees the zpage.
 * - An index entry is a zc_entry or a value (tmem/remote_entry.h). Whoever
 *   changes it does so under the object's lock and moves the books in the same
 *   critical section.
 * - dev->freed: a bit a slot that has an entry, set by invalidate under the
 *   object's lock, cleared under it by a store that supersedes it or when the
 *   entry has gone. While it is set a load misses. A remote entry stays in the index until its donors
 *   have said that they forgot it, so the duty to tell them needs no memory.
 *
 * Lock order: a frontend's locks (swap) > object lock (invalidate)
 *             object lock (tmem, interrupts off) > frontswap's slot bits
 *             dev->lru_lock: a leaf, never with an object lock
 *             allocator's locks: leaves, never with an object lock
 *             zc_order_lock (push.c) > object lock; the tier's flush, push_add and push_submit
 */
#ifndef _ZCACHE_INTERNAL_H
#define _ZCACHE_INTERNAL_H


#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "frontswap/frontswap.h"
#include "stats.h"
#include "tmem/remote_entry.h"
#include "tmem/tmem.h"
#include "zcache/alloc.h"
#include "zcache/zcache.h"

/* Devices are frontswap0 to frontswap255. */
#define ZC_DEVICES_MAX 256

/* A donor list of an entry, packed: three numbers of 10 bits, a count of 2. */
struct zc_donors {
	u32 packed;
};

/* zc_entry.flags; all but ZC_SAME and ZC_SPREAD change under the object's lock. */
#define ZC_SAME		BIT(0)	/* no zpage: @handle is the word that fills the page */
#define ZC_PUSHING	BIT(1)	/* in a batch to donors: not on the LRU */
#define ZC_PUSHED	BIT(2)	/* was in a batch: donors may hold this very version */
#define ZC_TOLD		BIT(3)	/* donors were told to forget older versions, and have not answered */
#define ZC_SPREAD	BIT(4)	/* came home to make room elsewhere */

/**
 * struct zc_entry - a page in the local cache
 * @lru:     in dev->lru or ->unsaved, oldest last; empty while isolated; same-filled pages never are
 * @handle:  the allocator's, or the fill word
 * @refs:    the index's and those of its readers
 * @slot:    key
 * @donors:  who may hold some version of this slot up to @version, and must be told
 *	     when it goes
 * @version: of the contents
 * @stamp:   when it was stored, in seconds, for age-out
 * @len:     of the zpage
 * @comp:    compressor id
 * @flags:   ZC_*
 */
struct zc_entry {
	struct list_head lru;
	unsigned long handle;
	refcount_t refs;
	u32 slot;
	struct zc_donors donors;
	u16 version;
	u16 len;
	u16 stamp;
	u8 comp;
	u8 flags;
};

/* Without a lock: other flags may change meanwhile, this one never does. */
static inline bool zc_entry_is_same(const struct zc_entry *e)
{
	return READ_ONCE(e->flags) & ZC_SAME;
}

/**
 * struct zc_dev - a frontswap device's pages
 * @refs:     who uses it beside frontswap; killed and waited for by detach
 * @local:    books, see struct zcache_books; moved under the object's lock
 * @freed:    a bit a slot: freed, its entry not yet forgotten
 * @dirty:    a bit an object's worth of slots: @freed has news there
 * @freed_work: forgets freed slots (freed.c)
 * @save_work: writes @unsaved to the backing device (writeback.c)
 * @write_pause: jiffies until which nothing is written after an error; 0: never one
 * @singles:  how many runs to the backing device are to be of one page
 * @lru_lock: guards @lru, @unsaved and each entry's lru
 * @unsaved:  local pages that must be on the backing device before they may leave
 * @buddy:    zbud: the slot + 1 that shares a frame with the last one evicted, or 0
 * @next_version: for slots with no entry to take the next version from
 */
struct zc_dev {
	struct fswap_dev *fdev;
	u32 id;
	u32 nr_slots;
	struct tmem_pool *pool;
	struct zalloc_pool *zpool;
	struct percpu_ref refs;
	struct completion refs_gone;
	struct rcu_head rcu;

	atomic_long_t local;
	atomic_long_t in_flight;
	atomic_long_t remote;
	atomic_long_t nr_freed;

	unsigned long *freed;
	unsigned long *dirty;
	struct work_struct freed_work;
	atomic_t next_version;

	struct delayed_work save_work;
	unsigned long write_pause;
	atomic_t singles;

	spinlock_t lru_lock;
	struct list_head lru;
	struct list_head unsaved;
	u32 buddy;
};

/* device.c */
extern const struct fswap_backend_ops zc_backend_ops;

struct zc_dev *zc_dev_get(u32 id);
struct zc_dev *zc_dev_held(u32 id);
struct zc_dev *zc_dev_next(u32 id);
void zc_dev_put(struct zc_dev *dev);

/* entry.c */
int zc_entry_init(void);
void zc_entry_exit(void);
struct zc_entry *zc_entry_new(u32 slot, gfp_t gfp);
void zc_entry_get(struct zc_entry *e);
void zc_entry_put(struct zc_dev *dev, struct zc_entry *e);
int zc_entry_read(struct zc_dev *dev, struct zc_entry *e, struct page *page);
void zc_entry_copy(struct zc_dev *dev, struct zc_entry *e, void *dst);

/* lru.c */
void zc_lru_add(struct zc_dev *dev, struct zc_entry *e);
void zc_lru_add_oldest(struct zc_dev *dev, struct zc_entry *e);
void zc_lru_remove(struct zc_dev *dev, struct zc_entry *e);
bool zc_lru_is_empty(const struct zc_dev *dev);
void zc_lru_resort(struct zc_dev *dev);
struct zc_entry *zc_lru_isolate(struct zc_dev *dev, unsigned int min_age);
struct zc_entry *zc_lru_isolate_unsaved(struct zc_dev *dev, unsigned int min_age);
struct zc_entry *zc_lru_isolate_slot(struct zc_dev *dev, u64 slot);
bool zc_lru_has(struct zc_dev *dev, unsigned int min_age);
u16 zc_now(void);

/* A page that has lain in the pool for so many seconds is cold. */
#define ZC_COLD_S	60

/* donors.c */
bool zc_donors_add(struct zc_donors *donors, u16 donor);
bool zc_donors_remove(struct zc_donors *donors, u16 donor);
unsigned int zc_donors_list(struct zc_donors donors, u16 list[ZCACHE_COPIES_MAX]);
bool zc_entry_lists(void *entry, u16 donor);
struct zc_donors zc_donors_alive(struct zc_donors donors, bool leaving);
void *zc_remote_entry(const struct tmem_remote *r);
struct tmem_remote zc_donors_remote(struct zc_donors donors, u16 version, u16 len, u8 comp);

/* books.c */
extern const struct tmem_pool_ops zc_pool_ops;
void zc_account(struct zc_dev *dev, void *entry, int sign);
bool zc_entry_unlist(struct zc_dev *dev, struct zc_entry *e, u16 donor);

/*
 * store.c. Who keeps a page frees memory: never wait for more, but wake kswapd, and dip into
 * the reserves if the caller may.
 */
#define ZC_STORE_GFP	(__GFP_KSWAPD_RECLAIM | __GFP_NOWARN)

int zc_store(void *priv, u32 slot, struct page *page);
int zc_store_page(struct zc_dev *dev, u32 slot, struct page *page);
int zc_entry_fill(struct zc_dev *dev, struct zc_entry *e, struct page *page, bool any);

/* keep.c */
bool zc_wants(void *priv, u32 slot);
int zc_keep(void *priv, u32 slot, struct page *page);

/* load.c */
int zc_load(void *priv, struct fswap_load *load);
void *zc_load_entry(struct fswap_load *load);
void zc_loads_end(void *priv, bool atomic);

/* lost.c */
void zc_lost(struct zc_dev *dev, u32 slot, unsigned long pages, u16 donor,
	     enum zcache_loss_cause cause);

/* freed.c */
int zc_freed_init(struct zc_dev *dev);
void zc_freed_exit(struct zc_dev *dev);
void zc_invalidate_page(void *priv, u32 slot);
void zc_invalidate_area(void *priv);
bool zc_slot_is_freed(const struct zc_dev *dev, u32 slot);
void zc_freed_set(struct zc_dev *dev, u32 slot);
void zc_freed_clear(struct zc_dev *dev, u32 slot);
void zc_freed_again(struct zc_dev *dev, u32 slot);
void zc_freed_kick(struct zc_dev *dev);
void zc_freed_retell(void);
int zc_flush_failures(void);
bool zc_tell_outdated(struct zc_dev *dev, const struct zcache_remote_ops *ops, u32 slot,
		      bool leaving);

/* evict.c */
void zc_evict_init(void);
void zc_evict_exit(void);
void zc_evict_kick(void);
void zc_evict_flush(void);
void zc_evict_want(unsigned long pages, bool cold);
void zc_age_out_changed(void);
bool zc_evict_wait(const struct zc_dev *dev);
unsigned int zc_remote_roomy(const struct zc_dev *dev, u16 donor[ZCACHE_COPIES_MAX]);
bool zc_remote_has_room(const struct zc_dev *dev);

/* pool.c */
unsigned long zc_pool_pages(void);
bool zc_pool_is_full(void);
unsigned long zc_pool_excess(bool high);
unsigned long zc_pool_above_half(void);
unsigned long zc_pool_above_floor(void);
void zc_leaving_add(long bytes);

/* push.c */
extern struct mutex zc_order_lock;
extern atomic_long_t zc_copies_made;
unsigned int zc_push_batch(struct zc_dev *dev, unsigned int min_age);

/* move.c */
int zc_move_init(void);
void zc_move_exit(void);
void zc_move_kick(void);

/* spread.c */
void zc_spread_left(void);
bool zc_spread_want(const struct zc_dev *dev, unsigned int nr_roomy);

/* forgot.c */
bool zc_give_up_dead(void);

/* donor_state.c */
u32 zc_donor_life(u16 donor);
void zc_donor_new_life(u16 donor);
bool zc_donor_is_dead(u16 donor);
int zc_donor_next_given_up(unsigned int first, bool *waiting);
int zc_evacuations(void);
void zc_donors_empty(int evacuations_before);
void zc_donor_left(u16 donor);
void zc_donor_abandoned(u16 donor);
void zc_donor_sweep_begins(u16 donor);
bool zc_donor_is_swept(u16 donor);
void zc_donor_reset(u16 donor, bool removed);

/* writeback.c */
int zc_writeback_init(void);
void zc_writeback_exit(void);
unsigned int zc_writeback_some(struct zc_dev *dev, unsigned int min_age);
bool zc_is_saved(const struct zc_dev *dev, u32 slot);
bool zc_is_paused(const struct zc_dev *dev);
void zc_save_soon(struct zc_dev *dev);
void zc_save_kick(struct zc_dev *dev);
void zc_save_cold(struct zc_dev *dev);
void zc_save_init(struct zc_dev *dev);
void zc_save_exit(struct zc_dev *dev);

/* remote.c: the tier, if there is one, for as long as it is held */
const struct zcache_remote_ops *zc_remote_get(int *idx);
void zc_remote_put(int idx);
int zc_remote_flush(const struct zcache_remote_ops *ops, u16 donor, u32 dev, u32 slot, u16 version);
bool zc_remote_wait_room(const struct zcache_remote_ops *ops, unsigned int *tries);
void zc_remote_pin(void);
void zc_remote_unpin(void);

/* shrinker.c */
int zc_shrinker_init(void);
void zc_shrinker_exit(void);

/* params.c */
struct zcomp_ops;

extern bool zc_running;
extern bool zc_enabled;
extern bool zc_reject_incompressible;
extern unsigned int zc_max_pool_percent;
extern unsigned int zc_age_out_s;
extern unsigned int zc_repair_mb_s;

const struct zcomp_ops *zc_compressor(void);
const struct zalloc_ops *zc_allocator(void);
int zc_params_init(void);

extern struct workqueue_struct *zc_wq;

#endif
