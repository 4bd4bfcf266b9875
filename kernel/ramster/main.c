// SPDX-License-Identifier: GPL-2.0
/* main.c - ramster.ko: loading and unloading */
#include <linux/module.h>
#include <linux/random.h>

#include "debugfs.h"
#include "donor.h"
#include "netlink.h"
#include "node.h"
#include "peer.h"
#include "recall.h"
#include "seal.h"
#include "selftest/selftest.h"
#include "server.h"
#include "stats.h"
#include "vmfork.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

COUNTERS_DEFINE(rs, RS_COUNTERS);

u8 rs_incarnation[RS_INCARNATION_BYTES] __ro_after_init;

static int __init ramster_init(void)
{
	int err;

	err = get_random_bytes_wait(rs_incarnation, sizeof(rs_incarnation));
	if (err)
		return err;
	rs_seal_init();
	if (!rs_seal_selftest()) {
		rs_seal_exit();
		return -EIO;
	}
	rs_debugfs_init();

	err = rs_netlink_init();
	if (err)
		goto err_netlink;
	err = rs_donor_init();
	if (err)
		goto err_donor;
	err = rs_recall_init();
	if (err)
		goto err_recall;
	err = rs_server_init();
	if (err)
		goto err_server;
	err = rs_peers_init();
	if (err)
		goto err_peers;
	err = rs_vmfork_init();
	if (err)
		goto err_vmfork;
	err = rs_nodemanager_init();
	if (err)
		goto err_nodemanager;
	return 0;

err_nodemanager:
	rs_vmfork_exit();
err_vmfork:
	rs_peers_exit();
err_peers:
	rs_server_exit();
err_server:
	rs_recall_exit();
err_recall:
	rs_donor_exit();
err_donor:
	rs_netlink_exit();
err_netlink:
	rs_debugfs_exit();
	rs_seal_exit();
	return err;
}

static void __exit ramster_exit(void)
{
	rs_nodemanager_exit();
	rs_vmfork_exit();
	rs_peers_exit();
	rs_server_exit();
	rs_recall_exit();
	rs_owners_exit();
	rs_donor_exit();
	rs_netlink_exit();
	rs_debugfs_exit();
	rs_seal_exit();
}

module_init(ramster_init);
module_exit(ramster_exit);

MODULE_DESCRIPTION("RAM of a cluster as a tier behind zcache: nodes, connections, lending");
MODULE_LICENSE("GPL");
MODULE_VERSION(RAMSTER_VERSION);
