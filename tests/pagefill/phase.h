/* SPDX-License-Identifier: GPL-2.0 */
/*
 * phase.h - what is done to the pages, one phase after the other
 */
#ifndef PAGEFILL_PHASE_H
#define PAGEFILL_PHASE_H

#include <stdbool.h>
#include <stdint.h>

#include "latency.h"

#define MAX_PHASES	32

struct phase {
	char name[16];
	unsigned int share;	/* percent of the pages, for touch and rewrite */
	unsigned int threads;
	double seconds;
	unsigned int rounds;
	uint64_t touched;
	long major_faults;
	struct latencies latencies;	/* of touches whose latency counts */
};

extern struct phase phases[MAX_PHASES];
extern unsigned int nphases;

/* Each page, one by one? Else its share, at random */
bool phase_is_whole(const struct phase *phase);

/* From a list as --phases has it; what else the options say must stand already. */
bool phases_parse(char *text);

void phase_run(struct phase *phase);

#endif
