// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - rogue's command line
 *
 *	rogue --self 3 --to 2 --cluster test --key HEX [--from ADDRESS] [--seed N]
 *		owner ADDRESS ATTACK [COUNT]
 *	rogue --self 2 --cluster test --key HEX [--seed N] donor MODE [COUNT]
 */
#include <getopt.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "rogue.h"

struct identity me;

static u8 life[16];
static char cluster[RS_WIRE_NAME_MAX + 1];

static void read_key(const char *hex)
{
	u8 secret[RS_SECRET_BYTES];
	unsigned int byte;

	for (int i = 0; i < RS_SECRET_BYTES; i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			exit(2);
		secret[i] = byte;
	}
	rs_auth_key_make(&me.key, secret);
	me.has_key = true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "self", required_argument, NULL, 's' },
		{ "to", required_argument, NULL, 't' },
		{ "cluster", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "from", required_argument, NULL, 'f' },
		{ "seed", required_argument, NULL, 'r' },
		{ }
	};
	int c;

	random_bytes(life, sizeof(life));
	me.self.incarnation = life;
	me.self.cluster = cluster;
	me.seed = time(NULL) ^ getpid();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			me.self.num = atoi(optarg);
		else if (c == 't')
			me.to = atoi(optarg);
		else if (c == 'c')
			snprintf(cluster, sizeof(cluster), "%s", optarg);
		else if (c == 'k')
			read_key(optarg);
		else if (c == 'f')
			me.from = optarg;
		else if (c == 'r')
			me.seed = strtoul(optarg, NULL, 0);
		else
			return 2;
	}
	srand(me.seed);
	argv += optind;
	argc -= optind;
	if (argc >= 2 && !strcmp(argv[0], "donor"))
		return donor_main(argv[1], argc > 2 ? strtoul(argv[2], NULL, 0) : 1000);
	if (argc >= 3 && !strcmp(argv[0], "owner"))
		return owner_main(argv[1], argv[2], argc > 3 ? strtoul(argv[3], NULL, 0) : 1000);
	fprintf(stderr, "usage: see tests/rogue/main.c\n");
	return 2;
}
