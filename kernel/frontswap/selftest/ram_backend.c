// SPDX-License-Identifier: GPL-2.0
#include "ram_backend.h"

#include <linux/highmem.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/timer.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../frontswap.h"

/* A page kept. @writing: @wb is under way and has a reference. */
struct ram_page {
	struct kref ref;
	struct ram_dev *dev;
	struct page *page;
	bool writing;
	struct fswap_writeback wb;
};

struct ram_dev {
	struct fswap_dev *fswap;
	struct xarray pages;		/* slot -> struct ram_page; its lock guards all of this */
	struct list_head loads;		/* in the order in which they are due */
	struct timer_list load_timer;
	struct timer_list again_timer;
	struct delayed_work evict;
	unsigned long cursor;
	atomic_t writebacks;
};

struct ram_knobs ram_knobs = { .load_ms = -1, .again_ms = 20, .evict_ms = 10 };

static struct kmem_cache *page_cache;
static atomic_long_t nr_pages;
static atomic_t nr_stores;
static atomic_t nr_loads;

static bool every(unsigned int n, unsigned int count)
{
	return n && count % n == 0;
}

static void page_release(struct kref *ref)
{
	struct ram_page *p = container_of(ref, struct ram_page, ref);

	__free_page(p->page);
	kmem_cache_free(page_cache, p);
	atomic_long_dec(&nr_pages);
}

static struct ram_page *page_copy(struct ram_dev *dev, u32 slot, struct page *page)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC;
	struct ram_page *p = kmem_cache_zalloc(page_cache, gfp);

	if (!p)
		return NULL;
	p->page = alloc_page(gfp);
	if (!p->page) {
		kmem_cache_free(page_cache, p);
		return NULL;
	}
	copy_highpage(p->page, page);
	kref_init(&p->ref);
	p->dev = dev;
	p->wb.slot = slot;
	p->wb.page[0] = p->page;
	atomic_long_inc(&nr_pages);
	return p;
}

/* Interrupts may be off. */
static void forget(struct ram_dev *dev, u32 slot)
{
	struct ram_page *p;
	unsigned long flags;

	xa_lock_irqsave(&dev->pages, flags);
	p = __xa_erase(&dev->pages, slot);
	xa_unlock_irqrestore(&dev->pages, flags);
	if (p)
		kref_put(&p->ref, page_release);
}

/* On an error what was there stays. @count: of the calls, this one. */
static int put(struct ram_dev *dev, u32 slot, struct page *page, unsigned int count)
{
	unsigned int max_pages = READ_ONCE(ram_knobs.max_pages);
	struct ram_page *p, *old;

	if (every(READ_ONCE(ram_knobs.refuse_every), count) ||
	    (max_pages && atomic_long_read(&nr_pages) >= max_pages))
		return -ENOSPC;
	p = page_copy(dev, slot, page);
	if (!p)
		return -ENOMEM;
	old = xa_store_irq(&dev->pages, slot, p, GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC);
	if (xa_is_err(old)) {
		kref_put(&p->ref, page_release);
		return -ENOMEM;
	}
	if (old)
		kref_put(&old->ref, page_release);
	if (every(READ_ONCE(ram_knobs.lose_every), count))
		forget(dev, slot);
	return 0;
}

static int store(void *priv, u32 slot, struct page *page)
{
	unsigned int count = atomic_inc_return(&nr_stores);
	struct ram_dev *dev = priv;
	unsigned int again_ms;
	int err;

	if (every(READ_ONCE(ram_knobs.again_every), count)) {
		forget(dev, slot);
		again_ms = READ_ONCE(ram_knobs.again_ms);
		if (again_ms)
			timer_reduce(&dev->again_timer, jiffies + msecs_to_jiffies(again_ms));
		return -EAGAIN;
	}
	err = put(dev, slot, page, count);
	if (err)
		forget(dev, slot);
	return err;
}

static bool wants(void *priv, u32 slot)
{
	return READ_ONCE(ram_knobs.wants);
}

static int keep(void *priv, u32 slot, struct page *page)
{
	return put(priv, slot, page, atomic_inc_return(&nr_stores));
}

/* Looks the page up when the load is due, not before: it may be gone by then. */
static int fetch(struct ram_dev *dev, struct fswap_load *load)
{
	unsigned int count = atomic_inc_return(&nr_loads);
	struct ram_page *p;
	unsigned long flags;

	if (every(READ_ONCE(ram_knobs.fail_every), count))
		return -EIO;
	if (every(READ_ONCE(ram_knobs.miss_every), count))
		return -ENOENT;
	xa_lock_irqsave(&dev->pages, flags);
	p = xa_load(&dev->pages, load->slot);
	if (p)
		copy_highpage(load->page, p->page);
	xa_unlock_irqrestore(&dev->pages, flags);
	return p ? 0 : -ENOENT;
}

static int load(void *priv, struct fswap_load *load)
{
	int ms = READ_ONCE(ram_knobs.load_ms);
	struct ram_dev *dev = priv;
	unsigned long flags;

	if (ms < 0)
		return fetch(dev, load);

	load->priv[0] = jiffies + msecs_to_jiffies(ms);
	load->priv[1] = false;
	xa_lock_irqsave(&dev->pages, flags);
	list_add_tail(&load->node, &dev->loads);
	xa_unlock_irqrestore(&dev->pages, flags);
	return -EINPROGRESS;
}

/* Until then, loads stay where they are, as those do that wait for a full frame. */
static void loads_end(void *priv, bool atomic)
{
	struct ram_dev *dev = priv;
	struct fswap_load *load;
	unsigned long flags;

	xa_lock_irqsave(&dev->pages, flags);
	list_for_each_entry(load, &dev->loads, node)
		load->priv[1] = true;
	load = list_first_entry_or_null(&dev->loads, struct fswap_load, node);
	if (load)
		timer_reduce(&dev->load_timer, load->priv[0]);
	xa_unlock_irqrestore(&dev->pages, flags);
}

static void loads_due(struct timer_list *timer)
{
	struct ram_dev *dev = container_of(timer, struct ram_dev, load_timer);
	struct fswap_load *load;
	unsigned long flags;

	for (;;) {
		xa_lock_irqsave(&dev->pages, flags);
		load = list_first_entry_or_null(&dev->loads, struct fswap_load, node);
		if (load && !load->priv[1])
			load = NULL;
		if (load && time_before(jiffies, load->priv[0])) {
			mod_timer(&dev->load_timer, load->priv[0]);
			load = NULL;
		}
		if (load)
			list_del(&load->node);
		xa_unlock_irqrestore(&dev->pages, flags);
		if (!load)
			return;
		load->done(load, fetch(dev, load));
	}
}

static void room_again(struct timer_list *timer)
{
	fswap_retry(container_of(timer, struct ram_dev, again_timer)->fswap);
}

static void invalidate_page(void *priv, u32 slot)
{
	forget(priv, slot);
}

static void invalidate_area(void *priv)
{
	struct ram_dev *dev = priv;
	struct ram_page *p;
	unsigned long slot;

	xa_for_each(&dev->pages, slot, p)
		invalidate_page(dev, slot);
}

/* Drops the page if it is still the one that was written. */
static void written(struct fswap_writeback *wb, int err)
{
	struct ram_page *p = container_of(wb, struct ram_page, wb);
	struct ram_dev *dev = p->dev;
	bool drop;

	xa_lock_irq(&dev->pages);
	p->writing = false;
	drop = !err && !READ_ONCE(ram_knobs.keep) && xa_load(&dev->pages, wb->slot) == p;
	if (drop) {
		__xa_erase(&dev->pages, wb->slot);
		fswap_slot_dropped(dev->fswap, wb->slot, true);
	}
	xa_unlock_irq(&dev->pages);
	if (drop)
		kref_put(&p->ref, page_release);
	kref_put(&p->ref, page_release);
	if (atomic_dec_and_test(&dev->writebacks))
		wake_up_var(&dev->writebacks);
}

/* The next page from the cursor on: dropped if it is below too, else with a reference. */
static struct ram_page *pick(struct ram_dev *dev)
{
	struct ram_page *p;
	unsigned long slot;
	bool drop = false;

	xa_lock_irq(&dev->pages);
	slot = dev->cursor;
	p = xa_find(&dev->pages, &slot, ULONG_MAX, XA_PRESENT);
	dev->cursor = p ? slot + 1 : 0;
	if (p && p->writing)
		p = NULL;
	if (p) {
		drop = fswap_slot_is_below(dev->fswap, slot) && !READ_ONCE(ram_knobs.keep);
		if (drop) {
			__xa_erase(&dev->pages, slot);
			fswap_slot_dropped(dev->fswap, slot, true);
		} else {
			p->writing = true;
			kref_get(&p->ref);
		}
	}
	xa_unlock_irq(&dev->pages);
	if (drop) {
		kref_put(&p->ref, page_release);
		p = NULL;
	}
	return p;
}

/* Is @p still what stands in its slot? The slot is locked, so nobody replaces it. */
static bool is_current(struct ram_page *p)
{
	bool current_page;

	xa_lock_irq(&p->dev->pages);
	current_page = xa_load(&p->dev->pages, p->wb.slot) == p;
	xa_unlock_irq(&p->dev->pages);
	return current_page;
}

static bool write_below(struct ram_page *p)
{
	p->wb.nr = 1;
	p->wb.done = written;
	if (fswap_writeback_begin(p->dev->fswap, &p->wb))
		return false;
	if (is_current(p)) {
		fswap_writeback_submit(&p->wb, 1);
		return true;
	}
	fswap_writeback_submit(&p->wb, 0);
	return false;
}

static void evict_round(struct work_struct *work)
{
	struct ram_dev *dev = container_of(to_delayed_work(work), struct ram_dev, evict);
	unsigned int left = READ_ONCE(ram_knobs.evict);
	struct ram_page *p;

	while (left--) {
		p = pick(dev);
		if (!p)
			continue;
		atomic_inc(&dev->writebacks);
		if (!write_below(p))
			written(&p->wb, -EBUSY);
	}
	queue_delayed_work(system_dfl_wq, &dev->evict,
			   msecs_to_jiffies(READ_ONCE(ram_knobs.evict_ms)));
}

static int attach(struct fswap_dev *fswap, u32 id, u32 nr_slots, void **priv)
{
	struct ram_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return -ENOMEM;
	dev->fswap = fswap;
	xa_init_flags(&dev->pages, XA_FLAGS_LOCK_IRQ);
	INIT_LIST_HEAD(&dev->loads);
	timer_setup(&dev->load_timer, loads_due, 0);
	timer_setup(&dev->again_timer, room_again, 0);
	INIT_DELAYED_WORK(&dev->evict, evict_round);
	if (fswap_has_backing(fswap))
		queue_delayed_work(system_dfl_wq, &dev->evict, 0);
	*priv = dev;
	return 0;
}

static void detach(void *priv)
{
	struct ram_dev *dev = priv;

	cancel_delayed_work_sync(&dev->evict);
	wait_var_event(&dev->writebacks, !atomic_read(&dev->writebacks));
	timer_delete_sync(&dev->again_timer);
	timer_delete_sync(&dev->load_timer);
	invalidate_area(dev);
	xa_destroy(&dev->pages);
	kfree(dev);
}

static const struct fswap_backend_ops ram_ops = {
	.owner = THIS_MODULE,
	.attach = attach,
	.detach = detach,
	.store = store,
	.load = load,
	.loads_end = loads_end,
	.invalidate_page = invalidate_page,
	.invalidate_area = invalidate_area,
	.wants = wants,
	.keep = keep,
};

/**
 * ram_backend_register - offer the backend to frontswap
 *
 * Return: what frontswap says.
 */
int ram_backend_register(void)
{
	return fswap_register_backend(&ram_ops);
}

/**
 * ram_backend_unregister - take it back; drains
 */
void ram_backend_unregister(void)
{
	fswap_unregister_backend(&ram_ops);
}

/**
 * ram_backend_pages - how many pages it keeps
 *
 * Return: those of all devices.
 */
long ram_backend_pages(void)
{
	return atomic_long_read(&nr_pages);
}

/**
 * ram_backend_init - set up; nothing is registered yet
 *
 * Return: 0 or -ENOMEM.
 */
int ram_backend_init(void)
{
	page_cache = KMEM_CACHE(ram_page, 0);
	return page_cache ? 0 : -ENOMEM;
}

/**
 * ram_backend_uninit - undo ram_backend_init()
 */
void ram_backend_uninit(void)
{
	if (ram_backend_pages())
		pr_err("fswap_test: BUG: %ld pages leaked\n", ram_backend_pages());
	kmem_cache_destroy(page_cache);
}
