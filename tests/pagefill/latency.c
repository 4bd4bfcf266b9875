// SPDX-License-Identifier: GPL-2.0
/*
 * latency.c - how long touches took
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "latency.h"

static _Atomic unsigned int marks;	/* SIGUSR1s so far; odd: in an interval */

static void on_sigusr1(int signal)
{
	(void)signal;
	marks++;
}

void intervals_init(void)
{
	signal(SIGUSR1, on_sigusr1);
}

unsigned int interval_mark(void)
{
	return marks;
}

static void count(struct spread *s, uint64_t ns)
{
	unsigned int power = 63 - __builtin_clzll(ns | STEPS);
	unsigned int bucket = power * STEPS + (ns >> (power - STEP_BITS)) % STEPS;

	s->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	s->timed++;
	if (ns > s->max_ns)
		s->max_ns = ns;
}

void latency_count(struct latencies *l, unsigned int mark, uint64_t ns)
{
	count(&l->all, ns);
	if (mark & 1 || mark != marks)
		count(&l->apart, ns);
}

static void add(struct spread *sum, const struct spread *s)
{
	sum->timed += s->timed;
	if (s->max_ns > sum->max_ns)
		sum->max_ns = s->max_ns;
	for (int k = 0; k < BUCKETS; k++)
		sum->buckets[k] += s->buckets[k];
}

void latency_add(struct latencies *sum, const struct latencies *l)
{
	add(&sum->all, &l->all);
	add(&sum->apart, &l->apart);
}

/* The end of a bucket */
static double bucket_us(int i)
{
	return (double)((uint64_t)(STEPS + i % STEPS + 1) << i / STEPS >> STEP_BITS) / 1000;
}

static double percentile_us(const struct spread *s, double share)
{
	uint64_t wanted = s->timed * share, seen = 0;

	for (int i = 0; i < BUCKETS; i++) {
		seen += s->buckets[i];
		if (seen > wanted)
			return bucket_us(i);
	}
	return s->max_ns / 1000.0;
}

/* Microseconds, up to which these are, and how many, of each bucket that is not empty */
static void print_histogram(const struct spread *s)
{
	const char *comma = "";

	printf(", \"histogram\": [");
	for (int i = 0; i < BUCKETS; i++) {
		if (!s->buckets[i])
			continue;
		printf("%s[%.2f, %llu]", comma, bucket_us(i), (unsigned long long)s->buckets[i]);
		comma = ", ";
	}
	putchar(']');
}

static void print(const struct spread *s, bool histogram)
{
	printf("\"timed\": %llu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, "
	       "\"p999_us\": %.1f, \"max_us\": %.1f", (unsigned long long)s->timed,
	       percentile_us(s, 0.5), percentile_us(s, 0.9), percentile_us(s, 0.99),
	       percentile_us(s, 0.999), s->max_ns / 1000.0);
	if (histogram)
		print_histogram(s);
}

void latency_print(const struct latencies *l, bool histogram)
{
	print(&l->all, histogram);
	if (!l->apart.timed)
		return;
	printf(", \"apart\": {");
	print(&l->apart, histogram);
	putchar('}');
}
