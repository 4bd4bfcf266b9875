// SPDX-License-Identifier: GPL-2.0
/*
 * progress.c - says twice a second how far a phase is
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <unistd.h>

#include "common.h"
#include "options.h"
#include "progress.h"
#include "worker.h"

static pthread_t reporter;

static void *report_progress(void *arg)
{
	const struct phase *phase = arg;
	uint64_t goal = options.pages;
	int old;

	if (!phase_is_whole(phase))
		goal = goal * phase->share / 100;
	for (;;) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
		printf("progress %s %llu %llu\n", phase->name,
		       (unsigned long long)workers_done(), (unsigned long long)goal);
		fflush(stdout);
		pthread_setcancelstate(old, NULL);
		usleep(500000);
	}
	return NULL;
}

void progress_start(struct phase *phase)
{
	if (pthread_create(&reporter, NULL, report_progress, phase))
		die("thread");
}

void progress_stop(void)
{
	pthread_cancel(reporter);
	pthread_join(reporter, NULL);
}
