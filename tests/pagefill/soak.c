// SPDX-License-Identifier: GPL-2.0
/*
 * soak.c - goes on until SIGTERM, and says twice a second how it goes
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "common.h"
#include "options.h"
#include "phase.h"
#include "soak.h"
#include "worker.h"

static void on_sigterm(int signal)
{
	(void)signal;
	told_to_end = 1;
}

void soak_init(void)
{
	signal(SIGTERM, on_sigterm);
}

/* Its stack is locked, too: it has to say that others wait for memory. */
static void *report_pulse(void *arg)
{
	(void)arg;
	for (;;) {
		uint64_t due = now_ns() + 500 * 1000000ULL, now, late, slowest, stuck;
		struct tally tally;

		usleep(500000);
		now = now_ns();
		late = now > due ? now - due : 0;
		tally = workers_tally(options.threads);
		workers_pulse(options.threads, &slowest, &stuck);
		printf("pulse %llu %llu %llu %llu %llu %llu\n", (unsigned long long)tally.verified,
		       (unsigned long long)tally.bad, (unsigned long long)tally.lost,
		       (unsigned long long)slowest / 1000, (unsigned long long)stuck / 1000,
		       (unsigned long long)late / 1000);
		fflush(stdout);
	}
	return NULL;
}

void soak_start_pulse(void)
{
	static char stack[64 * 1024] __attribute__((aligned(4096)));
	pthread_attr_t attributes;
	pthread_t thread;

	memset(stack, 0, sizeof(stack));
	if (pthread_attr_init(&attributes) ||
	    pthread_attr_setstack(&attributes, stack, sizeof(stack)) ||
	    pthread_create(&thread, &attributes, report_pulse, NULL))
		die("thread");
}

void soak_go_on(void)
{
	struct phase *last = &phases[nphases++];

	while (!told_to_end)
		for (unsigned int i = 1; i < nphases - 1 && !told_to_end; i++)
			phase_run(&phases[i]);
	snprintf(last->name, sizeof(last->name), "read");
	last->threads = options.threads;
	phase_run(last);
}
