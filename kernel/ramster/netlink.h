/* SPDX-License-Identifier: GPL-2.0 */
/* netlink.h - the generic-netlink family: status for tools, events for the daemon */
#ifndef _RAMSTER_NETLINK_H
#define _RAMSTER_NETLINK_H

#include <linux/types.h>

#include "uapi/ramster_genl.h"

/* Sends an event to who listens. May be called in any context but hard interrupts; an event that finds no memory is lost. */
void rs_event(enum ramster_event event, int node, const char *name,
	      enum ramster_node_state state, const char *text);

int rs_netlink_init(void);
void rs_netlink_exit(void);

#endif
