// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "apply.h"
#include "bring.h"
#include "module.h"
#include "swap.h"
#include "text.h"

#define POLL_US		100000
#define SAY_EVERY_S	2

static time_t now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void say(const struct rms_bring *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(const struct rms_bring *b, const char *fmt, ...)
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
	time_t start = now_s(), said = start - SAY_EVERY_S;

	while (!b->force && check_fits(b, err)) {
		if (!b->go_on || (b->swapoff_s && now_s() - start >= (time_t)b->swapoff_s))
			return -1;
		if (now_s() - said >= SAY_EVERY_S) {
			said = now_s();
			say(b, "waiting for memory: %s", err->text);
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
 * its progress can be told and its time limited. A signal ends it, and then the
 * device is swapped on as before.
 */
static int swap_off(const struct rms_bring *b, const char *path, struct rms_error *err)
{
	time_t start = now_s(), said = start;
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
		if (b->swapoff_s && now_s() - start >= (time_t)b->swapoff_s) {
			kill(child, SIGKILL);
			late = true;
		} else if (now_s() - said >= SAY_EVERY_S) {
			said = now_s();
			say(b, "%s: %s still to bring home", path,
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
	struct rms_swap_area *areas;
	size_t n, i;
	int ret = 0;

	areas = rms_swap_areas(b->host, &n);
	for (i = 0; i < n && !ret; i++)
		if (is_frontswap(b, areas[i].path)) {
			say(b, "%s: swapping off", areas[i].path);
			ret = swap_off(b, areas[i].path, err);
		}
	rms_swap_areas_free(areas, n);
	return ret;
}

/* Owners that are going down, too, take their pages home; give them time. */
static int wait_for_owners(const struct rms_bring *b, struct rms_error *err)
{
	time_t start = now_s(), said = start - SAY_EVERY_S;
	uint64_t remote, lent;

	while (!b->force && !b->host->ops->node_pages(b->host, NULL, &remote, &lent) && lent) {
		bool late = now_s() - start >= (time_t)b->lent_s;

		if (late && b->go_on) {
			say(b, "going down with %llu pages of other nodes", (unsigned long long)lent);
			return 0;
		}
		if (late)
			return rms_fail(err, RMS_FAILED, "swap is off, but %llu pages of other nodes lie here; run `ramsterctl down` there first, then here again, or --force (what has no other copy is lost)",
					(unsigned long long)lent);
		if (now_s() - said >= SAY_EVERY_S) {
			said = now_s();
			say(b, "waiting for other nodes to take %llu pages back", (unsigned long long)lent);
		}
		usleep(POLL_US);
	}
	return 0;
}

static int remove_clusters(const struct rms_bring *b, struct rms_error *err)
{
	char *cluster = rms_host_cluster(b->host);
	int ret = 0;

	if (cluster) {
		say(b, "leaving cluster %s", cluster);
		ret = rms_remove_cluster(b->host, cluster, err);
	}
	free(cluster);
	return ret;
}

static int unload_modules(const struct rms_bring *b, struct rms_error *err)
{
	unsigned int i;

	for (i = rms_nr_modules; i--;) {
		int e = -b->host->ops->unload_module(b->host, rms_modules[i]);

		if (e && e != ENOENT)
			return rms_fail(err, RMS_FAILED, "cannot unload module %s: %s", rms_modules[i],
					e == EBUSY || e == EAGAIN ? "it is in use" : strerror(e));
	}
	return 0;
}

int rms_down(const struct rms_bring *b, struct rms_error *err)
{
	int lock = rms_lock_node(b->host, err), ret;

	if (lock < 0)
		return -1;
	ret = wait_until_fits(b, err);
	if (!ret)
		ret = swap_off_all(b, err);
	if (!ret)
		ret = wait_for_owners(b, err);
	if (!ret)
		ret = rms_remove_devices(b->host, err);
	if (!ret)
		ret = remove_clusters(b, err);
	if (!ret && b->unload)
		ret = unload_modules(b, err);
	close(lock);
	return ret;
}
