// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drain.h"
#include "text.h"

#define POLL_US		100000
#define SAY_EVERY_S	2

static char *nodes_dir(const struct rms_host *host, struct rms_error *err)
{
	char *cluster = rms_host_cluster(host), *dir;

	if (!cluster) {
		rms_fail(err, RMS_NOT_RUNNING, "RAMster is not running here");
		return NULL;
	}
	dir = rms_format("%s/ramster/%s/node", host->configfs, cluster);
	free(cluster);
	return dir;
}

/* The directory of @node, or of the local one. */
static char *node_dir(const struct rms_host *host, const char *node, struct rms_error *err)
{
	char *nodes = nodes_dir(host, err), *dir = NULL, **names;
	size_t n, i;

	if (!nodes)
		return NULL;
	names = rms_cfs_list(nodes, true, &n);
	for (i = 0; i < n && !dir; i++) {
		dir = rms_format("%s/%s", nodes, names[i]);
		if (node ? strcmp(names[i], node) : !rms_cfs_is_one(dir, "local")) {
			free(dir);
			dir = NULL;
		}
	}
	rms_cfs_list_free(names, n);
	free(nodes);
	if (!dir && node)
		rms_fail(err, RMS_USAGE, "no node is called \"%.80s\" in the running cluster; `ramsterctl status` shows them",
			 node);
	else if (!dir)
		rms_fail(err, RMS_FAILED, "no node of the running cluster is this machine");
	return dir;
}

int rms_drain(struct rms_host *host, const char *node, bool on, struct rms_error *err)
{
	char *dir = node_dir(host, node, err);
	struct rms_journal none = { 0 };
	int ret = dir ? rms_cfs_set_int(host, &none, dir, "drain", on, err) : -1;

	rms_journal_forget(&none);
	free(dir);
	return ret;
}

char **rms_drained(const struct rms_host *host, size_t *n)
{
	struct rms_error none;
	char *nodes = nodes_dir(host, &none), **names;
	size_t all, i;

	*n = 0;
	if (!nodes)
		return NULL;
	names = rms_cfs_list(nodes, true, &all);
	for (i = 0; i < all; i++) {
		char *dir = rms_format("%s/%s", nodes, names[i]);

		if (rms_cfs_is_one(dir, "drain"))
			names[(*n)++] = names[i];
		else
			free(names[i]);
		free(dir);
	}
	free(nodes);
	return names;
}

static bool is_among(const char *name, char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static int undrain_but(struct rms_host *host, struct rms_journal *j, char *const *keep, size_t n,
		       struct rms_error *err)
{
	char *nodes = nodes_dir(host, err), **names;
	size_t all, i;
	int ret = 0;

	if (!nodes)
		return -1;
	names = rms_cfs_list(nodes, true, &all);
	for (i = 0; i < all; i++) {
		char *dir = rms_format("%s/%s", nodes, names[i]);

		if (!is_among(names[i], keep, n) && rms_cfs_set_int(host, j, dir, "drain", 0, err))
			ret = -1;
		free(dir);
	}
	rms_cfs_list_free(names, all);
	free(nodes);
	return ret;
}

int rms_undrain_but(struct rms_host *host, char *const *keep, size_t n, struct rms_error *err)
{
	struct rms_journal none = { 0 };
	int ret = undrain_but(host, &none, keep, n, err);

	rms_journal_forget(&none);
	return ret;
}

int rms_undrain_all(struct rms_host *host, struct rms_journal *j, struct rms_error *err)
{
	return undrain_but(host, j, NULL, 0, err);
}

/* A moment, or until one of @ends came: then its number. */
static int pause_for(const sigset_t *ends)
{
	static const struct timespec moment = { .tv_nsec = POLL_US * 1000 };
	int sig;

	if (!ends) {
		usleep(POLL_US);
		return 0;
	}
	sig = sigtimedwait(ends, NULL, &moment);
	return sig > 0 ? sig : 0;
}

int rms_drain_wait(const struct rms_bring *b, const char *node, int limit_s, const sigset_t *ends,
		   struct rms_error *err)
{
	time_t start = rms_now_s(), said = start - SAY_EVERY_S;
	char *dir = node_dir(b->host, node, err);
	struct rms_node_pages pages;
	uint64_t left;
	bool local;
	int sig;

	if (!dir)
		return -1;
	local = rms_cfs_is_one(dir, "local");
	free(dir);
	for (;;) {
		if (b->host->ops->node_pages(b->host, local ? NULL : node, &pages, err))
			return -1;
		left = local ? pages.lent : pages.remote;
		if (!left)
			return 0;
		if (limit_s >= 0 && rms_now_s() - start >= limit_s)
			return rms_fail(err, RMS_FAILED, "%" PRIu64 " pages are left after %d s%s", left, limit_s,
					local ? "; their owners are asked on, and `ramsterctl status` shows whose they are" :
					pages.down ? "; it is down, and nobody else has them" : "");
		if (rms_now_s() - said >= SAY_EVERY_S) {
			said = rms_now_s();
			rms_bring_say(b, "%" PRIu64 " pages to go%s", left,
				      pages.down ? "; it is down: those that nobody else has wait for it" : "");
		}
		sig = pause_for(ends);
		if (sig)
			return rms_fail(err, RMS_FAILED, "%" PRIu64 " pages are left, and SIG%s came", left,
					sigabbrev_np(sig));
	}
}
