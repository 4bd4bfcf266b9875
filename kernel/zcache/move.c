// SPDX-License-Identifier: GPL-2.0
/*
 * move.c - remote pages come home: off donors that want their RAM back
 *
 * One worker walks the index for pages with a copy on a donor that leaves, loads some at a time
 * as a reader would, and replaces each entry that is still the one that was
 * loaded by a local one, next to be evicted: whether it then goes to other donors or to the
 * backing device, or stays, is eviction's business, as for any page.
 *
 * - The local entry has a version of its own and inherits the duty to tell the donors,
 *   who are told before it can be pushed: so a flush of the older version is ahead of
 *   a push of the newer on each connection, and its answer ends the duty (freed.c).
 * - While the pool has no room for them, pages that are on the backing device just lose
 *   their remote copies; the others wait.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "internal.h"

#define MOVES		32	/* pages loaded at a time */
#define RETRY_MS	1000	/* between tries while nothing can move */
#define ROOM_TRIES	20	/* 20 ms each, until donors have answered and made room */
#define TELL_TRIES	100	/* 10 ms each, until donors have taken in older flushes */

/**
 * struct move - a page on its way home
 * @load:  as frontswap's, here for ourselves
 * @page:  where its contents go
 * @entry: the index entry that it was loaded by
 * @err:   how the load ended
 */
struct move {
	struct fswap_load load;
	struct page *page;
	void *entry;
	int err;
};

static struct move *moves;	/* the worker's */
static atomic_t loading;
static struct workqueue_struct *move_wq;
static struct delayed_work move_work;

/* How many more copies are to leave each donor; S64_MAX: all, for good. */
static atomic64_t leaving[ZCACHE_DONOR_MAX + 1];

bool zcache_donor_is_leaving(u16 donor)
{
	return donor <= ZCACHE_DONOR_MAX && atomic64_read(&leaving[donor]);
}
EXPORT_SYMBOL_GPL(zcache_donor_is_leaving);

static void left(u16 donor)
{
	s64 n = atomic64_read(&leaving[donor]);

	while (n && n != S64_MAX && !atomic64_try_cmpxchg(&leaving[donor], &n, n - 1))
		;
}

void zcache_donor_evacuate(u16 donor, u64 pages)
{
	if (donor > ZCACHE_DONOR_MAX)
		return;
	atomic64_set(&leaving[donor], min_t(u64, pages, S64_MAX));
	if (pages)
		zc_move_kick();
	else
		zcache_remote_kick();
}
EXPORT_SYMBOL_GPL(zcache_donor_evacuate);

/* A page may have come to lie where it should not. Any context. */
void zc_move_kick(void)
{
	mod_delayed_work(move_wq, &move_work, 0);
}

static bool is_misplaced(const struct tmem_remote *r)
{
	int i;

	for (i = 0; i < r->nr_donors; i++)
		if (zcache_donor_is_leaving(r->donor[i]))
			return true;
	return false;
}

/* Slots whose pages should move, found by a walk. */
struct scan {
	struct zc_dev *dev;
	unsigned int nr;
	u32 slot[MOVES];
};

static bool collect(void *ctx, u64 slot, void *entry)
{
	struct scan *s = ctx;
	struct tmem_remote r;

	if (!xa_is_value(entry) || zc_slot_is_freed(s->dev, slot))
		return true;
	r = tmem_remote_unpack(xa_to_value(entry));
	if (is_misplaced(&r))
		s->slot[s->nr++] = slot;
	return s->nr < MOVES;
}

static void loaded(struct fswap_load *load, int err)
{
	struct move *m = container_of(load, struct move, load);

	m->entry = zc_load_entry(load);
	m->err = err;
	if (atomic_dec_and_test(&loading))
		wake_up_var(&loading);
}

/* Loads the pages of a scan, all at once. */
static void load_all(struct zc_dev *dev, const struct scan *s)
{
	unsigned int i;
	int err;

	atomic_set(&loading, 1);
	for (i = 0; i < s->nr; i++) {
		struct move *m = &moves[i];

		m->load = (struct fswap_load) {
			.page = m->page,
			.slot = s->slot[i],
			.done = loaded,
		};
		atomic_inc(&loading);
		err = zc_load(dev, &m->load);
		if (err != -EINPROGRESS) {
			/* 0: it was local already. */
			m->entry = NULL;
			m->err = err;
			atomic_dec(&loading);
		}
	}
	zc_loads_end(dev, false);
	if (atomic_dec_and_test(&loading))
		return;
	/* A fetch may have minutes; in slices, so as not to look like a hung task. */
	while (!wait_var_event_timeout(&loading, !atomic_read_acquire(&loading), 30 * HZ))
		;
}

struct swap_in {
	struct zc_dev *dev;
	void *old;
	void *new;
	bool done;
};

static void *replace(void *ctx, u64 slot, void *entry)
{
	struct swap_in *s = ctx;

	if (entry != s->old || zc_slot_is_freed(s->dev, slot))
		return entry;
	if (!s->new)
		fswap_slot_dropped(s->dev->fdev, slot, true);
	s->done = true;
	return s->new;
}

/* Tells the donors of @r to forget @slot. Those that are not up keep a copy that nobody lists. */
static void tell(struct zc_dev *dev, u32 slot, const struct tmem_remote *r)
{
	const struct zcache_remote_ops *ops;
	unsigned int tries;
	int i, idx, err;

	ops = zc_remote_get(&idx);
	for (i = 0; i < r->nr_donors; i++) {
		err = ops ? ops->flush(r->donor[i], dev->id, slot, r->version) : -ENOENT;
		for (tries = 0; err == -EAGAIN && tries < TELL_TRIES; tries++) {
			ops->flush_end();
			msleep(10);
			err = ops->flush(r->donor[i], dev->id, slot, r->version);
		}
		if (!err)
			counter_inc(zc, flushes_sent);
	}
	if (ops)
		zc_remote_put(idx);
}

static void flush_end(void)
{
	const struct zcache_remote_ops *ops;
	int idx;

	ops = zc_remote_get(&idx);
	if (!ops)
		return;
	ops->flush_end();
	zc_remote_put(idx);
}

/* What was loaded becomes a local page. */
static int come_home(struct zc_dev *dev, struct move *m)
{
	struct swap_in s = { .dev = dev, .old = m->entry };
	u32 slot = m->load.slot;
	struct tmem_remote r;
	struct zc_entry *e;
	int i, err;

	if (!m->entry)
		return 0;
	e = zc_entry_new(slot, ZC_STORE_GFP);
	if (!e)
		return -ENOMEM;
	err = zc_entry_fill(dev, e, m->page, true);
	if (err) {
		zc_entry_put(dev, e);
		return err;
	}
	s.new = e;
	zc_entry_get(e);
	tmem_modify(dev->pool, slot, replace, &s);
	if (!s.done) {
		counter_inc(zc, moves_lost_race);
		zc_entry_put(dev, e);
		zc_entry_put(dev, e);
		return 0;
	}
	counter_inc(zc, moved_pages);
	r = tmem_remote_unpack(xa_to_value(m->entry));
	for (i = 0; i < r.nr_donors; i++)
		left(r.donor[i]);
	tell(dev, slot, &r);
	if (!zc_entry_is_same(e))
		zc_lru_add_oldest(dev, e);
	zc_entry_put(dev, e);
	return 0;
}

/* The page's remote copies are given up, if the backing device has it. True if so. */
static bool sink(struct zc_dev *dev, u32 slot)
{
	struct swap_in s = { .dev = dev };
	struct tmem_remote r;
	int i;

	s.old = tmem_get(dev->pool, slot);
	if (!s.old)
		return false;
	if (!xa_is_value(s.old)) {
		zc_entry_put(dev, s.old);
		return false;
	}
	if (fswap_slot_is_below(dev->fdev, slot))
		tmem_modify(dev->pool, slot, replace, &s);
	if (!s.done)
		return false;
	counter_inc(zc, moved_to_backing);
	r = tmem_remote_unpack(xa_to_value(s.old));
	for (i = 0; i < r.nr_donors; i++)
		left(r.donor[i]);
	tell(dev, slot, &r);
	return true;
}

/* Room for pages that come home. Eviction is given time to make some. */
static bool has_room(void)
{
	unsigned int tries;

	for (tries = 0; zc_pool_excess(true); tries++) {
		if (tries == ROOM_TRIES)
			return false;
		zc_evict_flush();
		if (tries)
			msleep(20);
	}
	return true;
}

/* Moves the pages of a scan: how many of them need no more moving. */
static unsigned int move_some(struct zc_dev *dev, const struct scan *s)
{
	unsigned int i, n = 0;
	int err;

	if (!has_room()) {
		for (i = 0; i < s->nr; i++)
			n += sink(dev, s->slot[i]);
		return n;
	}
	load_all(dev, s);
	for (i = 0; i < s->nr; i++) {
		err = moves[i].err ?: come_home(dev, &moves[i]);
		if (err && err != -ENOENT)
			counter_inc(zc, moves_failed);
		n += !err || err == -ENOENT;
		cond_resched();
	}
	return n;
}

/* One pass over a device. False if some pages could not be moved; the next pass tries again. */
static bool move_device(struct zc_dev *dev)
{
	struct scan s = { .dev = dev };
	unsigned int moved;
	bool all = true;
	u64 next = 0;

	do {
		s.nr = 0;
		next = tmem_walk(dev->pool, next, collect, &s);
		moved = s.nr ? move_some(dev, &s) : 0;
		flush_end();
		if (moved < s.nr)
			all = false;
		/* Nowhere to go with any of them: there is no use in looking at the rest. */
		if (s.nr && !moved)
			break;
		if (next != ULLONG_MAX)
			next++;
	} while (next != ULLONG_MAX && READ_ONCE(zc_running));
	return all;
}

static void move(struct work_struct *work)
{
	struct zc_dev *dev;
	bool all = true;
	u32 id;

	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		all &= move_device(dev);
		zc_dev_put(dev);
	}
	if (!all && READ_ONCE(zc_running))
		queue_delayed_work(move_wq, &move_work, msecs_to_jiffies(RETRY_MS));
}

static void free_moves(void)
{
	int i;

	for (i = 0; i < MOVES; i++)
		if (moves[i].page)
			__free_page(moves[i].page);
	kfree(moves);
}

int zc_move_init(void)
{
	int i;

	INIT_DELAYED_WORK(&move_work, move);
	moves = kcalloc(MOVES, sizeof(*moves), GFP_KERNEL);
	if (!moves)
		return -ENOMEM;
	for (i = 0; i < MOVES; i++) {
		moves[i].page = alloc_page(GFP_KERNEL);
		if (!moves[i].page)
			goto free;
	}
	move_wq = alloc_workqueue("zcache_move", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (move_wq)
		return 0;
free:
	free_moves();
	return -ENOMEM;
}

/* No device is left, and no tier. */
void zc_move_exit(void)
{
	cancel_delayed_work_sync(&move_work);
	destroy_workqueue(move_wq);
	free_moves();
}
