// SPDX-License-Identifier: GPL-2.0
/* vmfork.c - what a copy of a machine does before it goes on; vmfork.h has the contract */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/notifier.h>
#include <linux/printk.h>
#include <linux/random.h>

#include "peer.h"
#include "seal.h"
#include "server.h"
#include "stats.h"
#include "vmfork.h"

/* The kernel has new random numbers by now. */
static int is_copy(struct notifier_block *nb, unsigned long action, void *unused)
{
	rs_seal_renew();
	counter_inc(rs, vm_copies);
	pr_warn("this machine was resumed from a snapshot or cloned: new keys are made; pages that it has at donors may be gone\n");
	rs_server_disconnect(true);
	rs_peers_reconnect(true);
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = is_copy };

int rs_vmfork_init(void)
{
	return register_random_vmfork_notifier(&notifier);
}

void rs_vmfork_exit(void)
{
	unregister_random_vmfork_notifier(&notifier);
}
