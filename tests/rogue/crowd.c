// SPDX-License-Identifier: GPL-2.0
/*
 * crowd.c - many connections at once that say nothing
 *
 * The donor lets few of them stay, and these not for long.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rogue.h"

/* As in kernel/ramster/admission.c; then one address too many, and one connection from each. */
#define PLACES_OPEN	48
#define PLACES_EACH	8
#define ADDRESSES	(PLACES_OPEN / PLACES_EACH + 1)
#define EACH		(PLACES_EACH + 1)
#define CROWD		(ADDRESSES * EACH)

/* The donor ends who is silent for five seconds. A round that took longer says nothing. */
#define ROUNDS		5
#define LOOKS		80
#define LOOK_US		50000

/* How many of these the donor has not ended; one of them in @last, if given. */
static unsigned long count_open(const int *fd, unsigned long count, int *last)
{
	unsigned long i, open = 0;
	char c;

	for (i = 0; i < count; i++) {
		if (fd[i] >= 0 && recv(fd[i], &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN) {
			if (last)
				*last = fd[i];
			open++;
		}
	}
	return open;
}

/* So many connections from one address; how many of them stay is limited. */
bool flood(const char *address, unsigned long count)
{
	int *fd = calloc(count, sizeof(*fd));
	unsigned long i, open, before;
	struct rlimit files = { count + 64, count + 64 };
	struct talk last = { .fd = -1 };

	if (!fd || setrlimit(RLIMIT_NOFILE, &files)) {
		perror("rogue: cannot open so many");
		return false;
	}
	for (i = 0; i < count; i++)
		fd[i] = dial(address);
	/* Until it has come to all of them. */
	open = count_open(fd, count, &last.fd);
	do {
		usleep(300000);
		before = open;
		open = count_open(fd, count, &last.fd);
	} while (open != before);
	printf("open %lu\n", open);
	fflush(stdout);
	free(fd);
	/* They are not for ever, either. */
	return open && open <= 16 && !stays_open(&last, 60);
}

/* From @first and the addresses after it, until the donor has turned away all who are too many. */
static void crowd_comes(int fd[CROWD], const char *address, u32 first)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr from;
	int i, looks;

	me.from = text;
	for (i = 0; i < CROWD; i++) {
		from.s_addr = htonl(first + i / EACH);
		inet_ntop(AF_INET, &from, text, sizeof(text));
		fd[i] = dial(address);
	}
	me.from = NULL;
	for (looks = 0; looks < LOOKS && count_open(fd, CROWD, NULL) > PLACES_OPEN; looks++)
		usleep(LOOK_US);
}

/* Each address has as many places as it may, but the last one, which has found none left. */
static bool crowd_has_all(const int fd[CROWD])
{
	bool all = true;
	unsigned long n;
	int i;

	printf("open");
	for (i = 0; i < ADDRESSES; i++) {
		n = count_open(fd + i * EACH, EACH, NULL);
		all &= n == (i < ADDRESSES - 1 ? PLACES_EACH : 0);
		printf(" %lu", n);
	}
	printf("\n");
	return all;
}

static void crowd_goes(const int fd[CROWD])
{
	int i;

	for (i = 0; i < CROWD; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

/*
 * Strangers take all places that are for them, and keep them while a node gets in from its own
 * address: ours, which is where we come from if we do not say. Theirs are the one that we were told
 * and those after it.
 */
bool crowd(const char *address)
{
	static struct talk node;
	bool had, have, welcome;
	struct in_addr from;
	int fd[CROWD], round;

	if (!me.from || inet_pton(AF_INET, me.from, &from) != 1)
		return false;
	for (round = 0; round < ROUNDS; round++) {
		crowd_comes(fd, address, ntohl(from.s_addr) + round * ADDRESSES);
		had = crowd_has_all(fd);
		welcome = shake_hands(&node, address, RS_LANE_BULK);
		have = crowd_has_all(fd);
		crowd_goes(fd);
		if (node.fd >= 0)
			close(node.fd);
		if (had && have)
			return welcome;
	}
	return false;
}
