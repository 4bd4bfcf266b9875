// SPDX-License-Identifier: GPL-2.0
/*
 * nodemanager.c - configfs: ramster/<cluster>/node/<name>/
 *
 * docs/INTERFACES.md lists the attributes. Each item pins the module, so that
 * at rs_nodemanager_exit() no cluster is left.
 */
#define pr_fmt(fmt) "ramster: " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "nm.h"
#include "wire.h"

struct cluster {
	struct config_group group;
	struct config_group nodes;	/* node/, made and removed with the cluster */
};

static bool have_cluster;	/* under nm_change_lock */

const char *rs_state_name(enum ramster_node_state state)
{
	static const char *const names[] = {
		[RAMSTER_NODE_DOWN] = "down",
		[RAMSTER_NODE_CONNECTING] = "connecting",
		[RAMSTER_NODE_UP] = "up",
		[RAMSTER_NODE_SUSPECT] = "suspect",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

static struct config_item *nodes_make_item(struct config_group *group, const char *name)
{
	return nm_node_create(&group->cg_item, name);
}

static void nodes_drop_item(struct config_group *group, struct config_item *item)
{
	nm_node_drop(item);
}

static struct configfs_group_operations nodes_group_ops = {
	.make_item = nodes_make_item,
	.drop_item = nodes_drop_item,
};

static const struct config_item_type nodes_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &nodes_group_ops,
};

static void cluster_release(struct config_item *item)
{
	kfree(container_of(to_config_group(item), struct cluster, group));
}

static struct configfs_item_operations cluster_item_ops = {
	.release = cluster_release,
};

static const struct config_item_type cluster_type = {
	.ct_owner = THIS_MODULE,
	.ct_item_ops = &cluster_item_ops,
	.ct_attrs = nm_cluster_attrs,
};

/* Takes the one place that there is for a cluster. */
static int cluster_enter(const char *name)
{
	int err = 0;

	mutex_lock(&nm_change_lock);
	if (have_cluster) {
		err = -EBUSY;
	} else {
		have_cluster = true;
		nm_settings_reset();
		nm_table_set_cluster(name);
	}
	mutex_unlock(&nm_change_lock);
	return err;
}

static void cluster_leave(void)
{
	mutex_lock(&nm_change_lock);
	have_cluster = false;
	nm_table_set_keys(NULL, 0);
	nm_table_set_cluster("");
	nm_settings_reset();
	mutex_unlock(&nm_change_lock);
}

static struct config_group *cluster_make(struct config_group *group, const char *name)
{
	size_t len = strnlen(name, RS_NAME_MAX + 1);
	struct cluster *cluster;
	int err;

	err = nm_may_change(&group->cg_item, "mkdir");
	if (err)
		return ERR_PTR(err);
	if (!rs_wire_name_ok(name, len))
		return ERR_PTR(nm_refuse(&group->cg_item, "mkdir", -EINVAL,
					 "\"%*pE\" is no name of a cluster: 1 to %u of A-Z a-z 0-9 _ . -",
					 nm_typed(name, len), name, RS_NAME_MAX));
	cluster = kzalloc(sizeof(*cluster), GFP_KERNEL);
	if (!cluster)
		return ERR_PTR(-ENOMEM);
	err = cluster_enter(name);
	if (err) {
		kfree(cluster);
		return ERR_PTR(nm_refuse(&group->cg_item, name, err,
					 "there is a cluster already, %s; remove it first",
					 rs_cluster_name()));
	}
	config_group_init_type_name(&cluster->group, name, &cluster_type);
	config_group_init_type_name(&cluster->nodes, "node", &nodes_type);
	configfs_add_default_group(&cluster->nodes, &cluster->group);
	return &cluster->group;
}

/* Its nodes are gone: configfs removes no group that is not empty. */
static void cluster_drop(struct config_group *group, struct config_item *item)
{
	cluster_leave();
	configfs_remove_default_groups(to_config_group(item));
	config_item_put(item);
}

static struct configfs_group_operations root_group_ops = {
	.make_group = cluster_make,
	.drop_item = cluster_drop,
};

static const struct config_item_type root_type = {
	.ct_owner = THIS_MODULE,
	.ct_group_ops = &root_group_ops,
};

static struct configfs_subsystem subsystem = {
	.su_group.cg_item = {
		.ci_namebuf = "ramster",
		.ci_type = &root_type,
	},
};

/* The rest of the module must be ready: from here on nodes come. May sleep. */
int rs_nodemanager_init(void)
{
	config_group_init(&subsystem.su_group);
	mutex_init(&subsystem.su_mutex);
	return configfs_register_subsystem(&subsystem);
}

void rs_nodemanager_exit(void)
{
	configfs_unregister_subsystem(&subsystem);
	mutex_destroy(&subsystem.su_mutex);
}
