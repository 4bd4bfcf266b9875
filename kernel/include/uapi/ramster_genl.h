/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ramster_genl.h - the generic-netlink family of ramster.ko
 *
 * One family, read by ramsterd (events) and ramsterctl (status, stats). All
 * requests are dumps and change nothing; changes go through configfs.
 */
#ifndef _UAPI_RAMSTER_GENL_H
#define _UAPI_RAMSTER_GENL_H

#define RAMSTER_GENL_NAME	"ramster"
#define RAMSTER_GENL_VERSION	1
#define RAMSTER_GENL_MCGRP	"events"

enum ramster_cmd {
	RAMSTER_CMD_UNSPEC,
	RAMSTER_CMD_GET_NODES,		/* dump: one message a node */
	RAMSTER_CMD_GET_DEVICES,	/* dump: one message a frontswap device */
	RAMSTER_CMD_GET_COUNTERS,	/* dump: one message a group of counters */
	RAMSTER_CMD_EVENT,		/* multicast: something changed */
	__RAMSTER_CMD_MAX,
};

#define RAMSTER_CMD_MAX (__RAMSTER_CMD_MAX - 1)

/* All numbers are host-endian; u64 attributes are in the unit their name says. */
enum ramster_attr {
	RAMSTER_A_UNSPEC,
	RAMSTER_A_PAD,

	/* a node (GET_NODES, EVENT) */
	RAMSTER_A_NODE_NAME,		/* string */
	RAMSTER_A_NODE_NUM,		/* u32 */
	RAMSTER_A_NODE_ADDRESS,		/* string, numeric IPv4 or IPv6 */
	RAMSTER_A_NODE_PORT,		/* u16 */
	RAMSTER_A_NODE_LOCAL,		/* flag: this is the local node */
	RAMSTER_A_NODE_STATE,		/* u32, enum ramster_node_state */
	RAMSTER_A_NODE_INCARNATION,	/* string, 32 hex digits, absent if unknown */
	RAMSTER_A_NODE_ROOM,		/* u64, pages this donor says it still takes */
	RAMSTER_A_NODE_PAGES_REMOTE,	/* u64, our pages that lie there */
	RAMSTER_A_NODE_PAGES_LENT,	/* u64, its pages that lie here */

	/* a device (GET_DEVICES) */
	RAMSTER_A_DEV_NAME,		/* string, frontswapN */
	RAMSTER_A_DEV_SLOTS,		/* u64, slots the device has */
	RAMSTER_A_DEV_USED,		/* u64, slots in use */
	RAMSTER_A_DEV_LOCAL,		/* u64, pages in the local cache (same-filled too) */
	RAMSTER_A_DEV_IN_FLIGHT,	/* u64, pages on their way to a donor */
	RAMSTER_A_DEV_REMOTE,		/* u64, pages that lie on donors only */
	RAMSTER_A_DEV_BACKING,		/* u64, pages on the backing device only */
	RAMSTER_A_DEV_BACKING_PATH,	/* string, absent without one */

	/* counters (GET_COUNTERS) */
	RAMSTER_A_GROUP,		/* string: tmem, frontswap, zcache, zbud, ramster */
	RAMSTER_A_COUNTER,		/* nested, many: COUNTER_NAME, COUNTER_VALUE */
	RAMSTER_A_COUNTER_NAME,		/* string */
	RAMSTER_A_COUNTER_VALUE,	/* u64 */

	/* an event */
	RAMSTER_A_EVENT,		/* u32, enum ramster_event */
	RAMSTER_A_EVENT_TEXT,		/* string, one line for people */

	RAMSTER_A_DEV_FREED,		/* u64, of LOCAL, IN_FLIGHT and REMOTE: slots freed since,
					 * which are forgotten in the background. So
					 * USED + FREED = LOCAL + IN_FLIGHT + REMOTE + BACKING
					 */

	/* a node again */
	RAMSTER_A_NODE_DRAIN,		/* flag: it is drained: lends nothing, or is lent nothing */
	RAMSTER_A_NODE_RECALLING,	/* flag: it is taking its RAM back */
	RAMSTER_A_NODE_GRACE,		/* u32, it is away: seconds until its pages here are freed */

	__RAMSTER_A_MAX,
};

#define RAMSTER_A_MAX (__RAMSTER_A_MAX - 1)

enum ramster_node_state {
	RAMSTER_NODE_DOWN,		/* no connection; trying again with back-off */
	RAMSTER_NODE_CONNECTING,	/* connecting, or shaking hands */
	RAMSTER_NODE_UP,		/* heartbeat answered in time */
	RAMSTER_NODE_SUSPECT,		/* heartbeat late; not yet dead */
	__RAMSTER_NODE_STATES,
};

enum ramster_event {
	RAMSTER_EVENT_NODE_STATE,	/* a node's state changed (with NODE_*) */
	RAMSTER_EVENT_PAGE_LOST,	/* a page has no copy left */
	RAMSTER_EVENT_NODE_FORGOT,	/* a node came back in a new incarnation */
	RAMSTER_EVENT_OWNER_AWAY,	/* an owner has no connection: its grace time begins */
	RAMSTER_EVENT_OWNER_BACK,	/* and has again */
	RAMSTER_EVENT_OWNER_EXPIRED,	/* what was kept for an owner is freed: it is late, or gives none back */
	RAMSTER_EVENT_RECALL,		/* this node takes lent RAM back, or has it back */
	RAMSTER_EVENT_RECALLED,		/* a node wants its RAM back from us */
};

#endif
