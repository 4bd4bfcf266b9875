/* SPDX-License-Identifier: GPL-2.0 */
/* debugfs.h - ramster/: the counters, and a folder a node */
#ifndef _RAMSTER_DEBUGFS_H
#define _RAMSTER_DEBUGFS_H

#include <linux/types.h>

struct dentry;

/*
 * The folder of node @num. Without debugfs, or where the name is taken, an error
 * pointer, which rs_debugfs_node_remove() takes as well as NULL. May sleep.
 */
struct dentry *rs_debugfs_node_add(const char *name, u16 num);

/* On return nobody reads its files any more. May sleep. */
void rs_debugfs_node_remove(struct dentry *dir);

void rs_debugfs_init(void);
void rs_debugfs_exit(void);

#endif
