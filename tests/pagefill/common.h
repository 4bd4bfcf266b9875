/* SPDX-License-Identifier: GPL-2.0 */
/*
 * common.h - what every part of pagefill needs
 */
#ifndef PAGEFILL_COMMON_H
#define PAGEFILL_COMMON_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE		4096
#define PAGES_IN_MB	256

__attribute__((noreturn)) static inline void die(const char *what)
{
	fprintf(stderr, "pagefill: %s: %s\n", what, strerror(errno));
	exit(2);
}

static inline uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static inline uint64_t next_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ULL;
	return mix(*state);
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

#endif
