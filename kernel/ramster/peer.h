/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer.h - a donor as its client sees it: connections, state, requests in flight
 */
#ifndef _RAMSTER_PEER_H
#define _RAMSTER_PEER_H

#include <linux/types.h>

#include "node.h"
#include "uapi/ramster_genl.h"

struct rs_peer;

/* What netlink and debugfs show of a peer. */
struct rs_peer_info {
	enum ramster_node_state state;
	bool has_incarnation;
	u8 incarnation[16];
	bool recalling;		/* it wants RAM back */
	u64 room;		/* pages */
	u64 pages_remote;
};

/*
 * Starts connecting to a node and keeps at it until rs_peer_remove(). Called by
 * the node manager when `connect` becomes 1. -EEXIST, -ENOMEM. May sleep.
 */
int rs_peer_add(const struct rs_node_info *node);

/*
 * Disconnects; on return nothing of the peer is left and what it held for us is
 * counted as lost. Called when `connect` becomes 0 or the node is removed. May
 * sleep as long as a request in flight needs to be ended.
 */
void rs_peer_remove(u16 num);

/*
 * Connections made with a key that is no longer the cluster's end, or @all; they are made anew.
 * Process context.
 */
void rs_peers_reconnect(bool all);

/* No new page goes to the donor, and those that are there leave it; or no longer so. */
void rs_peer_drain(u16 num, bool on);

/* The node has shown itself: connect to it now, if it is a donor that is down. */
void rs_peer_try(u16 num);

/* False if there is no such peer. Any context. */
bool rs_peer_read(u16 num, struct rs_peer_info *info);

/* Registers as zcache's remote tier. Process context. */
int rs_peers_init(void);

/* Every peer has been removed. */
void rs_peers_exit(void);

#endif
