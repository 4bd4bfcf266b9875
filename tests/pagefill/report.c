// SPDX-License-Identifier: GPL-2.0
/*
 * report.c - the result, one line of JSON
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "options.h"
#include "phase.h"
#include "report.h"
#include "worker.h"

static void print_phase(const struct phase *phase)
{
	printf("{\"name\": \"%s\", \"threads\": %u, \"rounds\": %u, \"touches\": %llu, "
	       "\"seconds\": %.3f, \"major_faults\": %ld, ",
	       phase->name, phase->threads, phase->rounds,
	       (unsigned long long)phase->touched, phase->seconds, phase->major_faults);
	latency_print(&phase->latencies, options.histogram);
	putchar('}');
}

bool report(void)
{
	struct tally tally;
	double seconds = 0;

	flockfile(stdout);	/* for good: no pulse in it or behind it */
	tally = workers_tally(MAX_THREADS);
	for (unsigned int i = 0; i < nphases; i++)
		seconds += phases[i].seconds;
	printf("{\"pages\": %llu, \"content\": \"%s\", \"threads\": %u, "
	       "\"pages_verified\": %llu, \"bad_pages\": %llu, \"sigbus_pages\": %llu, "
	       "\"seconds\": %.3f, \"phases\": [",
	       (unsigned long long)options.pages, content_name(options.content), options.threads,
	       (unsigned long long)tally.verified, (unsigned long long)tally.bad,
	       (unsigned long long)tally.lost, seconds);
	for (unsigned int i = 0; i < nphases; i++) {
		if (i)
			printf(", ");
		print_phase(&phases[i]);
	}
	puts("]}");
	return !tally.bad && (!tally.lost || options.survive_sigbus);
}
