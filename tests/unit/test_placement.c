// SPDX-License-Identifier: GPL-2.0
/* test_placement.c - which donors a batch goes to */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ramster/placement.h"

#define ROUNDS	100000

static u64 random_state;

/* splitmix64: uniform, and the same in every run. */
static u64 next_random(void *ctx)
{
	u64 z = (*(u64 *)ctx += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static u64 always(void *ctx)
{
	return *(u64 *)ctx;
}

static unsigned int place(const struct rs_candidate *c, unsigned int nr, unsigned int want, u16 *donor)
{
	return rs_place(c, nr, want, next_random, &random_state, donor);
}

static void test_nobody(void **state)
{
	struct rs_candidate c[] = {
		{ .num = 1, .room = 0, .usable = true },
		{ .num = 2, .room = 100, .usable = false },
	};
	u16 donor[RS_PLACE_MAX];

	(void)state;
	assert_int_equal(place(NULL, 0, 1, donor), 0);
	assert_int_equal(place(c, 2, 3, donor), 0);
	assert_int_equal(place(c, 1, 1, donor), 0);
}

static void test_the_only_one(void **state)
{
	struct rs_candidate c[64] = { 0 };
	u16 donor[RS_PLACE_MAX];

	(void)state;
	c[63] = (struct rs_candidate){ .num = 7, .room = 1, .latency_us = ~0U, .usable = true };
	for (int i = 0; i < 100; i++) {
		assert_int_equal(place(c, 64, 3, donor), 1);
		assert_int_equal(donor[0], 7);
	}
}

static void test_replicas_differ(void **state)
{
	struct rs_candidate c[5];
	u16 donor[RS_PLACE_MAX];

	(void)state;
	for (int i = 0; i < 5; i++)
		c[i] = (struct rs_candidate){ .num = 10 + i, .room = 50, .usable = true };
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(place(c, 5, 3, donor), 3);
		assert_int_not_equal(donor[0], donor[1]);
		assert_int_not_equal(donor[0], donor[2]);
		assert_int_not_equal(donor[1], donor[2]);
	}
	/* Two candidates of one node are one donor. */
	c[1].num = c[0].num;
	assert_int_equal(place(c, 2, 3, donor), 1);
	/* More than there can be. */
	assert_int_equal(place(c, 5, 9, donor), 3);
}

static void count(const struct rs_candidate *c, unsigned int nr, unsigned int *hits)
{
	u16 donor[RS_PLACE_MAX];

	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(place(c, nr, 1, donor), 1);
		hits[donor[0]]++;
	}
}

static void test_equals_share_evenly(void **state)
{
	struct rs_candidate c[10];
	unsigned int hits[10] = { 0 };

	(void)state;
	for (int i = 0; i < 10; i++)
		c[i] = (struct rs_candidate){ .num = i, .room = 1000, .latency_us = 100,
					      .usable = true };
	count(c, 10, hits);
	for (int i = 0; i < 10; i++)
		assert_in_range(hits[i], ROUNDS / 10 * 9 / 10, ROUNDS / 10 * 11 / 10);
}

/* Few of many, next to each other: the table search does not favour the first. */
static void test_few_of_many_share_evenly(void **state)
{
	struct rs_candidate c[500] = { 0 };
	unsigned int hits[3] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		c[200 + i] = (struct rs_candidate){ .num = i, .room = 9, .usable = true };
	count(c, 500, hits);
	for (int i = 0; i < 3; i++)
		assert_in_range(hits[i], ROUNDS / 3 * 9 / 10, ROUNDS / 3 * 11 / 10);
}

/* Of n with ranks, two draws take the i-th worst in proportion to i; the worst never. */
static void test_better_wins(void **state)
{
	struct rs_candidate c[4];
	unsigned int hits[4] = { 0 };

	(void)state;
	for (int i = 0; i < 4; i++)
		c[i] = (struct rs_candidate){ .num = i, .room = 1000 * (i + 1), .latency_us = 100,
					      .usable = true };
	count(c, 4, hits);
	assert_int_equal(hits[0], 0);
	for (int i = 1; i < 4; i++)
		assert_in_range(hits[i], ROUNDS / 6 * i * 9 / 10, ROUNDS / 6 * i * 11 / 10);
}

static void test_latency_counts(void **state)
{
	struct rs_candidate c[] = {
		{ .num = 0, .room = 1000, .latency_us = 10000, .usable = true },
		{ .num = 1, .room = 900, .latency_us = 300, .usable = true },
	};
	unsigned int hits[2] = { 0 };

	(void)state;
	count(c, 2, hits);
	assert_int_equal(hits[0], 0);
	/* A few microseconds do not outweigh room. */
	c[0].latency_us = 310;
	count(c, 2, hits);
	assert_int_equal(hits[0], ROUNDS);
	/* The largest numbers do not overflow. */
	c[0] = (struct rs_candidate){ .num = 0, .room = ~0U, .latency_us = ~0U, .usable = true };
	c[1] = (struct rs_candidate){ .num = 1, .room = ~0U, .latency_us = 0, .usable = true };
	hits[1] = 0;
	count(c, 2, hits);
	assert_int_equal(hits[1], ROUNDS);
}

/* A room that shrinks with each batch: in the end all donors are about as full. */
static void test_balances(void **state)
{
	struct rs_candidate c[50];
	u16 donor[RS_PLACE_MAX];
	u32 min = ~0U, max = 0;

	(void)state;
	for (int i = 0; i < 50; i++)
		c[i] = (struct rs_candidate){ .num = i, .room = 10000 + 100 * i, .latency_us = 200,
					      .usable = true };
	for (int i = 0; i < 50 * 9000; i++) {
		assert_int_equal(place(c, 50, 1, donor), 1);
		c[donor[0]].room--;
	}
	for (int i = 0; i < 50; i++) {
		min = c[i].room < min ? c[i].room : min;
		max = c[i].room > max ? c[i].room : max;
	}
	assert_in_range(max - min, 0, 20);
}

/* Every number that there is: all get their share, and one of them that is up is found. */
static void test_as_many_as_there_are(void **state)
{
	static struct rs_candidate c[1024];
	static unsigned int hits[1024];
	u16 donor[RS_PLACE_MAX];

	(void)state;
	for (int i = 0; i < 1024; i++)
		c[i] = (struct rs_candidate){ .num = i, .room = 1000, .latency_us = 200, .usable = true };
	for (int i = 0; i < 1024 * 200; i++) {
		assert_int_equal(place(c, 1024, 1, donor), 1);
		hits[donor[0]]++;
	}
	for (int i = 0; i < 1024; i++)
		assert_in_range(hits[i], 100, 300);
	for (int i = 0; i < 1024; i++)
		c[i].usable = i == 1023;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(place(c, 1024, 3, donor), 1);
		assert_int_equal(donor[0], 1023);
	}
}

/* A supply that is stuck costs quality, never a hang or a wrong answer. */
static void test_stuck_random(void **state)
{
	struct rs_candidate c[3];
	u16 donor[RS_PLACE_MAX];
	u64 values[] = { 0, ~0ULL, 1ULL << 63 };

	(void)state;
	for (int i = 0; i < 3; i++)
		c[i] = (struct rs_candidate){ .num = i, .room = 5, .usable = true };
	for (int i = 0; i < 3; i++)
		assert_int_equal(rs_place(c, 3, 3, always, &values[i], donor), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_the_only_one),
		cmocka_unit_test(test_replicas_differ),
		cmocka_unit_test(test_equals_share_evenly),
		cmocka_unit_test(test_few_of_many_share_evenly),
		cmocka_unit_test(test_better_wins),
		cmocka_unit_test(test_latency_counts),
		cmocka_unit_test(test_balances),
		cmocka_unit_test(test_as_many_as_there_are),
		cmocka_unit_test(test_stuck_random),
	};

	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
