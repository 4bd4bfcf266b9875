// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_us_down.c - swap goes off and every page home, or all stays
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/drain.h"
#include "../../lib/file.h"
#include "../../lib/text.h"
#include "applied.h"

static void test_down_leaves_nothing(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;
	char *picture, *p;

	up(f, FILE_2);
	if (try_down(f, false, &err))
		fail_msg("%s", err.text);
	picture = fake_host_picture(f);
	assert_null(strstr(picture, "frontswap0"));
	assert_null(strstr(picture, "node"));
	assert_null(strstr(picture, "heartbeat_ms"));
	p = fake_host_path(f, "module/ramster");
	assert_int_equal(access(p, F_OK), 0);
	free(p);
	assert_int_equal(try_down(f, false, &err), 0);	/* a second time is fine */
	assert_looks_like(f, picture);
	free(picture);
}

static void test_down_unloads_when_told(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring b = { .host = &f->host, .unload = true };
	struct rms_error err;

	up(f, FILE_1);
	assert_int_equal(rms_down(&b, &err), 0);
	assert_absent(f, "module/ramster");
	assert_absent(f, "module/tmem");
}

/* 586M of what programs have is swapped out to our device. */
static void swap_is_used(struct fake_host *f)
{
	char *swaps = fake_host_path(f, "proc/swaps");
	char *text = rms_format("Filename Type Size Used Priority\n"
				"%s/dev/frontswap0 partition 1048576 600000 100\n", f->root);

	fake_write(swaps, text);
	free(text);
	free(swaps);
}

static void test_down_refuses_what_does_not_fit(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;

	up(f, FILE_1);
	swap_is_used(f);
	assert_int_equal(try_down(f, false, &err), -1);
	assert_non_null(strstr(err.text, "586M are swapped out and only 488M of memory and other swap are free"));
	assert_attr(f, "config/frontswap/frontswap0", "live", "1");
	assert_int_equal(try_down(f, true, &err), 0);
}

static void test_down_keeps_what_others_lent(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring b = { .host = &f->host, .go_on = true };
	struct rms_error err;

	up(f, FILE_1);
	f->lent = 12;
	assert_int_equal(try_down(f, false, &err), -1);
	assert_non_null(strstr(err.text, "swap is off, but pages of other nodes lie here: 12 pages are left after 0 s"));
	assert_attr(f, "config/ramster/ramster/node/a", "drain", "1");
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
	up(f, FILE_1);	/* a daemon's reload is no reason to stop draining */
	assert_attr(f, "config/ramster/ramster/node/a", "drain", "1");
	assert_int_equal(rms_down(&b, &err), 0);
	assert_absent(f, "config/ramster/ramster");
}

/* A daemon that must stop leaves swap on the disk, and nothing on other nodes. */
static void test_a_stop_that_cannot_swap_off(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring b = { .host = &f->host, .go_on = true, .swapoff_s = 1 };
	struct rms_error err;

	up(f, FILE_1);
	swap_is_used(f);
	f->remote = 7;
	assert_int_equal(rms_down(&b, &err), -1);
	assert_non_null(strstr(err.text, "7 pages are left after "));
	assert_attr(f, "config/ramster/ramster/node/b", "drain", "0");
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
	f->remote = 0;
	assert_int_equal(rms_down(&b, &err), 0);
	assert_attr(f, "config/frontswap/frontswap0", "live", "1");
	assert_absent(f, "config/ramster/ramster");
}

#define NODE(name)	"config/ramster/ramster/node/" name

/* It may be that of the whole machine, and what others have here would go with that. */
static void test_a_stop_that_fails_gives_back_all_the_same(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring b = { .host = &f->host, .go_on = true, .swapoff_s = 1, .lent_s = 60 };
	struct rms_error err;

	up(f, FILE_1);
	swap_is_used(f);
	f->remote = 1000;
	f->lent = 3;
	f->moving = true;
	assert_int_equal(rms_down(&b, &err), -1);
	assert_int_equal(f->lent, 0);
	assert_non_null(strstr(err.text, " pages are left after "));

	/* owners who do not come do not hide what went wrong first */
	f->moving = false;
	f->lent = 3;
	b.lent_s = 0;
	assert_int_equal(rms_down(&b, &err), -1);
	assert_null(strstr(err.text, "3 pages"));
	assert_attr(f, NODE("a"), "drain", "0");
	assert_attr(f, NODE("b"), "drain", "0");
	assert_attr(f, NODE("b"), "connect", "1");
	assert_attr(f, "config/frontswap/frontswap0", "live", "1");
}

/* What an admin took out of use stays so; the time is one for all nodes. */
static void test_a_stop_that_fails_drains_nothing(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring b = { .host = &f->host, .go_on = true, .swapoff_s = 1 };
	struct rms_error err;
	char *swaps = fake_host_path(f, "proc/swaps");
	time_t start;

	up(f, FILE_2);
	swap_is_used(f);
	assert_int_equal(rms_drain(&f->host, "c", true, &err), 0);
	f->remote = 7;
	start = rms_now_s();
	assert_int_equal(rms_down(&b, &err), -1);
	assert_in_range(rms_now_s() - start, 1, 3);
	assert_attr(f, NODE("a"), "drain", "0");
	assert_attr(f, NODE("b"), "drain", "0");
	assert_attr(f, NODE("c"), "drain", "1");

	/* pages of others are left behind, and then the device does not go */
	f->remote = 0;
	f->lent = 3;
	fake_write(swaps, "Filename Type Size Used Priority\n");
	f->fail_at = f->changes + 2;
	f->fail_errno = EIO;
	assert_int_equal(rms_down(&b, &err), -1);
	assert_non_null(strstr(err.text, "live = 0"));
	assert_attr(f, NODE("a"), "drain", "0");
	assert_attr(f, NODE("c"), "drain", "1");
	free(swaps);
}

/* As the kernel lists what a ramsterd has swapped on whose mount namespace has gone with it. */
static void test_swap_that_a_unit_has_left_on_is_ours(void **state)
{
	static const char left[] = "Filename Type Size Used Priority\n/frontswap0 partition 1048576 600000 100\n";
	struct fake_host *f = *state;
	char *swaps = fake_host_path(f, "proc/swaps"), *text;
	struct rms_error err;

	up(f, FILE_1);
	fake_write(swaps, left);
	up(f, FILE_1);
	text = rms_read_file(swaps, 4096);
	assert_string_equal(text, left);	/* not swapped on again */
	assert_int_equal(try_down(f, false, &err), -1);
	assert_non_null(strstr(err.text, "586M are swapped out"));
	free(text);
	free(swaps);
}

static void test_a_failed_swapoff_leaves_it_all(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;

	up(f, FILE_1);
	f->fail_at = f->changes + 1;
	f->fail_errno = ENOMEM;
	assert_int_equal(try_down(f, false, &err), -1);
	assert_non_null(strstr(err.text, "there is not enough memory to bring its pages home"));
	assert_attr(f, "config/frontswap/frontswap0", "live", "1");
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
}

/* Systemd swaps off all devices of a machine that stops; which of us is first is luck. */
static void test_a_swapoff_by_somebody_else_is_waited_for(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;

	up(f, FILE_1);
	f->swapoff_taken = 2;
	assert_int_equal(try_down(f, false, &err), 0);
	assert_absent(f, "config/frontswap/frontswap0");
}

static void test_a_device_that_udev_looks_at_goes_when_it_has_looked(void **state)
{
	struct fake_host *f = *state;
	char *swaps = fake_host_path(f, "proc/swaps");
	struct rms_error err;

	up(f, FILE_1);
	fake_write(swaps, "Filename Type Size Used Priority\n");
	f->fail_at = f->changes + 1;	/* live = 0 */
	f->fail_errno = EBUSY;
	assert_int_equal(try_down(f, false, &err), 0);
	assert_absent(f, "config/frontswap/frontswap0");
	free(swaps);
}

static void test_a_stop_waits_for_memory(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring b = { .host = &f->host, .go_on = true, .swapoff_s = 60 };
	char *swaps = fake_host_path(f, "proc/swaps"), *meminfo = fake_host_path(f, "proc/meminfo");
	char *text = rms_format("Filename Type Size Used Priority\n"
				"%s/dev/frontswap0 partition 1048576 600000 100\n", f->root);
	struct rms_error err;
	pid_t program;

	up(f, FILE_1);
	fake_write(swaps, text);
	program = fork();
	if (!program) {
		usleep(300000);
		fake_write(meminfo, "MemTotal: 1048576 kB\nMemAvailable: 900000 kB\n");
		_exit(0);
	}
	assert_int_equal(rms_down(&b, &err), 0);
	assert_int_equal(waitpid(program, NULL, 0), program);
	assert_absent(f, "config/frontswap/frontswap0");
	free(text);
	free(meminfo);
	free(swaps);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_host(test_down_leaves_nothing),
		with_host(test_down_unloads_when_told),
		with_host(test_down_refuses_what_does_not_fit),
		with_host(test_down_keeps_what_others_lent),
		with_host(test_a_stop_that_cannot_swap_off),
		with_host(test_a_stop_that_fails_gives_back_all_the_same),
		with_host(test_a_stop_that_fails_drains_nothing),
		with_host(test_swap_that_a_unit_has_left_on_is_ours),
		with_host(test_a_failed_swapoff_leaves_it_all),
		with_host(test_a_swapoff_by_somebody_else_is_waited_for),
		with_host(test_a_device_that_udev_looks_at_goes_when_it_has_looked),
		with_host(test_a_stop_waits_for_memory),
	};

	return cmocka_run_group_tests_name("stopping", tests, NULL, NULL);
}
