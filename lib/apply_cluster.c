// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * apply_cluster.c - configfs/ramster/<cluster>/
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "text.h"

struct attr {
	const char *name;
	int64_t value;
};

static int set(struct rms_apply *a, const char *dir, const struct attr *attr)
{
	return rms_cfs_set_int(a->host, &a->journal, dir, attr->name, attr->value, a->err);
}

static int64_t now(const char *dir, const char *name)
{
	char *text = rms_cfs_read(dir, name);
	int64_t v = text ? atoll(text) : 0;

	free(text);
	return v;
}

/*
 * heartbeat < suspect < dead must hold after each write: first those that grow,
 * from the longest down, then those that shrink, from the shortest up.
 */
static int apply_times(struct rms_apply *a, const char *dir)
{
	const struct rms_cluster *c = &a->cfg->cluster;
	const struct attr times[] = {
		{ "heartbeat_ms", c->heartbeat_ms.v },
		{ "suspect_ms", c->suspect_ms.v },
		{ "dead_ms", c->dead_ms.v },
	};
	size_t i;

	for (i = ARRAY_LEN(times); i--;)
		if (times[i].value > now(dir, times[i].name) && set(a, dir, &times[i]))
			return -1;
	for (i = 0; i < ARRAY_LEN(times); i++)
		if (set(a, dir, &times[i]))
			return -1;
	return 0;
}

int rms_apply_key(struct rms_apply *a)
{
	char *dir;
	int ret;

	if (!*a->key)
		return 0;
	dir = rms_format("%s/ramster/%s", a->host->configfs, a->cfg->cluster.name.s);
	ret = rms_cfs_set_secret(a->host, dir, "key", a->key, a->err);
	if (!ret)
		a->key = "";	/* once is enough */
	free(dir);
	return ret;
}

static bool has_key(const char *dir)
{
	char *ids = rms_cfs_read(dir, "key_ids");
	bool has = ids && *ids;

	free(ids);
	return has;
}

static int apply_attributes(struct rms_apply *a, const char *dir)
{
	const struct rms_cluster *c = &a->cfg->cluster;
	const struct rms_lend *l = &a->cfg->lend;
	const struct attr attrs[] = {
		{ "reconnect_ms", c->reconnect_ms.v },
		{ "fetch_timeout_ms", c->fetch_timeout_ms.v },
		{ "lend_max_mb", l->max_mb.v },
		{ "keep_free_mb", l->keep_free_mb.v },
		{ "quota_mb", l->quota_mb.v },
		{ "grace_s", l->grace_s.v },
		{ "insecure", c->insecure.v },
	};
	size_t i;

	if (apply_times(a, dir))
		return -1;
	/* without a key, insecure cannot be turned off, nor a node be used beyond loopback */
	if (!has_key(dir) && rms_apply_key(a))
		return -1;
	for (i = 0; i < ARRAY_LEN(attrs); i++)
		if (set(a, dir, &attrs[i]))
			return -1;
	return rms_cfs_set(a->host, &a->journal, dir, "seal", c->seal.s, a->err);
}

static bool attr_is(const char *dir, const char *name, const char *value)
{
	char *v = rms_cfs_read(dir, name);
	bool same = v && !strcmp(v, value);

	free(v);
	return same;
}

static bool attr_is_int(const char *dir, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return attr_is(dir, name, text);
}

/* Is the node in the kernel what the configuration says of it? */
static bool node_is_right(const struct rms_apply *a, const char *dir, const struct rms_node *node)
{
	bool local = node == rms_config_local(a->cfg);

	return attr_is_int(dir, "num", node->num.v) && attr_is(dir, "address", node->address.s) &&
	       attr_is_int(dir, "port", node->port.v) && rms_cfs_is_one(dir, "local") == local;
}

static int check_no_pages(struct rms_apply *a, const char *name)
{
	struct rms_error why;
	struct rms_node_pages pages;

	if (a->force)
		return 0;
	if (a->host->ops->node_pages(a->host, name, &pages, &why))
		return why.kind == RMS_NOT_RUNNING ? 0 :
		       rms_fail(a->err, RMS_FAILED, "cannot tell whether node \"%s\" holds pages of this node, or this node pages of its (%.300s); --force does not ask",
				name, why.text);
	if (!(pages.remote | pages.lent))
		return 0;
	return rms_fail(a->err, RMS_FAILED, "node \"%s\" holds %llu pages of this node, and this node %llu of its; `ramsterctl down` on the owner brings them home, --force gives them up",
			name, (unsigned long long)pages.remote, (unsigned long long)pages.lent);
}

static int disconnect(struct rms_apply *a, const char *dir, const char *attr)
{
	return rms_cfs_is_one(dir, attr) ? set(a, dir, &(struct attr){ attr, 0 }) : 0;
}

/* Note how to make a node again that is about to go; the last note comes first. */
static void note_node(struct rms_apply *a, const char *dir)
{
	static const char *const attrs[] = { "drain", "port", "address", "num" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(attrs); i++) {
		char *path = rms_format("%s/%s", dir, attrs[i]), *v = rms_cfs_read(dir, attrs[i]);

		if (v && strcmp(v, "none") && (strcmp(attrs[i], "drain") || strcmp(v, "0")))
			rms_journal_add(&a->journal, RMS_UNDO_WRITE, path, v);
		free(path);
		free(v);
	}
	rms_journal_add(&a->journal, RMS_UNDO_MKDIR, dir, NULL);
}

static int remove_node(struct rms_apply *a, const char *dir)
{
	if (disconnect(a, dir, "connect") || disconnect(a, dir, "local"))
		return -1;
	note_node(a, dir);
	return rms_cfs_rmdir(a->host, dir, a->err);
}

/* Without a local node there are no connections: they end first, and come again. */
static int disconnect_all(struct rms_apply *a, const char *nodes, char **names, size_t n)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < n && !ret; i++) {
		char *dir = rms_format("%s/%s", nodes, names[i]);

		ret = check_no_pages(a, names[i]) || disconnect(a, dir, "connect");
		free(dir);
	}
	return ret ? -1 : 0;
}

static int remove_wrong_nodes(struct rms_apply *a, const char *nodes)
{
	char **names;
	size_t n, i;
	int ret = 0;

	names = rms_cfs_list(nodes, true, &n);
	for (i = 0; i < n && !ret; i++) {
		const struct rms_node *node = rms_config_node(a->cfg, names[i]);
		char *dir = rms_format("%s/%s", nodes, names[i]);

		if (!node || !node_is_right(a, dir, node)) {
			if (rms_cfs_is_one(dir, "local"))
				ret = disconnect_all(a, nodes, names, n);
			else
				ret = check_no_pages(a, names[i]);
			if (!ret)
				ret = remove_node(a, dir);
		}
		free(dir);
	}
	rms_cfs_list_free(names, n);
	return ret;
}

static int add_node(struct rms_apply *a, const char *nodes, const struct rms_node *node)
{
	const struct attr num = { "num", node->num.v }, port = { "port", node->port.v };
	const struct attr role = { node == rms_config_local(a->cfg) ? "local" : "connect", 1 };
	char *dir = rms_format("%s/%s", nodes, node->name.s);
	int ret = 0;

	if (access(dir, F_OK) || !node_is_right(a, dir, node)) {
		ret = rms_cfs_mkdir(a->host, &a->journal, dir, a->err);
		if (!ret)
			ret = set(a, dir, &num);
		if (!ret)
			ret = rms_cfs_set(a->host, &a->journal, dir, "address", node->address.s, a->err);
		if (!ret)
			ret = set(a, dir, &port);
	}
	if (!ret)
		ret = set(a, dir, &role);
	free(dir);
	return ret;
}

static int add_missing_nodes(struct rms_apply *a, const char *nodes)
{
	const struct rms_node *local = rms_config_local(a->cfg);
	size_t i;

	if (add_node(a, nodes, local))
		return -1;
	for (i = 0; i < a->cfg->nr_nodes; i++)
		if (&a->cfg->nodes[i] != local && add_node(a, nodes, &a->cfg->nodes[i]))
			return -1;
	return 0;
}

int rms_apply_cluster(struct rms_apply *a)
{
	const char *name = a->cfg->cluster.name.s;
	char *other = rms_host_cluster(a->host);
	char *dir, *nodes;
	int ret;

	if (other && strcmp(other, name)) {
		rms_fail(a->err, RMS_FAILED, "cluster \"%s\" is up, and %s says \"%s\"; `ramsterctl down` first", other,
			 a->cfg->path, name);
		free(other);
		return -1;
	}
	free(other);
	dir = rms_format("%s/ramster/%s", a->host->configfs, name);
	nodes = rms_format("%s/node", dir);
	ret = rms_cfs_mkdir(a->host, &a->journal, dir, a->err);
	if (!ret)
		ret = apply_attributes(a, dir);
	if (!ret)
		ret = remove_wrong_nodes(a, nodes);
	if (!ret)
		ret = add_missing_nodes(a, nodes);
	free(nodes);
	free(dir);
	return ret;
}

int rms_remove_cluster(struct rms_host *host, const char *cluster, struct rms_error *err)
{
	char *dir = rms_format("%s/ramster/%s", host->configfs, cluster);
	char *nodes = rms_format("%s/node", dir), **names;
	struct rms_apply a = { .host = host, .err = err };
	size_t n, i;
	int ret = 0, local;

	names = rms_cfs_list(nodes, true, &n);
	for (local = 0; local < 2; local++) {	/* the local node goes last */
		for (i = 0; i < n && !ret; i++) {
			char *node = rms_format("%s/%s", nodes, names[i]);

			if (!access(node, F_OK) && rms_cfs_is_one(node, "local") == local)
				ret = remove_node(&a, node);
			free(node);
		}
	}
	if (!ret)
		ret = rms_cfs_rmdir(host, dir, err);
	rms_journal_forget(&a.journal);
	rms_cfs_list_free(names, n);
	free(nodes);
	free(dir);
	return ret;
}
