// SPDX-License-Identifier: GPL-2.0
#include "io.h"

#include <linux/highmem.h>
#include <linux/mempool.h>
#include <linux/slab.h>

#include "device.h"
#include "keep.h"
#include "load.h"
#include "slot.h"
#include "stats.h"
#include "throttle.h"
#include "write.h"

/* How many of each can always be had. */
#define IOS_RESERVED		64
#define CLONES_RESERVED		64
#define SINGLES_RESERVED	32

/*
 * A part of a user's bio, at the backing device. [next, end) is still locked: of a write, all
 * slots; of a read, those that the backend is to keep.
 */
struct clone {
	struct fswap_io *io;
	u32 next;
	u32 end;
	struct bvec_iter iter;	/* of the pages to be kept */
	struct work_struct work;
	struct bio bio;		/* last: its bvecs follow */
};

static struct kmem_cache *io_cache;
static mempool_t io_pool;
static struct bio_set clones;
static struct bio_set singles;

static struct fswap_io *io_start(struct fswap_dev *dev, struct bio *bio)
{
	struct fswap_io *io = mempool_alloc(&io_pool, GFP_NOIO);

	io->dev = dev;
	io->bio = bio;
	io->iter = bio->bi_iter;
	atomic_set(&io->pending, 1);
	io->status = BLK_STS_OK;
	io->waited = false;
	io->refused = false;
	io->start_time = bio_start_io_acct(bio);
	return io;
}

/**
 * fswap_io_fail - a part of an io went wrong
 * @io:     the io; goes on to its end
 * @status: for its bio. Which of several errors it ends with is left to chance.
 */
void fswap_io_fail(struct fswap_io *io, blk_status_t status)
{
	WRITE_ONCE(io->status, status);
}

/**
 * fswap_io_put - a part of an io has ended
 * @io: the io; its bio ends with the last part
 *
 * Any context.
 */
void fswap_io_put(struct fswap_io *io)
{
	struct fswap_dev *dev = io->dev;
	struct bio *bio = io->bio;
	bool refused;

	if (!atomic_dec_and_test(&io->pending))
		return;
	refused = io->refused;
	bio->bi_status = io->status;
	bio_end_io_acct(bio, io->start_time);
	mempool_free(io, &io_pool);
	if (refused && fswap_write_linger(dev, bio))
		return;
	bio_endio(bio);
	percpu_ref_put(&dev->ios);
}

static void clone_ended(struct clone *c)
{
	struct fswap_io *io = c->io;

	bio_put(&c->bio);
	fswap_io_put(io);
}

static void unlock_work(struct work_struct *work)
{
	struct clone *c = container_of(work, struct clone, work);

	for (; c->next < c->end; c->next++) {
		if (c->next && !c->bio.bi_status)
			fswap_slot_written(c->io->dev, c->next);
		if (c->next)
			fswap_slot_unlock(c->io->dev, c->next);
	}
	clone_ended(c);
}

static void keep_work(struct work_struct *work)
{
	struct clone *c = container_of(work, struct clone, work);
	struct bio *bio = c->io->bio;

	for (; c->next < c->end; c->next++) {
		fswap_keep_end(c->io->dev, c->next,
			       c->bio.bi_status ? NULL : bio_iter_page(bio, c->iter));
		bio_advance_iter_single(bio, &c->iter, PAGE_SIZE);
		cond_resched();
	}
	clone_ended(c);
}

static void clone_endio(struct bio *bio)
{
	struct clone *c = container_of(bio, struct clone, bio);

	if (bio->bi_status && !(bio_op(bio) == REQ_OP_DISCARD && bio->bi_status == BLK_STS_NOTSUPP)) {
		counter_inc(fswap, backing_errors);
		fswap_io_fail(c->io, bio->bi_status);
	}
	if (c->next < c->end && bio_op(bio) == REQ_OP_READ) {
		INIT_WORK(&c->work, keep_work);
		queue_work(fswap_end_wq, &c->work);
		return;
	}
	for (; c->next < c->end; c->next++) {
		if (!c->next)
			continue;
		if (!bio->bi_status)
			fswap_slot_written(c->io->dev, c->next);
		if (!fswap_slot_tryunlock(c->io->dev, c->next)) {
			INIT_WORK(&c->work, unlock_work);
			queue_work(fswap_end_wq, &c->work);
			return;
		}
	}
	clone_ended(c);
}

static struct clone *clone_init(struct bio *bio, struct fswap_io *io)
{
	struct clone *c = container_of(bio, struct clone, bio);

	c->io = io;
	c->next = 0;
	c->end = 0;
	bio->bi_end_io = clone_endio;
	atomic_inc(&io->pending);
	return c;
}

static struct clone *clone_io(struct fswap_io *io)
{
	return clone_init(bio_alloc_clone(io->dev->backing, io->bio, GFP_NOIO, &clones), io);
}

/**
 * fswap_run_add - let the io's next page go below with its neighbours
 * @run: so far without that page; its pages end where this one begins
 * @io:  the io, not yet advanced
 */
void fswap_run_add(struct fswap_run *run, const struct fswap_io *io)
{
	if (!run->nr) {
		run->iter = io->iter;
		run->iter.bi_size = 0;
		run->first = fswap_io_slot(io);
	}
	run->iter.bi_size += PAGE_SIZE;
	run->nr++;
}

/**
 * fswap_run_submit - send a run to the backing device
 * @run: empty afterwards; may be empty before. The slots of a write are locked,
 *	 and are unlocked at the end. Of a read, those that the backend wants are locked now.
 * @io:  the io that it is a part of
 */
void fswap_run_submit(struct fswap_run *run, struct fswap_io *io)
{
	struct clone *c;

	if (!run->nr)
		return;
	c = clone_io(io);
	c->bio.bi_iter = run->iter;
	c->next = run->first;
	if (op_is_write(bio_op(io->bio))) {
		c->end = run->first + run->nr;
		counter_add(fswap, backing_writes, run->nr);
	} else {
		c->end = run->first + fswap_keep_begin(io->dev, run->first, run->nr);
		c->iter = run->iter;
		counter_add(fswap, backing_reads, run->nr);
	}
	run->nr = 0;
	submit_bio_noacct(&c->bio);
}

/**
 * fswap_run_alloc - a bio of pages of neighbouring slots for the backing device
 * @dev:  has a backing device
 * @slot: where
 * @page: what
 * @nr:   how many, at most FSWAP_RUN_MAX
 * @opf:  the bio's operation and flags
 *
 * For those who do not work on a user's bio within submit_bio(). The bio's end
 * is to put it at once, not in a worker. May wait for others of its kind.
 * Return: the bio, always.
 */
struct bio *fswap_run_alloc(struct fswap_dev *dev, u32 slot, struct page **page, unsigned int nr,
			    blk_opf_t opf)
{
	struct bio *bio = bio_alloc_bioset(dev->backing, nr, opf, GFP_NOIO, &singles);
	unsigned int i;

	bio->bi_iter.bi_sector = (sector_t)slot * SECTORS_PER_SLOT;
	for (i = 0; i < nr; i++)
		__bio_add_page(bio, page[i], PAGE_SIZE, 0);
	return bio;
}

/* The same for one page. */
struct bio *fswap_single_alloc(struct fswap_dev *dev, u32 slot, struct page *page, blk_opf_t opf)
{
	return fswap_run_alloc(dev, slot, &page, 1, opf);
}

/* A flush of its own beside the pages, since those taken above do not carry it down. */
static void flush(struct fswap_io *io)
{
	struct bio *bio;

	if (!io->dev->backing)
		return;
	bio = bio_alloc_bioset(io->dev->backing, 0, REQ_OP_WRITE | REQ_PREFLUSH, GFP_NOIO, &clones);
	submit_bio_noacct(&clone_init(bio, io)->bio);
}

static void write(struct fswap_io *io)
{
	if (io->bio->bi_opf & REQ_PREFLUSH)
		flush(io);
	if (io->iter.bi_size)
		fswap_write_pages(io);
	else
		fswap_io_put(io);
}

static void discard(struct fswap_io *io)
{
	struct fswap_dev *dev = io->dev;
	u64 slot = fswap_io_slot(io);
	u64 end = slot + (io->iter.bi_size >> PAGE_SHIFT);

	counter_add(fswap, discards, end - slot);
	if (!slot && !dev->backing && slot < end)
		clear_highpage(dev->header);
	for (slot = max(slot, 1ull);
	     (slot = slotmap_next(&dev->map, slot, SLOT_ABOVE | SLOT_BELOW | SLOT_BUSY)) < end;
	     slot++) {
		fswap_slot_invalidate(dev, slot);
		cond_resched();
	}
	if (dev->backing && bdev_max_discard_sectors(dev->backing))
		submit_bio_noacct(&clone_io(io)->bio);
	fswap_io_put(io);
}

/* Whole pages at whole slots: what the queue's limits promise. */
static bool well_formed(struct fswap_dev *dev, struct bio *bio)
{
	u64 end = bio_end_sector(bio) / SECTORS_PER_SLOT;
	struct bvec_iter iter;
	struct bio_vec bv;

	if (bio->bi_iter.bi_sector % SECTORS_PER_SLOT || bio->bi_iter.bi_size & ~PAGE_MASK ||
	    end > dev->map.nr)
		return false;
	if (!bio_has_data(bio))
		return true;
	bio_for_each_bvec(bv, bio, iter) {
		if ((bv.bv_offset | bv.bv_len) & ~PAGE_MASK)
			return false;
	}
	return true;
}

/**
 * fswap_submit_bio - the disk's submit_bio operation
 * @bio: of the device's user. Waits for no other bio, but that a write waits for a while if many do.
 */
void fswap_submit_bio(struct bio *bio)
{
	struct fswap_dev *dev = bio->bi_bdev->bd_disk->private_data;

	if (bio_op(bio) == REQ_OP_WRITE)
		fswap_throttle(dev, bio);
	if (!well_formed(dev, bio) || !percpu_ref_tryget_live(&dev->ios)) {
		bio_io_error(bio);
		return;
	}

	switch (bio_op(bio)) {
	case REQ_OP_READ:
		fswap_read_pages(io_start(dev, bio));
		break;
	case REQ_OP_WRITE:
		write(io_start(dev, bio));
		break;
	case REQ_OP_DISCARD:
		discard(io_start(dev, bio));
		break;
	default:
		percpu_ref_put(&dev->ios);
		bio->bi_status = BLK_STS_NOTSUPP;
		bio_endio(bio);
	}
}

/**
 * fswap_io_init - set up the pools
 *
 * Return: 0 or -ENOMEM.
 */
int fswap_io_init(void)
{
	int err = -ENOMEM;

	io_cache = KMEM_CACHE(fswap_io, 0);
	if (!io_cache)
		return err;
	err = mempool_init_slab_pool(&io_pool, IOS_RESERVED, io_cache);
	if (err)
		goto free_cache;
	err = bioset_init(&clones, CLONES_RESERVED, offsetof(struct clone, bio),
			  BIOSET_NEED_RESCUER);
	if (err)
		goto free_pool;
	err = bioset_init(&singles, SINGLES_RESERVED, 0, BIOSET_NEED_BVECS | BIOSET_NEED_RESCUER);
	if (err)
		goto free_clones;
	return 0;

free_clones:
	bioset_exit(&clones);
free_pool:
	mempool_exit(&io_pool);
free_cache:
	kmem_cache_destroy(io_cache);
	return err;
}

/**
 * fswap_io_uninit - undo fswap_io_init()
 */
void fswap_io_uninit(void)
{
	bioset_exit(&singles);
	bioset_exit(&clones);
	mempool_exit(&io_pool);
	kmem_cache_destroy(io_cache);
}
