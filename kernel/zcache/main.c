// SPDX-License-Identifier: GPL-2.0
/* main.c - zcache.ko: loading and unloading, in order */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>

#include "comp.h"
#include "internal.h"
#include "selftest/selftest.h"
#include "zbud.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

COUNTERS_DEFINE(zc, ZC_COUNTERS);

struct workqueue_struct *zc_wq;
/* Parameters may be acted upon. Guarded by the parameters' own lock. */
bool zc_running;
static struct dentry *debugfs_dir;
static struct dentry *zbud_dir;

void zcache_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx)
{
	counters_emit(&zc_counters, emit, ctx);
}
EXPORT_SYMBOL_GPL(zcache_counters_emit);

void zcache_fswap_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx)
{
	fswap_counters_emit(emit, ctx);
}
EXPORT_SYMBOL_GPL(zcache_fswap_counters_emit);

void zcache_zbud_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx)
{
	counters_emit(&zbud_counters, emit, ctx);
}
EXPORT_SYMBOL_GPL(zcache_zbud_counters_emit);

static void set_running(bool running)
{
	kernel_param_lock(THIS_MODULE);
	zc_running = running;
	kernel_param_unlock(THIS_MODULE);
}

static int __init zcache_init(void)
{
	int err;

	err = zc_entry_init();
	if (err)
		return err;
	err = zcomp_init();
	if (err)
		goto err_comp;
	if (!zalloc_selftest() || !zcomp_selftest()) {
		err = -EINVAL;
		goto err_writeback;
	}
	err = zc_writeback_init();
	if (err)
		goto err_writeback;
	err = zc_params_init();
	if (err)
		goto err_params;
	zc_wq = alloc_workqueue("zcache", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!zc_wq) {
		err = -ENOMEM;
		goto err_params;
	}
	zc_evict_init();
	err = zc_move_init();
	if (err)
		goto err_move;
	err = zc_shrinker_init();
	if (err)
		goto err_shrinker;
	debugfs_dir = debugfs_create_dir("zcache", NULL);
	counters_debugfs(&zc_counters, debugfs_dir);
	zbud_dir = debugfs_create_dir("zbud", NULL);
	counters_debugfs(&zbud_counters, zbud_dir);
	err = fswap_register_backend(&zc_backend_ops);
	if (err) {
		pr_err("frontswap has another backend already; unload that one first\n");
		goto err_backend;
	}
	set_running(true);
	return 0;

err_backend:
	debugfs_remove(zbud_dir);
	debugfs_remove(debugfs_dir);
	zc_shrinker_exit();
err_shrinker:
	zc_move_exit();
err_move:
	zc_evict_exit();
	destroy_workqueue(zc_wq);
err_params:
	zc_writeback_exit();
err_writeback:
	zcomp_exit();
err_comp:
	zc_entry_exit();
	return err;
}

static void __exit zcache_exit(void)
{
	set_running(false);
	fswap_unregister_backend(&zc_backend_ops);
	debugfs_remove(zbud_dir);
	debugfs_remove(debugfs_dir);
	zc_shrinker_exit();
	zc_move_exit();
	zc_evict_exit();
	destroy_workqueue(zc_wq);
	zc_writeback_exit();
	zcomp_exit();
	zc_entry_exit();
	rcu_barrier();
}

module_init(zcache_init);
module_exit(zcache_exit);

MODULE_DESCRIPTION("Compressed cache for swapped pages, with donors or a disk behind it");
MODULE_LICENSE("GPL");
MODULE_VERSION(RAMSTER_VERSION);
