// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "frontswap: " fmt

#include "device.h"

#include <linux/module.h>
#include <linux/slab.h>

#include "backend.h"
#include "io.h"
#include "policy.h"
#include "slot.h"
#include "stats.h"
#include "write.h"

DEFINE_MUTEX(fswap_lock);
LIST_HEAD(fswap_devices);
struct workqueue_struct *fswap_wq;
struct workqueue_struct *fswap_end_wq;

/**
 * fswap_name - a device's name
 * @dev: the device
 *
 * Return: frontswapN.
 */
const char *fswap_name(const struct fswap_dev *dev)
{
	return dev->name;
}
EXPORT_SYMBOL_GPL(fswap_name);

/**
 * fswap_has_backing - does the device have a backing device?
 * @dev: live
 */
bool fswap_has_backing(const struct fswap_dev *dev)
{
	return dev->backing;
}
EXPORT_SYMBOL_GPL(fswap_has_backing);

/**
 * fswap_backing_path - how the backing device was named
 * @dev: live
 *
 * Return: the path, or NULL if there is none.
 */
const char *fswap_backing_path(const struct fswap_dev *dev)
{
	return dev->backing_path;
}
EXPORT_SYMBOL_GPL(fswap_backing_path);

/**
 * fswap_read_books - how many slots are where
 * @dev:   live
 * @books: filled
 */
void fswap_read_books(struct fswap_dev *dev, struct fswap_books *books)
{
	slotmap_read_books(&dev->map, books);
}
EXPORT_SYMBOL_GPL(fswap_read_books);

static void ios_released(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct fswap_dev, ios)->idle);
}

static struct fswap_dev *dev_alloc(u32 id)
{
	struct fswap_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return NULL;
	dev->id = id;
	snprintf(dev->name, sizeof(dev->name), "frontswap%u", id);
	dev->store_wait_ms = 5000;
	spin_lock_init(&dev->pin_lock);
	init_completion(&dev->idle);
	fswap_write_init_dev(dev);
	return dev;
}

static struct fswap_dev *find(u32 id)
{
	struct fswap_dev *dev;

	list_for_each_entry(dev, &fswap_devices, node) {
		if (dev->id == id)
			return dev;
	}
	return NULL;
}

/**
 * fswap_dev_get - make a device, or take up an orphan
 * @id: its number
 *
 * Return: the device, or an ERR_PTR() of -ENOMEM or -EEXIST.
 */
struct fswap_dev *fswap_dev_get(u32 id)
{
	struct fswap_dev *dev;

	lockdep_assert_held(&fswap_lock);
	dev = find(id);
	if (dev && dev->configured)
		return ERR_PTR(-EEXIST);
	if (!dev) {
		dev = dev_alloc(id);
		if (!dev)
			return ERR_PTR(-ENOMEM);
		list_add_tail(&dev->node, &fswap_devices);
	}
	dev->configured = true;
	return dev;
}

static void close_backing(struct fswap_dev *dev)
{
	if (!dev->backing_file)
		return;
	bdev_fput(dev->backing_file);
	kfree(dev->backing_path);
	dev->backing_file = NULL;
	dev->backing_path = NULL;
	dev->backing = NULL;
}

/**
 * fswap_dev_put - the device's configuration goes
 * @dev: gone afterwards, unless it is in use: then it lives on as an orphan
 */
void fswap_dev_put(struct fswap_dev *dev)
{
	lockdep_assert_held(&fswap_lock);
	dev->configured = false;
	if (dev->live && fswap_dev_stop(dev)) {
		pr_info("%s: its configuration is gone, but it is in use and goes on\n",
			dev->name);
		return;
	}
	close_backing(dev);
	list_del(&dev->node);
	kfree(dev);
}

static int check_backing(struct fswap_dev *dev, const char *path, struct block_device *bdev)
{
	u64 bytes = bdev_nr_bytes(bdev);

	if (bdev->bd_disk->fops == &fswap_disk_ops) {
		pr_err("%s: backing: %.200s is a frontswap device itself, a disk is wanted\n",
		       dev->name, path);
		return -EINVAL;
	}
	if (bdev_read_only(bdev)) {
		pr_err("%s: backing: %.200s is read-only, it has to be writable\n", dev->name, path);
		return -EROFS;
	}
	if (bdev_logical_block_size(bdev) > PAGE_SIZE || bdev_is_zoned(bdev)) {
		pr_err("%s: backing: %.200s cannot write single pages of %lu bytes anywhere\n",
		       dev->name, path, PAGE_SIZE);
		return -EINVAL;
	}
	if (bytes >> PAGE_SHIFT < FSWAP_MIN_SLOTS) {
		pr_err("%s: backing: %.200s has %llu bytes, at least %lu are wanted\n",
		       dev->name, path, bytes, FSWAP_MIN_SLOTS * PAGE_SIZE);
		return -EINVAL;
	}
	if (dev->size > bytes) {
		pr_err("%s: backing: %.200s has %llu bytes, fewer than the size set, %llu\n",
		       dev->name, path, bytes, dev->size);
		return -EINVAL;
	}
	return 0;
}

static const char *why_not_opened(long err)
{
	switch (err) {
	case -EBUSY:
		return "it is mounted or in use";
	case -ENOTBLK:
		return "it is not a block device";
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return "there is no such device";
	default:
		return "it cannot be opened";
	}
}

/**
 * fswap_dev_set_backing - choose the backing device, and open it exclusively
 * @dev:  not live
 * @path: its absolute path; NULL: none
 *
 * Return: 0 or a negative errno, with the reason in the log and nothing changed.
 */
int fswap_dev_set_backing(struct fswap_dev *dev, const char *path)
{
	struct file *file = NULL;
	char *copy = NULL;
	int err;

	lockdep_assert_held(&fswap_lock);
	if (dev->live)
		return -EBUSY;
	if (path && dev->backing_path && !strcmp(path, dev->backing_path))
		return 0;
	if (path) {
		copy = kstrdup(path, GFP_KERNEL);
		if (!copy)
			return -ENOMEM;
		file = bdev_file_open_by_path(path, BLK_OPEN_READ | BLK_OPEN_WRITE, dev, NULL);
		if (IS_ERR(file)) {
			err = PTR_ERR(file);
			pr_err("%s: backing: %.200s: %s (%d)\n", dev->name, path, why_not_opened(err),
			       err);
			goto free_copy;
		}
		err = check_backing(dev, path, file_bdev(file));
		if (err)
			goto close;
	}
	close_backing(dev);
	dev->backing_file = file;
	dev->backing_path = copy;
	dev->backing = file ? file_bdev(file) : NULL;
	return 0;

close:
	bdev_fput(file);
free_copy:
	kfree(copy);
	return err;
}

/**
 * fswap_dev_set_size - choose the size
 * @dev:  not live
 * @size: bytes; 0: the backing device's
 *
 * Return: 0 or a negative errno, with the reason in the log and nothing changed.
 */
int fswap_dev_set_size(struct fswap_dev *dev, u64 size)
{
	lockdep_assert_held(&fswap_lock);
	if (dev->live)
		return -EBUSY;
	if (size & ~PAGE_MASK || (size && size >> PAGE_SHIFT < FSWAP_MIN_SLOTS) ||
	    size >> PAGE_SHIFT > FSWAP_MAX_SLOTS) {
		pr_err("%s: size: %llu is not 0 or a multiple of %lu from %lu to %llu\n", dev->name,
		       size, PAGE_SIZE, FSWAP_MIN_SLOTS * PAGE_SIZE,
		       (u64)FSWAP_MAX_SLOTS << PAGE_SHIFT);
		return -EINVAL;
	}
	if (dev->backing && size > bdev_nr_bytes(dev->backing)) {
		pr_err("%s: size: %llu is more than %s has, %llu\n", dev->name, size,
		       dev->backing_path, (u64)bdev_nr_bytes(dev->backing));
		return -EINVAL;
	}
	dev->size = size;
	return 0;
}

static int disk_open(struct gendisk *disk, blk_mode_t mode)
{
	struct fswap_dev *dev = disk->private_data;

	lockdep_assert_held(&disk->open_mutex);
	return dev->claimed ? -EBUSY : 0;
}
DISK_OPEN_FN(disk_open)

/* Comes with the swap device's lock held. */
static void slot_free_notify(struct block_device *bdev, unsigned long slot)
{
	struct fswap_dev *dev = bdev->bd_disk->private_data;

	if (slot && slot < dev->map.nr)
		fswap_slot_invalidate(dev, slot);
}

const struct block_device_operations fswap_disk_ops = {
	.owner = THIS_MODULE,
	.open = DISK_OPEN_OP(disk_open),
	.submit_bio = fswap_submit_bio,
	.swap_slot_free_notify = slot_free_notify,
};

static struct gendisk *disk_alloc(struct fswap_dev *dev)
{
	struct queue_limits lim = {
		/* Pages are read long after submit_bio() returned: they must not change. */
		.features = BLK_FEAT_STABLE_WRITES | BLK_FEAT_IO_STAT,
		.logical_block_size = PAGE_SIZE,
		.physical_block_size = PAGE_SIZE,
		.io_min = PAGE_SIZE,
		.io_opt = PAGE_SIZE,
		.dma_alignment = PAGE_SIZE - 1,
		.max_hw_sectors = UINT_MAX >> SECTOR_SHIFT,
		.max_hw_discard_sectors = UINT_MAX >> SECTOR_SHIFT,
		.discard_granularity = PAGE_SIZE,
	};
	struct gendisk *disk;

	if (dev->backing && bdev_write_cache(dev->backing))
		lim.features |= BLK_FEAT_WRITE_CACHE;
	if (dev->backing && bdev_write_cache(dev->backing) && bdev_fua(dev->backing))
		lim.features |= BLK_FEAT_FUA;

	disk = blk_alloc_disk(&lim, NUMA_NO_NODE);
	if (IS_ERR(disk))
		return disk;
	disk->fops = &fswap_disk_ops;
	disk->private_data = dev;
	disk->flags |= GENHD_FL_NO_PART;
	strscpy(disk->disk_name, dev->name, sizeof(disk->disk_name));
	set_capacity(disk, (sector_t)dev->map.nr * SECTORS_PER_SLOT);
	return disk;
}

static u32 nr_slots(const struct fswap_dev *dev)
{
	u64 bytes = dev->size;

	if (!bytes && dev->backing)
		bytes = bdev_nr_bytes(dev->backing);
	return min_t(u64, bytes >> PAGE_SHIFT, FSWAP_MAX_SLOTS);
}

/**
 * fswap_dev_start - make the block device
 * @dev: not live
 *
 * Return: 0 or a negative errno, with the reason in the log.
 */
int fswap_dev_start(struct fswap_dev *dev)
{
	u32 nr = nr_slots(dev);
	int err;

	lockdep_assert_held(&fswap_lock);
	if (!nr) {
		pr_err("%s: live: a backing device or a size is wanted first\n", dev->name);
		return -ENOENT;
	}
	err = fswap_policy_check(dev, "live", dev->backup, dev->replicas, dev->allow_loss);
	if (err)
		return err;

	err = slotmap_init(&dev->map, nr);
	if (err)
		goto failed;
	err = -ENOMEM;
	if (!dev->backing) {
		dev->header = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!dev->header)
			goto free_map;
	}
	err = percpu_ref_init(&dev->ios, ios_released, 0, GFP_KERNEL);
	if (err)
		goto free_header;
	reinit_completion(&dev->idle);
	dev->disk = disk_alloc(dev);
	if (IS_ERR(dev->disk)) {
		err = PTR_ERR(dev->disk);
		goto exit_ref;
	}
	dev->claimed = false;
	fswap_backend_attach(dev);
	err = add_disk(dev->disk);
	if (err)
		goto detach;
	dev->live = true;
	pr_info("%s: %u slots, backing device %s\n", dev->name, nr, dev->backing_path ?: "none");
	return 0;

detach:
	fswap_backend_detach(dev);
	put_disk(dev->disk);
exit_ref:
	dev->disk = NULL;
	percpu_ref_exit(&dev->ios);
free_header:
	if (dev->header)
		__free_page(dev->header);
	dev->header = NULL;
free_map:
	slotmap_exit(&dev->map);
failed:
	pr_err("%s: live: cannot be made (%d)\n", dev->name, err);
	return err;
}

/* No opens from now on, unless somebody has it open. */
static int claim(struct fswap_dev *dev)
{
	int err = 0;

	mutex_lock(&dev->disk->open_mutex);
	if (disk_openers(dev->disk))
		err = -EBUSY;
	else
		dev->claimed = true;
	mutex_unlock(&dev->disk->open_mutex);
	return err;
}

/**
 * fswap_dev_stop - remove the block device; what it held is forgotten
 * @dev: live
 *
 * Return: 0, or -EBUSY if it is in use.
 */
int fswap_dev_stop(struct fswap_dev *dev)
{
	lockdep_assert_held(&fswap_lock);
	if (dev->draining || claim(dev))
		return -EBUSY;

	dev->live = false;
	del_gendisk(dev->disk);
	percpu_ref_kill(&dev->ios);
	wait_for_completion(&dev->idle);
	fswap_backend_detach(dev);
	fswap_write_exit_dev(dev);
	percpu_ref_exit(&dev->ios);
	put_disk(dev->disk);
	dev->disk = NULL;
	if (dev->header)
		__free_page(dev->header);
	dev->header = NULL;
	slotmap_exit(&dev->map);
	atomic_set(&dev->pins, 0);
	pr_info("%s: removed\n", dev->name);
	return 0;
}

/**
 * fswap_devices_init - set up what all devices share
 *
 * Return: 0 or -ENOMEM.
 */
int fswap_devices_init(void)
{
	fswap_wq = alloc_workqueue("fswap", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!fswap_wq)
		return -ENOMEM;
	fswap_end_wq = alloc_workqueue("fswap_end", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!fswap_end_wq) {
		destroy_workqueue(fswap_wq);
		return -ENOMEM;
	}
	return 0;
}

/**
 * fswap_devices_uninit - remove the orphans, which nobody has open any more
 */
void fswap_devices_uninit(void)
{
	struct fswap_dev *dev, *next;

	mutex_lock(&fswap_lock);
	list_for_each_entry_safe(dev, next, &fswap_devices, node)
		fswap_dev_put(dev);
	mutex_unlock(&fswap_lock);
	destroy_workqueue(fswap_wq);
	destroy_workqueue(fswap_end_wq);
}
