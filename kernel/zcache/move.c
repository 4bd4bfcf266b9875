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
 *   donor is told to forget that (shed.c).
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
static bool told;	/* this pass has told donors to forget pages; the worker's */

/* A page may have come to lie where it should not. Any context. */
void zc_move_kick(void)
{
	counter_inc(zc, moves_due);
	atomic_inc(&kicks);
	zc_spread_hope();
	zc_move_again();
}

/* Another pass, though no page lies worse than before. Any context. */
void zc_move_again(void)
{
	mod_delayed_work(move_wq, &move_work, 0);
}

/* Has something changed since the pass began, for which there should be another one soon? Any context. */
bool zc_move_is_due(void)
{
	return atomic_read(&kicks);
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

/* Loads pages, all at once. */
static void load_all(struct zc_dev *dev, const u32 *slot, unsigned int nr)
{
	unsigned int i;
	int err;

	atomic_set(&loading, 1);
	for (i = 0; i < nr; i++) {
		struct move *m = &moves[i];

		m->load = (struct fswap_load) {
			.page = m->page,
			.slot = slot[i],
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

struct arrival {
	struct zc_dev *dev;
	void *old;
	struct zc_entry *e;
	bool done;
};

static void *arrive(void *ctx, u64 slot, void *entry)
{
	struct arrival *a = ctx;

	if (entry != a->old || zc_slot_is_freed(a->dev, slot))
		return entry;
	a->done = true;
	return a->e;
}

/* What was loaded becomes a local page, which cannot be evicted yet. */
static int come_home(struct zc_dev *dev, struct move *m, bool spread)
{
	struct arrival a = { .dev = dev, .old = m->entry };
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
	if (spread)
		zc_spread_came(e);
	a.e = e;
	zc_entry_get(e);
	tmem_modify(dev->pool, slot, arrive, &a);
	if (!a.done) {
		counter_inc(zc, moves_lost_race);
		zc_entry_put(dev, e);
		zc_entry_put(dev, e);
		return 0;
	}
	counter_inc(zc, moved_pages);
	zc_shed_outdated(dev, &slot, 1, false);
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

/**
 * zc_bring_home - make pages local
 * @dev:     their device
 * @slot:    which
 * @nr:      how many, at most ZC_MOVES
 * @spread:  to make room for each other
 * @no_room: set if there is no memory for some of them
 *
 * Context: the worker that moves pages, alone.
 * Return: how many need no more moving.
 */
unsigned int zc_bring_home(struct zc_dev *dev, const u32 *slot, unsigned int nr, bool spread,
			   bool *no_room)
{
	unsigned int i, n = 0;
	int err;

	load_all(dev, slot, nr);
	for (i = 0; i < nr; i++) {
		err = moves[i].err ?: come_home(dev, &moves[i], spread);
		/* Its donors are slow, or miss it, but it is on the backing device. */
		if (err == -ENODATA && zc_shed_copies(dev, slot[i]))
			err = 0;
		if (err && err != -ENOENT)
			counter_inc(zc, moves_failed);
		*no_room |= err == -ENOMEM;
		n += !err || err == -ENOENT;
		cond_resched();
	}
	flush_end();
	for (i = 0; i < nr; i++)
		settle_in(dev, &moves[i]);
	return n;
}

/*
 * Moves the pages of a scan: how many of them need no more moving. @no_room: pages found no
 * place here.
 */
static unsigned int move_some(struct zc_dev *dev, const struct zc_scan *s, bool *no_room)
{
	unsigned int i, n = 0;

	if (has_room())
		return zc_bring_home(dev, s->slot, s->nr, false, no_room);
	*no_room = true;
	for (i = 0; i < s->nr; i++)
		n += zc_shed_copies(dev, s->slot[i]);
	flush_end();
	return n;
}

/* Repair leaves others their share of the network. */
void zc_move_keep_rate(unsigned int pages, ktime_t since)
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
			zc_shed_outdated(dev, s.outdated, s.nr_outdated, true);
			flush_end();
		}
		moved = s.nr ? move_some(dev, &s, &no_room) : 0;
		told |= moved || s.nr_outdated;
		still += s.skipped + s.nr_outdated + s.nr - moved;
		set_misplaced(misplaced - min_t(unsigned long, moved, misplaced));
		/*
		 * Nowhere to go with any of them: there is no use in trying the rest. Those that could
		 * not be read say nothing of the rest.
		 */
		stuck |= no_room && !moved;
		if (s.repair)
			zc_move_keep_rate(s.nr, since);
		if (next != ULLONG_MAX)
			next++;
	} while (next != ULLONG_MAX && READ_ONCE(zc_running));
	return still;
}

static void move(struct work_struct *work)
{
	static unsigned int pause_ms = RETRY_MS;
	unsigned long before = misplaced, still = 0;
	bool waiting;
	int evacuations = zc_evacuations();
	int served = atomic_xchg(&kicks, 0);
	bool wanted = zc_spread_is_wanted();
	struct zc_dev *dev;
	u32 id;

	told = false;
	waiting = zc_give_up_dead();
	/* Else this pass tries again what the last one has counted. */
	if (served) {
		set_misplaced(zc_count_misplaced());
		pause_ms = RETRY_MS / 2;
	}
	for (id = 0; (dev = zc_dev_next(id)); id++) {
		unsigned long pages;

		id = dev->id;
		pages = move_device(dev);
		if (wanted || pages)
			zc_spread(dev, wanted);
		still += pages;
		zc_dev_put(dev);
	}
	set_misplaced(still);
	counter_add(zc, moves_due, -served);
	/* Without progress, less often; who knows of a change calls (zc_move_kick). */
	pause_ms = still == before && (still || !told) ? min(2 * pause_ms, RETRY_MAX_MS) : RETRY_MS;
	/* The next pass sees whether those who were told have forgotten. */
	if (!still && !told)
		zc_donors_empty(evacuations);
	if ((still || told || waiting) && READ_ONCE(zc_running))
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
	zc_spread_init();
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
	zc_spread_exit();
	cancel_delayed_work_sync(&move_work);
	destroy_workqueue(move_wq);
	free_moves();
}
