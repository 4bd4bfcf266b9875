/* SPDX-License-Identifier: GPL-2.0 */
/*
 * device.h - struct fswap_dev, and the life of a device
 *
 * made (mkdir) -> live (live=1) -> made (live=0) -> freed (rmdir). rmdir of a
 * live device that somebody has open only orphans it: the next mkdir of its
 * name takes it up, and what is left when the module goes is removed then.
 *
 * Who protects what:
 * - fswap_lock: the list of devices, which backend is registered, everything
 *   in a device above "live". Never taken in the data path, by open() or by
 *   whatever reclaim may wait for; it may be held over GFP_KERNEL allocations.
 *   Order: fswap_lock, then a disk's open_mutex.
 * - What is set before the disk appears and does not change until it is gone
 *   (map, backing, header) needs no lock. A bio holds a reference in @ios,
 *   and so does each writeback, so that all this outlives it.
 * - @link: SRCU (fswap_srcu, backend.c); written under fswap_lock.
 * - The bits of a slot: atomic, see slot.h.
 * - @park_lock: the lists of bios that wait, each with its count.
 */
#ifndef _FRONTSWAP_DEVICE_H
#define _FRONTSWAP_DEVICE_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "frontswap.h"
#include "slotmap.h"

#define FSWAP_MAX_ID		255
#define FSWAP_MIN_SLOTS		10
#define FSWAP_MAX_SLOTS		U32_MAX
#define FSWAP_MAX_WAIT_MS	600000
#define FSWAP_MAX_REPLICAS	3
#define FSWAP_RETRIERS		4
#define SECTORS_PER_SLOT	(PAGE_SIZE >> SECTOR_SHIFT)

struct fswap_link;

enum fswap_backup {
	FSWAP_BACKUP_DEFAULT,			/* on a disk if there is one */
	FSWAP_BACKUP_NONE,
	FSWAP_BACKUP_DISK,
};

struct fswap_retrier {
	struct fswap_dev *dev;
	struct work_struct work;
};

struct fswap_dev {
	/* data path, read mostly */
	struct slotmap map;
	struct block_device *backing;		/* NULL: none */
	struct fswap_link __rcu *link;		/* the attached backend; NULL: none */
	struct page *header;			/* slot 0, if there is no backing device */
	bool accepting;				/* new pages go to the backend */
	unsigned int store_wait_ms;
	struct percpu_ref ios;

	/* bios that wait */
	spinlock_t park_lock;			/* only a workqueue's are within; IRQs off */
	struct list_head waiting;		/* for room above, in order */
	struct list_head held;			/* for a busy slot */
	atomic_t nr_waiting;
	wait_queue_head_t line_wait;		/* submitters, while too many wait */
	atomic_t nr_held;
	struct bio_list refused;		/* their ios have ended */
	unsigned int nr_refused;
	atomic_t room_seq;			/* grows with each fswap_retry() */
	struct fswap_retrier retriers[FSWAP_RETRIERS];
	atomic_t next_retrier;
	struct delayed_work patience;
	struct work_struct unhold;
	struct delayed_work dismiss;		/* those refused */
	wait_queue_head_t slot_wait;		/* the drain, for a busy slot */

	atomic_t loads;				/* within the backend */

	/* the backend's module is pinned while pages of ours exist only there */
	spinlock_t pin_lock;			/* innermost; IRQs off */
	atomic_t pins;
	struct module *pinned;

	/* fswap_lock */
	struct list_head node;			/* all devices */
	u32 id;
	char name[DISK_NAME_LEN];
	bool configured;			/* has a configfs directory */
	bool live;
	bool draining;
	char *backing_path;			/* NULL: none */
	enum fswap_backup backup;		/* these three: policy.c */
	u8 replicas;				/* 0: by default */
	bool allow_loss;
	struct file *backing_file;
	u64 size;				/* 0: the backing device's */
	struct gendisk *disk;
	bool claimed;				/* disk->open_mutex: going, no more opens */
	struct completion idle;			/* @ios dropped to zero */
};

extern struct mutex fswap_lock;
extern struct list_head fswap_devices;
extern struct workqueue_struct *fswap_wq;
extern struct workqueue_struct *fswap_end_wq;
extern const struct block_device_operations fswap_disk_ops;

struct fswap_dev *fswap_dev_get(u32 id);
void fswap_dev_put(struct fswap_dev *dev);
int fswap_dev_set_backing(struct fswap_dev *dev, const char *path);
int fswap_dev_set_size(struct fswap_dev *dev, u64 size);
int fswap_dev_start(struct fswap_dev *dev);
int fswap_dev_stop(struct fswap_dev *dev);

int fswap_devices_init(void);
void fswap_devices_uninit(void);

#endif
