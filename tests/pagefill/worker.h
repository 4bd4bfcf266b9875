/* SPDX-License-Identifier: GPL-2.0 */
/*
 * worker.h - the threads that do a phase, each with its share of the pages
 */
#ifndef PAGEFILL_WORKER_H
#define PAGEFILL_WORKER_H

#include <signal.h>
#include <stdint.h>

#include "phase.h"

#define MAX_THREADS	64

/* Pages since the program began */
struct tally {
	uint64_t verified, bad, lost;
};

/* Once it is not 0, no more pages at random are touched; a signal may set it. */
extern volatile sig_atomic_t told_to_end;

/* Threads survive SIGBUS: the page is lost. */
void workers_init(void);

/* No page of the next phase is done. */
void workers_clear(void);
void workers_start(const struct phase *phase, uint64_t seed);
/* Waits for their end, and adds to the phase what they have touched */
void workers_join(struct phase *phase);

/* Pages of this phase so far */
uint64_t workers_done(void);

/* Of the first so many threads */
struct tally workers_tally(unsigned int count);

/* The slowest touch since the last call, and the longest that one has now been at one page */
void workers_pulse(unsigned int count, uint64_t *slowest_ns, uint64_t *stuck_ns);

#endif
