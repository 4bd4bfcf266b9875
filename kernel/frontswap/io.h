/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io.h - a bio of the device's user on its way through
 *
 * The bio is not split. Each of its pages goes its own way (a load from the
 * backend, or in a clone of the bio that covers a run of neighbours that all
 * go to the backing device); struct fswap_io counts those on their way, and
 * the bio ends with the last. Whoever works through the pages, the submitter
 * or a worker that continues a write that had to wait, holds one count and has
 * @iter to himself.
 *
 * Nothing here waits for another bio: a bio that cannot go on is parked on a
 * list (write.h). Memory comes from mempools. Those of clones and of loads are
 * filled again by I/O that is already under way and needs no more of them:
 * clones that are still queued on current->bio_list are sent off by the
 * bioset's rescuer, and the read below after a miss has a bioset of its own.
 * Ends that need a worker have a workqueue of their own, fswap_end_wq, where
 * nobody waits for memory that another of them has yet to give back.
 */
#ifndef _FRONTSWAP_IO_H
#define _FRONTSWAP_IO_H

#include <linux/bio.h>
#include <linux/list.h>

struct fswap_dev;

struct fswap_io {
	struct fswap_dev *dev;
	struct bio *bio;
	struct bvec_iter iter;		/* what is yet to be begun */
	atomic_t pending;
	blk_status_t status;
	unsigned long start_time;

	/* writes only */
	struct list_head node;		/* dev->waiting or ->held; dev->park_lock */
	unsigned long waits_since;	/* jiffies; valid if @waited */
	bool waited;
	bool refused;			/* and there is no backing device */
};

/* Neighbours of an io that go to the backing device together. */
struct fswap_run {
	struct bvec_iter iter;
	u32 first;
	u32 nr;
};

void fswap_submit_bio(struct bio *bio);
void fswap_io_fail(struct fswap_io *io, blk_status_t status);
void fswap_io_put(struct fswap_io *io);
void fswap_run_add(struct fswap_run *run, const struct fswap_io *io);
void fswap_run_submit(struct fswap_run *run, struct fswap_io *io);
struct bio *fswap_run_alloc(struct fswap_dev *dev, u32 slot, struct page **page, unsigned int nr,
			    blk_opf_t opf);
struct bio *fswap_single_alloc(struct fswap_dev *dev, u32 slot, struct page *page, blk_opf_t opf);

static inline u32 fswap_io_slot(const struct fswap_io *io)
{
	return io->iter.bi_sector >> (PAGE_SHIFT - SECTOR_SHIFT);
}

static inline struct page *fswap_io_page(const struct fswap_io *io)
{
	return bio_iter_page(io->bio, io->iter);
}

static inline void fswap_io_advance(struct fswap_io *io)
{
	bio_advance_iter_single(io->bio, &io->iter, PAGE_SIZE);
}

int fswap_io_init(void);
void fswap_io_uninit(void);

#endif
