// SPDX-License-Identifier: GPL-2.0
/*
 * writeback.c - cold pages go to the backing device, when no donor takes them
 *
 * The pages and requests that this needs are made at load, since it runs when
 * memory is short; their number bounds what is in flight.
 */
#include <linux/gfp.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

#define WRITEBACKS 32

struct zc_writeback {
	struct fswap_writeback wb;
	struct work_struct work;	/* the end: allocators want process context */
	struct zc_dev *dev;
	struct zc_entry *e;
	struct list_head node;
	int err;
};

static struct zc_writeback *writebacks;
static LIST_HEAD(idle);
static DEFINE_SPINLOCK(idle_lock);	/* a leaf; guards idle */

static struct zc_writeback *take_idle(void)
{
	struct zc_writeback *w;

	spin_lock(&idle_lock);
	w = list_first_entry_or_null(&idle, struct zc_writeback, node);
	if (w)
		list_del(&w->node);
	spin_unlock(&idle_lock);
	return w;
}

static void put_idle(struct zc_writeback *w)
{
	spin_lock(&idle_lock);
	list_add(&w->node, &idle);
	spin_unlock(&idle_lock);
}

struct mark {
	struct zc_dev *dev;
	struct zc_entry *e;
	bool ok;
	bool below;
	bool again;
};

static void *mark_writeback(void *ctx, u64 slot, void *entry)
{
	struct mark *m = ctx;

	if (entry != m->e || zc_slot_is_freed(m->dev, slot))
		return entry;
	m->e->flags |= ZC_WRITEBACK;
	m->ok = true;
	return entry;
}

static void *unmark_writeback(void *ctx, u64 slot, void *entry)
{
	struct mark *m = ctx;
	struct tmem_remote r;

	m->e->flags &= ~ZC_WRITEBACK;
	if (entry != m->e)
		return entry;
	m->ok = true;
	if (zc_slot_is_freed(m->dev, slot)) {
		m->again = true;
		return entry;
	}
	if (!m->below)
		return entry;
	fswap_slot_dropped(m->dev->fdev, slot, true);
	r = zc_donors_remote(m->e->donors, m->e->version, m->e->len, m->e->comp);
	if (!r.nr_donors)
		return NULL;
	/* Donors with older versions are still to be told. */
	zc_freed_set(m->dev, slot);
	return zc_remote_entry(&r);
}

/* The page is on the backing device (@below), or stays here. */
static void settle(struct zc_dev *dev, struct zc_entry *e, bool below)
{
	struct mark m = { .dev = dev, .e = e, .below = below };

	tmem_modify(dev->pool, e->slot, unmark_writeback, &m);
	if (m.again)
		zc_freed_again(dev, e->slot);
	else if (m.ok && !below)
		zc_lru_add(dev, e);
	else if (!m.ok)
		counter_inc(zc, writeback_lost_race);
	zc_entry_put(dev, e);
}

static void end_work(struct work_struct *work)
{
	struct zc_writeback *w = container_of(work, struct zc_writeback, work);
	struct zc_dev *dev = w->dev;

	zc_leaving_add(-(long)w->e->len);
	counter_dec(zc, outstanding_writeback_pages);
	if (w->err)
		counter_inc(zc, writeback_failed);
	else
		counter_inc(zc, written_back_pages);
	trace_zcache_writeback(dev->id, w->e->slot, w->err);
	settle(dev, w->e, !w->err);
	put_idle(w);
	fswap_retry(dev->fdev);
	zc_evict_kick();
	zc_dev_put(dev);
}

static void end(struct fswap_writeback *wb, int err)
{
	struct zc_writeback *w = container_of(wb, struct zc_writeback, wb);

	w->err = err;
	queue_work(zc_wq, &w->work);
}

/* Sends @e below. False if that is not possible now. */
static bool start(struct zc_dev *dev, struct zc_entry *e, struct zc_writeback *w)
{
	if (zc_entry_read(dev, e, w->wb.page))
		return false;
	w->dev = dev;
	w->e = e;
	w->wb.slot = e->slot;
	w->wb.done = end;
	percpu_ref_get(&dev->refs);
	zc_leaving_add(e->len);
	counter_inc(zc, outstanding_writeback_pages);
	if (!fswap_writeback(dev->fdev, &w->wb))
		return true;
	counter_dec(zc, outstanding_writeback_pages);
	zc_leaving_add(-(long)e->len);
	zc_dev_put(dev);
	return false;
}

/**
 * zc_writeback_some - write the oldest pages of a device to its backing device
 * @dev: whose; the caller holds a reference
 *
 * Pages that are there already are just dropped.
 *
 * Context: process, under memalloc_noreclaim.
 * Return: how many have left or are on their way.
 */
unsigned int zc_writeback_some(struct zc_dev *dev)
{
	struct zc_writeback *w;
	struct zc_entry *e;
	unsigned int n = 0;

	if (!fswap_has_backing(dev->fdev))
		return 0;
	while (n < WRITEBACKS && (w = take_idle())) {
		struct mark m = { .dev = dev };

		e = zc_lru_isolate(dev, 0);
		if (!e) {
			put_idle(w);
			break;
		}
		m.e = e;
		tmem_modify(dev->pool, e->slot, mark_writeback, &m);
		if (!m.ok) {
			zc_entry_put(dev, e);
			put_idle(w);
		} else if (fswap_slot_is_below(dev->fdev, e->slot)) {
			counter_inc(zc, dropped_clean_pages);
			settle(dev, e, true);
			put_idle(w);
			n++;
		} else if (start(dev, e, w)) {
			n++;
		} else {
			settle(dev, e, false);
			put_idle(w);
			break;
		}
	}
	return n;
}

int zc_writeback_init(void)
{
	struct zc_writeback *w;
	int i;

	writebacks = kcalloc(WRITEBACKS, sizeof(*writebacks), GFP_KERNEL);
	if (!writebacks)
		return -ENOMEM;
	for (i = 0; i < WRITEBACKS; i++) {
		w = &writebacks[i];
		INIT_WORK(&w->work, end_work);
		w->wb.page = alloc_page(GFP_KERNEL);
		if (!w->wb.page) {
			zc_writeback_exit();
			return -ENOMEM;
		}
		list_add(&w->node, &idle);
	}
	return 0;
}

/* No device is left, so all are idle. */
void zc_writeback_exit(void)
{
	int i;

	for (i = 0; i < WRITEBACKS; i++)
		if (writebacks[i].wb.page)
			__free_page(writebacks[i].wb.page);
	kfree(writebacks);
}
