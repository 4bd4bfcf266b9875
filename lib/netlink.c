// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "netlink.h"
#include "text.h"
#include "../kernel/include/uapi/ramster_genl.h"

struct rms_netlink {
	struct nl_sock *sock;
	int family;
	void (*heard)(void *ctx, const struct rms_event *event);
	void *ctx;
};

/* An array that grows while a dump comes in. */
struct dump {
	void *items;
	size_t nr, size;
	void (*fill)(struct dump *d, struct nlattr **attrs);
};

static struct nla_policy policy[RAMSTER_A_MAX + 1] = {
	[RAMSTER_A_NODE_NAME] = { .type = NLA_STRING },
	[RAMSTER_A_NODE_NUM] = { .type = NLA_U32 },
	[RAMSTER_A_NODE_ADDRESS] = { .type = NLA_STRING },
	[RAMSTER_A_NODE_PORT] = { .type = NLA_U16 },
	[RAMSTER_A_NODE_LOCAL] = { .type = NLA_FLAG },
	[RAMSTER_A_NODE_STATE] = { .type = NLA_U32 },
	[RAMSTER_A_NODE_INCARNATION] = { .type = NLA_STRING },
	[RAMSTER_A_NODE_ROOM] = { .type = NLA_U64 },
	[RAMSTER_A_NODE_PAGES_REMOTE] = { .type = NLA_U64 },
	[RAMSTER_A_NODE_PAGES_LENT] = { .type = NLA_U64 },
	[RAMSTER_A_DEV_NAME] = { .type = NLA_STRING },
	[RAMSTER_A_DEV_SLOTS] = { .type = NLA_U64 },
	[RAMSTER_A_DEV_USED] = { .type = NLA_U64 },
	[RAMSTER_A_DEV_LOCAL] = { .type = NLA_U64 },
	[RAMSTER_A_DEV_IN_FLIGHT] = { .type = NLA_U64 },
	[RAMSTER_A_DEV_REMOTE] = { .type = NLA_U64 },
	[RAMSTER_A_DEV_BACKING] = { .type = NLA_U64 },
	[RAMSTER_A_DEV_FREED] = { .type = NLA_U64 },
	[RAMSTER_A_DEV_BACKING_PATH] = { .type = NLA_STRING },
	[RAMSTER_A_GROUP] = { .type = NLA_STRING },
	[RAMSTER_A_COUNTER] = { .type = NLA_NESTED },
	[RAMSTER_A_COUNTER_NAME] = { .type = NLA_STRING },
	[RAMSTER_A_COUNTER_VALUE] = { .type = NLA_U64 },
	[RAMSTER_A_EVENT] = { .type = NLA_U32 },
	[RAMSTER_A_EVENT_TEXT] = { .type = NLA_STRING },
	[RAMSTER_A_NODE_DRAIN] = { .type = NLA_FLAG },
	[RAMSTER_A_NODE_RECALLING] = { .type = NLA_FLAG },
	[RAMSTER_A_NODE_GRACE] = { .type = NLA_U32 },
};

const char *rms_node_state_name(uint32_t state)
{
	static const char *const names[__RAMSTER_NODE_STATES] = { "down", "connecting", "up", "suspect" };

	return state < ARRAY_LEN(names) ? names[state] : "unknown";
}

static uint64_t u64_of(struct nlattr *a)
{
	return a ? nla_get_u64(a) : 0;
}

static uint32_t u32_of(struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static char *string_of(struct nlattr *a)
{
	return a ? rms_strndup(nla_data(a), nla_len(a)) : NULL;
}

static char *name_of(struct nlattr *a)
{
	return a ? string_of(a) : rms_strdup("?");
}

struct rms_netlink *rms_netlink_open(struct rms_error *err)
{
	struct rms_netlink *nl = rms_alloc(1, sizeof(*nl));
	int ret;

	nl->sock = nl_socket_alloc();
	if (!nl->sock)
		abort();
	ret = genl_connect(nl->sock);
	if (ret) {
		rms_fail(err, RMS_FAILED, "netlink: %s", nl_geterror(ret));
		goto fail;
	}
	nl->family = genl_ctrl_resolve(nl->sock, RAMSTER_GENL_NAME);
	if (nl->family < 0) {
		rms_fail(err, RMS_NOT_RUNNING, "RAMster is not running here: module ramster is not loaded; `ramsterctl up` starts it");
		goto fail;
	}
	return nl;
fail:
	rms_netlink_close(nl);
	return NULL;
}

void rms_netlink_close(struct rms_netlink *nl)
{
	nl_socket_free(nl->sock);
	free(nl);
}

static int got_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[RAMSTER_A_MAX + 1];
	struct dump *d = arg;

	if (!genlmsg_parse(nlmsg_hdr(msg), 0, attrs, RAMSTER_A_MAX, policy))
		d->fill(d, attrs);
	return NL_OK;
}

static void *next_item(struct dump *d)
{
	void *item;

	d->items = rms_realloc(d->items, (d->nr + 1) * d->size);
	item = (char *)d->items + d->nr++ * d->size;
	memset(item, 0, d->size);
	return item;
}

static int run_dump(struct rms_netlink *nl, int cmd, struct dump *d, struct rms_error *err)
{
	int ret;

	ret = nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, got_message, d);
	if (!ret)
		ret = genl_send_simple(nl->sock, nl->family, cmd, RAMSTER_GENL_VERSION, NLM_F_DUMP);
	if (ret >= 0)
		ret = nl_recvmsgs_default(nl->sock);
	if (ret < 0)
		return rms_fail(err, RMS_FAILED, "the kernel does not answer over netlink: %s", nl_geterror(ret));
	return 0;
}

static void fill_node(struct dump *d, struct nlattr **a)
{
	struct rms_node_status *n = next_item(d);

	n->name = name_of(a[RAMSTER_A_NODE_NAME]);
	n->num = u32_of(a[RAMSTER_A_NODE_NUM]);
	n->address = name_of(a[RAMSTER_A_NODE_ADDRESS]);
	n->port = a[RAMSTER_A_NODE_PORT] ? nla_get_u16(a[RAMSTER_A_NODE_PORT]) : 0;
	n->local = a[RAMSTER_A_NODE_LOCAL];
	n->drain = a[RAMSTER_A_NODE_DRAIN];
	n->recalling = a[RAMSTER_A_NODE_RECALLING];
	n->away = a[RAMSTER_A_NODE_GRACE];
	n->grace_s = u32_of(a[RAMSTER_A_NODE_GRACE]);
	n->state = u32_of(a[RAMSTER_A_NODE_STATE]);
	n->incarnation = string_of(a[RAMSTER_A_NODE_INCARNATION]);
	n->room = u64_of(a[RAMSTER_A_NODE_ROOM]);
	n->remote = u64_of(a[RAMSTER_A_NODE_PAGES_REMOTE]);
	n->lent = u64_of(a[RAMSTER_A_NODE_PAGES_LENT]);
}

int rms_netlink_nodes(struct rms_netlink *nl, struct rms_node_status **nodes, size_t *n, struct rms_error *err)
{
	struct dump d = { .size = sizeof(**nodes), .fill = fill_node };
	int ret = run_dump(nl, RAMSTER_CMD_GET_NODES, &d, err);

	*nodes = d.items;
	*n = d.nr;
	if (ret) {
		rms_node_status_free(*nodes, *n);
		*nodes = NULL;
	}
	return ret;
}

static void fill_device(struct dump *d, struct nlattr **a)
{
	struct rms_device_status *s = next_item(d);

	s->name = name_of(a[RAMSTER_A_DEV_NAME]);
	s->backing_path = string_of(a[RAMSTER_A_DEV_BACKING_PATH]);
	s->slots = u64_of(a[RAMSTER_A_DEV_SLOTS]);
	s->used = u64_of(a[RAMSTER_A_DEV_USED]);
	s->local = u64_of(a[RAMSTER_A_DEV_LOCAL]);
	s->in_flight = u64_of(a[RAMSTER_A_DEV_IN_FLIGHT]);
	s->remote = u64_of(a[RAMSTER_A_DEV_REMOTE]);
	s->backing = u64_of(a[RAMSTER_A_DEV_BACKING]);
	s->freed = u64_of(a[RAMSTER_A_DEV_FREED]);
}

int rms_netlink_devices(struct rms_netlink *nl, struct rms_device_status **devices, size_t *n, struct rms_error *err)
{
	struct dump d = { .size = sizeof(**devices), .fill = fill_device };
	int ret = run_dump(nl, RAMSTER_CMD_GET_DEVICES, &d, err);

	*devices = d.items;
	*n = d.nr;
	if (ret) {
		rms_device_status_free(*devices, *n);
		*devices = NULL;
	}
	return ret;
}

/* RAMSTER_A_COUNTER stands many times in a message, which a parsed array cannot hold. */
static int got_counters(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[RAMSTER_A_MAX + 1], *one[RAMSTER_A_MAX + 1], *a;
	struct genlmsghdr *hdr = nlmsg_data(nlmsg_hdr(msg));
	struct dump *d = arg;
	int left;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attrs, RAMSTER_A_MAX, policy) || !attrs[RAMSTER_A_GROUP])
		return NL_OK;
	nla_for_each_attr(a, genlmsg_attrdata(hdr, 0), genlmsg_attrlen(hdr, 0), left) {
		struct rms_counter *c;

		if (nla_type(a) != RAMSTER_A_COUNTER || nla_parse_nested(one, RAMSTER_A_MAX, a, policy))
			continue;
		c = next_item(d);
		c->group = string_of(attrs[RAMSTER_A_GROUP]);
		c->name = name_of(one[RAMSTER_A_COUNTER_NAME]);
		c->value = u64_of(one[RAMSTER_A_COUNTER_VALUE]);
	}
	return NL_OK;
}

int rms_netlink_counters(struct rms_netlink *nl, struct rms_counter **counters, size_t *n, struct rms_error *err)
{
	struct dump d = { .size = sizeof(**counters) };
	int ret;

	ret = nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, got_counters, &d);
	if (!ret)
		ret = genl_send_simple(nl->sock, nl->family, RAMSTER_CMD_GET_COUNTERS, RAMSTER_GENL_VERSION, NLM_F_DUMP);
	if (ret >= 0)
		ret = nl_recvmsgs_default(nl->sock);
	*counters = d.items;
	*n = d.nr;
	if (ret >= 0)
		return 0;
	rms_counters_free(*counters, *n);
	*counters = NULL;
	return rms_fail(err, RMS_FAILED, "the kernel does not answer over netlink: %s", nl_geterror(ret));
}

void rms_node_status_free(struct rms_node_status *nodes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(nodes[i].name);
		free(nodes[i].address);
		free(nodes[i].incarnation);
	}
	free(nodes);
}

void rms_device_status_free(struct rms_device_status *devices, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(devices[i].name);
		free(devices[i].backing_path);
	}
	free(devices);
}

void rms_counters_free(struct rms_counter *counters, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(counters[i].group);
		free(counters[i].name);
	}
	free(counters);
}

static int got_event(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *hdr = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *a[RAMSTER_A_MAX + 1];
	struct rms_netlink *nl = arg;
	struct rms_event e;
	char *text, *node;

	if (!genlmsg_valid_hdr(nlmsg_hdr(msg), 0) || hdr->cmd != RAMSTER_CMD_EVENT ||
	    genlmsg_parse(nlmsg_hdr(msg), 0, a, RAMSTER_A_MAX, policy))
		return NL_OK;
	text = name_of(a[RAMSTER_A_EVENT_TEXT]);
	node = string_of(a[RAMSTER_A_NODE_NAME]);
	e = (struct rms_event){ u32_of(a[RAMSTER_A_EVENT]), text, node, u32_of(a[RAMSTER_A_NODE_STATE]) };
	nl->heard(nl->ctx, &e);
	free(text);
	free(node);
	return NL_OK;
}

int rms_netlink_subscribe(struct rms_netlink *nl, void (*heard)(void *ctx, const struct rms_event *event),
			  void *ctx, struct rms_error *err)
{
	int group = genl_ctrl_resolve_grp(nl->sock, RAMSTER_GENL_NAME, RAMSTER_GENL_MCGRP);
	int ret = group < 0 ? group : 0;

	nl->heard = heard;
	nl->ctx = ctx;
	nl_socket_disable_seq_check(nl->sock);
	if (!ret)
		ret = nl_socket_modify_cb(nl->sock, NL_CB_VALID, NL_CB_CUSTOM, got_event, nl);
	if (!ret)
		ret = nl_socket_set_nonblocking(nl->sock);
	if (!ret)
		ret = nl_socket_add_membership(nl->sock, group);
	if (ret)
		return rms_fail(err, RMS_FAILED, "no events over netlink: %s", nl_geterror(ret));
	return nl_socket_get_fd(nl->sock);
}

int rms_netlink_dispatch(struct rms_netlink *nl)
{
	int ret = nl_recvmsgs_default(nl->sock);

	if (!ret || ret == -NLE_AGAIN || ret == -NLE_INTR)
		return 0;
	return ret == -NLE_NOMEM || ret == -NLE_DUMP_INTR ? 1 : -1;
}

int rms_netlink_node_pages(const char *node, struct rms_node_pages *pages, struct rms_error *err)
{
	struct rms_node_status *nodes;
	struct rms_netlink *nl;
	size_t n, i;
	int ret;

	*pages = (struct rms_node_pages){ 0 };
	nl = rms_netlink_open(err);
	if (!nl)
		return -1;
	ret = rms_netlink_nodes(nl, &nodes, &n, err);
	for (i = 0; !ret && i < n; i++) {
		if (nodes[i].local || (node && strcmp(nodes[i].name, node)))
			continue;
		pages->remote += nodes[i].remote;
		pages->lent += nodes[i].lent;
		pages->down = node && nodes[i].state == RAMSTER_NODE_DOWN;
	}
	if (!ret)
		rms_node_status_free(nodes, n);
	rms_netlink_close(nl);
	return ret;
}
