// SPDX-License-Identifier: GPL-2.0
/*
 * pagefill - a program that needs more memory than there is, and checks it all
 *
 * Fills memory page by page, then reads, touches or rewrites it in phases.
 * What the program itself needs is locked in memory. Ends with one line of JSON;
 * status 0 only if every page was right.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "cgroup.h"
#include "common.h"
#include "latency.h"
#include "options.h"
#include "pages.h"
#include "phase.h"
#include "report.h"
#include "soak.h"
#include "worker.h"

static void wait_for_go(const struct phase *phase)
{
	char line[64];

	printf("done %s\n", phase->name);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(3);
}

static void init(void)
{
	workers_init();
	intervals_init();
	if (options.cgroup)
		cgroup_enter();
	if (options.soak)
		soak_init();
	if (mlockall(MCL_CURRENT))	/* not the pages, which come after it */
		die("mlockall");
	pages_init();
	if (options.cgroup)
		cgroup_set_goal();
}

int main(int argc, char **argv)
{
	if (!options_parse(argc, argv))
		return 2;
	init();
	if (options.soak)
		soak_start_pulse();
	for (unsigned int i = 0; i < nphases; i++) {
		phase_run(&phases[i]);
		if (options.step)
			wait_for_go(&phases[i]);
	}
	if (options.soak)
		soak_go_on();
	return report() ? 0 : 1;
}
