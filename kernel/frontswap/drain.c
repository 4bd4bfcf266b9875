// SPDX-License-Identifier: GPL-2.0
/*
 * The backend takes no new pages while we drain, so one pass over the slots that are above, or held by
 * whoever has just brought one there, finds them all. Several workers do so at once, each with one page: loads may
 * come from another node, and each takes its time.
 *
 * A slot is locked from its load to the end of its write below, so that nobody
 * writes it meanwhile; an invalidation that comes is done at the unlock. Reads
 * go on, above until the slot has come down, below from then on.
 */
#include "drain.h"

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "backend.h"
#include "device.h"
#include "io.h"
#include "slot.h"
#include "stats.h"

#define DRAINERS	16

struct drainer {
	struct drain *drain;
	struct work_struct work;
	struct page *page;
	struct fswap_load load;
	struct completion done;
	int err;
};

struct drain {
	struct fswap_dev *dev;
	spinlock_t lock;
	u64 next;			/* @lock */
	atomic_t running;
	struct completion finished;
	struct drainer drainers[DRAINERS];
};

static struct workqueue_struct *drain_wq;
static DEFINE_MUTEX(drain_mutex);
static struct drain drain;		/* drain_mutex; one at a time: it has pages to spare always */

/* In slices, so as not to look like a hung task: a fetch may have minutes. */
static void wait_long(struct completion *done)
{
	while (!wait_for_completion_timeout(done, 30 * HZ))
		;
}

static void load_done(struct fswap_load *load, int err)
{
	struct drainer *me = container_of(load, struct drainer, load);
	struct fswap_dev *dev = me->drain->dev;

	me->err = err;
	fswap_backend_load_ended(dev);
	complete(&me->done);
}

static int load(struct drainer *me, u32 slot)
{
	int err;

	memset(&me->load, 0, sizeof(me->load));
	me->load.page = me->page;
	me->load.slot = slot;
	me->load.done = load_done;
	reinit_completion(&me->done);
	err = fswap_backend_load(me->drain->dev, &me->load);
	if (err != -EINPROGRESS)
		return err;
	fswap_backend_loads_end(me->drain->dev, false);
	wait_long(&me->done);
	return me->err;
}

static void write_endio(struct bio *bio)
{
	struct drainer *me = bio->bi_private;

	me->err = blk_status_to_errno(bio->bi_status);
	bio_put(bio);
	complete(&me->done);
}

static int write(struct drainer *me, u32 slot)
{
	struct bio *bio;

	reinit_completion(&me->done);
	bio = fswap_single_alloc(me->drain->dev, slot, me->page, REQ_OP_WRITE | REQ_SWAP);
	bio->bi_end_io = write_endio;
	bio->bi_private = me;
	submit_bio_noacct(bio);
	wait_long(&me->done);
	return me->err;
}

static void drain_slot(struct drainer *me, u32 slot)
{
	struct fswap_dev *dev = me->drain->dev;
	unsigned int bits;
	int err = 0;

	wait_event(dev->slot_wait, fswap_slot_lock(dev, slot));
	bits = slotmap_get(&dev->map, slot);
	if (bits & SLOT_ABOVE) {
		if (!(bits & SLOT_BELOW))
			err = load(me, slot) ?: write(me, slot);
		if (!err) {
			fswap_slot_came_down(dev, slot);
			fswap_backend_invalidate(dev, slot);
			counter_inc(fswap, drained);
		} else {
			counter_inc(fswap, drain_failed);
		}
	}
	fswap_slot_unlock(dev, slot);
}

static u64 next_slot(struct drain *d)
{
	u64 slot;

	spin_lock(&d->lock);
	slot = slotmap_next(&d->dev->map, d->next, SLOT_ABOVE | SLOT_BUSY);
	d->next = slot == U64_MAX ? slot : slot + 1;
	spin_unlock(&d->lock);
	return slot;
}

static void drain_work(struct work_struct *work)
{
	struct drainer *me = container_of(work, struct drainer, work);
	struct drain *d = me->drain;
	u64 slot;

	while ((slot = next_slot(d)) != U64_MAX) {
		drain_slot(me, slot);
		cond_resched();
	}
	if (atomic_dec_and_test(&d->running))
		complete(&d->finished);
}

/**
 * fswap_drain - write below each page of a device that is above
 * @dev: accepts no pages any more. Nothing happens without a backing device.
 *
 * Pages that cannot be had stay above. Sleeps.
 */
void fswap_drain(struct fswap_dev *dev)
{
	int i;

	if (!dev->backing)
		return;

	mutex_lock(&drain_mutex);
	drain.dev = dev;
	drain.next = 0;
	reinit_completion(&drain.finished);
	atomic_set(&drain.running, DRAINERS);
	for (i = 0; i < DRAINERS; i++)
		queue_work(drain_wq, &drain.drainers[i].work);
	wait_long(&drain.finished);
	mutex_unlock(&drain_mutex);
}

static void free_pages_of_drainers(void)
{
	int i;

	for (i = 0; i < DRAINERS; i++) {
		if (drain.drainers[i].page) {
			/* Nothing of what was swapped stays there. */
			clear_highpage(drain.drainers[i].page);
			__free_page(drain.drainers[i].page);
		}
	}
}

/**
 * fswap_drain_init - set aside what a drain needs
 *
 * Return: 0 or -ENOMEM.
 */
int fswap_drain_init(void)
{
	int i;

	spin_lock_init(&drain.lock);
	init_completion(&drain.finished);
	for (i = 0; i < DRAINERS; i++) {
		struct drainer *d = &drain.drainers[i];

		d->drain = &drain;
		INIT_WORK(&d->work, drain_work);
		init_completion(&d->done);
		d->page = alloc_page(GFP_KERNEL);
		if (!d->page)
			goto free_pages;
	}
	drain_wq = alloc_workqueue("fswap_drain", WQ_UNBOUND | WQ_MEM_RECLAIM, DRAINERS);
	if (!drain_wq)
		goto free_pages;
	return 0;

free_pages:
	free_pages_of_drainers();
	return -ENOMEM;
}

/**
 * fswap_drain_uninit - undo fswap_drain_init()
 */
void fswap_drain_uninit(void)
{
	destroy_workqueue(drain_wq);
	free_pages_of_drainers();
}
