// SPDX-License-Identifier: GPL-2.0
/* nm_node.c - a directory in node/: its attributes, and what they start and stop */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "debugfs.h"
#include "listener.h"
#include "nm.h"
#include "peer.h"
#include "recall.h"
#include "server.h"
#include "wire.h"

#define PORT_DEFAULT	7777

static struct nm_node *to_node(struct config_item *item)
{
	return container_of(item, struct nm_node, item);
}

static bool live(const struct nm_node *node)
{
	return node->local || node->connect;
}

static bool has_address(const struct nm_node *node)
{
	return node->addr.ss_family != AF_UNSPEC;
}

static int frozen_check(struct nm_node *node, const char *attr)
{
	if (!live(node))
		return 0;
	return nm_refuse(&node->item, attr, -EBUSY,
			 "frozen while %s is 1; write 0 there first",
			 node->local ? "local" : "connect");
}

/*
 * The number is not this node's any more: what is kept here for it is nobody's.
 * After the table has changed, so that the owner cannot enter again meanwhile.
 */
static void forget_owner(int num)
{
	if (num >= 0)
		rs_server_forget(num);
}

/* num */

static bool has_num(const struct nm_node *node, const void *num)
{
	return node->num == *(const int *)num;
}

static int num_change(struct nm_node *node, int num)
{
	const struct nm_node *other = nm_table_match(has_num, &num);
	int err = frozen_check(node, "num"), old = node->num;

	if (err)
		return err;
	if (other == node)
		return 0;
	if (other)
		return nm_refuse(&node->item, "num", -EEXIST,
				 "%d is the number of node %s; take one that is free", num,
				 other->name);
	nm_table_set_num(node, num);
	forget_owner(old);
	rs_debugfs_node_remove(node->debugfs);
	node->debugfs = rs_debugfs_node_add(node->name, num);
	return 0;
}

static ssize_t node_num_store(struct config_item *item, const char *page, size_t count)
{
	u32 num;
	int err;

	err = nm_parse(item, "num", page, count, 0, RS_NODE_MAX, &num);
	if (err)
		return err;
	mutex_lock(&nm_change_lock);
	err = num_change(to_node(item), num);
	mutex_unlock(&nm_change_lock);
	return err ?: count;
}

static ssize_t node_num_show(struct config_item *item, char *page)
{
	int num = READ_ONCE(to_node(item)->num);

	return num < 0 ? sysfs_emit(page, "none\n") : sysfs_emit(page, "%d\n", num);
}
CONFIGFS_ATTR(node_, num);

/* address and port */

/* Where a node would be. */
struct place {
	const struct nm_node *node;
	const struct sockaddr_storage *addr;
	u16 port;
};

static bool is_elsewhere_there(const struct nm_node *node, const void *arg)
{
	const struct place *p = arg;

	return node != p->node && has_address(node) && node->port == p->port &&
	       nm_address_same_host(&node->addr, p->addr);
}

/* No two nodes have the same address and port. */
static int place_check(struct nm_node *node, const char *attr, const struct sockaddr_storage *addr,
		       u16 port)
{
	struct place p = { node, addr, port };
	const struct nm_node *other;
	int err = frozen_check(node, attr);

	if (err || addr->ss_family == AF_UNSPEC)
		return err;
	other = nm_table_match(is_elsewhere_there, &p);
	if (other)
		return nm_refuse(&node->item, attr, -EEXIST,
				 "%pISc port %u is node %s; take another address or port", addr,
				 port, other->name);
	return 0;
}

static ssize_t node_address_store(struct config_item *item, const char *page, size_t count)
{
	struct nm_node *node = to_node(item);
	struct sockaddr_storage addr;
	const char *fault;
	int err = nm_may_change(item, "address");

	if (err)
		return err;
	fault = nm_address_parse(page, count, &addr);
	if (fault)
		return nm_refuse(item, "address", -EINVAL, "\"%*pE\" %s", nm_typed(page, count),
				 page, fault);
	mutex_lock(&nm_change_lock);
	err = place_check(node, "address", &addr, node->port);
	if (!err)
		nm_table_set_address(node, &addr);
	mutex_unlock(&nm_change_lock);
	return err ?: count;
}

static ssize_t node_address_show(struct config_item *item, char *page)
{
	struct rs_node_info info;

	nm_table_show(to_node(item), &info);
	if (info.addr.ss_family == AF_UNSPEC)
		return sysfs_emit(page, "none\n");
	return sysfs_emit(page, "%pISc\n", &info.addr);
}
CONFIGFS_ATTR(node_, address);

static ssize_t node_port_store(struct config_item *item, const char *page, size_t count)
{
	struct nm_node *node = to_node(item);
	u32 port;
	int err;

	err = nm_parse(item, "port", page, count, 1, 65535, &port);
	if (err)
		return err;
	mutex_lock(&nm_change_lock);
	err = place_check(node, "port", &node->addr, port);
	if (!err)
		nm_table_set_port(node, port);
	mutex_unlock(&nm_change_lock);
	return err ?: count;
}

static ssize_t node_port_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_node(item)->port));
}
CONFIGFS_ATTR(node_, port);

/* local and connect */

static bool is_local(const struct nm_node *node, const void *unused)
{
	return node->local;
}

static bool is_connected(const struct nm_node *node, const void *unused)
{
	return node->connect;
}

/* What both local and connect need. */
static int ready_check(struct nm_node *node, const char *attr)
{
	if (live(node))
		return nm_refuse(&node->item, attr, -EBUSY,
				 "a node is this machine or a donor, not both; write 0 to %s first",
				 node->local ? "local" : "connect");
	if (node->num < 0 || !has_address(node))
		return nm_refuse(&node->item, attr, -ENOENT, "set %s first",
				 node->num < 0 ? "num" : "address");
	if (nm_address_is_public(&node->addr) && !nm_table_has_key() && !rs_settings.insecure)
		return nm_refuse(&node->item, attr, -EPERM,
				 "%pISc is beyond loopback and the cluster has no key; set key, or insecure to 1",
				 &node->addr);
	return 0;
}

static int local_start(struct nm_node *node)
{
	const struct nm_node *other = nm_table_match(is_local, NULL);
	int err = ready_check(node, "local");

	if (err)
		return err;
	if (other)
		return nm_refuse(&node->item, "local", -EEXIST,
				 "node %s is local already; only one can be", other->name);
	/* First, for the listener's threads ask for it. */
	nm_table_set_local(node, true);
	rs_donor_drain(node->drain);
	err = rs_listener_start(&node->addr);
	if (err) {
		rs_donor_drain(false);
		nm_table_set_local(node, false);
		return nm_refuse(&node->item, "local", err, "cannot listen on %pISpc: %pe",
				 &node->addr, ERR_PTR(err));
	}
	return 0;
}

static int local_stop(struct nm_node *node)
{
	const struct nm_node *other = nm_table_match(is_connected, NULL);

	if (other)
		return nm_refuse(&node->item, "local", -EBUSY,
				 "node %s is connected in this node's name; write 0 to its connect first",
				 other->name);
	rs_listener_stop();
	rs_donor_drain(false);
	nm_table_set_local(node, false);
	return 0;
}

static int connect_start(struct nm_node *node)
{
	int err = ready_check(node, "connect");
	struct rs_node_info info;

	if (err)
		return err;
	if (!nm_table_match(is_local, NULL))
		return nm_refuse(&node->item, "connect", -ENOENT,
				 "there is no local node; write 1 to local of this machine's first");
	nm_table_set_connect(node, true);
	nm_table_read(node, &info);
	err = rs_peer_add(&info);
	if (err) {
		nm_table_set_connect(node, false);
		return nm_refuse(&node->item, "connect", err, "cannot start: %pe", ERR_PTR(err));
	}
	return 0;
}

static int connect_stop(struct nm_node *node)
{
	rs_peer_remove(node->num);
	nm_table_set_connect(node, false);
	return 0;
}

static ssize_t node_local_store(struct config_item *item, const char *page, size_t count)
{
	struct nm_node *node = to_node(item);
	u32 on;
	int err;

	err = nm_parse(item, "local", page, count, 0, 1, &on);
	if (err)
		return err;
	mutex_lock(&nm_change_lock);
	if (on != node->local)
		err = on ? local_start(node) : local_stop(node);
	mutex_unlock(&nm_change_lock);
	return err ?: count;
}

static ssize_t node_local_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_node(item)->local));
}
CONFIGFS_ATTR(node_, local);

static ssize_t node_connect_store(struct config_item *item, const char *page, size_t count)
{
	struct nm_node *node = to_node(item);
	u32 on;
	int err;

	err = nm_parse(item, "connect", page, count, 0, 1, &on);
	if (err)
		return err;
	mutex_lock(&nm_change_lock);
	if (on != node->connect)
		err = on ? connect_start(node) : connect_stop(node);
	mutex_unlock(&nm_change_lock);
	return err ?: count;
}

static ssize_t node_connect_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_node(item)->connect));
}
CONFIGFS_ATTR(node_, connect);

/* drain: may be changed at any time, and takes effect while local or connect is 1 */

static ssize_t node_drain_store(struct config_item *item, const char *page, size_t count)
{
	struct nm_node *node = to_node(item);
	u32 on;
	int err;

	err = nm_parse(item, "drain", page, count, 0, 1, &on);
	if (err)
		return err;
	mutex_lock(&nm_change_lock);
	if (on != node->drain) {
		nm_table_set_drain(node, on);
		if (node->local)
			rs_donor_drain(on);
		if (node->connect)
			rs_peer_drain(node->num, on);
	}
	mutex_unlock(&nm_change_lock);
	return count;
}

static ssize_t node_drain_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_node(item)->drain));
}
CONFIGFS_ATTR(node_, drain);

static ssize_t node_state_show(struct config_item *item, char *page)
{
	struct nm_node *node = to_node(item);
	int num = READ_ONCE(node->num);
	struct rs_peer_info peer;

	if (READ_ONCE(node->local))
		return sysfs_emit(page, "local\n");
	if (num < 0 || !rs_peer_read(num, &peer))
		peer.state = RAMSTER_NODE_DOWN;
	return sysfs_emit(page, "%s\n", rs_state_name(peer.state));
}
CONFIGFS_ATTR_RO(node_, state);

static struct configfs_attribute *node_attrs[] = {
	&node_attr_num,
	&node_attr_address,
	&node_attr_port,
	&node_attr_local,
	&node_attr_connect,
	&node_attr_drain,
	&node_attr_state,
	NULL,
};

static void node_release(struct config_item *item)
{
	kfree(to_node(item));
}

static struct configfs_item_operations node_item_ops = {
	.release = node_release,
};

static const struct config_item_type node_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &node_item_ops,
	.ct_attrs = node_attrs,
};

/**
 * nm_node_create - a directory was made in node/
 * @parent: node/
 * @name:   of the directory
 *
 * Context: process, under configfs' su_mutex. May sleep.
 * Return: its item, or an ERR_PTR after a line in the log.
 */
struct config_item *nm_node_create(struct config_item *parent, const char *name)
{
	size_t len = strnlen(name, RS_NAME_MAX + 1);
	struct nm_node *node;
	int err;

	err = nm_may_change(parent, "mkdir");
	if (err)
		return ERR_PTR(err);
	if (!rs_wire_name_ok(name, len))
		return ERR_PTR(nm_refuse(parent, "mkdir", -EINVAL,
					 "\"%*pE\" is no name of a node: 1 to %u of A-Z a-z 0-9 _ . -",
					 nm_typed(name, len), name, RS_NAME_MAX));
	node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return ERR_PTR(-ENOMEM);
	node->num = -1;
	node->port = PORT_DEFAULT;
	node->addr.ss_family = AF_UNSPEC;
	strscpy(node->name, name, sizeof(node->name));

	mutex_lock(&nm_change_lock);
	err = nm_table_add(node);
	mutex_unlock(&nm_change_lock);
	if (err) {
		kfree(node);
		return ERR_PTR(nm_refuse(parent, name, err, "a cluster has at most %u nodes",
					 RS_NODE_MAX + 1));
	}
	config_item_init_type_name(&node->item, name, &node_type);
	return &node->item;
}

/* Nobody can be connected without a local node: its name is theirs. */
static void disconnect_all(void)
{
	struct nm_node *node;

	while ((node = nm_table_match(is_connected, NULL))) {
		pr_warn("node %s disconnected: the local node was removed\n", node->name);
		connect_stop(node);
	}
}

/**
 * nm_node_drop - a directory was removed from node/
 * @item: its item; freed when its last user lets go
 *
 * The node is disconnected; the local one stops listening. configfs lets no attribute
 * be written any more.
 *
 * Context: process, under configfs' su_mutex. May sleep as long as rs_peer_remove().
 */
void nm_node_drop(struct config_item *item)
{
	struct nm_node *node = to_node(item);

	mutex_lock(&nm_change_lock);
	if (node->connect)
		connect_stop(node);
	if (node->local) {
		disconnect_all();
		local_stop(node);
	}
	nm_table_remove(node);
	forget_owner(node->num);
	rs_debugfs_node_remove(node->debugfs);
	mutex_unlock(&nm_change_lock);
	config_item_put(item);
}
