/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options.h - what the command line says
 */
#ifndef PAGEFILL_OPTIONS_H
#define PAGEFILL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "pages.h"

struct options {
	uint64_t pages;
	enum content content;
	const char *corpus;
	uint64_t seed;
	unsigned int threads;	/* of a phase that does not say how many */
	unsigned int pace;	/* MB a second that a thread fills at most; 0: no limit */
	const char *cgroup;	/* or NULL: whichever it was started in */
	bool only_faults, histogram, step, progress, soak, survive_sigbus;
};

extern struct options options;

/* Sets them and the phases; false, and the usage on stderr, if that cannot be meant */
bool options_parse(int argc, char **argv);

#endif
