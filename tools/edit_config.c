// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * edit_config.c - change the file and the running node together, or neither
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/edit.h"
#include "../lib/file.h"
#include "ctl.h"
#include "json.h"

struct change {
	const char *path;
	char *old_text, *new_text;
	struct rms_config *old, *new;
	bool is_up;
};

static void say(void *ctx, const char *line)
{
	const struct ctl *ctl = ctx;

	if (!ctl->json)
		fprintf(stderr, "%s\n", line);
}

struct rms_bring ctl_bring(struct ctl *ctl)
{
	return (struct rms_bring){
		.host = &ctl->host,
		.force = ctl->force,
		.unload = ctl->unload,
		.say = say,
		.ctx = ctl,
	};
}

struct rms_patience ctl_patience(struct ctl *ctl)
{
	return (struct rms_patience){ .limit_s = RMS_PATIENCE_S, .say = say, .ctx = ctl };
}

static char *read_old(struct ctl *ctl, bool make)
{
	struct rms_config *cfg;

	if (make && access(ctl->config, F_OK) && errno == ENOENT)
		return strdup(rms_new_config);
	/* for its messages; the text itself is what is edited */
	cfg = rms_config_load(ctl->config, &ctl->err);
	if (!cfg)
		return NULL;
	rms_config_free(cfg);
	return rms_read_file(ctl->config, 1 << 20);
}

/* Is the cluster of this file the one that runs? */
static bool is_up(const struct ctl *ctl, const struct rms_config *cfg)
{
	char *cluster = rms_host_cluster(&ctl->host);
	bool up = cluster && !strcmp(cluster, cfg->cluster.name.s);

	free(cluster);
	return up;
}

static int write_file(void *arg, struct rms_error *err)
{
	const struct change *c = arg;

	return rms_replace_file(c->path, c->new_text, 0644, err);
}

static int commit_locked(struct ctl *ctl, struct change *c)
{
	struct rms_bring b = ctl_bring(ctl);

	c->is_up = is_up(ctl, c->old);
	if (!c->is_up)
		return write_file(c, &ctl->err);
	b.locked = true;
	b.cluster_only = true;
	b.move_s = ctl->move_s;
	b.last = write_file;
	b.last_arg = c;
	return rms_up(&b, c->new, &ctl->err);
}

/* Whether the node is up must not change meanwhile, so other commands end first. */
static int commit(struct ctl *ctl, struct change *c)
{
	struct rms_error why;
	int lock, ret;

	if (ctl->file_only)
		return write_file(c, &ctl->err);
	lock = rms_lock_node(&ctl->host, true, &why);
	if (lock < 0 && is_up(ctl, c->old)) {
		ctl->err = why;
		return -1;
	}
	/* Who may not lock cannot change a node, but may write a file for one */
	ret = lock < 0 ? write_file(c, &ctl->err) : commit_locked(ctl, c);
	if (lock >= 0)
		close(lock);
	return ret;
}

static void report(struct ctl *ctl, const struct change *c, const char *done)
{
	struct rms_error missing;
	bool ready = !rms_preflight(&ctl->host, c->new, &missing);

	if (ctl->json) {
		json_open(NULL, '{');
		json_string("done", done);
		json_string("config", ctl->config);
		json_bool("applied", c->is_up);
		json_bool("ready", ready);
		json_string("missing", ready ? NULL : missing.text);
		json_close('}');
		return;
	}
	printf("%s: %s%s\n", ctl->config, done, c->is_up ? ", and in the running cluster" : "");
	if (!ready && !ctl->file_only)
		printf("before this node can start: %s\n", missing.text);
}

static int edit_locked(struct ctl *ctl, bool make, struct change *c,
		       char *(*edit)(struct ctl *, const char *, const struct rms_config *, void *), void *arg)
{
	c->old_text = read_old(ctl, make);
	if (!c->old_text)
		return -1;
	c->old = rms_config_parse(ctl->config, c->old_text, &ctl->err);
	if (!c->old || rms_config_check(c->old, &ctl->err))
		return -1;
	c->new_text = edit(ctl, c->old_text, c->old, arg);
	if (!c->new_text)
		return -1;
	c->new = rms_config_parse(ctl->config, c->new_text, &ctl->err);
	if (!c->new || rms_config_check(c->new, &ctl->err))
		return -1;
	return commit(ctl, c);
}

int ctl_edit(struct ctl *ctl, bool make,
	     char *(*edit)(struct ctl *ctl, const char *text, const struct rms_config *old, void *arg),
	     void *arg, const char *done)
{
	struct rms_patience patience = ctl_patience(ctl);
	struct change c = { .path = ctl->config };
	struct rms_edit_lock lock;
	int ret;

	if (rms_lock_edit(&lock, ctl->config, &patience, &ctl->err))
		return -1;
	ret = edit_locked(ctl, make, &c, edit, arg);
	rms_unlock_edit(&lock);
	if (!ret)
		report(ctl, &c, done);
	rms_config_free(c.old);
	rms_config_free(c.new);
	free(c.old_text);
	free(c.new_text);
	return ret;
}
