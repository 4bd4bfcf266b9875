// SPDX-License-Identifier: GPL-2.0
/*
 * frontswap.ko - a block device whose pages a backend may keep
 *
 *	user of the block device: swap, or anybody
 *		|  io.c		bios: parts, clones, the end
 *		|  write.c, load.c	what becomes of each page
 *	slot.c, slotmap.c	where each page is, and who writes it
 *		|  backend.c	calls of the backend		-> zcache
 *		|  keep.c	pages on their way up again
 *		|  writeback.c, drain.c	pages on their way down
 *	backing device
 */
#include <linux/module.h>

#include "configfs.h"
#include "device.h"
#include "drain.h"
#include "io.h"
#include "load.h"
#include "stats.h"

static int __init frontswap_init(void)
{
	int err;

	err = fswap_io_init();
	if (err)
		return err;
	err = fswap_load_init();
	if (err)
		goto io;
	err = fswap_drain_init();
	if (err)
		goto load;
	err = fswap_devices_init();
	if (err)
		goto drain;
	fswap_stats_init();
	err = fswap_configfs_init();
	if (err)
		goto stats;
	return 0;

stats:
	fswap_stats_uninit();
	fswap_devices_uninit();
drain:
	fswap_drain_uninit();
load:
	fswap_load_uninit();
io:
	fswap_io_uninit();
	return err;
}

static void __exit frontswap_exit(void)
{
	fswap_configfs_uninit();
	fswap_stats_uninit();
	fswap_devices_uninit();
	fswap_drain_uninit();
	fswap_load_uninit();
	fswap_io_uninit();
}

module_init(frontswap_init);
module_exit(frontswap_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(RAMSTER_VERSION);
MODULE_DESCRIPTION("Stacked block device that offers its pages to a backend");
MODULE_AUTHOR("RAMster project");
