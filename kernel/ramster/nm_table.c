// SPDX-License-Identifier: GPL-2.0
/* nm_table.c - the table of nodes, the cluster's name and key: what the rest looks up */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/string.h>

#include "nm.h"

DEFINE_MUTEX(nm_change_lock);

static DEFINE_MUTEX(table_lock);
static LIST_HEAD(nodes);
static unsigned int nr_nodes;
static struct nm_node *by_num[RS_NODE_MAX + 1];
static int local_num = -1;
static char cluster_name[RS_NAME_MAX + 1];
static struct rs_auth_key keys[RS_KEYS];
static unsigned int nr_keys;

static void change_begin(void)
{
	lockdep_assert_held(&nm_change_lock);
	mutex_lock(&table_lock);
}

static void change_end(void)
{
	mutex_unlock(&table_lock);
}

/* -ENOSPC: there cannot be more nodes than numbers. */
int nm_table_add(struct nm_node *node)
{
	if (nr_nodes > RS_NODE_MAX)
		return -ENOSPC;
	change_begin();
	list_add_tail(&node->list, &nodes);
	WRITE_ONCE(nr_nodes, nr_nodes + 1);
	change_end();
	return 0;
}

void nm_table_remove(struct nm_node *node)
{
	change_begin();
	list_del(&node->list);
	WRITE_ONCE(nr_nodes, nr_nodes - 1);
	if (node->num >= 0)
		by_num[node->num] = NULL;
	change_end();
}

void nm_table_set_num(struct nm_node *node, u16 num)
{
	change_begin();
	if (node->num >= 0)
		by_num[node->num] = NULL;
	node->num = num;
	by_num[num] = node;
	change_end();
}

static void put_port(struct nm_node *node)
{
	if (node->addr.ss_family == AF_INET)
		((struct sockaddr_in *)&node->addr)->sin_port = cpu_to_be16(node->port);
	else if (node->addr.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&node->addr)->sin6_port = cpu_to_be16(node->port);
}

/* The port in @addr is replaced by the node's. */
void nm_table_set_address(struct nm_node *node, const struct sockaddr_storage *addr)
{
	change_begin();
	node->addr = *addr;
	put_port(node);
	change_end();
}

void nm_table_set_port(struct nm_node *node, u16 port)
{
	change_begin();
	node->port = port;
	put_port(node);
	change_end();
}

void nm_table_set_local(struct nm_node *node, bool local)
{
	change_begin();
	node->local = local;
	WRITE_ONCE(local_num, local ? node->num : -1);
	change_end();
}

void nm_table_set_connect(struct nm_node *node, bool connect)
{
	change_begin();
	node->connect = connect;
	change_end();
}

void nm_table_set_drain(struct nm_node *node, bool drain)
{
	change_begin();
	WRITE_ONCE(node->drain, drain);
	change_end();
}

void nm_table_set_cluster(const char *name)
{
	change_begin();
	strscpy(cluster_name, name, sizeof(cluster_name));
	change_end();
}

void nm_table_set_keys(const struct rs_auth_key *new, unsigned int nr)
{
	change_begin();
	memzero_explicit(keys, sizeof(keys));
	if (nr)
		memcpy(keys, new, nr * sizeof(*keys));
	nr_keys = nr;
	change_end();
}

bool nm_table_has_key(void)
{
	lockdep_assert_held(&nm_change_lock);
	return nr_keys;
}

struct nm_node *nm_table_match(bool (*match)(const struct nm_node *node, const void *arg),
			       const void *arg)
{
	struct nm_node *node;

	lockdep_assert_held(&nm_change_lock);
	list_for_each_entry(node, &nodes, list)
		if (match(node, arg))
			return node;
	return NULL;
}

/* A copy for the rest of the module. Under either lock. */
void nm_table_read(const struct nm_node *node, struct rs_node_info *info)
{
	strscpy(info->name, node->name, sizeof(info->name));
	info->num = node->num;
	info->local = node->local;
	info->connect = node->connect;
	info->drain = node->drain;
	info->addr = node->addr;
}

/* The same without a lock of the caller's: for who only shows, and does not wait for a change. */
void nm_table_show(const struct nm_node *node, struct rs_node_info *info)
{
	mutex_lock(&table_lock);
	nm_table_read(node, info);
	mutex_unlock(&table_lock);
}

const char *rs_cluster_name(void)
{
	return cluster_name;
}

int rs_local_num(void)
{
	return READ_ONCE(local_num);
}

/**
 * rs_node_find - look a node up
 * @num:  its number; any value
 * @info: out: a copy of what the table says; untouched if there is none
 *
 * Context: process; takes a mutex that is never held for long.
 * Return: false if no node has that number.
 */
bool rs_node_find(u16 num, struct rs_node_info *info)
{
	bool found;

	if (num > RS_NODE_MAX)
		return false;
	mutex_lock(&table_lock);
	found = by_num[num];
	if (found)
		nm_table_read(by_num[num], info);
	mutex_unlock(&table_lock);
	return found;
}

/**
 * rs_node_next - walk the nodes in the order of their numbers
 * @num:  where to begin
 * @info: out: the first node with this number or a higher one
 *
 * Context: process; takes a mutex that is never held for long.
 * Return: false at the end.
 */
bool rs_node_next(u16 num, struct rs_node_info *info)
{
	bool found = false;
	unsigned int i;

	mutex_lock(&table_lock);
	for (i = num; i <= RS_NODE_MAX && !found; i++) {
		found = by_num[i];
		if (found)
			nm_table_read(by_num[i], info);
	}
	mutex_unlock(&table_lock);
	return found;
}

unsigned int rs_node_count(void)
{
	unsigned int nr = READ_ONCE(nr_nodes);

	return nr - (nr && rs_local_num() >= 0);
}

/**
 * rs_cluster_keys - get the cluster's keys
 * @copy: out; the caller wipes it with memzero_explicit()
 *
 * Context: process; takes a mutex that is never held for long.
 * Return: how many there are; 0: none was given.
 */
unsigned int rs_cluster_keys(struct rs_auth_key copy[RS_KEYS])
{
	unsigned int nr;

	mutex_lock(&table_lock);
	nr = nr_keys;
	memcpy(copy, keys, sizeof(keys));
	mutex_unlock(&table_lock);
	return nr;
}

bool rs_cluster_trusts(const u8 key_id[RS_WIRE_KEY_ID])
{
	bool trusted;

	mutex_lock(&table_lock);
	trusted = rs_auth_trusts(keys, nr_keys, key_id);
	mutex_unlock(&table_lock);
	return trusted;
}

bool rs_node_source(const struct sockaddr_storage *to, struct sockaddr_storage *from)
{
	struct rs_node_info local;

	/* Without one its number is none. */
	if (!rs_node_find(rs_local_num(), &local) ||
	    local.addr.ss_family != to->ss_family ||
	    nm_address_is_public(&local.addr) != nm_address_is_public(to))
		return false;
	*from = local.addr;
	/* sin_port and sin6_port are at one place. */
	((struct sockaddr_in *)from)->sin_port = 0;
	return true;
}

bool rs_node_is_at(const struct sockaddr_storage *addr)
{
	const struct nm_node *node;
	bool found = false;

	mutex_lock(&table_lock);
	list_for_each_entry(node, &nodes, list)
		found |= node->addr.ss_family != AF_UNSPEC &&
			 nm_address_same_host(&node->addr, addr);
	mutex_unlock(&table_lock);
	return found;
}
