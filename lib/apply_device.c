// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * apply_device.c - configfs/frontswap/frontswapN and swapon
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "swap.h"
#include "text.h"

/* Bytes that the device should have; 0: as the backing device has. */
static int64_t size_of(const struct rms_apply *a, const struct rms_device *dev)
{
	int64_t ram;

	if (dev->size.v || dev->backing.s)
		return dev->size.v;
	ram = rms_host_meminfo(a->host, "MemTotal");
	return ram < 0 ? 0 : ram / RMS_PAGE_SIZE * RMS_PAGE_SIZE;
}

static int frozen(struct rms_apply *a, const struct rms_device *dev, unsigned int line, const char *what)
{
	return rms_fail_at(a->err, a->cfg->path, line ? line : dev->line,
			   "%s of %s cannot change while it is in use; `ramsterctl down` and `up` again", what,
			   dev->name.s);
}

/* A live device keeps its backing device and its size. */
static int check_frozen(struct rms_apply *a, const struct rms_device *dev, const char *dir)
{
	const char *want = dev->backing.s ? dev->backing.s : "none";
	char *backing = rms_cfs_read(dir, "backing"), *size = rms_cfs_read(dir, "size");
	int ret = 0;

	if (backing && strcmp(backing, want))
		ret = frozen(a, dev, dev->backing.line, "backing");
	else if (size && dev->size.v && strtoll(size, NULL, 10) != dev->size.v)
		ret = frozen(a, dev, dev->size.line, "size");
	free(backing);
	free(size);
	return ret;
}

static int set(struct rms_apply *a, const char *dir, const char *attr, const char *value)
{
	return rms_cfs_set(a->host, &a->journal, dir, attr, value, a->err);
}

static int make_device(struct rms_apply *a, const struct rms_device *dev, const char *dir)
{
	int64_t size = size_of(a, dev);

	if (rms_cfs_mkdir(a->host, &a->journal, dir, a->err))
		return -1;
	if (!dev->backing.s && !size)
		return rms_fail(a->err, RMS_FAILED, "%s: RAM's size is unknown; say the device's size in %s",
				dev->name.s, a->cfg->path);
	if (set(a, dir, "backing", dev->backing.s ? dev->backing.s : "none") ||
	    rms_cfs_set_int(a->host, &a->journal, dir, "size", size, a->err))
		return -1;
	return 0;
}

/*
 * In an order in which no step makes a live device less safe than it was or is to be: the kernel
 * would refuse it.
 */
static int set_policy(struct rms_apply *a, const struct rms_device *dev, const char *dir)
{
	int replicas = rms_device_replicas(a->cfg, dev);
	bool backed = rms_device_is_backed(dev);

	if (dev->allow_loss.v && set(a, dir, "allow_loss", "1"))
		return -1;
	if (backed && set(a, dir, "backup", "disk"))
		return -1;
	if (rms_cfs_set_int(a->host, &a->journal, dir, "replicas", replicas, a->err))
		return -1;
	if (!backed && set(a, dir, "backup", "none"))
		return -1;
	return dev->allow_loss.v ? 0 : set(a, dir, "allow_loss", "0");
}

static bool asks_for_fewer(const struct rms_apply *a, const struct rms_device *dev, const char *dir)
{
	char *now = rms_cfs_read(dir, "replicas");
	bool fewer = now && rms_device_replicas(a->cfg, dev) < atoi(now);

	free(now);
	return fewer;
}

int rms_apply_policies(struct rms_apply *a, bool fewer)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < a->cfg->nr_devices && !ret; i++) {
		const struct rms_device *dev = &a->cfg->devices[i];
		char *dir = rms_format("%s/frontswap/%s", a->host->configfs, dev->name.s);

		if (rms_cfs_is_one(dir, "live") && (!fewer || asks_for_fewer(a, dev, dir)))
			ret = set_policy(a, dev, dir);
		free(dir);
	}
	return ret;
}

static int swap_on(struct rms_apply *a, const struct rms_device *dev)
{
	char *path = rms_format("%s/%s", a->host->dev, dev->name.s);
	int ret = 0, now, e;

	now = rms_swap_priority(a->host, path);
	if (now >= 0) {
		if (now != dev->priority.v)
			ret = frozen(a, dev, dev->priority.line, "priority");
	} else if (!a->host->stand_in) {
		ret = rms_swap_format(path, a->err);
		if (!ret) {
			e = -a->host->ops->swap_on(a->host, path, dev->priority.v);
			if (e)
				ret = rms_fail(a->err, RMS_FAILED, "%s: swapon: %s", path, strerror(e));
			else
				rms_journal_add(&a->journal, RMS_UNDO_SWAPOFF, path, NULL);
		}
	}
	free(path);
	return ret;
}

static int apply_device(struct rms_apply *a, const struct rms_device *dev)
{
	char *dir = rms_format("%s/frontswap/%s", a->host->configfs, dev->name.s);
	int ret;

	if (rms_cfs_is_one(dir, "live"))
		ret = check_frozen(a, dev, dir);
	else
		ret = make_device(a, dev, dir);
	if (!ret)
		ret = set_policy(a, dev, dir);
	if (!ret)
		ret = rms_cfs_set_int(a->host, &a->journal, dir, "store_wait_ms", dev->store_wait_ms.v, a->err);
	if (!ret)
		ret = set(a, dir, "live", "1");
	if (!ret)
		ret = swap_on(a, dev);
	free(dir);
	return ret;
}

static bool is_listed(const struct rms_config *cfg, const char *name)
{
	size_t i;

	for (i = 0; i < cfg->nr_devices; i++)
		if (!strcmp(cfg->devices[i].name.s, name))
			return true;
	return false;
}

static int remove_device(struct rms_host *host, const char *name, struct rms_error *err)
{
	char *dir = rms_format("%s/frontswap/%s", host->configfs, name);
	struct rms_journal none = { 0 };
	int ret = 0;

	if (rms_cfs_is_one(dir, "live"))
		ret = rms_cfs_set(host, &none, dir, "live", "0", err);
	if (!ret)
		ret = rms_cfs_rmdir(host, dir, err);
	rms_journal_forget(&none);
	free(dir);
	return ret;
}

/* Devices that the file no longer lists go last, as they cannot come back. */
static int remove_unlisted(struct rms_apply *a, bool dry)
{
	char *top = rms_format("%s/frontswap", a->host->configfs), **names;
	size_t n, i;
	int ret = 0;

	names = rms_cfs_list(top, true, &n);
	for (i = 0; i < n && !ret; i++) {
		char *path;

		if (is_listed(a->cfg, names[i]))
			continue;
		path = rms_format("%s/%s", a->host->dev, names[i]);
		if (dry && rms_swap_is_on(a->host, path))
			ret = rms_fail(a->err, RMS_FAILED, "%s is not listed in %s any more, and in use as swap; `swapoff %s` first",
				       names[i], a->cfg->path, path);
		else if (!dry)
			ret = remove_device(a->host, names[i], a->err);
		free(path);
	}
	rms_cfs_list_free(names, n);
	free(top);
	return ret;
}

int rms_apply_devices(struct rms_apply *a)
{
	size_t i;

	if (remove_unlisted(a, true))
		return -1;
	for (i = 0; i < a->cfg->nr_devices; i++)
		if (apply_device(a, &a->cfg->devices[i]))
			return -1;
	return remove_unlisted(a, false);
}

int rms_remove_devices(struct rms_host *host, struct rms_error *err)
{
	char *top = rms_format("%s/frontswap", host->configfs), **names;
	size_t n, i;
	int ret = 0;

	names = rms_cfs_list(top, true, &n);
	for (i = 0; i < n && !ret; i++)
		ret = remove_device(host, names[i], err);
	rms_cfs_list_free(names, n);
	free(top);
	return ret;
}
