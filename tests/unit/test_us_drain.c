// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_us_drain.c - nodes come and go, and with them pages and the policy of devices
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/drain.h"
#include "applied.h"

/* A device that asks for two donors where one is left would send nothing any more. */
static void test_nodes_change_the_policy_with_them(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;

	up(f, THREE);
	assert_attr(f, "config/frontswap/frontswap0", "replicas", "2");
	assert_true(fail_each_step(f, (struct rms_bring){ .cluster_only = true }, FILE_1, ENOSPC) > 4);
	assert_attr(f, "config/frontswap/frontswap0", "replicas", "1");
	assert_attr(f, "config/frontswap/frontswap0", "allow_loss", "1");
	assert_false(f->asked_too_much);
	assert_int_equal(try_nodes(f, THREE, 0, &err), 0);
	assert_attr(f, "config/frontswap/frontswap0", "replicas", "2");
	assert_attr(f, "config/frontswap/frontswap0", "allow_loss", "0");

	up(f, FILE_1);	/* a whole new file keeps the order, too */
	assert_false(f->asked_too_much);
}

static void test_a_node_that_goes_is_drained_first(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring patient = { .cluster_only = true, .move_s = 60 };
	struct rms_error err;
	char *before;
	int drained;

	up(f, FILE_2);
	/* a refusal takes back what it did, and not what an admin did */
	for (drained = 0; drained < 2; drained++) {
		assert_int_equal(rms_drain(&f->host, "c", drained, &err), 0);
		before = fake_host_picture(f);
		f->remote = 7;
		assert_int_equal(try_nodes(f, FILE_1, 1, &err), -1);
		assert_non_null(strstr(err.text, "node \"c\" is not removed: moving this node's pages off it did not end: 7 pages are left after 1 s"));
		assert_looks_like(f, before);
		f->down = true;
		assert_int_equal(try_nodes(f, FILE_1, 1, &err), -1);
		assert_non_null(strstr(err.text, "7 pages are left after 1 s; it is down, and nobody else has them; --force gives up what is left"));
		f->down = false;
		assert_looks_like(f, before);
		/* pages of its that are here cannot be moved: not a second is spent on ours */
		f->lent = 5;
		assert_int_equal(try_nodes(f, FILE_1, 3600, &err), -1);
		assert_non_null(strstr(err.text, "node \"c\" holds 7 pages of this node, and this node 5 of its"));
		f->lent = 0;
		assert_looks_like(f, before);
		free(before);
		f->moving = true;
		f->remote = 3;
		assert_true(fail_each_step(f, patient, FILE_1, EIO) > 4);
		f->moving = false;
		assert_absent(f, "config/ramster/ramster/node/c");
		f->remote = 0;
		up(f, FILE_2);
	}
	/* a file that will not do changes nothing at all */
	f->remote = 7;
	assert_int_equal(try_nodes(f, "local = \"a\"; cluster = { nodes = ( " NODES " ); };", 60, &err), -1);
	assert_int_equal(f->changes, 0);
}

/* In a moment, this process has the signal; from a child, to wait for. */
static pid_t kill_soon(int sig)
{
	pid_t me = getpid(), killer = fork();

	if (!killer) {
		usleep(300000);
		_exit(kill(me, sig) ? 1 : 0);
	}
	return killer;
}

static void test_ctrl_c_ends_moving(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;
	char *before;
	pid_t killer;

	up(f, FILE_2);
	before = fake_host_picture(f);
	f->remote = 7;
	signal(SIGINT, SIG_DFL);	/* whoever runs us may ignore it */
	killer = kill_soon(SIGINT);
	assert_int_equal(try_nodes(f, FILE_1, -1, &err), -1);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
	assert_non_null(strstr(err.text, "7 pages are left, and SIGINT came"));
	assert_looks_like(f, before);
	free(before);
}

/* As nohup has it. */
static void test_a_signal_that_is_ignored_ends_nothing(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;
	pid_t killer;

	up(f, FILE_2);
	f->remote = 7;
	signal(SIGHUP, SIG_IGN);
	killer = kill_soon(SIGHUP);
	assert_int_equal(try_nodes(f, FILE_1, 2, &err), -1);
	signal(SIGHUP, SIG_DFL);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
	assert_non_null(strstr(err.text, "7 pages are left after 2 s"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_host(test_nodes_change_the_policy_with_them),
		with_host(test_a_node_that_goes_is_drained_first),
		with_host(test_ctrl_c_ends_moving),
		with_host(test_a_signal_that_is_ignored_ends_nothing),
	};

	return cmocka_run_group_tests_name("nodes that come and go", tests, NULL, NULL);
}
