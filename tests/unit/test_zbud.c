// SPDX-License-Identifier: GPL-2.0
/*
 * test_zbud.c - two zpages a frame, tightest fit, LRU order, books that balance
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "zcache/alloc.h"
#include "zcache/zbud.h"

#define LEN_MAX 4032	/* a page less the frame's header */

long kshim_fail_at = -1;

/* Named in alloc.c's table, but not to be had here. */
const struct zalloc_ops zalloc_zsmalloc = { .name = "zsmalloc" };

static struct zalloc_pool *pool;

static int setup(void **state)
{
	kshim_fail_at = -1;
	memset(&zbud_counters, 0, sizeof(zbud_counters));
	pool = zalloc_create(zalloc_find("zbud"), "test", ZALLOC_PERSISTENT);
	return pool ? 0 : -1;
}

static int teardown(void **state)
{
	zalloc_destroy(pool);
	return 0;
}

static unsigned long take(size_t len, u64 tag)
{
	unsigned long handle = 0;

	assert_int_equal(zalloc_alloc(pool, len, GFP_KERNEL, tag, &handle), 0);
	assert_true(handle);
	return handle;
}

static bool same_frame(unsigned long a, unsigned long b)
{
	return (a & PAGE_MASK) == (b & PAGE_MASK);
}

static void names_are_found(void **state)
{
	assert_ptr_equal(zalloc_find("zbud\n"), &zalloc_zbud);
	assert_ptr_equal(zalloc_find("zsmalloc"), &zalloc_zsmalloc);
	assert_null(zalloc_find("z3fold"));
	assert_null(zalloc_find(""));
}

static void lengths_have_limits(void **state)
{
	unsigned long handle;

	assert_int_equal(zalloc_alloc(pool, 0, GFP_KERNEL, 0, &handle), -EINVAL);
	assert_int_equal(zalloc_alloc(pool, LEN_MAX + 1, GFP_KERNEL, 0, &handle), -ENOSPC);
	assert_int_equal(zalloc_alloc(pool, PAGE_SIZE, GFP_KERNEL, 0, &handle), -ENOSPC);
	assert_int_equal(zalloc_pages(pool), 0);
	zalloc_free(pool, take(LEN_MAX, 0));
	zalloc_free(pool, take(1, 0));
	assert_int_equal(zalloc_pages(pool), 0);
}

static void two_that_fit_share_a_frame(void **state)
{
	unsigned long a = take(1984, 1), b = take(2032, 2), c = take(1, 3);

	assert_true(same_frame(a, b));
	assert_false(same_frame(a, c));
	assert_int_equal(zalloc_pages(pool), 2);
	assert_int_equal(counter_read(zbud, pers_buddied_count), 1);
	assert_int_equal(counter_read(zbud, pers_unbuddied_count), 1);

	/* The end that is freed can be had again, whichever it is. */
	zalloc_free(pool, a);
	assert_int_equal(take(1984, 4), a);
	zalloc_free(pool, b);
	assert_int_equal(take(2032, 5), b);

	zalloc_free(pool, a);
	zalloc_free(pool, b);
	zalloc_free(pool, c);
	assert_int_equal(zalloc_pages(pool), 0);
}

static void tightest_fit_wins(void **state)
{
	unsigned long roomy = take(1900, 1), tight = take(2600, 2), full = take(3900, 3);
	unsigned long a = take(1400, 4), b = take(1400, 5);

	assert_true(same_frame(a, tight));
	assert_true(same_frame(b, roomy));
	zalloc_free(pool, roomy);
	zalloc_free(pool, tight);
	zalloc_free(pool, full);
	zalloc_free(pool, a);
	zalloc_free(pool, b);
}

static void oldest_frame_comes_first(void **state)
{
	unsigned long a = take(4000, 1), b = take(4000, 2), c = take(1900, 3), d = take(1900, 4);
	u64 tags[2];

	assert_true(zalloc_has_oldest(pool));
	assert_int_equal(zalloc_oldest(pool, tags), 1);
	assert_int_equal(tags[0], 1);
	assert_int_equal(zalloc_oldest(pool, tags), 1);
	assert_int_equal(tags[0], 2);
	assert_int_equal(zalloc_oldest(pool, tags), 2);
	assert_int_equal(tags[0], 3);
	assert_int_equal(tags[1], 4);

	/* A frame that was told of is young again. */
	assert_int_equal(zalloc_oldest(pool, tags), 1);
	assert_int_equal(tags[0], 1);
	assert_int_equal(zalloc_oldest(pool, tags), 1);
	assert_int_equal(tags[0], 2);

	zalloc_free(pool, c);
	assert_int_equal(zalloc_oldest(pool, tags), 1);
	assert_int_equal(tags[0], 4);

	zalloc_free(pool, a);
	zalloc_free(pool, b);
	zalloc_free(pool, d);
	assert_int_equal(zalloc_oldest(pool, tags), 0);
}

static void buddy_makes_a_frame_young(void **state)
{
	unsigned long a = take(1900, 1), b = take(4000, 2), c = take(1900, 3);
	u64 tags[2];

	assert_true(same_frame(a, c));
	assert_int_equal(zalloc_oldest(pool, tags), 1);
	assert_int_equal(tags[0], 2);
	zalloc_free(pool, a);
	zalloc_free(pool, b);
	zalloc_free(pool, c);
}

static void evicted_is_told_and_not_joined(void **state)
{
	unsigned long a = take(4000, 1), b = take(1900, 2), c;
	u64 tags[2];

	zalloc_oldest(pool, tags);
	zalloc_oldest(pool, tags);
	c = take(1900, 3);
	assert_true(same_frame(b, c));
	zalloc_free(pool, a);
	zalloc_free(pool, b);
	zalloc_free(pool, c);
	assert_int_equal(counter_read(zbud, pers_evicted_pageframes), 1);
}

static void kinds_have_their_own_books(void **state)
{
	struct zalloc_pool *eph = zalloc_create(&zalloc_zbud, "eph", ZALLOC_EPHEMERAL);
	unsigned long a = take(100, 1), b;

	assert_non_null(eph);
	assert_int_equal(zalloc_alloc(eph, 300, GFP_KERNEL, 2, &b), 0);
	assert_int_equal(counter_read(zbud, pers_zbytes), 100);
	assert_int_equal(counter_read(zbud, eph_zbytes), 300);
	assert_int_equal(counter_read(zbud, eph_pageframes), 1);
	zalloc_free(pool, a);
	zalloc_free(eph, b);
	zalloc_destroy(eph);
	assert_int_equal(counter_read(zbud, pers_zbytes), 0);
	assert_int_equal(counter_read(zbud, eph_zbytes), 0);
	assert_int_equal(counter_read(zbud, eph_cumul_zbytes), 300);
}

static void failed_allocation_changes_nothing(void **state)
{
	struct zalloc_pool *none;
	unsigned long a, b;
	long at;

	kshim_fail_at = 0;
	assert_int_equal(zalloc_alloc(pool, 1900, GFP_KERNEL, 1, &a), -ENOMEM);
	assert_int_equal(zalloc_pages(pool), 0);
	a = take(1900, 1);
	kshim_fail_at = 0;
	b = take(1900, 2);	/* a buddy needs no memory */
	assert_int_equal(kshim_fail_at, 0);
	zalloc_free(pool, a);
	zalloc_free(pool, b);

	for (at = 0;; at++) {
		kshim_fail_at = at;
		none = zalloc_create(&zalloc_zbud, "none", ZALLOC_PERSISTENT);
		if (none)
			break;
	}
	assert_int_equal(at, 2);
	zalloc_destroy(none);
	zalloc_destroy(NULL);
}

/* Random life: what is written is read, oldest() tells the truth, sums are right. */

#define NR_SLOTS 512

static struct {
	unsigned long handle;
	u16 len;
	u8 byte;
} slots[NR_SLOTS];

static unsigned int nr_live;
static u64 live_bytes;
static u64 seed = 88172645463325252ULL;

static u64 random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void slot_verify(unsigned int i)
{
	u8 want[LEN_MAX], bounce[PAGE_SIZE];
	const u8 *mem = zalloc_read_begin(pool, slots[i].handle, slots[i].len, bounce);

	memset(want, slots[i].byte, slots[i].len);
	assert_memory_equal(mem, want, slots[i].len);
	zalloc_read_end(pool, slots[i].handle, slots[i].len, mem);
}

static void slot_fill(unsigned int i)
{
	size_t len = random64() % 8 ? 1 + random64() % LEN_MAX : 1 + random64() % 100;
	u8 contents[LEN_MAX];
	u8 byte = random64();
	int err;

	kshim_fail_at = random64() % 16 ? -1 : 0;
	err = zalloc_alloc(pool, len, GFP_KERNEL, i, &slots[i].handle);
	kshim_fail_at = -1;
	if (err) {
		assert_int_equal(err, -ENOMEM);
		return;
	}
	memset(contents, byte, len);
	zalloc_write(pool, slots[i].handle, contents, len);
	slots[i].len = len;
	slots[i].byte = byte;
	nr_live++;
	live_bytes += len;
}

static void slot_empty(unsigned int i)
{
	slot_verify(i);
	zalloc_free(pool, slots[i].handle);
	nr_live--;
	live_bytes -= slots[i].len;
	slots[i].len = 0;
}

static void evict_oldest(void)
{
	u64 tags[2];
	unsigned int nr = zalloc_oldest(pool, tags), i;

	assert_true(!nr == !nr_live);
	if (nr == 2)
		assert_true(same_frame(slots[tags[0]].handle, slots[tags[1]].handle));
	for (i = 0; i < nr; i++) {
		assert_true(slots[tags[i]].len);
		slot_empty(tags[i]);
	}
}

static void books_balance(void)
{
	s64 buddied = counter_read(zbud, pers_buddied_count);
	s64 unbuddied = counter_read(zbud, pers_unbuddied_count);

	assert_int_equal(counter_read(zbud, pers_zpages), nr_live);
	assert_int_equal(counter_read(zbud, pers_zbytes), live_bytes);
	assert_int_equal(2 * buddied + unbuddied, nr_live);
	assert_int_equal(buddied + unbuddied, zalloc_pages(pool));
	assert_int_equal(counter_read(zbud, pers_pageframes), zalloc_pages(pool));
}

static void random_life(void **state)
{
	unsigned int step, i;

	for (step = 0; step < 200000; step++) {
		i = random64() % NR_SLOTS;
		if (!(random64() % 64))
			evict_oldest();
		else if (!slots[i].len)
			slot_fill(i);
		else
			slot_empty(i);
		if (!(step % 1000))
			books_balance();
	}
	while (nr_live)
		evict_oldest();
	books_balance();
	assert_int_equal(zalloc_pages(pool), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(lengths_have_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(two_that_fit_share_a_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(tightest_fit_wins, setup, teardown),
		cmocka_unit_test_setup_teardown(oldest_frame_comes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(buddy_makes_a_frame_young, setup, teardown),
		cmocka_unit_test_setup_teardown(evicted_is_told_and_not_joined, setup, teardown),
		cmocka_unit_test_setup_teardown(kinds_have_their_own_books, setup, teardown),
		cmocka_unit_test_setup_teardown(failed_allocation_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(random_life, setup, teardown),
	};

	return cmocka_run_group_tests_name("zbud", tests, NULL, NULL);
}
