/* SPDX-License-Identifier: GPL-2.0 */
/*
 * nm.h - inside the node manager: configfs items, and the table that they fill
 *
 * Locks, outer to inner:
 *	the subsystem's su_mutex	configfs, around mkdir and rmdir
 *	nm_change_lock			each change, from its checks to its effect. May be held long:
 *					a peer that is removed ends its requests first
 *	the table's lock (nm_table.c)	around the change of a field, and each look-up; short
 *
 * So who holds nm_change_lock may read the table without more, and who is waited for
 * under it may still look nodes up.
 */
#ifndef _RAMSTER_NM_H
#define _RAMSTER_NM_H

#include <linux/configfs.h>
#include <linux/list.h>
#include <linux/mutex.h>

#include "node.h"

struct dentry;

extern struct mutex nm_change_lock;

/* A directory in node/. Changed under nm_change_lock and the table's. */
struct nm_node {
	struct config_item item;
	struct list_head list;
	struct dentry *debugfs;
	int num;			/* -1: not set */
	u16 port;
	bool local;
	bool connect;
	bool drain;
	struct sockaddr_storage addr;	/* port included; AF_UNSPEC: not set */
	char name[RS_NAME_MAX + 1];
};

/* nm_table.c; all but nm_table_show() need nm_change_lock, may sleep */
int nm_table_add(struct nm_node *node);
void nm_table_remove(struct nm_node *node);
void nm_table_set_num(struct nm_node *node, u16 num);
void nm_table_set_address(struct nm_node *node, const struct sockaddr_storage *addr);
void nm_table_set_port(struct nm_node *node, u16 port);
void nm_table_set_local(struct nm_node *node, bool local);
void nm_table_set_connect(struct nm_node *node, bool connect);
void nm_table_set_drain(struct nm_node *node, bool drain);
void nm_table_set_cluster(const char *name);
void nm_table_set_keys(const struct rs_auth_key *keys, unsigned int nr);
bool nm_table_has_key(void);
void nm_table_read(const struct nm_node *node, struct rs_node_info *info);
void nm_table_show(const struct nm_node *node, struct rs_node_info *info);
/* The first node that @match says true of, or NULL. */
struct nm_node *nm_table_match(bool (*match)(const struct nm_node *node, const void *arg),
			       const void *arg);

/* nm_node.c */
struct config_item *nm_node_create(struct config_item *parent, const char *name);
void nm_node_drop(struct config_item *item);

/* nm_address.c; any context */
const char *nm_address_parse(const char *page, size_t count, struct sockaddr_storage *addr);
bool nm_address_same_host(const struct sockaddr_storage *a, const struct sockaddr_storage *b);
bool nm_address_is_public(const struct sockaddr_storage *addr);

/* nm_settings.c */
extern struct configfs_attribute *nm_cluster_attrs[];
void nm_settings_reset(void);

/* nm_refuse.c */
__printf(4, 5)
int nm_refuse(const struct config_item *item, const char *attr, int err, const char *fmt, ...);
int nm_parse(const struct config_item *item, const char *attr, const char *page, size_t count,
	     u32 min, u32 max, u32 *value);
int nm_may_change(const struct config_item *item, const char *attr);
/* For "%*pE": what was typed, without the newline and not endless. */
int nm_typed(const char *page, size_t count);

#endif
