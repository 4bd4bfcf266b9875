// SPDX-License-Identifier: GPL-2.0
/*
 * options.c - what the command line says
 */
#define _GNU_SOURCE
#include <getopt.h>

#include "common.h"
#include "options.h"
#include "phase.h"
#include "worker.h"

struct options options = {
	.content = REAL,
	.corpus = "/corpus",
	.seed = 1,
	.threads = 1,
};

static const char usage[] =
	"usage: pagefill --mb N [options]\n"
	"  --content real|random|same|mixed   what the pages hold (real)\n"
	"  --corpus FILE      where real pages come from (/corpus)\n"
	"  --phases LIST      fill,read,touch=25 by default; also rewrite=PERCENT, and out:\n"
	"                     all pages to the swap. read:4 is done by 4 threads\n"
	"  --threads N        each has its share of the pages (1)\n"
	"  --pace N           each fills N MB a second at most\n"
	"  --cgroup DIR       be in this memory cgroup (v2); made if missing. For out\n"
	"  --faults           latencies are of touches only that waited for a page\n"
	"  --histogram        print them all\n"
	"  --seed N\n"
	"  --step             say \"done PHASE\" and wait for a line after each phase\n"
	"  --progress         say how far it is, twice a second\n"
	"  --soak             repeat the phases but fill until SIGTERM, then read all\n"
	"  --survive-sigbus   lost pages are counted, and are not a failure\n";

static bool parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "mb", required_argument, NULL, 'm' },
		{ "content", required_argument, NULL, 'c' },
		{ "corpus", required_argument, NULL, 'f' },
		{ "phases", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' },
		{ "pace", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "step", no_argument, NULL, 'w' },
		{ "progress", no_argument, NULL, 'g' },
		{ "survive-sigbus", no_argument, NULL, 'b' },
		{ "soak", no_argument, NULL, 'k' },
		{ "cgroup", required_argument, NULL, 'd' },
		{ "faults", no_argument, NULL, 'j' },
		{ "histogram", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static char default_phases[] = "fill,read,touch=25";
	char *phase_list = default_phases;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'm':
			options.pages = strtoull(optarg, NULL, 10) * PAGES_IN_MB;
			break;
		case 'c':
			if (!content_parse(optarg, &options.content))
				return false;
			break;
		case 'f':
			options.corpus = optarg;
			break;
		case 'p':
			phase_list = optarg;
			break;
		case 't':
			options.threads = atoi(optarg);
			break;
		case 'o':
			options.pace = atoi(optarg);
			break;
		case 's':
			options.seed = strtoull(optarg, NULL, 10);
			break;
		case 'w':
			options.step = true;
			break;
		case 'g':
			options.progress = true;
			break;
		case 'b':
			options.survive_sigbus = true;
			break;
		case 'k':
			options.soak = true;
			break;
		case 'd':
			options.cgroup = optarg;
			break;
		case 'j':
			options.only_faults = true;
			break;
		case 'h':
			options.histogram = true;
			break;
		default:
			return false;
		}
	}
	return options.pages && options.threads >= 1 && options.threads <= MAX_THREADS &&
	       optind == argc && phases_parse(phase_list) && (!options.soak || nphases > 1);
}

bool options_parse(int argc, char **argv)
{
	if (parse(argc, argv))
		return true;
	fputs(usage, stderr);
	return false;
}
