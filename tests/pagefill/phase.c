// SPDX-License-Identifier: GPL-2.0
/*
 * phase.c - what is done to the pages, one phase after the other
 */
#define _GNU_SOURCE
#include <sys/resource.h>

#include "cgroup.h"
#include "common.h"
#include "options.h"
#include "phase.h"
#include "progress.h"
#include "worker.h"

struct phase phases[MAX_PHASES];
unsigned int nphases;

bool phase_is_whole(const struct phase *phase)
{
	return !strcmp(phase->name, "fill") || !strcmp(phase->name, "read");
}

bool phases_parse(char *text)
{
	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		struct phase *phase = &phases[nphases];
		char *share = strchr(word, '='), *threads = strchr(word, ':');

		if (nphases == MAX_PHASES - 1)	/* the last is soak's */
			return false;
		phase->share = share ? atoi(share + 1) : 25;
		phase->threads = threads ? atoi(threads + 1) : (int)options.threads;
		if (phase->threads < 1 || phase->threads > MAX_THREADS)
			return false;
		if (threads)
			*threads = 0;
		if (share)
			*share = 0;
		if (strcmp(word, "fill") && strcmp(word, "read") && strcmp(word, "touch") &&
		    strcmp(word, "rewrite") && (!options.cgroup || strcmp(word, "out")))
			return false;
		snprintf(phase->name, sizeof(phase->name), "%s", word);
		nphases++;
	}
	return nphases && !strcmp(phases[0].name, "fill");
}

static void run_out(struct phase *phase)
{
	uint64_t start = now_ns(), swapped = cgroup_swapped_pages();

	cgroup_push_out();
	phase->seconds += (now_ns() - start) / 1e9;
	phase->touched += cgroup_swapped_pages() - swapped;
	phase->rounds++;
}

/* Another one for each round of each phase; its low byte is the threads' */
static uint64_t seed_of(const struct phase *phase)
{
	return options.seed ^ (uint64_t)phase->rounds << 16 ^ (phase - phases) << 8;
}

void phase_run(struct phase *phase)
{
	struct rusage before, after;
	uint64_t start = now_ns();

	if (!strcmp(phase->name, "out")) {
		run_out(phase);
		return;
	}

	workers_clear();
	getrusage(RUSAGE_SELF, &before);
	if (options.progress)
		progress_start(phase);
	workers_start(phase, seed_of(phase));
	workers_join(phase);
	if (options.progress)
		progress_stop();
	getrusage(RUSAGE_SELF, &after);
	phase->seconds += (now_ns() - start) / 1e9;
	phase->major_faults += after.ru_majflt - before.ru_majflt;
	phase->rounds++;
}
