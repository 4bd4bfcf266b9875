// SPDX-License-Identifier: GPL-2.0
#include "stats.h"

#include "frontswap.h"

COUNTERS_DEFINE(fswap, FSWAP_COUNTERS);

static struct dentry *dir;

/**
 * fswap_counters_emit - hand each counter of the module to @emit
 * @emit: called once a counter
 * @ctx:  for @emit
 */
void fswap_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx)
{
	counters_emit(&fswap_counters, emit, ctx);
}
EXPORT_SYMBOL_GPL(fswap_counters_emit);

/**
 * fswap_stats_init - make the debugfs folder
 */
void fswap_stats_init(void)
{
	dir = debugfs_create_dir("fswap", NULL);
	counters_debugfs(&fswap_counters, dir);
}

/**
 * fswap_stats_uninit - remove the debugfs folder
 */
void fswap_stats_uninit(void)
{
	debugfs_remove_recursive(dir);
}
