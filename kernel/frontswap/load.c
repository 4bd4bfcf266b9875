// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "frontswap: " fmt

#include "load.h"

#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/slab.h>

#include "backend.h"
#include "device.h"
#include "io.h"
#include "keep.h"
#include "slot.h"
#include "stats.h"

#define LOADS_RESERVED	64

/*
 * The bits of a slot that nobody holds are exact, so a miss of a page that
 * is above means that it moved between our two looks. It does not do so again and again, unless somebody
 * else writes or reads the slot that he reads.
 */
#define MISSES_MAX	8

/**
 * struct page_load - a page that is, or was, above
 * @load:       the backend's part
 * @io:         its bio's
 * @misses:     how often the backend missed it
 * @failed:     the backend cannot have it, or not in time
 * @kept:       its slot is locked, for the backend to have it again once it is read below
 * @status:     of the read below
 * @look_again: looks where it is now
 * @keep:       ends the read below, if @kept
 */
struct page_load {
	struct fswap_load load;
	struct fswap_io *io;
	unsigned int misses;
	bool failed;
	bool kept;
	blk_status_t status;
	struct delayed_work look_again;
	struct work_struct keep;
};

static struct kmem_cache *load_cache;
static mempool_t load_pool;

static void load_end(struct page_load *pl, blk_status_t status)
{
	struct fswap_io *io = pl->io;

	if (status)
		fswap_io_fail(io, status);
	mempool_free(pl, &load_pool);
	fswap_io_put(io);
}

static void settle(struct page_load *pl, int err)
{
	switch (err) {
	case 0:
		counter_inc(fswap, loads);
		load_end(pl, BLK_STS_OK);
		break;
	case -ENOENT:
		counter_inc(fswap, loads_missed);
		queue_delayed_work(fswap_wq, &pl->look_again, 0);
		break;
	default:
		counter_inc(fswap, loads_failed);
		pl->failed = true;
		queue_delayed_work(fswap_wq, &pl->look_again, 0);
	}
}

static void load_done(struct fswap_load *load, int err)
{
	struct page_load *pl = container_of(load, struct page_load, load);

	fswap_backend_load_ended(pl->io->dev);
	settle(pl, err);
}

/* True if it is on its way: fswap_backend_loads_end() must follow. */
static bool load_begin(struct page_load *pl)
{
	int err = fswap_backend_load(pl->io->dev, &pl->load);

	if (err == -EINPROGRESS)
		return true;
	settle(pl, err);
	return false;
}

static void read_below_ended(struct page_load *pl)
{
	if (pl->status && pl->failed && !pl->load.below_failed) {
		/* It was slow to come from above, or could not be had at once: now with patience. */
		pl->load.below_failed = true;
		pl->failed = false;
		queue_delayed_work(fswap_wq, &pl->look_again, 0);
		return;
	}
	load_end(pl, pl->status);
}

static void keep_work(struct work_struct *work)
{
	struct page_load *pl = container_of(work, struct page_load, keep);

	fswap_keep_end(pl->io->dev, pl->load.slot, pl->status ? NULL : pl->load.page);
	read_below_ended(pl);
}

static void read_below_endio(struct bio *bio)
{
	struct page_load *pl = bio->bi_private;

	pl->status = bio->bi_status;
	if (pl->status)
		counter_inc(fswap, backing_errors);
	bio_put(bio);
	if (pl->kept)
		queue_work(fswap_end_wq, &pl->keep);
	else
		read_below_ended(pl);
}

static void read_below(struct page_load *pl)
{
	struct fswap_dev *dev = pl->io->dev;
	struct bio *bio;

	if (!dev->backing) {
		counter_inc(fswap, zero_reads);
		clear_highpage(pl->load.page);
		load_end(pl, BLK_STS_OK);
		return;
	}
	bio = fswap_single_alloc(dev, pl->load.slot, pl->load.page,
				 REQ_OP_READ | (pl->io->bio->bi_opf & (REQ_SYNC | REQ_PRIO)));
	pl->kept = fswap_keep_begin(dev, pl->load.slot, 1);
	bio->bi_end_io = read_below_endio;
	bio->bi_private = pl;
	counter_inc(fswap, backing_reads);
	submit_bio_noacct(bio);
}

static void look_again_work(struct work_struct *work)
{
	struct page_load *pl = container_of(to_delayed_work(work), struct page_load, look_again);
	struct fswap_dev *dev = pl->io->dev;
	unsigned int bits = slotmap_get(&dev->map, pl->load.slot);

	/* A page that cannot be had above is as good below, if it is there too. */
	if (!(bits & SLOT_ABOVE) || (pl->failed && bits & SLOT_BELOW && !pl->load.below_failed)) {
		read_below(pl);
	} else if (pl->failed) {
		load_end(pl, BLK_STS_IOERR);
	} else if (bits & SLOT_BUSY) {
		queue_delayed_work(fswap_wq, &pl->look_again, 1);
	} else if (++pl->misses < MISSES_MAX) {
		/* Our reference: the load may be over before we are. */
		percpu_ref_get(&dev->ios);
		if (load_begin(pl))
			fswap_backend_loads_end(dev, false);
		percpu_ref_put(&dev->ios);
	} else if (bits & SLOT_BELOW && !pl->load.below_failed) {
		read_below(pl);
	} else {
		counter_inc(fswap, lost_pages);
		pr_err_ratelimited("%s: lost page: slot %u is above, but the backend has not got it\n",
				   dev->name, pl->load.slot);
		load_end(pl, BLK_STS_IOERR);
	}
}

/* A task's plug with loads in it; the device stays until it is pulled. */
struct load_plug {
	struct blk_plug_cb cb;
	struct fswap_dev *dev;
};

static void unplug(struct blk_plug_cb *cb, bool from_schedule)
{
	struct load_plug *plug = container_of(cb, struct load_plug, cb);
	struct fswap_dev *dev = plug->dev;

	fswap_backend_loads_end(dev, from_schedule);
	percpu_ref_put(&dev->ios);
	kfree(plug);
}

/*
 * Loads are on their way. If more may follow (read-ahead holds a plug), the
 * backend is told at the end of them all.
 */
static void loads_end(struct fswap_dev *dev)
{
	struct blk_plug_cb *cb = blk_check_plugged(unplug, dev, sizeof(struct load_plug));
	struct load_plug *plug;

	if (!cb) {
		fswap_backend_loads_end(dev, false);
		return;
	}
	plug = container_of(cb, struct load_plug, cb);
	if (!plug->dev) {
		plug->dev = dev;
		percpu_ref_get(&dev->ios);
	}
}

/* Loads that were begun have to be sent off before we wait for one of them to end. */
static struct page_load *load_alloc(struct fswap_dev *dev)
{
	struct page_load *pl = mempool_alloc(&load_pool, GFP_NOWAIT | __GFP_NOWARN);

	if (pl)
		return pl;
	fswap_backend_loads_end(dev, false);
	return mempool_alloc(&load_pool, GFP_NOIO);
}

static bool read_above(struct fswap_io *io)
{
	struct page_load *pl = load_alloc(io->dev);

	memset(pl, 0, sizeof(*pl));
	pl->load.page = fswap_io_page(io);
	pl->load.slot = fswap_io_slot(io);
	pl->load.done = load_done;
	pl->io = io;
	INIT_DELAYED_WORK(&pl->look_again, look_again_work);
	INIT_WORK(&pl->keep, keep_work);
	atomic_inc(&io->pending);
	return load_begin(pl);
}

static void read_nothing(struct fswap_io *io)
{
	struct fswap_dev *dev = io->dev;

	if (fswap_io_slot(io)) {
		counter_inc(fswap, zero_reads);
		clear_highpage(fswap_io_page(io));
	} else {
		counter_inc(fswap, header_reads);
		copy_highpage(fswap_io_page(io), dev->header);
	}
}

/**
 * fswap_read_pages - read each page of an io from where it is
 * @io: the caller's count is given up
 */
void fswap_read_pages(struct fswap_io *io)
{
	struct fswap_dev *dev = io->dev;
	struct fswap_run run = {};
	bool begun = false;

	for (; io->iter.bi_size; fswap_io_advance(io)) {
		bool above = slotmap_get(&dev->map, fswap_io_slot(io)) & SLOT_ABOVE;

		if (!above && dev->backing) {
			fswap_run_add(&run, io);
			continue;
		}
		fswap_run_submit(&run, io);
		if (above)
			begun |= read_above(io);
		else
			read_nothing(io);
	}
	fswap_run_submit(&run, io);
	if (begun)
		loads_end(dev);
	fswap_io_put(io);
}

/**
 * fswap_load_init - set up the pool of loads
 *
 * Return: 0 or -ENOMEM.
 */
int fswap_load_init(void)
{
	int err;

	load_cache = KMEM_CACHE(page_load, 0);
	if (!load_cache)
		return -ENOMEM;
	err = mempool_init_slab_pool(&load_pool, LOADS_RESERVED, load_cache);
	if (err)
		kmem_cache_destroy(load_cache);
	return err;
}

/**
 * fswap_load_uninit - undo fswap_load_init()
 */
void fswap_load_uninit(void)
{
	mempool_exit(&load_pool);
	kmem_cache_destroy(load_cache);
}
