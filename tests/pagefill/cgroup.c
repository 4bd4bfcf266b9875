// SPDX-License-Identifier: GPL-2.0
/*
 * cgroup.c - the memory cgroup (v2) that pagefill is in, to push all pages out
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "common.h"
#include "options.h"

#define LONGEST_OUT_NS	(300 * 1000000000ULL)

static uint64_t goal;	/* bytes that it may hold when its pages are out */

static uint64_t bytes(const char *name)
{
	char path[PATH_MAX], text[32] = {};
	int fd;

	snprintf(path, sizeof(path), "%s/%s", options.cgroup, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	return strtoull(text, NULL, 10);
}

/* EAGAIN: the kernel did not get as much as it was told to; somebody asks again. */
static void tell(const char *name, uint64_t value)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", options.cgroup, name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || (dprintf(fd, "%llu\n", (unsigned long long)value) < 0 && errno != EAGAIN))
		die(path);
	close(fd);
}

void cgroup_enter(void)
{
	if (mkdir(options.cgroup, 0755) && errno != EEXIST)
		die(options.cgroup);
	tell("cgroup.procs", getpid());
}

void cgroup_set_goal(void)
{
	/* it already holds what is locked; the rest is for the kernel's needs */
	goal = bytes("memory.current") + options.pages * PAGE / 50 + (1 << 20);
}

uint64_t cgroup_swapped_pages(void)
{
	return bytes("memory.swap.current") / PAGE;
}

void cgroup_push_out(void)
{
	uint64_t start = now_ns(), held;

	while ((held = bytes("memory.current")) > goal) {
		if (now_ns() - start > LONGEST_OUT_NS) {
			errno = ETIMEDOUT;
			die("memory.reclaim");
		}
		tell("memory.reclaim", held - goal);
	}
}
