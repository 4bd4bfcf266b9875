// SPDX-License-Identifier: GPL-2.0
/*
 * test_samefill.c - same-filled pages are told from all others, and come back
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "zcache/samefill.h"

#define WORDS (PAGE_SIZE / sizeof(unsigned long))

static void filled_page_comes_back(void **state)
{
	static const unsigned long values[] = { 0, 1, ~0UL, 0x0123456789abcdefUL };
	unsigned long page[WORDS], again[WORDS], value;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		page_fill(page, values[i]);
		value = ~values[i];
		assert_true(page_same_filled(page, &value));
		assert_int_equal(value, values[i]);

		memset(again, 0x5a, sizeof(again));
		page_fill(again, value);
		assert_memory_equal(page, again, PAGE_SIZE);
	}
}

static void one_bit_anywhere_is_seen(void **state)
{
	unsigned long page[WORDS], value = 42;
	size_t bit;

	page_fill(page, 0xa5a5a5a5a5a5a5a5UL);
	for (bit = 0; bit < PAGE_SIZE * 8; bit++) {
		page[bit / 64] ^= 1UL << bit % 64;
		assert_false(page_same_filled(page, &value));
		page[bit / 64] ^= 1UL << bit % 64;
	}
	assert_int_equal(value, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(filled_page_comes_back),
		cmocka_unit_test(one_bit_anywhere_is_seen),
	};

	return cmocka_run_group_tests_name("samefill", tests, NULL, NULL);
}
