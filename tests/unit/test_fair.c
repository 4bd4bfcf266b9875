// SPDX-License-Identifier: GPL-2.0
/* test_fair.c - each owner's part of what a donor lends */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "ramster/fair.h"

#define CAPACITY	100000UL
#define KEPT		(CAPACITY / 32)
#define HEAD		(CAPACITY / 16)

static void test_an_owner_alone_has_everything(void **state)
{
	struct rs_fair_owner a = { .here = true, .wants = true };
	struct rs_fair f;

	(void)state;
	for (a.frames = 0; a.frames <= CAPACITY; a.frames += 1000) {
		rs_fair_make(&f, &a, 1, 1, CAPACITY);
		assert_int_equal(rs_fair_room(&f, a.frames, CAPACITY - a.frames), CAPACITY - a.frames);
		assert_int_equal(rs_fair_wanted(&f, CAPACITY - a.frames), 0);
	}
}

static void test_nobody(void **state)
{
	struct rs_fair f;

	(void)state;
	rs_fair_make(&f, NULL, 0, 0, CAPACITY);
	assert_int_equal(rs_fair_room(&f, 0, CAPACITY), CAPACITY);
	rs_fair_make(&f, NULL, 0, 4, 0);
	assert_int_equal(rs_fair_room(&f, 0, 0), 0);
}

static void test_something_is_kept_for_each_node(void **state)
{
	struct rs_fair_owner a = { .here = true, .wants = true, .frames = 90000 };
	unsigned long room = CAPACITY - a.frames;
	struct rs_fair f;

	(void)state;
	rs_fair_make(&f, &a, 1, 5, CAPACITY);
	assert_in_range(rs_fair_room(&f, a.frames, room), room - KEPT, room - KEPT / 5 * 4);
	/* All that is left is theirs; the first to come gets its part of it. */
	assert_int_equal(rs_fair_room(&f, a.frames, f.kept), 0);
	assert_int_equal(rs_fair_room(&f, 0, f.kept), f.foot);
	assert_true(f.foot >= KEPT / 5);
}

static void test_who_wants_nothing_costs_nobody_anything(void **state)
{
	struct rs_fair_owner o[] = {
		{ .here = true, .wants = true, .frames = 94000 },
		{ .here = true, .frames = 3000 },
	};
	unsigned long room = CAPACITY - 97000;
	struct rs_fair f;

	(void)state;
	rs_fair_make(&f, o, 2, 2, CAPACITY);
	assert_int_equal(rs_fair_wanted(&f, room), 0);
	assert_int_equal(rs_fair_excess(&f, &o[0]), 0);
	/* But it can show that it wants some. */
	assert_int_equal(rs_fair_room(&f, o[0].frames, room), room - f.door);
	assert_int_equal(rs_fair_room(&f, o[1].frames, f.door), f.door);
	assert_true(f.door && f.door < KEPT);
}

static void test_who_is_far_below_its_share_gets_room(void **state)
{
	struct rs_fair_owner o[] = {
		{ .here = true, .frames = 96000 },
		{ .here = true, .wants = true, .frames = 1600 },
	};
	unsigned long room = CAPACITY - 97600;
	struct rs_fair f;

	(void)state;
	rs_fair_make(&f, o, 2, 2, CAPACITY);
	assert_in_range(f.level, CAPACITY / 2 - KEPT, CAPACITY / 2);
	assert_int_equal(rs_fair_room(&f, o[0].frames, room), 0);
	assert_int_equal(rs_fair_room(&f, o[1].frames, room), room);
	assert_int_equal(rs_fair_wanted(&f, room), HEAD - (room - f.kept));
	assert_int_equal(rs_fair_excess(&f, &o[0]), 96000 - f.level);
	assert_int_equal(rs_fair_excess(&f, &o[1]), 0);
	/* What is there need not be asked for, but is not the other's. */
	assert_int_equal(rs_fair_wanted(&f, f.kept + HEAD / 2), 0);
	assert_int_equal(rs_fair_room(&f, o[0].frames, f.kept + HEAD), 0);
	assert_int_equal(rs_fair_room(&f, o[0].frames, f.kept + HEAD + 1), 1);
}

static void test_who_wants_little_leaves_its_share_to_others(void **state)
{
	struct rs_fair_owner o[] = {
		{ .here = true, .wants = true, .frames = 60000 },
		{ .here = true, .frames = 10000 },
		{ .here = true, .wants = true, .frames = 20000 },
		{ .frames = 10000 },	/* away: it keeps what it has */
	};
	struct rs_fair f;

	(void)state;
	rs_fair_make(&f, o, 4, 4, CAPACITY);
	assert_in_range(f.level, (CAPACITY - 20000) / 2 - KEPT, (CAPACITY - 20000) / 2);
	o[3].frames = 90000;
	assert_int_equal(rs_fair_excess(&f, &o[3]), 0);
}

static void test_equals_leave_each_other_alone(void **state)
{
	struct rs_fair_owner o[] = {
		{ .here = true, .wants = true, .frames = 53000 },
		{ .here = true, .wants = true, .frames = 45000 },
	};
	struct rs_fair f;

	(void)state;
	rs_fair_make(&f, o, 2, 2, CAPACITY);
	assert_int_equal(rs_fair_wanted(&f, 2000), 0);
	assert_int_equal(rs_fair_excess(&f, &o[0]), 0);
	assert_int_equal(rs_fair_wanted(&f, 0), 0);
}

/* --- a donor and its owners, look by look --- */

#define OWNERS	4
#define LOOKS_A_ROUND	20

struct sim {
	struct rs_fair_owner owner[OWNERS];
	unsigned long goal[OWNERS];	/* that it would have, if it could */
	unsigned long debt[OWNERS];	/* that it was asked for */
	unsigned long stubborn;		/* bits: gives nothing back */
	unsigned long back;		/* frames, by all */
	unsigned int look;
};

static unsigned long lent(const struct sim *s)
{
	unsigned long sum = 0;

	for (int i = 0; i < OWNERS; i++)
		sum += s->owner[i].frames;
	return sum;
}

static void give_back(struct sim *s, int i, unsigned long room)
{
	unsigned long n = s->debt[i] < 300 ? s->debt[i] : 300;

	if (room || s->stubborn & 1UL << i) {
		s->debt[i] = 0;
		return;
	}
	s->debt[i] -= n;
	s->owner[i].frames -= n;
	s->back += n;
}

static void look(struct sim *s)
{
	unsigned long want, all = 0, room;
	struct rs_fair f;
	int i;

	for (i = 0; i < OWNERS; i++)
		s->owner[i].wants = s->owner[i].frames < s->goal[i];
	rs_fair_make(&f, s->owner, OWNERS, OWNERS, CAPACITY);
	want = rs_fair_wanted(&f, CAPACITY - lent(s));
	for (i = 0; i < OWNERS; i++)
		all += rs_fair_excess(&f, &s->owner[i]);
	want = want < all ? want : all;
	for (i = 0; i < OWNERS && want && s->look % LOOKS_A_ROUND == 0; i++)
		s->debt[i] = want * rs_fair_excess(&f, &s->owner[i]) / all;
	for (i = 0; i < OWNERS; i++) {
		room = rs_fair_room(&f, s->owner[i].frames, CAPACITY - lent(s));
		give_back(s, i, room);
		if (s->owner[i].frames >= s->goal[i])
			continue;
		room = room < 200 ? room : 200;
		if (room > s->goal[i] - s->owner[i].frames)
			room = s->goal[i] - s->owner[i].frames;
		s->owner[i].frames += room;
	}
	assert_true(lent(s) <= CAPACITY);
	s->look++;
}

static void run(struct sim *s, unsigned int looks)
{
	s->back = 0;
	while (looks--)
		look(s);
}

static void start(struct sim *s)
{
	*s = (struct sim) { };
	for (int i = 0; i < OWNERS; i++)
		s->owner[i] = (struct rs_fair_owner){ .num = i, .here = true };
}

static void test_the_second_comes_to_its_share(void **state)
{
	struct sim s;

	(void)state;
	start(&s);
	s.goal[0] = 2 * CAPACITY;
	run(&s, 1000);
	assert_true(s.owner[0].frames > CAPACITY / 100 * 95);
	s.goal[1] = 2 * CAPACITY;
	run(&s, 4000);
	assert_in_range(s.owner[0].frames, CAPACITY / 100 * 45, CAPACITY / 100 * 56);
	assert_in_range(s.owner[1].frames, CAPACITY / 100 * 41, CAPACITY / 100 * 50);
	assert_true(s.back < CAPACITY / 100 * 56);
	/* And then there is peace. */
	run(&s, 4000);
	assert_int_equal(s.back, 0);
	/* A third, and one who needs little. */
	s.goal[2] = 2 * CAPACITY;
	s.goal[3] = CAPACITY / 20;
	run(&s, 8000);
	assert_int_equal(s.owner[3].frames, CAPACITY / 20);
	for (int i = 0; i < 3; i++)
		assert_in_range(s.owner[i].frames, CAPACITY / 100 * 26, CAPACITY / 100 * 39);
	run(&s, 4000);
	assert_int_equal(s.back, 0);
}

static void test_no_more_is_taken_than_is_used(void **state)
{
	struct sim s;

	(void)state;
	start(&s);
	s.goal[0] = 2 * CAPACITY;
	run(&s, 1000);
	s.goal[1] = CAPACITY / 10;
	run(&s, 4000);
	assert_int_equal(s.owner[1].frames, CAPACITY / 10);
	assert_true(s.back <= CAPACITY / 10 + HEAD);
	assert_true(s.owner[0].frames > CAPACITY / 100 * 85);
	run(&s, 4000);
	assert_int_equal(s.back, 0);
}

static void test_who_gives_nothing_back_leaves_something(void **state)
{
	struct sim s;

	(void)state;
	start(&s);
	s.stubborn = 1;
	s.goal[0] = 2 * CAPACITY;
	run(&s, 1000);
	for (int i = 1; i < OWNERS; i++)
		s.goal[i] = 2 * CAPACITY;
	run(&s, 4000);
	for (int i = 1; i < OWNERS; i++)
		assert_true(s.owner[i].frames >= KEPT / OWNERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_owner_alone_has_everything),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_something_is_kept_for_each_node),
		cmocka_unit_test(test_who_wants_nothing_costs_nobody_anything),
		cmocka_unit_test(test_who_is_far_below_its_share_gets_room),
		cmocka_unit_test(test_who_wants_little_leaves_its_share_to_others),
		cmocka_unit_test(test_equals_leave_each_other_alone),
		cmocka_unit_test(test_the_second_comes_to_its_share),
		cmocka_unit_test(test_no_more_is_taken_than_is_used),
		cmocka_unit_test(test_who_gives_nothing_back_leaves_something),
	};

	return cmocka_run_group_tests_name("fair", tests, NULL, NULL);
}
