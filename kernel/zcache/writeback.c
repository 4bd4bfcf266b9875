// SPDX-License-Identifier: GPL-2.0
/*
 * writeback.c - local pages go to the backing device, in runs of neighbouring slots
 *
 * Either to be there as well (a backup: "saved"), so that their donors are not the only ones
 * that have them; or to be there instead, when no donor takes them. A run begins
 * with the oldest page and takes its neighbours along: what was swapped out at one time
 * tends to lie side by side.
 *
 * While a device's policy wants a backup, pages wait on dev->unsaved until they are saved, and
 * only then come to dev->lru, from where donors get them.
 *
 * The pages and requests that this needs are made at load, since it runs when
 * memory is short; their number bounds what is in flight.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

#define RUNS		8
#define SAVE_DELAY	(HZ / 50)	/* for runs to become long */
#define ERROR_PAUSE	HZ		/* after an error of the backing device */
#define MISSES_MAX	64		/* pages passed over in one go, since their slots are being written */
#define SINGLES		64		/* runs of one page that follow an error */
#define COLD_SAVES	HZ		/* so long cold pages are saved after reclaim has asked for any */

/**
 * struct zc_run - neighbours on their way to the backing device
 * @wb:   frontswap's part; its pages are ours
 * @e:    the entries, each with a reference, off the lists
 * @drop: their local copies are to go
 */
struct zc_run {
	struct fswap_writeback wb;
	struct zc_dev *dev;
	struct zc_entry *e[FSWAP_RUN_MAX];
	bool drop;
	struct list_head node;
};

static struct zc_run *runs;
static LIST_HEAD(idle);
static DEFINE_SPINLOCK(idle_lock);	/* a leaf; guards idle */
static unsigned long save_cold;		/* jiffies until which cold pages are saved; 0: never asked */

static struct zc_run *take_idle(void)
{
	struct zc_run *r;

	spin_lock(&idle_lock);
	r = list_first_entry_or_null(&idle, struct zc_run, node);
	if (r)
		list_del(&r->node);
	spin_unlock(&idle_lock);
	return r;
}

static void put_idle(struct zc_run *r)
{
	spin_lock(&idle_lock);
	list_add(&r->node, &idle);
	spin_unlock(&idle_lock);
}

/**
 * zc_is_saved - may the local copy of a page go to donors, or be dropped for theirs?
 * @dev:  whose
 * @slot: which
 *
 * Context: any. Exact under the object's lock.
 */
bool zc_is_saved(const struct zc_dev *dev, u32 slot)
{
	return !fswap_policy(dev->fdev).backup || fswap_slot_is_below(dev->fdev, slot);
}

struct settle {
	struct zc_dev *dev;
	struct zc_entry *e;
	bool drop;
	bool keep;	/* out: it is a local page still */
};

static void *settle_entry(void *ctx, u64 slot, void *entry)
{
	struct settle *s = ctx;
	struct tmem_remote r;

	if (entry != s->e || zc_slot_is_freed(s->dev, slot))
		return entry;
	if (!s->drop || !fswap_slot_is_below(s->dev->fdev, slot)) {
		s->keep = true;
		return entry;
	}
	fswap_slot_dropped(s->dev->fdev, slot, true);
	counter_inc(zc, written_back_pages);
	r = zc_donors_remote(s->e->donors, s->e->version, s->e->len, s->e->comp);
	if (!r.nr_donors)
		return NULL;
	/* Donors with older versions are still to be told. */
	zc_freed_set(s->dev, slot);
	return zc_remote_entry(&r);
}

/* A page that is isolated: dropped, if it is below and to be dropped, or back on its list. */
static void settle(struct zc_dev *dev, struct zc_entry *e, bool drop)
{
	struct settle s = { .dev = dev, .e = e, .drop = drop };

	tmem_modify(dev->pool, e->slot, settle_entry, &s);
	if (s.keep)
		zc_lru_add(dev, e);
	zc_entry_put(dev, e);
}

static void account(const struct zc_run *r, unsigned int nr, int sign)
{
	unsigned int i;

	counter_add(zc, outstanding_writeback_pages, sign * (int)nr);
	for (i = 0; r->drop && i < nr; i++)
		zc_leaving_add(sign * (long)r->e[i]->len);
}

static void failed(struct zc_dev *dev, const struct fswap_writeback *wb, int err)
{
	counter_add(zc, writeback_failed, wb->nr);
	pr_err_ratelimited("%s: %u pages from slot %u could not be written to %s (%d); they stay in memory\n",
			   fswap_name(dev->fdev), wb->nr, wb->slot, fswap_backing_path(dev->fdev),
			   err);
	WRITE_ONCE(dev->write_pause, jiffies + ERROR_PAUSE);
	atomic_set(&dev->singles, SINGLES);
}

/* Has the backing device failed just now? Any context. */
bool zc_is_paused(const struct zc_dev *dev)
{
	unsigned long until = READ_ONCE(dev->write_pause);

	return until && time_before(jiffies, until);
}

static void ended(struct fswap_writeback *wb, int err)
{
	struct zc_run *r = container_of(wb, struct zc_run, wb);
	struct zc_dev *dev = r->dev;
	unsigned int i;

	account(r, wb->nr, -1);
	if (err)
		failed(dev, wb, err);
	else if (!r->drop)
		counter_add(zc, saved_pages, wb->nr);
	for (i = 0; i < wb->nr; i++) {
		trace_zcache_writeback(dev->id, wb->slot + i, err);
		settle(dev, r->e[i], r->drop);
		cond_resched();
	}
	put_idle(r);
	fswap_retry(dev->fdev);
	zc_save_kick(dev);
	if (!err)
		zc_evict_kick();
	zc_dev_put(dev);
}

/* The contents of the pages of a run, whose slots are locked: how many, from the first on. */
static unsigned int gather(struct zc_run *r, struct zc_entry *first)
{
	struct zc_dev *dev = r->dev;
	struct zc_entry *e;
	unsigned int i;

	for (i = 0; i < r->wb.nr; i++) {
		e = i ? zc_lru_isolate_slot(dev, r->wb.slot + i) : first;
		if (!e)
			break;
		if (zc_entry_read(dev, e, r->wb.page[i])) {
			if (i)
				settle(dev, e, false);
			break;
		}
		r->e[i] = e;
	}
	return i;
}

/* Is @e still what stands in its slot? Which is locked, so that nobody replaces it. */
static bool is_current(struct zc_dev *dev, struct zc_entry *e)
{
	void *entry = tmem_get(dev->pool, e->slot);

	if (entry && !xa_is_value(entry))
		zc_entry_put(dev, entry);
	return entry == e;
}

/*
 * Writes the run that begins with @e, which is isolated: how many pages; its end takes care of
 * them. -EAGAIN: nothing is idle. Another errno: not this page, not now. @e is the caller's then.
 */
static int start(struct zc_dev *dev, struct zc_entry *e, bool drop)
{
	struct zc_run *r = take_idle();
	unsigned int n = 0;
	int err;

	if (!r)
		return -EAGAIN;
	r->dev = dev;
	r->drop = drop;
	r->wb.slot = e->slot;
	/* Where whole frames leave (zbud), the neighbours in the frame count, not those in the slots. */
	r->wb.nr = atomic_add_unless(&dev->singles, -1, 0) ||
		   (drop && zalloc_has_oldest(dev->zpool)) ? 1 : FSWAP_RUN_MAX;
	r->wb.done = ended;
	err = fswap_writeback_begin(dev->fdev, &r->wb);
	if (!err && is_current(dev, e))
		n = gather(r, e);
	if (!n) {
		if (!err)
			fswap_writeback_submit(&r->wb, 0);
		put_idle(r);
		return err ?: -ENOENT;
	}
	percpu_ref_get(&dev->refs);
	account(r, n, 1);
	counter_inc(zc, writeback_runs);
	fswap_writeback_submit(&r->wb, n);
	return n;
}

/* Nothing was idle for the page, which is isolated: it is the next again. */
static void put_off(struct zc_dev *dev, struct zc_entry *e)
{
	zc_lru_add_oldest(dev, e);
	zc_entry_put(dev, e);
}

/**
 * zc_writeback_some - move the oldest pages of a device to its backing device
 * @dev: whose; the caller holds a reference
 * @min_age: only those at least so many seconds old
 *
 * Pages that are there already are just dropped. Those that were only to be saved go the
 * same way, last.
 *
 * Context: process, under memalloc_noreclaim.
 * Return: how many have left or are on their way.
 */
unsigned int zc_writeback_some(struct zc_dev *dev, unsigned int min_age)
{
	unsigned int looked, n = 0;
	struct zc_entry *e;
	int err = 0;

	if (!fswap_has_backing(dev->fdev))
		return 0;
	for (looked = 0; looked < ZCACHE_PUSH_MAX && err != -EAGAIN; looked++) {
		e = zc_lru_isolate(dev, min_age) ?: zc_lru_isolate_unsaved(dev, min_age);
		if (!e)
			break;
		if (fswap_slot_is_below(dev->fdev, e->slot)) {
			settle(dev, e, true);
			n++;
			continue;
		}
		err = zc_is_paused(dev) ? -EAGAIN : start(dev, e, true);
		if (err == -EAGAIN)
			put_off(dev, e);
		else if (err < 0)
			settle(dev, e, false);
		else
			n += err;
		if (!zc_pool_excess(false))
			break;
	}
	return n;
}

/* The age from which on pages are to be saved; U16_MAX: none. */
static unsigned int age_to_save(void)
{
	unsigned long until = READ_ONCE(save_cold);
	unsigned int age = READ_ONCE(zc_age_out_s) ?: U16_MAX;

	if (zc_pool_above_half())
		return 0;
	return until && time_before(jiffies, until) ? min_t(unsigned int, age, ZC_COLD_S) : age;
}

static void save(struct work_struct *work)
{
	struct zc_dev *dev = container_of(to_delayed_work(work), struct zc_dev, save_work);
	unsigned int noreclaim;
	unsigned int misses = 0;
	struct zc_entry *e;
	int err = 0;

	if (!percpu_ref_tryget_live(&dev->refs))
		return;
	noreclaim = memalloc_noreclaim_save();
	while (err != -EAGAIN && misses < MISSES_MAX && !zc_is_paused(dev)) {
		e = zc_lru_isolate_unsaved(dev, age_to_save());
		if (!e)
			break;
		/* If it is below already, settling puts it on the right list. */
		err = zc_is_saved(dev, e->slot) ? -EEXIST : start(dev, e, false);
		if (err == -EAGAIN) {
			/* The end of a run comes back here. */
			put_off(dev, e);
		} else if (err < 0) {
			misses += err != -EEXIST;
			settle(dev, e, false);
		}
		cond_resched();
	}
	memalloc_noreclaim_restore(noreclaim);
	if (zc_is_paused(dev))
		queue_delayed_work(zc_wq, &dev->save_work, ERROR_PAUSE);
	else if (misses == MISSES_MAX)
		zc_save_soon(dev);
	zc_dev_put(dev);
}

/* Pages wait to be saved: there may be more to come. Any context. */
void zc_save_soon(struct zc_dev *dev)
{
	queue_delayed_work(zc_wq, &dev->save_work, SAVE_DELAY);
}

/* Eviction wants saved pages, or a run has ended. Any context. */
void zc_save_kick(struct zc_dev *dev)
{
	if (!list_empty_careful(&dev->unsaved))
		mod_delayed_work(zc_wq, &dev->save_work, 0);
}

/* Memory reclaim wants cold pages, which have to be saved before donors can have them. Any context. */
void zc_save_cold(struct zc_dev *dev)
{
	WRITE_ONCE(save_cold, (jiffies + COLD_SAVES) | 1);
	zc_save_kick(dev);
}

void zc_save_init(struct zc_dev *dev)
{
	INIT_DELAYED_WORK(&dev->save_work, save);
}

/* Nobody holds the device any more. Sleeps. */
void zc_save_exit(struct zc_dev *dev)
{
	cancel_delayed_work_sync(&dev->save_work);
}

static void free_runs(void)
{
	int i, k;

	for (i = 0; i < RUNS; i++)
		for (k = 0; k < FSWAP_RUN_MAX; k++)
			if (runs[i].wb.page[k]) {
				/* Nothing of what was swapped stays there. */
				clear_highpage(runs[i].wb.page[k]);
				__free_page(runs[i].wb.page[k]);
			}
	kfree(runs);
}

int zc_writeback_init(void)
{
	int i, k;

	runs = kcalloc(RUNS, sizeof(*runs), GFP_KERNEL);
	if (!runs)
		return -ENOMEM;
	for (i = 0; i < RUNS; i++) {
		for (k = 0; k < FSWAP_RUN_MAX; k++) {
			runs[i].wb.page[k] = alloc_page(GFP_KERNEL);
			if (!runs[i].wb.page[k]) {
				free_runs();
				return -ENOMEM;
			}
		}
		list_add(&runs[i].node, &idle);
	}
	return 0;
}

/* No device is left, so all are idle. */
void zc_writeback_exit(void)
{
	free_runs();
}
