/* SPDX-License-Identifier: GPL-2.0 */
/*
 * node.h - the node table and settings, as the administrator wrote them
 *
 * The node manager (configfs: nodemanager.c, nm_*.c) owns both. The rest of the
 * module reads the settings with READ_ONCE() at each use, is told of nodes by
 * rs_listener_start(), rs_peer_add() and their opposites, and looks them up by
 * the calls below. It may do so from within those, and from threads that those wait for:
 * the mutex here is never held across them.
 */
#ifndef _RAMSTER_NODE_H
#define _RAMSTER_NODE_H

#include <linux/socket.h>
#include <linux/types.h>

#include "auth.h"
#include "uapi/ramster_genl.h"

#define RS_NAME_MAX	64
#define RS_NODE_MAX	1023	/* highest node number: 10 bits of a remote entry */
#define RS_DEVICES	256	/* frontswap0 to frontswap255, of this node's or of an owner's */
#define RS_KEYS		2	/* the one in use, and one more while it is replaced */
#define RS_INCARNATION_BYTES	16
#define RS_WHY_MAX	160	/* a reason for the log, with its end */

/* This life of the module: random, made at load. */
extern u8 rs_incarnation[RS_INCARNATION_BYTES];

struct rs_settings {
	u32 heartbeat_ms;
	u32 suspect_ms;
	u32 dead_ms;
	u32 reconnect_ms;
	u32 fetch_timeout_ms;
	u32 lend_max_mb;	/* 0: half of RAM */
	u32 keep_free_mb;	/* 0: 1/16 of RAM */
	u32 quota_mb;		/* 0: none */
	u32 grace_s;		/* for which the pages of an owner that is away are kept */
	u32 seal;		/* enum rs_seal_mode */
	bool insecure;
};

extern struct rs_settings rs_settings;

/* A copy of what the table says of one node. */
struct rs_node_info {
	char name[RS_NAME_MAX + 1];
	u16 num;
	bool local;
	bool connect;
	bool drain;		/* nothing new goes there, and what is there comes back */
	struct sockaddr_storage addr;	/* port included */
};

/* "down", "connecting", "up", "suspect". Any context. */
const char *rs_state_name(enum ramster_node_state state);

/* The cluster's name, "" without one. Stable while a node is local or connected. */
const char *rs_cluster_name(void);

/* Node @num of the table; false if there is none. Process context, takes a mutex. */
bool rs_node_find(u16 num, struct rs_node_info *info);

/* The local node's number, or -1. Any context. */
int rs_local_num(void);

/* The first node with a number >= @num; false at the end. Process context. */
bool rs_node_next(u16 num, struct rs_node_info *info);

/* How many other nodes there are. Any context. */
unsigned int rs_node_count(void);

/* Copies of the cluster's keys, the one to use first; how many. Process context. */
unsigned int rs_cluster_keys(struct rs_auth_key keys[RS_KEYS]);

/* Is a connection still good that was made with this key (all zero: without one)? Process context. */
bool rs_cluster_trusts(const u8 key_id[RS_WIRE_KEY_ID]);

/*
 * The address by which others know this node, without a port, if one at @to can be reached from it: of the
 * same family, and not from loopback to beyond, or back. Process context, takes a mutex.
 */
bool rs_node_source(const struct sockaddr_storage *to, struct sockaddr_storage *from);

/* Is @addr that of a node, whatever the port? Process context. */
bool rs_node_is_at(const struct sockaddr_storage *addr);

int rs_nodemanager_init(void);
void rs_nodemanager_exit(void);

#endif
