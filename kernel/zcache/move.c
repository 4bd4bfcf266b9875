// SPDX-License-Identifier: GPL-2.0
/*
 * move.c - pages that lie badly come home, from where they go the way of all pages
 *
 * One worker walks the index for such pages (placement.c), loads some at a time as a reader
 * would, and replaces each entry that is still the one that was loaded by a local one, next
 * to be evicted: whether it then is saved, goes to other donors or stays is eviction's business, as
 * for any page.
 *
 * - The local entry has a version of its own and inherits the duty to tell the donors,
 *   who are told before it can be pushed; their answers end the duty (freed.c).
 * - A local page whose older version lies on a donor that wants its RAM back stays where it is: the
 *   donor is told to forget that.
 * - While the pool has no room for them, or they cannot be read, pages that are on the backing device
 *   just lose their copies on donors that leave; the others wait.
 * - Pages with too few copies are left alone while there are not donors enough for
 *   them, but for as many as fill half of the pool: to fill all of it would leave no room
 *   for what is swapped out.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "move.h"

#define RETRY_MS	1000U	/* between passes while not all can move */
#define RETRY_MAX_MS	16000U
#define ROOM_TRIES	20	/* 20 ms each, until donors have answered and made room */
#define TELL_TRIES	101	/* 10 ms each, until donors have taken in older flushes */

/**
 * struct move - a page on its way home
 * @load:  as frontswap's, here for ourselves
 * @page:  where its contents go
 * @entry: the index entry that it was loaded by
 * @e:     what replaced it, with a reference; NULL: nothing
 * @err:   how the load ended
 */
struct move {
	struct fswap_load load;
	struct page *page;
	void *entry;
	struct zc_entry *e;
	int err;
};

static struct move *moves;	/* the worker's */
static atomic_t loading;
static struct workqueue_struct *move_wq;
static struct delayed_work move_work;
static atomic_t kicks;	/* since the last pass began */
static unsigned long misplaced;	/* pages, as counted by the last pass; the worker's */
static bool told;	/* this pass has told donors of older versions; the worker's */

/* A page may have come to lie where it should not. Any context. */
void zc_move_kick(void)
{
	counter_inc(zc, moves_due);
	atomic_inc(&kicks);
	mod_delayed_work(move_wq, &move_work, 0);
}

/* Pages that lie badly, and the gauge of them. For the worker alone. */
static void set_misplaced(unsigned long pages)
{
	counter_add(zc, misplaced_pages, (s64)pages - (s64)misplaced);
	misplaced = pages;
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
static void load_all(struct zc_dev *dev, const struct zc_scan *s)
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
	if (!s->new && !fswap_slot_is_below(s->dev->fdev, slot))
		return entry;
	if (!s->new)
		fswap_slot_dropped(s->dev->fdev, slot, true);
	s->done = true;
	return s->new;
}

/*
 * Tells donors of the older versions of local pages; with @leaving, those that want their RAM back. Those
 * that are not up are told by a later pass, or when the page goes on or is freed.
 */
static void tell_outdated(struct zc_dev *dev, const u32 *slot, unsigned int nr, bool leaving)
{
	const struct zcache_remote_ops *ops;
	unsigned int i, tries;
	bool ok = true;
	int idx;

	told = true;
	ops = zc_remote_get(&idx);
	if (!ops)
		return;
	for (i = 0; i < nr && ok; i++) {
		tries = TELL_TRIES;
		do {
			mutex_lock(&zc_order_lock);
			ok = zc_tell_outdated(dev, ops, slot[i], leaving);
			mutex_unlock(&zc_order_lock);
		} while (!ok && zc_remote_wait_room(ops, &tries));
	}
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

/* What was loaded becomes a local page, which cannot be evicted yet. */
static int come_home(struct zc_dev *dev, struct move *m)
{
	struct swap_in s = { .dev = dev, .old = m->entry };
	u32 slot = m->load.slot;
	struct zc_entry *e;
	int err;

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
	tell_outdated(dev, &slot, 1, false);
	m->e = e;
	return 0;
}

/* It is next to be evicted, now that its donors have been told; here its contents do not stay. */
static void settle_in(struct zc_dev *dev, struct move *m)
{
	clear_highpage(m->page);
	if (!m->e)
		return;
	if (!zc_entry_is_same(m->e))
		zc_lru_add_oldest(dev, m->e);
	zc_entry_put(dev, m->e);
	m->e = NULL;
}

/* -EAGAIN: there is no room for more flushes now. Else a bit for each donor of @r that could not be told. */
static int tell(struct zc_dev *dev, const struct zcache_remote_ops *ops, u32 slot,
		const struct tmem_remote *r)
{
	int i, err, untold = 0;

	for (i = 0; i < r->nr_donors; i++) {
		err = zc_remote_flush(ops, r->donor[i], dev->id, slot, r->version);
		if (err == -EAGAIN)
			return err;
		if (err && err != -ENOENT)
			untold |= BIT(i);
	}
	return untold;
}

/*
 * The page's copies on donors that leave are given up, if the backing device has it. 0 if not; 1:
 * they are; -EAGAIN: there is no room for more flushes now.
 *
 * They are told before the entry changes, under the lock: once it is gone, and the slot free, a page of
 * whatever version may be stored there and pushed to them. Should it be another entry by then, they
 * are told of a version that it does not want, either.
 */
static int sink_ordered(struct zc_dev *dev, const struct zcache_remote_ops *ops, u32 slot)
{
	struct tmem_remote r, stays, leaves;
	struct swap_in s = { .dev = dev };
	int i, failures, untold;

	lockdep_assert_held(&zc_order_lock);
	s.old = tmem_get(dev->pool, slot);
	if (!s.old)
		return 0;
	if (!xa_is_value(s.old)) {
		zc_entry_put(dev, s.old);
		return 0;
	}
	r = tmem_remote_unpack(xa_to_value(s.old));
	if (zc_placement(dev, slot, &r) != ZC_LEAVING || !fswap_slot_is_below(dev->fdev, slot))
		return 0;
	stays = r;
	leaves = r;
	for (i = 0; i < r.nr_donors; i++)
		tmem_remote_remove_donor(zcache_donor_is_leaving(r.donor[i]) ? &stays : &leaves,
					 r.donor[i]);
	s.new = stays.nr_donors ? zc_remote_entry(&stays) : NULL;
	failures = zc_flush_failures();
	untold = tell(dev, ops, slot, &leaves);
	if (untold < 0)
		return untold;
	tmem_modify(dev->pool, slot, replace, &s);
	if (!s.done)
		return 0;
	/* One stray too many costs a sweep, one too few a donor's memory. */
	if (failures != zc_flush_failures())
		untold = (1 << leaves.nr_donors) - 1;
	counter_inc(zc, moved_to_backing);
	for (i = 0; i < leaves.nr_donors; i++) {
		zc_donor_left(leaves.donor[i]);
		if (untold & BIT(i))
			zc_donor_abandoned(leaves.donor[i]);
	}
	return 1;
}

/* The same, with patience. */
static bool sink(struct zc_dev *dev, u32 slot)
{
	const struct zcache_remote_ops *ops;
	unsigned int tries = TELL_TRIES;
	int err, idx;

	ops = zc_remote_get(&idx);
	do {
		mutex_lock(&zc_order_lock);
		err = sink_ordered(dev, ops, slot);
		mutex_unlock(&zc_order_lock);
	} while (err == -EAGAIN && zc_remote_wait_room(ops, &tries));
	if (ops)
		zc_remote_put(idx);
	return err > 0;
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

/*
 * Moves the pages of a scan: how many of them need no more moving. @no_room: pages found no
 * place here.
 */
static unsigned int move_some(struct zc_dev *dev, const struct zc_scan *s, bool *no_room)
{
	unsigned int i, n = 0;
	int err;

	*no_room = !has_room();
	if (*no_room) {
		for (i = 0; i < s->nr; i++)
			n += sink(dev, s->slot[i]);
		flush_end();
		return n;
	}
	load_all(dev, s);
	for (i = 0; i < s->nr; i++) {
		err = moves[i].err ?: come_home(dev, &moves[i]);
		/* Its donors are slow, or miss it, but it is on the backing device. */
		if (err == -ENODATA && sink(dev, s->slot[i]))
			err = 0;
		if (err && err != -ENOENT)
			counter_inc(zc, moves_failed);
		*no_room |= err == -ENOMEM;
		n += !err || err == -ENOENT;
		cond_resched();
	}
	flush_end();
	for (i = 0; i < s->nr; i++)
		settle_in(dev, &moves[i]);
	return n;
}

/* Repair leaves others their share of the network. */
static void keep_rate(unsigned int pages, ktime_t since)
{
	unsigned int mb_s = READ_ONCE(zc_repair_mb_s);
	s64 us;

	if (!mb_s)
		return;
	us = (s64)pages * PAGE_SIZE / mb_s - ktime_us_delta(ktime_get(), since);
	if (us > 1000)
		msleep(us / 1000);
}

/* One pass over a device: how many pages lie badly still. */
static unsigned long move_device(struct zc_dev *dev)
{
	unsigned long still = 0;
	unsigned int moved;
	bool no_room, stuck = false;
	ktime_t since;
	u64 next = 0;

	do {
		struct zc_scan s = {
			.dev = dev,
			.place = zc_remote_has_room(dev) || !zc_pool_above_half(),
			.stuck = stuck,
		};

		since = ktime_get();
		no_room = false;
		next = zc_find_misplaced(&s, next);
		if (s.nr_outdated) {
			tell_outdated(dev, s.outdated, s.nr_outdated, true);
			flush_end();
		}
		moved = s.nr ? move_some(dev, &s, &no_room) : 0;
		still += s.skipped + s.nr_outdated + s.nr - moved;
		set_misplaced(misplaced - min_t(unsigned long, moved, misplaced));
		/*
		 * Nowhere to go with any of them: there is no use in trying the rest. Those that could
		 * not be read say nothing of the rest.
		 */
		stuck |= no_room && !moved;
		if (s.repair)
			keep_rate(s.nr, since);
		if (next != ULLONG_MAX)
			next++;
	} while (next != ULLONG_MAX && READ_ONCE(zc_running));
	return still;
}

static void move(struct work_struct *work)
{
	static unsigned int pause_ms = RETRY_MS;
	unsigned long before = misplaced, still = 0;
	int evacuations = zc_evacuations();
	int served = atomic_xchg(&kicks, 0);
	struct zc_dev *dev;
	u32 id;

	told = false;
	/* Else this pass tries again what the last one has counted. */
	if (served)
		set_misplaced(zc_count_misplaced());
	for (id = 0; (dev = zc_dev_next(id)); id++) {
		id = dev->id;
		still += move_device(dev);
		zc_dev_put(dev);
	}
	set_misplaced(still);
	counter_add(zc, moves_due, -served);
	/* Without progress, less often; who knows of a change calls (zc_move_kick). */
	pause_ms = still && still == before ? min(2 * pause_ms, RETRY_MAX_MS) : RETRY_MS;
	/* The next pass sees whether those who were told have forgotten. */
	if (!still && !told)
		zc_donors_empty(evacuations);
	if ((still || told) && READ_ONCE(zc_running))
		queue_delayed_work(move_wq, &move_work, msecs_to_jiffies(pause_ms));
}

static void free_moves(void)
{
	int i;

	for (i = 0; i < ZC_MOVES; i++)
		if (moves[i].page)
			__free_page(moves[i].page);
	kfree(moves);
}

int zc_move_init(void)
{
	int i;

	INIT_DELAYED_WORK(&move_work, move);
	moves = kcalloc(ZC_MOVES, sizeof(*moves), GFP_KERNEL);
	if (!moves)
		return -ENOMEM;
	for (i = 0; i < ZC_MOVES; i++) {
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
