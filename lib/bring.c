// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apply.h"
#include "backing.h"
#include "bring.h"
#include "drain.h"
#include "file.h"
#include "key.h"
#include "module.h"
#include "signals.h"
#include "text.h"

time_t rms_now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

void rms_bring_say(const struct rms_bring *b, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (!b->say)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	b->say(b->ctx, line);
}

static bool is_live(const struct rms_host *host, const char *device)
{
	char *dir = rms_format("%s/frontswap/%s", host->configfs, device);
	bool live = rms_cfs_is_one(dir, "live");

	free(dir);
	return live;
}

/* Before anything is disconnected for the sake of an address that is not here. */
static int check_address(struct rms_host *host, const struct rms_config *cfg, struct rms_error *err)
{
	const struct rms_node *local = rms_config_local(cfg);

	if (!host->ops->has_address(host, local->address.s))
		return 0;
	rms_fail_at(err, cfg->path, local->address.line, "address %s of node \"%s\" is not this machine's; correct it, `ramsterctl set-local` another node, or wait for the network",
		    local->address.s, local->name.s);
	err->kind = RMS_FAILED;	/* the file may be right, and the network late */
	return -1;
}

static int check_all(struct rms_host *host, const struct rms_config *cfg, char key[RMS_KEY_TEXT],
		     struct rms_error *err)
{
	size_t i;

	if (rms_config_check(cfg, err) || rms_config_check_ready(cfg, err) || rms_key_read(cfg, key, err) ||
	    check_address(host, cfg, err))
		return -1;
	for (i = 0; i < cfg->nr_devices; i++) {
		const struct rms_device *dev = &cfg->devices[i];

		if (dev->backing.s && !is_live(host, dev->name.s) && rms_backing_check(cfg, dev, host, err))
			return -1;
	}
	return 0;
}

int rms_preflight(struct rms_host *host, const struct rms_config *cfg, struct rms_error *err)
{
	char key[RMS_KEY_TEXT];
	int ret = check_all(host, cfg, key, err);

	rms_key_wipe(key);
	return ret;
}

static int load_modules(struct rms_apply *a)
{
	struct rms_host *host = a->host;
	unsigned int i;

	for (i = 0; i < rms_nr_modules; i++) {
		char *path = rms_format("%s/%s", host->sys_module, rms_modules[i]);
		bool there = !access(path, F_OK);

		free(path);
		if (there || host->stand_in)
			continue;
		if (host->ops->load_module(host, rms_modules[i], a->err))
			return -1;
		rms_journal_add(&a->journal, RMS_UNDO_UNLOAD, rms_modules[i], NULL);
	}
	return 0;
}

static int mount_configfs(struct rms_apply *a)
{
	int e = -a->host->ops->mount_configfs(a->host);

	if (e)
		return rms_fail(a->err, RMS_FAILED, "cannot mount configfs at %s: %s", a->host->configfs, strerror(e));
	return 0;
}

/* Our pages leave @node, which is about to go: it is drained meanwhile. */
static int move_pages(struct rms_apply *a, const struct rms_bring *b, const char *dir, const char *node,
		      const sigset_t *ends)
{
	struct rms_error why;
	struct rms_node_pages pages;

	if (a->host->ops->node_pages(a->host, node, &pages, &why))
		return why.kind == RMS_NOT_RUNNING ? 0 : rms_fail(a->err, RMS_FAILED, "%s", why.text);
	/* What it has here is not ours to move: that it cannot go is said at once, where nodes go. */
	if (!pages.remote || pages.lent)
		return 0;
	if (rms_cfs_set_int(a->host, &a->journal, dir, "drain", 1, a->err))
		return -1;
	if (!rms_drain_wait(b, node, b->move_s, ends, &why))
		return 0;
	return rms_fail(a->err, RMS_FAILED, "node \"%s\" is not removed: moving this node's pages off it did not end: %.500s; --force gives up what is left",
			node, why.text);
}

static int move_pages_off(struct rms_apply *a, const struct rms_bring *b, const sigset_t *ends)
{
	char *nodes = rms_format("%s/ramster/%s/node", a->host->configfs, a->cfg->cluster.name.s), **names;
	size_t n, i;
	int ret = 0;

	names = rms_cfs_list(nodes, true, &n);
	for (i = 0; i < n && !ret; i++) {
		char *dir = rms_format("%s/%s", nodes, names[i]);

		if (!rms_config_node(a->cfg, names[i]) && rms_cfs_is_one(dir, "connect"))
			ret = move_pages(a, b, dir, names[i], ends);
		free(dir);
	}
	rms_cfs_list_free(names, n);
	free(nodes);
	return ret;
}

static int change_nodes(struct rms_apply *a, const struct rms_bring *b, const sigset_t *ends)
{
	if (rms_apply_policies(a, true))
		return -1;
	if (b->move_s && move_pages_off(a, b, ends))
		return -1;
	if (rms_apply_cluster(a) || rms_apply_policies(a, false))
		return -1;
	return 0;
}

static int apply_all(struct rms_apply *a)
{
	if (load_modules(a) || mount_configfs(a))
		return -1;
	if (rms_apply_zcache(a) || rms_apply_policies(a, true) || rms_apply_cluster(a) || rms_apply_devices(a))
		return -1;
	return 0;
}

/* What is asked for is done, or taken back, before a signal is heard. */
static int change(struct rms_apply *a, const struct rms_bring *b)
{
	struct rms_held held;
	int ret;

	rms_signals_hold(&held);
	ret = b->cluster_only ? change_nodes(a, b, &held.ends) : apply_all(a);
	if (!ret && b->undrain)
		ret = rms_undrain_all(a->host, &a->journal, a->err);
	if (!ret)
		ret = rms_apply_key(a);
	if (!ret && b->last)
		ret = b->last(b->last_arg, a->err);
	if (ret)
		rms_journal_rollback(&a->journal, a->host);
	else
		rms_journal_forget(&a->journal);
	rms_signals_release(&held);
	return ret;
}

int rms_up(const struct rms_bring *b, const struct rms_config *cfg, struct rms_error *err)
{
	char key[RMS_KEY_TEXT];
	struct rms_apply a = {
		.host = b->host, .cfg = cfg, .key = key, .force = b->force, .err = err,
	};
	int lock = -1, ret;

	ret = check_all(b->host, cfg, key, err);
	if (!ret && !b->locked) {
		lock = rms_lock_node(b->host, !b->no_wait, err);
		ret = lock < 0 ? -1 : 0;
	}
	if (!ret)
		ret = change(&a, b);
	if (lock >= 0)
		close(lock);
	rms_key_wipe(key);
	return ret;
}
