// SPDX-License-Identifier: GPL-2.0
/* params.c - /sys/module/zcache/parameters: all can be written at run time */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/moduleparam.h>

#include "comp.h"
#include "internal.h"

bool zc_enabled = true;
module_param_named(enabled, zc_enabled, bool, 0644);
MODULE_PARM_DESC(enabled, "take new pages (default Y)");

bool zc_reject_incompressible;
module_param_named(reject_incompressible, zc_reject_incompressible, bool, 0644);
MODULE_PARM_DESC(reject_incompressible,
		 "refuse pages that do not compress, instead of keeping them raw (default N)");

unsigned int zc_max_pool_percent = 60;
unsigned int zc_age_out_s;
unsigned int zc_repair_mb_s = 64;

static const struct zcomp_ops *compressor = &zcomp_lz4;
static const struct zalloc_ops *allocator = &zalloc_zsmalloc;

/* What new pages are compressed with. Any context. */
const struct zcomp_ops *zc_compressor(void)
{
	return READ_ONCE(compressor);
}

/* Where devices attached from now on keep their zpages. Any context. */
const struct zalloc_ops *zc_allocator(void)
{
	return READ_ONCE(allocator);
}

static int set_range(const char *val, const struct kernel_param *kp, unsigned int min,
		     unsigned int max)
{
	unsigned int n;
	int err = kstrtouint(val, 0, &n);

	if (!err && (n < min || n > max))
		err = -ERANGE;
	if (err) {
		pr_err("%s: a number from %u to %u is wanted\n", kp->name, min, max);
		return err;
	}
	WRITE_ONCE(*(unsigned int *)kp->arg, n);
	return 0;
}

static int set_percent(const char *val, const struct kernel_param *kp)
{
	int err = set_range(val, kp, 1, 90);

	if (!err && zc_running)
		zc_evict_kick();
	return err;
}

static const struct kernel_param_ops percent_ops = { .set = set_percent, .get = param_get_uint };
module_param_cb(max_pool_percent, &percent_ops, &zc_max_pool_percent, 0644);
MODULE_PARM_DESC(max_pool_percent, "share of RAM the local cache may take, 1 to 90 (default 60)");

static int set_age(const char *val, const struct kernel_param *kp)
{
	int err = set_range(val, kp, 0, 36000);

	if (!err && zc_running)
		zc_age_out_changed();
	return err;
}

static const struct kernel_param_ops age_ops = { .set = set_age, .get = param_get_uint };
module_param_cb(age_out_s, &age_ops, &zc_age_out_s, 0644);
MODULE_PARM_DESC(age_out_s, "pages go to donors after so many seconds even without pressure; 0: never (default)");

static int set_repair(const char *val, const struct kernel_param *kp)
{
	return set_range(val, kp, 0, 100000);
}

static const struct kernel_param_ops repair_ops = { .set = set_repair, .get = param_get_uint };
module_param_cb(repair_mb_s, &repair_ops, &zc_repair_mb_s, 0644);
MODULE_PARM_DESC(repair_mb_s, "pages whose copies are too few are moved at this rate at most; 0: no limit (default 64)");

static int set_compressor(const char *val, const struct kernel_param *kp)
{
	const struct zcomp_ops *ops = zcomp_find(val);
	int err;

	if (!ops) {
		pr_err("compressor: lz4, lzo-rle or zstd is wanted\n");
		return -EINVAL;
	}
	/* At load, zc_params_init() does it. */
	err = zc_running ? zcomp_enable(ops) : 0;
	if (!err)
		WRITE_ONCE(compressor, ops);
	return err;
}

static int get_compressor(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", zc_compressor()->name);
}

static const struct kernel_param_ops compressor_ops = {
	.set = set_compressor,
	.get = get_compressor,
};
module_param_cb(compressor, &compressor_ops, NULL, 0644);
MODULE_PARM_DESC(compressor, "lz4 (default), lzo-rle or zstd");

static int set_allocator(const char *val, const struct kernel_param *kp)
{
	const struct zalloc_ops *ops = zalloc_find(val);

	if (!ops) {
		pr_err("allocator: zsmalloc or zbud is wanted\n");
		return -EINVAL;
	}
	WRITE_ONCE(allocator, ops);
	return 0;
}

static int get_allocator(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", zc_allocator()->name);
}

static const struct kernel_param_ops allocator_ops = {
	.set = set_allocator,
	.get = get_allocator,
};
module_param_cb(allocator, &allocator_ops, NULL, 0644);
MODULE_PARM_DESC(allocator, "zsmalloc (default) or zbud, for devices attached from now on");

/* Makes what was chosen at load usable. Process context. */
int zc_params_init(void)
{
	return zcomp_enable(zc_compressor());
}
