// SPDX-License-Identifier: GPL-2.0
/* main.c - tmem.ko: loading, unloading, statistics */
#include <linux/debugfs.h>
#include <linux/module.h>

#include "pool.h"
#include "stats.h"
#include "tmem/tmem.h"

COUNTERS_DEFINE(tmem, TMEM_COUNTERS);

static struct dentry *debugfs_dir;

void tmem_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx)
{
	counters_emit(&tmem_counters, emit, ctx);
}
EXPORT_SYMBOL_GPL(tmem_counters_emit);

static int __init tmem_init(void)
{
	int err = tmem_pools_init();

	if (err)
		return err;
	debugfs_dir = debugfs_create_dir("tmem", NULL);
	counters_debugfs(&tmem_counters, debugfs_dir);
	return 0;
}

static void __exit tmem_exit(void)
{
	debugfs_remove(debugfs_dir);
	tmem_pools_exit();
}

module_init(tmem_init);
module_exit(tmem_exit);

MODULE_DESCRIPTION("Transcendent memory: pools of pages by key");
MODULE_LICENSE("GPL");
MODULE_VERSION(RAMSTER_VERSION);
