// SPDX-License-Identifier: GPL-2.0
/*
 * netlink.c - the generic-netlink family: status for tools, events for the daemon
 *
 * Everything is a dump that remembers its place in cb->ctx, so that any number
 * of nodes, devices and counters comes over in as many messages as it takes.
 * All of it is for administrators only: addresses and what lies where are
 * nobody else's business.
 */
#include <linux/capability.h>
#include <linux/in.h>
#include <linux/module.h>
#include <net/genetlink.h>

#include "donor.h"
#include "netlink.h"
#include "node.h"
#include "peer.h"
#include "recall.h"
#include "stats.h"
#include "tmem/tmem.h"
#include "zcache/zcache.h"

static struct genl_family family;

/* Where a dump goes on. */
struct cursor {
	u32 next;	/* node number, device id or group of counters */
	u32 counter;	/* in that group */
	bool end;
};

static struct cursor *cursor_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct cursor) > sizeof(cb->ctx));
	return (struct cursor *)cb->ctx;
}

static void *message_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
			   NLM_F_MULTI, cmd);
}

/* What a dump callback returns: something was written, or the end, or nothing fits at all. */
static int dump_result(const struct sk_buff *skb, const struct cursor *cursor)
{
	return skb->len || cursor->end ? skb->len : -EMSGSIZE;
}

/* nodes */

static int put_address(struct sk_buff *skb, const struct sockaddr_storage *addr)
{
	char text[48];
	u16 port;

	if (addr->ss_family == AF_UNSPEC)
		return 0;
	/* sin_port and sin6_port are at one place. */
	port = be16_to_cpu(((const struct sockaddr_in *)addr)->sin_port);
	snprintf(text, sizeof(text), "%pISc", addr);
	return nla_put_string(skb, RAMSTER_A_NODE_ADDRESS, text) ?:
	       nla_put_u16(skb, RAMSTER_A_NODE_PORT, port);
}

static int put_incarnation(struct sk_buff *skb, const u8 *incarnation)
{
	char text[2 * RS_INCARNATION_BYTES + 1];

	snprintf(text, sizeof(text), "%*phN", RS_INCARNATION_BYTES, incarnation);
	return nla_put_string(skb, RAMSTER_A_NODE_INCARNATION, text);
}

/* The local node's own entry: it is up, and its room is what it lends to anyone. */
static int put_local(struct sk_buff *skb)
{
	return nla_put_flag(skb, RAMSTER_A_NODE_LOCAL) ?:
	       (rs_is_recalling() ? nla_put_flag(skb, RAMSTER_A_NODE_RECALLING) : 0) ?:
	       nla_put_u32(skb, RAMSTER_A_NODE_STATE, RAMSTER_NODE_UP) ?:
	       put_incarnation(skb, rs_incarnation) ?:
	       nla_put_u64_64bit(skb, RAMSTER_A_NODE_ROOM, rs_donor_room(), RAMSTER_A_PAD);
}

static int put_peer(struct sk_buff *skb, u16 num)
{
	struct rs_peer_info peer = { .state = RAMSTER_NODE_DOWN };
	struct rs_owner_info owner;
	int err;

	rs_peer_read(num, &peer);
	rs_owner_read(num, &owner);
	err = nla_put_u32(skb, RAMSTER_A_NODE_STATE, peer.state);
	if (!err && peer.has_incarnation)
		err = put_incarnation(skb, peer.incarnation);
	if (!err && peer.recalling)
		err = nla_put_flag(skb, RAMSTER_A_NODE_RECALLING);
	if (!err && owner.away)
		err = nla_put_u32(skb, RAMSTER_A_NODE_GRACE, owner.grace_s);
	return err ?:
	       nla_put_u64_64bit(skb, RAMSTER_A_NODE_ROOM, peer.room, RAMSTER_A_PAD) ?:
	       nla_put_u64_64bit(skb, RAMSTER_A_NODE_PAGES_REMOTE, peer.pages_remote,
				 RAMSTER_A_PAD) ?:
	       nla_put_u64_64bit(skb, RAMSTER_A_NODE_PAGES_LENT, owner.pages, RAMSTER_A_PAD);
}

static int put_node(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct rs_node_info *node)
{
	void *head = message_begin(skb, cb, RAMSTER_CMD_GET_NODES);
	int err;

	if (!head)
		return -EMSGSIZE;
	err = nla_put_string(skb, RAMSTER_A_NODE_NAME, node->name) ?:
	      nla_put_u32(skb, RAMSTER_A_NODE_NUM, node->num) ?:
	      put_address(skb, &node->addr) ?:
	      (node->drain ? nla_put_flag(skb, RAMSTER_A_NODE_DRAIN) : 0) ?:
	      (node->local ? put_local(skb) : put_peer(skb, node->num));
	if (err) {
		genlmsg_cancel(skb, head);
		return err;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int dump_nodes(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cursor *cursor = cursor_of(cb);
	struct rs_node_info node;

	while (!cursor->end) {
		if (!rs_node_next(cursor->next, &node)) {
			cursor->end = true;
			break;
		}
		if (put_node(skb, cb, &node))
			break;
		cursor->next = node.num + 1;
	}
	return dump_result(skb, cursor);
}

/* devices */

static int put_books(struct sk_buff *skb, struct netlink_callback *cb,
		     const struct zcache_books *books)
{
	const struct {
		int attr;
		u64 value;
	} rows[] = {
		{ RAMSTER_A_DEV_SLOTS, books->slots },
		{ RAMSTER_A_DEV_USED, books->used },
		{ RAMSTER_A_DEV_LOCAL, books->local },
		{ RAMSTER_A_DEV_IN_FLIGHT, books->in_flight },
		{ RAMSTER_A_DEV_REMOTE, books->remote },
		{ RAMSTER_A_DEV_BACKING, books->backing },
		{ RAMSTER_A_DEV_FREED, books->freed },
	};
	void *head = message_begin(skb, cb, RAMSTER_CMD_GET_DEVICES);
	unsigned int i;
	int err;

	if (!head)
		return -EMSGSIZE;
	err = nla_put_string(skb, RAMSTER_A_DEV_NAME, books->name);
	for (i = 0; i < ARRAY_SIZE(rows) && !err; i++)
		err = nla_put_u64_64bit(skb, rows[i].attr, rows[i].value, RAMSTER_A_PAD);
	if (!err && books->backing_path[0])
		err = nla_put_string(skb, RAMSTER_A_DEV_BACKING_PATH, books->backing_path);
	if (err) {
		genlmsg_cancel(skb, head);
		return err;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int dump_devices(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cursor *cursor = cursor_of(cb);
	struct zcache_books books;

	while (!cursor->end) {
		if (!zcache_read_books(cursor->next, &books)) {
			cursor->end = true;
			break;
		}
		if (put_books(skb, cb, &books))
			break;
		cursor->end = books.id == U32_MAX;
		cursor->next = books.id + 1;
	}
	return dump_result(skb, cursor);
}

/* counters */

typedef void (*counter_fn)(void *ctx, const char *name, s64 value);

static void emit_own(counter_fn emit, void *ctx)
{
	counters_emit(&rs_counters, emit, ctx);
}

static const struct {
	const char *name;
	void (*emit)(counter_fn emit, void *ctx);
} groups[] = {
	{ "tmem", tmem_counters_emit },
	{ "frontswap", zcache_fswap_counters_emit },
	{ "zcache", zcache_counters_emit },
	{ "zbud", zcache_zbud_counters_emit },
	{ "ramster", emit_own },
};

/* Takes the counters of one group from @from on, as many as fit. */
struct emitter {
	struct sk_buff *skb;
	u32 from;
	u32 seen;
	u32 put;
	bool full;
};

static void emit_counter(void *ctx, const char *name, s64 value)
{
	struct emitter *e = ctx;
	struct nlattr *nest;

	if (e->seen++ < e->from || e->full)
		return;
	nest = nla_nest_start(e->skb, RAMSTER_A_COUNTER);
	if (!nest || nla_put_string(e->skb, RAMSTER_A_COUNTER_NAME, name) ||
	    nla_put_u64_64bit(e->skb, RAMSTER_A_COUNTER_VALUE, value, RAMSTER_A_PAD)) {
		nla_nest_cancel(e->skb, nest);
		e->full = true;
		return;
	}
	nla_nest_end(e->skb, nest);
	e->put++;
}

/* One message of a group's counters. -EMSGSIZE: the group goes on in the next. */
static int put_group(struct sk_buff *skb, struct netlink_callback *cb, struct cursor *cursor)
{
	struct emitter e = { .skb = skb, .from = cursor->counter };
	void *head = message_begin(skb, cb, RAMSTER_CMD_GET_COUNTERS);

	if (!head)
		return -EMSGSIZE;
	if (!nla_put_string(skb, RAMSTER_A_GROUP, groups[cursor->next].name))
		groups[cursor->next].emit(emit_counter, &e);
	else
		e.full = true;
	if (e.full && !e.put) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	cursor->counter += e.put;
	return e.full ? -EMSGSIZE : 0;
}

static int dump_counters(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct cursor *cursor = cursor_of(cb);

	while (cursor->next < ARRAY_SIZE(groups)) {
		if (put_group(skb, cb, cursor))
			break;
		cursor->next++;
		cursor->counter = 0;
	}
	cursor->end = cursor->next == ARRAY_SIZE(groups);
	return dump_result(skb, cursor);
}

static const struct genl_small_ops ops[] = {
	{ .cmd = RAMSTER_CMD_GET_NODES, .flags = GENL_ADMIN_PERM, .dumpit = dump_nodes },
	{ .cmd = RAMSTER_CMD_GET_DEVICES, .flags = GENL_ADMIN_PERM, .dumpit = dump_devices },
	{ .cmd = RAMSTER_CMD_GET_COUNTERS, .flags = GENL_ADMIN_PERM, .dumpit = dump_counters },
};

static const struct genl_multicast_group mcgrps[] = {
	{ .name = RAMSTER_GENL_MCGRP, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

static struct genl_family family __ro_after_init = {
	.name = RAMSTER_GENL_NAME,
	.version = RAMSTER_GENL_VERSION,
	.module = THIS_MODULE,
	.small_ops = ops,
	.n_small_ops = ARRAY_SIZE(ops),
	.mcgrps = mcgrps,
	.n_mcgrps = ARRAY_SIZE(mcgrps),
};

static int put_event(struct sk_buff *skb, enum ramster_event event, int node, const char *name,
		     enum ramster_node_state state, const char *text)
{
	int err;

	err = nla_put_u32(skb, RAMSTER_A_EVENT, event);
	if (!err && node >= 0)
		err = nla_put_u32(skb, RAMSTER_A_NODE_NUM, node) ?:
		      nla_put_u32(skb, RAMSTER_A_NODE_STATE, state);
	if (!err && name)
		err = nla_put_string(skb, RAMSTER_A_NODE_NAME, name);
	if (!err && text)
		err = nla_put_string(skb, RAMSTER_A_EVENT_TEXT, text);
	return err;
}

/**
 * rs_event - tell who listens that something has changed
 * @event: what
 * @node:  whose number, or -1: no node's
 * @name:  its name, or NULL
 * @state: its state now; not looked at without a node
 * @text:  a line for people, or NULL
 *
 * Context: any but hard interrupts; does not sleep. An event that finds no
 * memory is lost: GET_NODES tells the state.
 */
void rs_event(enum ramster_event event, int node, const char *name,
	      enum ramster_node_state state, const char *text)
{
	struct sk_buff *skb;
	void *head;

	if (!genl_has_listeners(&family, &init_net, 0))
		return;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_ATOMIC);
	if (!skb)
		return;
	head = genlmsg_put(skb, 0, 0, &family, 0, RAMSTER_CMD_EVENT);
	if (!head || put_event(skb, event, node, name, state, text)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast(&family, skb, 0, 0, GFP_ATOMIC);
}

int rs_netlink_init(void)
{
	return genl_register_family(&family);
}

void rs_netlink_exit(void)
{
	genl_unregister_family(&family);
}
