// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "frontswap: " fmt

#include "configfs.h"

#include <linux/capability.h>
#include <linux/configfs.h>
#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "device.h"
#include "policy.h"
#include "write.h"

#define NAME_PREFIX	"frontswap"

struct device_item {
	struct config_item item;
	struct fswap_dev *dev;
};

static struct fswap_dev *dev_of(struct config_item *item)
{
	return container_of(item, struct device_item, item)->dev;
}

/* A device, and a disk opened for it, are as much as swapon's: 0, or -EPERM after a line in the log. */
static int may_change(const char *name)
{
	if (capable(CAP_SYS_ADMIN))
		return 0;
	pr_err("%.100s: a change takes CAP_SYS_ADMIN\n", name);
	return -EPERM;
}

/*
 * What was written, without the newline at its end, for one attribute's parser
 * under fswap_lock. Waiting for the lock can be interrupted: a drain or the
 * opening of a disk may take long.
 */
static ssize_t store(struct config_item *item, const char *page, size_t count,
		     int (*set)(struct fswap_dev *dev, char *value))
{
	struct fswap_dev *dev = dev_of(item);
	char *copy;
	int err = may_change(dev->name);

	if (err)
		return err;
	if (memchr(page, '\0', count)) {
		pr_err("%s: a value has a NUL byte in it\n", dev->name);
		return -EINVAL;
	}
	copy = kstrndup(page, count, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	err = mutex_lock_interruptible(&fswap_lock);
	if (!err) {
		err = set(dev, strim(copy));
		mutex_unlock(&fswap_lock);
	}
	kfree(copy);
	return err ?: count;
}

static int refuse_live(const struct fswap_dev *dev, const char *attr)
{
	if (!dev->live)
		return 0;
	pr_err("%s: %s: cannot change while live, write 0 to live first\n", dev->name, attr);
	return -EBUSY;
}

static int set_backing(struct fswap_dev *dev, char *value)
{
	int err = refuse_live(dev, "backing");

	if (err)
		return err;
	if (!strcmp(value, "none"))
		return fswap_dev_set_backing(dev, NULL);
	if (value[0] != '/') {
		pr_err("%s: backing: \"%.100s\" is neither none nor the absolute path of a block device\n",
		       dev->name, value);
		return -EINVAL;
	}
	return fswap_dev_set_backing(dev, value);
}

static ssize_t device_backing_store(struct config_item *item, const char *page, size_t count)
{
	return store(item, page, count, set_backing);
}

static ssize_t device_backing_show(struct config_item *item, char *page)
{
	struct fswap_dev *dev = dev_of(item);
	ssize_t len;

	if (mutex_lock_interruptible(&fswap_lock))
		return -EINTR;
	len = sysfs_emit(page, "%s\n", dev->backing_path ?: "none");
	mutex_unlock(&fswap_lock);
	return len;
}

/* Digits, then at most one of K, M, G, T. */
static int parse_bytes(char *value, u64 *bytes)
{
	static const char units[] = "KMGT";
	size_t len = strlen(value);
	const char *unit = NULL;
	u64 factor = 1;

	if (!isdigit(value[0]))
		return -EINVAL;
	unit = strchr(units, toupper(value[len - 1]));
	if (unit) {
		factor = 1ull << 10 * (unit - units + 1);
		value[len - 1] = '\0';
	}
	if (kstrtou64(value, 10, bytes) || check_mul_overflow(*bytes, factor, bytes))
		return -EINVAL;
	return 0;
}

static int set_size(struct fswap_dev *dev, char *value)
{
	int err = refuse_live(dev, "size");
	u64 bytes;

	if (err)
		return err;
	err = parse_bytes(value, &bytes);
	if (err) {
		pr_err("%s: size: a number of bytes is wanted, with K, M, G or T if need be\n",
		       dev->name);
		return err;
	}
	return fswap_dev_set_size(dev, bytes);
}

static ssize_t device_size_store(struct config_item *item, const char *page, size_t count)
{
	return store(item, page, count, set_size);
}

static ssize_t device_size_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%llu\n", READ_ONCE(dev_of(item)->size));
}

static int parse_number(const struct fswap_dev *dev, const char *attr, const char *value,
			unsigned int min, unsigned int max, unsigned int *number)
{
	if (isdigit(value[0]) && !kstrtouint(value, 10, number) && *number >= min && *number <= max)
		return 0;
	pr_err("%s: %s: \"%.100s\" is not a number from %u to %u\n", dev->name, attr, value, min, max);
	return -EINVAL;
}

static int parse_bool(const struct fswap_dev *dev, const char *attr, const char *value, bool *yes)
{
	*yes = !strcmp(value, "1");
	if (*yes || !strcmp(value, "0"))
		return 0;
	pr_err("%s: %s: \"%.100s\" is neither 0 nor 1\n", dev->name, attr, value);
	return -EINVAL;
}

static int set_backup(struct fswap_dev *dev, char *value)
{
	bool disk = !strcmp(value, "disk");

	if (!disk && strcmp(value, "none")) {
		pr_err("%s: backup: \"%.100s\" is neither disk nor none\n", dev->name, value);
		return -EINVAL;
	}
	return fswap_policy_set_backup(dev, disk ? FSWAP_BACKUP_DISK : FSWAP_BACKUP_NONE);
}

static ssize_t device_backup_store(struct config_item *item, const char *page, size_t count)
{
	return store(item, page, count, set_backup);
}

static ssize_t device_backup_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", fswap_policy(dev_of(item)).backup ? "disk" : "none");
}

static int set_replicas(struct fswap_dev *dev, char *value)
{
	unsigned int replicas;
	int err = parse_number(dev, "replicas", value, 1, FSWAP_MAX_REPLICAS, &replicas);

	return err ?: fswap_policy_set_replicas(dev, replicas);
}

static ssize_t device_replicas_store(struct config_item *item, const char *page, size_t count)
{
	return store(item, page, count, set_replicas);
}

static ssize_t device_replicas_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", fswap_policy(dev_of(item)).replicas);
}

static int set_allow_loss(struct fswap_dev *dev, char *value)
{
	bool allow_loss;
	int err = parse_bool(dev, "allow_loss", value, &allow_loss);

	return err ?: fswap_policy_set_allow_loss(dev, allow_loss);
}

static ssize_t device_allow_loss_store(struct config_item *item, const char *page, size_t count)
{
	return store(item, page, count, set_allow_loss);
}

static ssize_t device_allow_loss_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", fswap_policy(dev_of(item)).allow_loss);
}

static int set_store_wait_ms(struct fswap_dev *dev, char *value)
{
	unsigned int ms;
	int err = parse_number(dev, "store_wait_ms", value, 0, FSWAP_MAX_WAIT_MS, &ms);

	if (err)
		return err;
	WRITE_ONCE(dev->store_wait_ms, ms);
	/* Those who have waited so long already need not wait for a timer that was set before. */
	fswap_write_kick(dev);
	return 0;
}

static ssize_t device_store_wait_ms_store(struct config_item *item, const char *page, size_t count)
{
	return store(item, page, count, set_store_wait_ms);
}

static ssize_t device_store_wait_ms_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(dev_of(item)->store_wait_ms));
}

static int set_live(struct fswap_dev *dev, char *value)
{
	bool live;
	int err = parse_bool(dev, "live", value, &live);

	if (err)
		return err;
	if (live == dev->live)
		return 0;
	if (live)
		return fswap_dev_start(dev);
	err = fswap_dev_stop(dev);
	if (err)
		pr_err("%s: live: /dev/%s is in use, swap it off or close it first\n", dev->name,
		       dev->name);
	return err;
}

static ssize_t device_live_store(struct config_item *item, const char *page, size_t count)
{
	return store(item, page, count, set_live);
}

static ssize_t device_live_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(dev_of(item)->live));
}

static ssize_t device_stats_show(struct config_item *item, char *page)
{
	struct fswap_dev *dev = dev_of(item);
	struct fswap_books books = {};

	if (mutex_lock_interruptible(&fswap_lock))
		return -EINTR;
	if (dev->live)
		fswap_read_books(dev, &books);
	mutex_unlock(&fswap_lock);
	return sysfs_emit(page, "slots %llu\nused %llu\nabove %llu\nbelow %llu\nwaiting %d\n",
			  books.slots, books.used, books.above, books.below,
			  atomic_read(&dev->nr_waiting) + atomic_read(&dev->nr_held));
}

CONFIGFS_ATTR(device_, backing);
CONFIGFS_ATTR(device_, size);
CONFIGFS_ATTR(device_, backup);
CONFIGFS_ATTR(device_, replicas);
CONFIGFS_ATTR(device_, allow_loss);
CONFIGFS_ATTR(device_, store_wait_ms);
CONFIGFS_ATTR(device_, live);
CONFIGFS_ATTR_RO(device_, stats);

static struct configfs_attribute *device_attrs[] = {
	&device_attr_backing,
	&device_attr_size,
	&device_attr_backup,
	&device_attr_replicas,
	&device_attr_allow_loss,
	&device_attr_store_wait_ms,
	&device_attr_live,
	&device_attr_stats,
	NULL,
};

static void device_release(struct config_item *item)
{
	kfree(container_of(item, struct device_item, item));
}

static struct configfs_item_operations device_item_ops = {
	.release = device_release,
};

static const struct config_item_type device_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &device_item_ops,
	.ct_attrs = device_attrs,
};

/* frontswap0 to frontswap255, each spelt in one way only. */
static int parse_name(const char *name, u32 *id)
{
	size_t len = str_has_prefix(name, NAME_PREFIX);
	const char *number = name + len;

	if (!len || !isdigit(number[0]) || (number[0] == '0' && number[1]) ||
	    kstrtou32(number, 10, id) || *id > FSWAP_MAX_ID) {
		pr_err("\"%.100s\" is not a device's name, " NAME_PREFIX "0 to " NAME_PREFIX "%u are\n",
		       name, FSWAP_MAX_ID);
		return -EINVAL;
	}
	return 0;
}

static struct config_item *make_device(struct config_group *group, const char *name)
{
	struct device_item *di;
	u32 id;
	int err;

	err = may_change(name);
	if (err)
		return ERR_PTR(err);
	err = parse_name(name, &id);
	if (err)
		return ERR_PTR(err);
	di = kzalloc(sizeof(*di), GFP_KERNEL);
	if (!di)
		return ERR_PTR(-ENOMEM);
	err = mutex_lock_interruptible(&fswap_lock);
	if (err)
		goto free_item;
	di->dev = fswap_dev_get(id);
	mutex_unlock(&fswap_lock);
	if (IS_ERR(di->dev)) {
		err = PTR_ERR(di->dev);
		pr_err("%s: cannot be made (%d)\n", name, err);
		goto free_item;
	}
	config_item_init_type_name(&di->item, name, &device_type);
	return &di->item;

free_item:
	kfree(di);
	return ERR_PTR(err);
}

/* The item may be freed later, by whoever has a file of it open: he gets no further than this. */
static void drop_device(struct config_group *group, struct config_item *item)
{
	mutex_lock(&fswap_lock);
	fswap_dev_put(dev_of(item));
	mutex_unlock(&fswap_lock);
	config_item_put(item);
}

static struct configfs_group_operations root_group_ops = {
	.make_item = make_device,
	.drop_item = drop_device,
};

static const struct config_item_type root_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &root_group_ops,
};

static struct configfs_subsystem subsystem = {
	.su_group.cg_item = {
		.ci_namebuf = "frontswap",
		.ci_type = &root_type,
	},
};

/**
 * fswap_configfs_init - make /sys/kernel/config/frontswap
 *
 * Return: 0 or a negative errno.
 */
int fswap_configfs_init(void)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	return configfs_register_subsystem(&subsystem);
}

/**
 * fswap_configfs_uninit - remove it
 */
void fswap_configfs_uninit(void)
{
	configfs_unregister_subsystem(&subsystem);
	mutex_destroy(&subsystem.su_mutex);
}
