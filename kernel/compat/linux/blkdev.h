/* SPDX-License-Identifier: GPL-2.0 */
/*
 * 6.5:  blk_mode_t and BLK_OPEN_* replaced fmode_t; open() takes the disk
 * 6.9:  block devices are opened as files: bdev_file_open_by_path();
 *       blk_alloc_disk() takes the queue's limits
 * 6.10: bdev_fput()
 * 6.11: struct queue_limits has features, BLK_FEAT_*
 */
#ifndef _COMPAT_LINUX_BLKDEV_H
#define _COMPAT_LINUX_BLKDEV_H

#include_next <linux/blkdev.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)

typedef fmode_t blk_mode_t;

#define BLK_OPEN_READ	FMODE_READ
#define BLK_OPEN_WRITE	FMODE_WRITE

/* A value for block_device_operations.open: DISK_OPEN_OP(fn) after DISK_OPEN_FN(fn). */
#define DISK_OPEN_FN(fn)						\
	static int fn##_bdev(struct block_device *bdev, fmode_t mode)	\
	{								\
		return fn(bdev->bd_disk, mode);				\
	}
#define DISK_OPEN_OP(fn) fn##_bdev

#else

#define DISK_OPEN_FN(fn)
#define DISK_OPEN_OP(fn) fn

#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)

struct blk_holder_ops;

/*
 * No file behind it: the "file" is the block device, and may only be given to
 * file_bdev() and bdev_fput(). Opened exclusively, for reading and writing.
 */
static inline struct file *bdev_file_open_by_path(const char *path, blk_mode_t mode, void *holder,
						  const struct blk_holder_ops *hops)
{
	return (struct file *)blkdev_get_by_path(path, FMODE_READ | FMODE_WRITE | FMODE_EXCL,
						 holder);
}

static inline struct block_device *file_bdev(struct file *bdev_file)
{
	return (struct block_device *)bdev_file;
}

static inline void bdev_fput(struct file *bdev_file)
{
	blkdev_put(file_bdev(bdev_file), FMODE_READ | FMODE_WRITE | FMODE_EXCL);
}

/* The limits that we set, under the names they have now. */
struct compat_queue_limits {
	unsigned int features;
	unsigned int logical_block_size;
	unsigned int physical_block_size;
	unsigned int io_min;
	unsigned int io_opt;
	unsigned int dma_alignment;
	unsigned int max_hw_sectors;
	unsigned int max_hw_discard_sectors;
	unsigned int discard_granularity;
};

#define BLK_FEAT_WRITE_CACHE	(1u << 0)
#define BLK_FEAT_FUA		(1u << 1)
#define BLK_FEAT_ROTATIONAL	(1u << 2)
#define BLK_FEAT_IO_STAT	(1u << 4)
#define BLK_FEAT_STABLE_WRITES	(1u << 5)

static inline void compat_set_limits(struct request_queue *q, const struct compat_queue_limits *lim)
{
	blk_queue_logical_block_size(q, lim->logical_block_size);
	blk_queue_physical_block_size(q, lim->physical_block_size);
	blk_queue_io_min(q, lim->io_min);
	blk_queue_io_opt(q, lim->io_opt);
	blk_queue_dma_alignment(q, lim->dma_alignment);
	blk_queue_max_hw_sectors(q, lim->max_hw_sectors);
	blk_queue_max_discard_sectors(q, lim->max_hw_discard_sectors);
	q->limits.discard_granularity = lim->discard_granularity;
	blk_queue_write_cache(q, lim->features & BLK_FEAT_WRITE_CACHE,
			      lim->features & BLK_FEAT_FUA);
	if (!(lim->features & BLK_FEAT_ROTATIONAL))
		blk_queue_flag_set(QUEUE_FLAG_NONROT, q);
	if (lim->features & BLK_FEAT_STABLE_WRITES)
		blk_queue_flag_set(QUEUE_FLAG_STABLE_WRITES, q);
	if (lim->features & BLK_FEAT_IO_STAT)
		blk_queue_flag_set(QUEUE_FLAG_IO_STAT, q);
}

#define compat_old_alloc_disk(node_id)					\
({									\
	static struct lock_class_key __key;				\
									\
	__blk_alloc_disk(node_id, &__key);				\
})

#undef blk_alloc_disk
#define blk_alloc_disk(lim, node_id)					\
({									\
	struct gendisk *__disk = compat_old_alloc_disk(node_id);	\
									\
	if (__disk)							\
		compat_set_limits(__disk->queue, lim);			\
	__disk ?: (struct gendisk *)ERR_PTR(-ENOMEM);			\
})

#define queue_limits compat_queue_limits

#endif

#endif
