// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "bring.h"
#include "drain.h"
#include "module.h"
#include "swap.h"
#include "text.h"

#define POLL_US		100000
#define SAY_EVERY_S	2

static bool is_frontswap(const struct rms_bring *b, const char *path)
{
	char *prefix = rms_format("%s/frontswap", b->host->dev);
	bool yes = !strncmp(path, prefix, strlen(prefix));

	free(prefix);
	return yes;
}

/* Would what lies in our devices fit into memory and the other swap? */
static int check_fits(const struct rms_bring *b, struct rms_error *err)
{
	int64_t room = rms_host_meminfo(b->host, "MemAvailable"), used = 0;
	struct rms_swap_area *areas;
	char have[32], need[32];
	size_t n, i;

	areas = rms_swap_areas(b->host, &n);
	for (i = 0; i < n; i++) {
		if (is_frontswap(b, areas[i].path))
			used += areas[i].used;
		else
			room += areas[i].bytes - areas[i].used;
	}
	rms_swap_areas_free(areas, n);
	if (room < 0 || used <= room)
		return 0;
	return rms_fail(err, RMS_FAILED, "%s are swapped out and only %s of memory and other swap are free; end some programs first, or --force (the kernel may then kill some)",
			rms_format_size(used, need, sizeof(need)), rms_format_size(room, have, sizeof(have)));
}

/*
 * When the whole machine stops, so do the programs whose pages these are, but in
 * no order to us; who goes on waits for the room that they leave.
 */
static int wait_until_fits(const struct rms_bring *b, struct rms_error *err)
{
	time_t start = rms_now_s(), said = start - SAY_EVERY_S;

	while (!b->force && check_fits(b, err)) {
		if (!b->go_on || (b->swapoff_s && rms_now_s() - start >= (time_t)b->swapoff_s))
			return -1;
		if (rms_now_s() - said >= SAY_EVERY_S) {
			said = rms_now_s();
			rms_bring_say(b, "waiting for memory: %s", err->text);
		}
		usleep(POLL_US);
	}
	return 0;
}

/* The errno that @child ends with; -1: it runs still. */
static int reap(pid_t child, bool wait)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(child, &status, wait ? 0 : WNOHANG);
	while (pid < 0 && errno == EINTR);
	if (!pid)
		return -1;
	if (pid < 0)
		return ECHILD;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/*
 * In the child. EINVAL while it is listed: somebody else, such as an init system
 * that stops the machine, is swapping it off; wait for how that ends. If it fails,
 * the device is swapped on again, and it is our turn.
 */
static int swap_off_here(const struct rms_bring *b, const char *path)
{
	int e;

	while ((e = -b->host->ops->swap_off(b->host, path)) == EINVAL && rms_swap_is_on(b->host, path))
		usleep(POLL_US);
	return e == EINVAL ? 0 : e;
}

/*
 * swapoff(2) may take long and says nothing meanwhile: a child calls it, so that
 * its progress can be told and its time limited, which runs from @start. A signal
 * ends it, and then the device is swapped on as before.
 */
static int swap_off(const struct rms_bring *b, const char *path, time_t start, struct rms_error *err)
{
	time_t said = rms_now_s();
	bool late = false;
	pid_t child;
	char buf[32];
	int e;

	child = fork();
	if (child < 0)
		return rms_fail(err, RMS_FAILED, "%s: cannot start swapoff: %s", path, strerror(errno));
	if (!child)
		_exit(swap_off_here(b, path) & 0xff);
	while ((e = reap(child, late)) < 0) {
		if (b->swapoff_s && rms_now_s() - start >= (time_t)b->swapoff_s) {
			kill(child, SIGKILL);
			late = true;
		} else if (rms_now_s() - said >= SAY_EVERY_S) {
			said = rms_now_s();
			rms_bring_say(b, "%s: %s still to bring home", path,
			    rms_format_size(rms_swap_used(b->host, path), buf, sizeof(buf)));
		}
		usleep(POLL_US);
	}
	if (late)
		return rms_fail(err, RMS_FAILED, "%s: swapoff did not end within %u s; it is swapped on still", path,
				b->swapoff_s);
	if (e == ENOMEM || e == EINTR)	/* of the two, the OOM killer says EINTR */
		return rms_fail(err, RMS_FAILED, "%s: swapoff was interrupted, or there is not enough memory to bring its pages home; end some programs and try again",
				path);
	if (e)
		return rms_fail(err, RMS_FAILED, "%s: swapoff: %s", path, strerror(e));
	return 0;
}

static int swap_off_all(const struct rms_bring *b, struct rms_error *err)
{
	time_t start = rms_now_s();
	struct rms_swap_area *areas;
	size_t n, i;
	int ret = 0;

	areas = rms_swap_areas(b->host, &n);
	for (i = 0; i < n && !ret; i++)
		if (is_frontswap(b, areas[i].path)) {
			rms_bring_say(b, "%s: swapping off", areas[i].path);
			ret = swap_off(b, areas[i].path, start, err);
		}
	rms_swap_areas_free(areas, n);
	return ret;
}

/* Others' pages go home, or elsewhere: they are asked to take them. */
static int give_back(const struct rms_bring *b, struct rms_error *err)
{
	struct rms_error why;
	struct rms_node_pages pages;

	if (b->force)
		return 0;
	if (b->host->ops->node_pages(b->host, NULL, &pages, &why)) {
		if (why.kind == RMS_NOT_RUNNING)
			return 0;
		if (!b->go_on)
			return rms_fail(err, RMS_FAILED, "swap is off, but it cannot be told whether pages of other nodes lie here (%.300s); try again, or --force",
					why.text);
		rms_bring_say(b, "going down, perhaps with pages of other nodes: %s", why.text);
		return 0;
	}
	if (!pages.lent)
		return 0;
	rms_bring_say(b, "waiting for other nodes to take %" PRIu64 " pages back", pages.lent);
	if (!rms_drain(b->host, NULL, true, &why) && !rms_drain_wait(b, NULL, b->lent_s, NULL, &why))
		return 0;
	if (b->go_on) {
		rms_bring_say(b, "going down with pages of other nodes: %s", why.text);
		return 0;
	}
	return rms_fail(err, RMS_FAILED, "swap is off, but pages of other nodes lie here: %.300s; try again, run `ramsterctl down` there first, or --force (what has no other copy is lost); `ramsterctl up` undoes it",
			why.text);
}

/* What is left of the time for moving pages off other nodes, which began at @start; -1: no limit. */
static int drain_limit_s(const struct rms_bring *b, time_t start)
{
	time_t gone = rms_now_s() - start;

	if (!b->swapoff_s)
		return -1;
	return gone < (time_t)b->swapoff_s ? (int)(b->swapoff_s - gone) : 0;
}

/* Drains every other node, all at once. */
static int drain_others(const struct rms_bring *b, const char *nodes, char **names, size_t n, struct rms_error *err)
{
	time_t start = rms_now_s();
	size_t i;
	int ret = 0;

	for (i = 0; i < n && !ret; i++) {
		char *dir = rms_format("%s/%s", nodes, names[i]);

		if (rms_cfs_is_one(dir, "connect"))
			ret = rms_drain(b->host, names[i], true, err);
		free(dir);
	}
	for (i = 0; i < n && !ret; i++) {
		char *dir = rms_format("%s/%s", nodes, names[i]);

		if (rms_cfs_is_one(dir, "connect"))
			ret = rms_drain_wait(b, names[i], drain_limit_s(b, start), NULL, err);
		free(dir);
	}
	return ret;
}

/*
 * Swap stays on, for there is no memory or time to take it off. Then at least no page
 * is to be on another node, so that what comes after us (the kernel's own swapoff, at a
 * shutdown without network) finds all on the backing device.
 */
static int stay_on_disk(const struct rms_bring *b, struct rms_error *err)
{
	char *cluster = rms_host_cluster(b->host), *nodes, **names;
	size_t n;
	int ret;

	if (!cluster)
		return 0;
	nodes = rms_format("%s/ramster/%s/node", b->host->configfs, cluster);
	names = rms_cfs_list(nodes, true, &n);
	rms_bring_say(b, "swap stays on: moving pages off other nodes");
	ret = drain_others(b, nodes, names, n, err);
	rms_cfs_list_free(names, n);
	free(nodes);
	free(cluster);
	return ret;
}

static int remove_clusters(const struct rms_bring *b, struct rms_error *err)
{
	char *cluster = rms_host_cluster(b->host);
	int ret = 0;

	if (cluster) {
		rms_bring_say(b, "leaving cluster %s", cluster);
		ret = rms_remove_cluster(b->host, cluster, err);
	}
	free(cluster);
	return ret;
}

static int unload_modules(const struct rms_bring *b, struct rms_error *err)
{
	unsigned int i;

	for (i = rms_nr_modules; i--;) {
		char *path = rms_format("%s/%s", b->host->sys_module, rms_modules[i]);
		bool there = !access(path, F_OK);
		int e = there ? -b->host->ops->unload_module(b->host, rms_modules[i]) : 0;

		free(path);
		if (e && e != ENOENT)
			return rms_fail(err, RMS_FAILED, "cannot unload module %s: %s", rms_modules[i],
					e == EBUSY || e == EAGAIN ? "it is in use" : strerror(e));
	}
	return 0;
}

/* A stop that failed is not to leave nodes out of use, but those that were before. */
static void use_again(const struct rms_bring *b, char *const *drained, size_t n)
{
	struct rms_error why;

	if (rms_undrain_but(b->host, drained, n, &why) && why.kind != RMS_NOT_RUNNING)
		rms_bring_say(b, "`ramsterctl undrain` is needed: %s", why.text);
}

int rms_down(const struct rms_bring *b, struct rms_error *err)
{
	int lock = rms_lock_node(b->host, true, err), ret;
	struct rms_error later;
	bool swap_is_on = false;
	char **drained;
	size_t n;

	if (lock < 0)
		return -1;
	drained = rms_drained(b->host, &n);
	ret = wait_until_fits(b, err);
	if (!ret)
		ret = swap_off_all(b, err);
	if (ret && b->go_on) {
		rms_bring_say(b, "%s", err->text);
		swap_is_on = true;
		ret = stay_on_disk(b, err);
	}
	if (!ret)
		ret = give_back(b, err);
	else if (b->go_on)	/* the machine may be about to end, and what others have here with it */
		give_back(b, &later);
	if (!ret && !swap_is_on)
		ret = rms_remove_devices(b->host, err);
	if (!ret)
		ret = remove_clusters(b, err);
	if (!ret && b->unload && !swap_is_on)
		ret = unload_modules(b, err);
	if (ret && b->go_on)
		use_again(b, drained, n);
	rms_cfs_list_free(drained, n);
	close(lock);
	return ret;
}
