// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * config_check.c - the rules between settings
 */
#include <string.h>

#include "address.h"
#include "config.h"
#include "text.h"

#define bad(cfg, err, line, ...) rms_fail_at(err, (cfg)->path, line, __VA_ARGS__)

const struct rms_node *rms_config_node(const struct rms_config *cfg, const char *name)
{
	size_t i;

	for (i = 0; i < cfg->nr_nodes; i++)
		if (!strcmp(cfg->nodes[i].name.s, name))
			return &cfg->nodes[i];
	return NULL;
}

const struct rms_node *rms_config_local(const struct rms_config *cfg)
{
	return cfg->local.s ? rms_config_node(cfg, cfg->local.s) : NULL;
}

static size_t nr_donors(const struct rms_config *cfg)
{
	return cfg->nr_nodes ? cfg->nr_nodes - 1 : 0;
}

bool rms_device_is_backed(const struct rms_device *dev)
{
	return dev->backing.s && !strcmp(dev->backup.s, "disk");
}

int rms_device_replicas(const struct rms_config *cfg, const struct rms_device *dev)
{
	if (dev->replicas.line)
		return dev->replicas.v;
	if (cfg->cluster.replicas.line)
		return cfg->cluster.replicas.v;
	if (rms_device_is_backed(dev) || dev->allow_loss.v)
		return 1;
	return nr_donors(cfg) == 1 ? 1 : 2;
}

bool rms_device_may_lose(const struct rms_config *cfg, const struct rms_device *dev)
{
	return !rms_device_is_backed(dev) && rms_device_replicas(cfg, dev) < 2;
}

static int check_pair(const struct rms_config *cfg, const struct rms_node *a, const struct rms_node *b,
		      struct rms_error *err)
{
	if (!strcmp(a->name.s, b->name.s))
		return bad(cfg, err, b->name.line, "node \"%s\" is listed twice, first on line %u; each name is given once",
			   b->name.s, a->name.line);
	if (a->num.v == b->num.v)
		return bad(cfg, err, b->num.line, "num %lld is node \"%s\"'s (line %u); give \"%s\" another one",
			   (long long)b->num.v, a->name.s, a->num.line, b->name.s);
	if (!strcmp(a->address.s, b->address.s) && a->port.v == b->port.v)
		return bad(cfg, err, b->address.line, "address %s port %lld is node \"%s\"'s (line %u); give \"%s\" another one",
			   b->address.s, (long long)b->port.v, a->name.s, a->address.line, b->name.s);
	return 0;
}

static int check_nodes(const struct rms_config *cfg, struct rms_error *err)
{
	size_t i, j;

	for (i = 0; i < cfg->nr_nodes; i++)
		for (j = 0; j < i; j++)
			if (check_pair(cfg, &cfg->nodes[j], &cfg->nodes[i], err))
				return -1;
	if (cfg->local.s && !rms_config_local(cfg))
		return bad(cfg, err, cfg->local.line, "local is \"%s\", which is no node's name; `ramsterctl add-node` adds it, `ramsterctl set-local` names another",
			   cfg->local.s);
	return 0;
}

static int check_times(const struct rms_config *cfg, struct rms_error *err)
{
	const struct rms_cluster *c = &cfg->cluster;

	if (c->suspect_ms.v <= c->heartbeat_ms.v)
		return bad(cfg, err, c->suspect_ms.line ? c->suspect_ms.line : c->heartbeat_ms.line,
			   "suspect_ms is %lld and heartbeat_ms is %lld; suspect_ms must be the longer one",
			   (long long)c->suspect_ms.v, (long long)c->heartbeat_ms.v);
	if (c->dead_ms.v <= c->suspect_ms.v)
		return bad(cfg, err, c->dead_ms.line ? c->dead_ms.line : c->suspect_ms.line,
			   "dead_ms is %lld and suspect_ms is %lld; dead_ms must be the longer one",
			   (long long)c->dead_ms.v, (long long)c->suspect_ms.v);
	return 0;
}

static int check_devices(const struct rms_config *cfg, struct rms_error *err)
{
	size_t i, j;

	if (cfg->nr_devices > RMS_DEVICES_MAX)
		return bad(cfg, err, cfg->devices[RMS_DEVICES_MAX].line, "more than %d devices; a machine needs one, or a few",
			   RMS_DEVICES_MAX);
	for (i = 0; i < cfg->nr_devices; i++) {
		const struct rms_device *d = &cfg->devices[i];

		if (!strcmp(d->backup.s, "disk") && !d->backing.s)
			return bad(cfg, err, d->backup.line, "backup is \"disk\", and %s has no backing device; add `backing = \"/dev/...\";` or remove backup",
				   d->name.s);
		for (j = 0; j < i; j++) {
			const struct rms_device *e = &cfg->devices[j];

			if (!strcmp(d->name.s, e->name.s))
				return bad(cfg, err, d->name.line, "device %s is listed twice, first on line %u; each name is given once",
					   d->name.s, e->name.line);
			if (d->backing.s && e->backing.s && !strcmp(d->backing.s, e->backing.s))
				return bad(cfg, err, d->backing.line, "%s backs %s already (line %u); a backing device backs one device",
					   d->backing.s, e->name.s, e->backing.line);
		}
	}
	return 0;
}

int rms_config_check(const struct rms_config *cfg, struct rms_error *err)
{
	if (check_nodes(cfg, err) || check_times(cfg, err) || check_devices(cfg, err))
		return -1;
	return 0;
}

static int check_local(const struct rms_config *cfg, struct rms_error *err)
{
	if (!cfg->nr_nodes)
		return bad(cfg, err, cfg->cluster.line, "no nodes; `ramsterctl add-node NAME ADDRESS` adds each node");
	if (!cfg->local.s)
		return bad(cfg, err, 0, "no node is this machine; `ramsterctl set-local NAME` says which (%s%s%s%s)",
			   cfg->nodes[0].name.s, cfg->nr_nodes > 1 ? ", " : "",
			   cfg->nr_nodes > 1 ? cfg->nodes[1].name.s : "", cfg->nr_nodes > 2 ? ", ..." : "");
	return 0;
}

static int check_device_durable(const struct rms_config *cfg, const struct rms_device *d, struct rms_error *err)
{
	int replicas = rms_device_replicas(cfg, d);

	if (nr_donors(cfg) && (size_t)replicas > nr_donors(cfg))
		return bad(cfg, err, d->replicas.line ? d->replicas.line : cfg->cluster.replicas.line,
			   "replicas is %d and there are %zu other nodes to hold them; add nodes or lower replicas",
			   replicas, nr_donors(cfg));
	if (!rms_device_may_lose(cfg, d) || d->allow_loss.v)
		return 0;
	return bad(cfg, err, d->line, "one failing node would lose pages of %s: they lie on one donor and nowhere else; give it a backing disk (backing = \"/dev/...\"%s), or have three nodes and replicas = 2, or accept the loss (allow_loss = true, `ramsterctl set-local --allow-loss`)",
		   d->name.s, d->backing.s ? " with backup = \"disk\"" : "");
}

static int check_durable(const struct rms_config *cfg, struct rms_error *err)
{
	size_t i;

	for (i = 0; i < cfg->nr_devices; i++)
		if (check_device_durable(cfg, &cfg->devices[i], err))
			return -1;
	return 0;
}

int rms_config_check_ready(const struct rms_config *cfg, struct rms_error *err)
{
	if (check_local(cfg, err) || check_durable(cfg, err))
		return -1;
	return 0;
}
