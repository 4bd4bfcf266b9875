/* SPDX-License-Identifier: GPL-2.0 */
/*
 * latency.h - how long touches took
 *
 * SIGUSR1 begins an interval whose latencies are reported apart, and the next one
 * ends it: of each touch that any part of it fell in.
 */
#ifndef PAGEFILL_LATENCY_H
#define PAGEFILL_LATENCY_H

#include <stdbool.h>
#include <stdint.h>

/* So many steps to each power of two of nanoseconds */
#define STEP_BITS	5
#define STEPS		(1 << STEP_BITS)
#define BUCKETS		(40 * STEPS)

struct spread {
	uint64_t timed;
	uint64_t max_ns;
	uint64_t buckets[BUCKETS];
};

struct latencies {
	struct spread all;
	struct spread apart;	/* of touches that fell in an interval */
};

/* From now on SIGUSR1 begins and ends intervals. */
void intervals_init(void);

/* When a touch begins; latency_count() wants it at its end. */
unsigned int interval_mark(void);

void latency_count(struct latencies *l, unsigned int mark, uint64_t ns);
void latency_add(struct latencies *sum, const struct latencies *l);

/* As members of a JSON object */
void latency_print(const struct latencies *l, bool histogram);

#endif
