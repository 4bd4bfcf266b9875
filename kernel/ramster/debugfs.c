// SPDX-License-Identifier: GPL-2.0
/* debugfs.c - ramster/: the counters, and a folder a node */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "debugfs.h"
#include "donor.h"
#include "peer.h"
#include "stats.h"

static struct dentry *root;

/* The files' data is the node's number: there is nothing to outlive. */
static struct rs_peer_info peer_of(void *data)
{
	struct rs_peer_info info = { .state = RAMSTER_NODE_DOWN };

	rs_peer_read((unsigned long)data, &info);
	return info;
}

static int state_show(struct seq_file *seq, void *unused)
{
	bool local = rs_local_num() == (unsigned long)seq->private;

	seq_printf(seq, "%s\n", local ? "local" : rs_state_name(peer_of(seq->private).state));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static int room_get(void *data, u64 *val)
{
	*val = peer_of(data).room;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(room_fops, room_get, NULL, "%llu\n");

static int pages_remote_get(void *data, u64 *val)
{
	*val = peer_of(data).pages_remote;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(pages_remote_fops, pages_remote_get, NULL, "%llu\n");

static int pages_lent_get(void *data, u64 *val)
{
	struct rs_owner_info owner;

	rs_owner_read((unsigned long)data, &owner);
	*val = owner.pages;
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(pages_lent_fops, pages_lent_get, NULL, "%llu\n");

struct dentry *rs_debugfs_node_add(const char *name, u16 num)
{
	struct dentry *dir = debugfs_create_dir(name, root);
	void *data = (void *)(unsigned long)num;

	debugfs_create_file("state", 0444, dir, data, &state_fops);
	debugfs_create_file_unsafe("room", 0444, dir, data, &room_fops);
	debugfs_create_file_unsafe("pages_remote", 0444, dir, data, &pages_remote_fops);
	debugfs_create_file_unsafe("pages_lent", 0444, dir, data, &pages_lent_fops);
	return dir;
}

void rs_debugfs_node_remove(struct dentry *dir)
{
	debugfs_remove(dir);
}

void rs_debugfs_init(void)
{
	root = debugfs_create_dir("ramster", NULL);
	counters_debugfs(&rs_counters, root);
}

void rs_debugfs_exit(void)
{
	debugfs_remove(root);
}
