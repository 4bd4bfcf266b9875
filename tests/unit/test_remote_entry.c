// SPDX-License-Identifier: GPL-2.0
/* test_remote_entry.c - a remote page in 63 bits */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tmem/remote_entry.h"

static void same(const struct tmem_remote *a, const struct tmem_remote *b)
{
	assert_int_equal(a->nr_donors, b->nr_donors);
	for (int i = 0; i < a->nr_donors; i++)
		assert_int_equal(a->donor[i], b->donor[i]);
	assert_int_equal(a->comp, b->comp);
	assert_int_equal(a->len, b->len);
	assert_int_equal(a->version, b->version);
	assert_int_equal(a->flushing, b->flushing);
}

static void there_and_back(const struct tmem_remote *r)
{
	u64 v = tmem_remote_pack(r);
	struct tmem_remote back = tmem_remote_unpack(v);

	assert_int_equal(v >> 63, 0);
	same(r, &back);
}

static void test_bounds(void **state)
{
	static const u16 lens[] = { 1, 2, 4095, 4096 };
	static const u16 versions[] = { 0, 1, 0x7fff, 0x8000, 0xffff };
	static const u16 donors[] = { 0, 1, 511, 512, 1022, TMEM_REMOTE_DONOR_MAX };

	(void)state;
	for (int l = 0; l < 4; l++)
		for (int v = 0; v < 5; v++)
			for (int n = 0; n <= TMEM_REMOTE_DONORS; n++)
				for (int c = 0; c < 4; c++)
					for (int f = 0; f < 2; f++) {
						struct tmem_remote r = {
							.nr_donors = n, .comp = c, .len = lens[l],
							.version = versions[v], .flushing = f,
						};

						for (int i = 0; i < n; i++)
							r.donor[i] = donors[(l + v + i) % 6];
						there_and_back(&r);
					}
}

static void test_random(void **state)
{
	(void)state;
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		struct tmem_remote r = {
			.nr_donors = random() % 4, .comp = random() % 4,
			.len = 1 + random() % 4096, .version = random(), .flushing = random() & 1,
		};

		for (int d = 0; d < r.nr_donors; d++)
			r.donor[d] = random() % (TMEM_REMOTE_DONOR_MAX + 1);
		there_and_back(&r);
	}
}

/* Two entries are one value only if they are one entry: cmpxchg relies on it. */
static void test_each_field_counts(void **state)
{
	const struct tmem_remote base = { .donor = { 1, 2, 3 }, .nr_donors = 3, .len = 100 };
	const u64 v = tmem_remote_pack(&base);
	struct tmem_remote r;

	(void)state;
	for (int i = 0; i < 3; i++) {
		r = base;
		r.donor[i] = 9;
		assert_true(tmem_remote_pack(&r) != v);
	}
	r = base;
	r.nr_donors = 2;
	assert_true(tmem_remote_pack(&r) != v);
	r = base;
	r.len++;
	assert_true(tmem_remote_pack(&r) != v);
	r = base;
	r.version++;
	assert_true(tmem_remote_pack(&r) != v);
	r = base;
	r.comp++;
	assert_true(tmem_remote_pack(&r) != v);
	r = base;
	r.flushing = true;
	assert_true(tmem_remote_pack(&r) != v);
}

/* Donors beyond nr_donors are no part of the entry. */
static void test_leftovers_do_not_count(void **state)
{
	struct tmem_remote a = { .donor = { 1, 2, 3 }, .nr_donors = 1, .len = 1 };
	struct tmem_remote b = { .donor = { 1 }, .nr_donors = 1, .len = 1 };

	(void)state;
	assert_true(tmem_remote_pack(&a) == tmem_remote_pack(&b));
}

static void test_remove_donor(void **state)
{
	struct tmem_remote r = { .donor = { 5, 6, 7 }, .nr_donors = 3, .len = 1 };

	(void)state;
	assert_false(tmem_remote_remove_donor(&r, 8));
	assert_int_equal(r.nr_donors, 3);
	assert_true(tmem_remote_remove_donor(&r, 5));
	assert_int_equal(r.nr_donors, 2);
	assert_int_equal(r.donor[0], 6);
	assert_int_equal(r.donor[1], 7);
	assert_false(tmem_remote_remove_donor(&r, 5));
	assert_true(tmem_remote_remove_donor(&r, 7));
	assert_true(tmem_remote_remove_donor(&r, 6));
	assert_int_equal(r.nr_donors, 0);
	assert_false(tmem_remote_remove_donor(&r, 6));
	there_and_back(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_each_field_counts),
		cmocka_unit_test(test_leftovers_do_not_count),
		cmocka_unit_test(test_remove_donor),
	};

	return cmocka_run_group_tests_name("remote_entry", tests, NULL, NULL);
}
