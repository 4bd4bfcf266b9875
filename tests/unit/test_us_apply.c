// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_us_apply.c - the machine becomes as the file says, or stays as it was
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/bring.h"
#include "../../lib/cfs.h"
#include "../../lib/drain.h"
#include "../../lib/file.h"
#include "../../lib/key.h"
#include "../../lib/pidfile.h"
#include "../../lib/swap.h"
#include "../../lib/text.h"
#include "fake_host.h"

#define NODES	"{ name = \"a\"; num = 0; address = \"127.0.0.1\"; }, " \
		"{ name = \"b\"; num = 1; address = \"127.0.0.2\"; }"
#define FILE_1	"local = \"a\"; cluster = { allow_loss = true; nodes = ( " NODES " ); };"
#define FILE_2	"local = \"a\"; cluster = { allow_loss = true; heartbeat_ms = 5000; suspect_ms = 20000; dead_ms = 60000;\n" \
		"nodes = ( " NODES ", { name = \"c\"; num = 2; address = \"127.0.0.3\"; } ); };\n" \
		"zcache = { compressor = \"zstd\"; max_pool_percent = 30; reject_incompressible = true; };\n" \
		"lend = { max_mb = 64; };\n" \
		"devices = ( { name = \"frontswap0\"; store_wait_ms = 100; }, { name = \"frontswap1\"; size = \"1M\"; } );"

static int setup(void **state)
{
	struct fake_host *f = rms_alloc(1, sizeof(*f));

	fake_host_init(f);
	f->host.priv = f;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	fake_host_remove(*state);
	free(*state);
	return 0;
}

static struct rms_config *parse(const char *text)
{
	struct rms_error err;
	struct rms_config *cfg = rms_config_parse("f", text, &err);

	if (!cfg)
		fail_msg("%s", err.text);
	return cfg;
}

static int try_up(struct fake_host *f, const char *text, bool force, struct rms_error *err)
{
	struct rms_bring b = { .host = &f->host, .force = force };
	struct rms_config *cfg = parse(text);
	int ret;

	f->changes = 0;
	ret = rms_up(&b, cfg, err);
	rms_config_free(cfg);
	return ret;
}

static void up(struct fake_host *f, const char *text)
{
	struct rms_error err;

	if (try_up(f, text, false, &err))
		fail_msg("%s", err.text);
}

static int try_down(struct fake_host *f, bool force, struct rms_error *err)
{
	struct rms_bring b = { .host = &f->host, .force = force };

	return rms_down(&b, err);
}

static void assert_attr(struct fake_host *f, const char *dir, const char *attr, const char *value)
{
	char *path = fake_host_path(f, "%s", dir), *v = rms_cfs_read(path, attr);

	assert_non_null(v);
	assert_string_equal(v, value);
	free(v);
	free(path);
}

static void assert_absent(struct fake_host *f, const char *what)
{
	char *path = fake_host_path(f, "%s", what);

	assert_int_not_equal(access(path, F_OK), 0);
	free(path);
}

static void test_up_makes_it_so(void **state)
{
	struct fake_host *f = *state;
	char *path;

	up(f, FILE_1);
	assert_attr(f, "config/ramster/ramster", "heartbeat_ms", "1000");
	assert_attr(f, "config/ramster/ramster/node/a", "local", "1");
	assert_attr(f, "config/ramster/ramster/node/a", "connect", "0");
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
	assert_attr(f, "config/ramster/ramster/node/b", "address", "127.0.0.2");
	assert_attr(f, "config/frontswap/frontswap0", "size", "1073741824");
	assert_attr(f, "config/frontswap/frontswap0", "live", "1");
	path = fake_host_path(f, "dev/frontswap0");
	assert_true(rms_swap_is_on(&f->host, path));
	assert_int_equal(rms_swap_priority(&f->host, path), 100);
	free(path);
}

static void test_up_again_changes_nothing(void **state)
{
	struct fake_host *f = *state;

	up(f, FILE_2);
	up(f, FILE_2);
	assert_int_equal(f->changes, 1);	/* that configfs be mounted */
}

static void test_up_applies_the_difference(void **state)
{
	struct fake_host *f = *state;

	up(f, FILE_1);
	up(f, FILE_2);
	assert_attr(f, "config/ramster/ramster", "heartbeat_ms", "5000");
	assert_attr(f, "config/ramster/ramster", "dead_ms", "60000");
	assert_attr(f, "config/ramster/ramster", "lend_max_mb", "64");
	assert_attr(f, "config/ramster/ramster/node/c", "connect", "1");
	assert_attr(f, "config/frontswap/frontswap0", "store_wait_ms", "100");
	assert_attr(f, "config/frontswap/frontswap1", "live", "1");
	assert_attr(f, "module/zcache/parameters", "compressor", "zstd");
	assert_attr(f, "module/zcache/parameters", "reject_incompressible", "Y");
	up(f, FILE_1 "zcache = { }; devices = ( { name = \"frontswap0\"; }, { name = \"frontswap1\"; } );");
	assert_attr(f, "config/ramster/ramster", "heartbeat_ms", "1000");
	assert_attr(f, "module/zcache/parameters", "compressor", "lz4");
	assert_absent(f, "config/ramster/ramster/node/c");
}

/* What the file may say, the kernel takes. */
static void test_the_least_and_the_most_of_everything(void **state)
{
	static const char file[] = "local = \"a\"; cluster = { allow_loss = true; heartbeat_ms = %s; suspect_ms = %s; dead_ms = %s;\n"
		"reconnect_ms = %s; fetch_timeout_ms = %s; nodes = ( " NODES ", { name = \"c\"; num = %s; address = \"127.0.0.3\"; port = %s; } ); };\n"
		"zcache = { max_pool_percent = %s; age_out_s = %s; };\n"
		"lend = { max_mb = %s; keep_free_mb = %s; quota_mb = %s; grace_s = %s; };\n"
		"devices = ( { name = \"frontswap0\"; replicas = 1; store_wait_ms = %s; } );";
	struct fake_host *f = *state;
	char text[2048];

	snprintf(text, sizeof(text), file, "50", "51", "52", "50", "100", "2", "1", "1", "0", "0", "0", "0", "1", "0");
	up(f, text);
	snprintf(text, sizeof(text), file, "60000", "599999", "600000", "60000", "600000", "1023", "65535", "90", "36000",
		 "16777216", "16777216", "16777216", "604800", "600000");
	up(f, text);
}

/* Make each change in turn fail; the machine must be as if nothing had been asked. */
static void fail_everywhere(struct fake_host *f, const char *text, int e)
{
	char *before = fake_host_picture(f), *after;
	struct rms_error err;
	int n, i;

	f->fail_at = 0;
	for (i = 1; ; i++) {
		f->fail_at = i;
		f->fail_errno = e;
		err.text[0] = '\0';
		if (!try_up(f, text, false, &err))
			break;
		n = f->changes;
		f->fail_at = 0;
		assert_true(n >= i);
		assert_int_equal(err.kind, RMS_FAILED);
		assert_non_null(err.text[0] ? err.text : NULL);
		after = fake_host_picture(f);
		assert_string_equal(after, before);
		free(after);
	}
	f->fail_at = 0;
	assert_true(i > 5);
	free(before);
}

static void test_a_failed_start_leaves_nothing(void **state)
{
	fail_everywhere(*state, FILE_2, ENOSPC);
}

static void test_a_failed_change_leaves_all_as_it_was(void **state)
{
	up(*state, FILE_1);
	fail_everywhere(*state, FILE_2, ENOMEM);
}

/* Two nodes trade numbers, one changes its address, one goes. */
static void test_a_failed_rebuild_of_nodes_leaves_all_as_it_was(void **state)
{
	struct fake_host *f = *state;

	up(f, FILE_2);
	fail_everywhere(f, "local = \"a\"; cluster = { allow_loss = true; nodes = ( "
			"{ name = \"a\"; num = 1; address = \"127.0.0.9\"; }, "
			"{ name = \"b\"; num = 0; address = \"127.0.0.2\"; port = 1; } ); };\n"
			"devices = ( { name = \"frontswap0\"; }, { name = \"frontswap1\"; size = \"1M\"; } );", EIO);
	assert_attr(f, "config/ramster/ramster/node/a", "num", "1");
	assert_attr(f, "config/ramster/ramster/node/a", "local", "1");
	assert_attr(f, "config/ramster/ramster/node/b", "port", "1");
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
}

static void test_a_full_configfs_says_so(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;

	f->fail_errno = ENOSPC;
	f->fail_at = 6;		/* after four modules and the mount: the cluster */
	assert_int_equal(try_up(f, FILE_1, false, &err), -1);
	assert_non_null(strstr(err.text, "cannot make "));
	assert_non_null(strstr(err.text, "the kernel has no room for it"));
}

static void test_a_module_that_does_not_load_says_so(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;

	f->fail_at = 3;
	assert_int_equal(try_up(f, FILE_1, false, &err), -1);
	assert_non_null(strstr(err.text, "cannot load module zcache"));
	assert_absent(f, "module/tmem");
}

static void test_another_cluster_is_up(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;

	up(f, FILE_1);
	assert_int_equal(try_up(f, "local = \"a\"; cluster = { name = \"other\"; allow_loss = true; nodes = ( " NODES " ); };",
				false, &err), -1);
	assert_non_null(strstr(err.text, "cluster \"ramster\" is up, and f says \"other\"; `ramsterctl down` first"));
}

static void test_a_node_with_pages_stays(void **state)
{
	static const char only_a[] = "local = \"a\"; cluster = { nodes = ( { name = \"a\"; num = 0; address = \"127.0.0.1\"; } ); };";
	struct fake_host *f = *state;
	struct rms_error err;

	up(f, FILE_1);
	f->remote = 7;
	assert_int_equal(try_up(f, only_a, false, &err), -1);
	assert_non_null(strstr(err.text, "node \"b\" holds 7 pages of this node"));
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
	assert_int_equal(try_up(f, only_a, true, &err), 0);
	assert_absent(f, "config/ramster/ramster/node/b");
}

/* Not to know is not to know that there are none; only without the module there are none. */
static void test_who_cannot_ask_for_pages_refuses(void **state)
{
	static const char only_a[] = "local = \"a\"; cluster = { nodes = ( { name = \"a\"; num = 0; address = \"127.0.0.1\"; } ); };";
	struct fake_host *f = *state;
	struct rms_bring stop = { .host = &f->host, .go_on = true };
	struct rms_error err;

	up(f, FILE_1);
	f->no_pages = RMS_FAILED;
	assert_int_equal(try_up(f, only_a, false, &err), -1);
	assert_non_null(strstr(err.text, "cannot tell whether node \"b\" holds pages of this node"));
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
	assert_int_equal(try_down(f, false, &err), -1);
	assert_non_null(strstr(err.text, "swap is off, but it cannot be told whether pages of other nodes lie here"));
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
	assert_int_equal(try_up(f, only_a, true, &err), 0);

	up(f, FILE_1);
	f->no_pages = RMS_NOT_RUNNING;
	assert_int_equal(try_down(f, false, &err), 0);
	up(f, FILE_1);
	f->no_pages = RMS_FAILED;
	assert_int_equal(rms_down(&stop, &err), 0);
	assert_absent(f, "config/ramster/ramster");
}

/* A daemon that reloads answers a watchdog, and waits for no `ramsterctl down`. */
static void test_a_reload_does_not_wait(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring b = { .host = &f->host, .no_wait = true };
	struct rms_config *cfg = parse(FILE_1);
	struct rms_error err;
	int lock = rms_lock_node(&f->host, true, &err);

	assert_true(lock >= 0);
	assert_int_equal(rms_up(&b, cfg, &err), -1);
	assert_non_null(strstr(err.text, "busy: another command"));
	assert_int_equal(f->changes, 0);
	close(lock);
	assert_int_equal(rms_up(&b, cfg, &err), 0);
	rms_config_free(cfg);
}

#define THREE	"local = \"a\"; cluster = { nodes = ( " NODES ", { name = \"c\"; num = 2; address = \"127.0.0.3\"; } ); };"

static int try_nodes(struct fake_host *f, const char *text, int move_s, struct rms_error *err)
{
	struct rms_bring b = { .host = &f->host, .cluster_only = true, .move_s = move_s };
	struct rms_config *cfg = parse(text);
	int ret;

	f->changes = 0;
	ret = rms_up(&b, cfg, err);
	rms_config_free(cfg);
	return ret;
}

/* A device that asks for two donors where one is left would send nothing any more. */
static void test_nodes_change_the_policy_with_them(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;
	char *before, *after;
	int i;

	up(f, THREE);
	assert_attr(f, "config/frontswap/frontswap0", "replicas", "2");
	before = fake_host_picture(f);
	for (i = 1; ; i++) {
		f->fail_at = i;
		if (!try_nodes(f, FILE_1, 0, &err))
			break;
		f->fail_at = 0;
		after = fake_host_picture(f);
		assert_string_equal(after, before);
		free(after);
	}
	f->fail_at = 0;
	assert_true(i > 4);
	free(before);
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
	struct rms_error err;
	char *before, *after;
	int drained, i;

	up(f, FILE_2);
	/* a refusal takes back what it did, and not what an admin did */
	for (drained = 0; drained < 2; drained++) {
		assert_int_equal(rms_drain(&f->host, "c", drained, &err), 0);
		before = fake_host_picture(f);
		f->remote = 7;
		assert_int_equal(try_nodes(f, FILE_1, 1, &err), -1);
		assert_non_null(strstr(err.text, "node \"c\" is not removed: moving this node's pages off it did not end: 7 pages are left after 1 s"));
		after = fake_host_picture(f);
		assert_string_equal(after, before);
		free(after);
		for (i = 1; ; i++) {	/* the same for each step that fails */
			f->moving = true;
			f->remote = 3;
			f->fail_at = i;
			f->fail_errno = EIO;
			if (!try_nodes(f, FILE_1, 60, &err))
				break;
			f->fail_at = 0;
			after = fake_host_picture(f);
			assert_string_equal(after, before);
			free(after);
		}
		f->fail_at = 0;
		f->moving = false;
		free(before);
		assert_true(i > 4);
		assert_absent(f, "config/ramster/ramster/node/c");
		f->remote = 0;
		up(f, FILE_2);
	}
	/* a file that will not do changes nothing at all */
	f->remote = 7;
	assert_int_equal(try_nodes(f, "local = \"a\"; cluster = { nodes = ( " NODES " ); };", 60, &err), -1);
	assert_int_equal(f->changes, 0);
}

static void test_ctrl_c_ends_moving(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;
	pid_t killer, me = getpid();
	char *before, *after;

	up(f, FILE_2);
	before = fake_host_picture(f);
	f->remote = 7;
	killer = fork();
	if (!killer) {
		usleep(300000);
		_exit(kill(me, SIGINT) ? 1 : 0);
	}
	assert_int_equal(try_nodes(f, FILE_1, -1, &err), -1);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
	assert_non_null(strstr(err.text, "7 pages are left, and SIGINT came"));
	after = fake_host_picture(f);
	assert_string_equal(after, before);
	free(before);
	free(after);
}

struct refusal {
	const char *devices, *says;
};

static void test_what_is_frozen_while_live(void **state)
{
	static const struct refusal refusals[] = {
		{ "{ name = \"frontswap0\"; size = \"2M\"; }", "f:1: size of frontswap0 cannot change while it is in use" },
		{ "{ name = \"frontswap0\"; size = \"1M\"; priority = 5; }", "priority of frontswap0 cannot change" },
		{ "{ name = \"frontswap1\"; size = \"1M\"; }", "frontswap0 is not listed in f any more, and in use as swap; `swapoff " },
	};
	static const char top[] = "local = \"a\"; cluster = { allow_loss = true; nodes = ( " NODES " ); }; devices = ( %s );";
	struct fake_host *f = *state;
	struct rms_error err;
	char text[1024];
	size_t i;

	snprintf(text, sizeof(text), top, "{ name = \"frontswap0\"; size = \"1M\"; }");
	up(f, text);
	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		snprintf(text, sizeof(text), top, refusals[i].devices);
		assert_int_equal(try_up(f, text, false, &err), -1);
		if (!strstr(err.text, refusals[i].says))
			fail_msg("%s", err.text);
	}
}

static void test_down_leaves_nothing(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;
	char *before, *after, *p;

	up(f, FILE_2);
	if (try_down(f, false, &err))
		fail_msg("%s", err.text);
	after = fake_host_picture(f);
	assert_null(strstr(after, "frontswap0"));
	assert_null(strstr(after, "node"));
	assert_null(strstr(after, "heartbeat_ms"));
	p = fake_host_path(f, "module/ramster");
	assert_int_equal(access(p, F_OK), 0);
	free(p);
	before = after;
	assert_int_equal(try_down(f, false, &err), 0);	/* a second time is fine */
	after = fake_host_picture(f);
	assert_string_equal(before, after);
	free(before);
	free(after);
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

static void test_down_refuses_what_does_not_fit(void **state)
{
	struct fake_host *f = *state;
	char *swaps = fake_host_path(f, "proc/swaps"), *text;
	struct rms_error err;

	up(f, FILE_1);
	text = rms_format("Filename Type Size Used Priority\n%s/dev/frontswap0 partition 1048576 600000 100\n", f->root);
	fake_write(swaps, text);
	assert_int_equal(try_down(f, false, &err), -1);
	assert_non_null(strstr(err.text, "586M are swapped out and only 488M of memory and other swap are free"));
	assert_attr(f, "config/frontswap/frontswap0", "live", "1");
	assert_int_equal(try_down(f, true, &err), 0);
	free(text);
	free(swaps);
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
	char *swaps = fake_host_path(f, "proc/swaps"), *text;
	struct rms_error err;

	up(f, FILE_1);
	text = rms_format("Filename Type Size Used Priority\n%s/dev/frontswap0 partition 1048576 600000 100\n", f->root);
	fake_write(swaps, text);
	f->remote = 7;
	assert_int_equal(rms_down(&b, &err), -1);
	assert_non_null(strstr(err.text, "7 pages are left after "));
	assert_attr(f, "config/ramster/ramster/node/b", "drain", "0");
	assert_attr(f, "config/ramster/ramster/node/b", "connect", "1");
	f->remote = 0;
	assert_int_equal(rms_down(&b, &err), 0);
	assert_attr(f, "config/frontswap/frontswap0", "live", "1");
	assert_absent(f, "config/ramster/ramster");
	free(text);
	free(swaps);
}

#define NODE(name)	"config/ramster/ramster/node/" name

/* What an admin took out of use stays so; the time is one for all nodes. */
static void test_a_stop_that_fails_drains_nothing(void **state)
{
	struct fake_host *f = *state;
	struct rms_bring b = { .host = &f->host, .go_on = true, .swapoff_s = 1 };
	struct rms_error err;
	time_t start;
	char *swaps = fake_host_path(f, "proc/swaps"), *text;

	up(f, FILE_2);
	text = rms_format("Filename Type Size Used Priority\n%s/dev/frontswap0 partition 1048576 600000 100\n", f->root);
	fake_write(swaps, text);
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

#define BACKED(path)	"local = \"a\"; cluster = { nodes = ( " NODES " ); };\n" \
			"devices = ( { name = \"frontswap0\";\nbacking = \"" path "\"; } );"

static void test_backing_devices(void **state)
{
	static const struct refusal refusals[] = {
		{ BACKED("/dev/nowhere/at/all"), "f:3: backing /dev/nowhere/at/all is missing: No such file" },
		{ BACKED("/dev/null"), "f:3: backing /dev/null is not a block device; name a disk or a partition" },
		{ BACKED("/etc"), "f:3: backing /etc is not a block device" },
	};
	struct fake_host *f = *state;
	struct rms_error err;
	size_t i;

	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		assert_int_equal(try_up(f, refusals[i].devices, false, &err), -1);
		if (!strstr(err.text, refusals[i].says))
			fail_msg("%s", err.text);
		assert_int_equal(f->changes, 0);
	}
}

static void test_an_address_of_another_machine(void **state)
{
	struct fake_host *f = *state;
	struct rms_error err;

	assert_int_equal(try_up(f, "local = \"a\"; cluster = { nodes = (\n"
				"{ name = \"a\"; num = 0; address = \"127.9.9.9\"; } ); };", false, &err), -1);
	assert_non_null(strstr(err.text, "f:2: address 127.9.9.9 of node \"a\" is not this machine's"));
	assert_int_equal(err.kind, RMS_FAILED);
	assert_int_equal(f->changes, 0);
}

#define KEYED()	"local = \"a\"; cluster = { allow_loss = true;\nkey_file = \"%s\"; nodes = ( " NODES " ); };"
#define DIGITS		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NEW_DIGITS	"ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

struct key_case {
	const char *contents;	/* NULL: no file */
	unsigned int mode;
	const char *says;	/* NULL: good */
};

static void test_key_files(void **state)
{
	static const struct key_case cases[] = {
		{ DIGITS "\n", 0600, NULL },
		{ DIGITS, 0400, NULL },
		{ NULL, 0, ": no such file; `ramsterctl genkey " },
		{ DIGITS "\n", 0640, " can be read or written by others (mode 0640); `chmod 0600 " },
		{ DIGITS "\n", 0604, " can be read or written by others (mode 0604)" },
		{ "", 0600, " holds no key; it must be 64 hex digits" },
		{ DIGITS "0\n", 0600, " holds no key" },
		{ "x" DIGITS, 0600, " holds no key" },
		{ DIGITS "\n\n", 0600, " holds no key" },
		{ DIGITS "\n" DIGITS "\n", 0600, NULL },
		{ DIGITS "\n" DIGITS, 0600, NULL },
		{ DIGITS " " DIGITS "\n", 0600, " holds no key" },
		{ DIGITS "\n" DIGITS "\n" DIGITS "\n", 0600, " holds no key" },
		{ DIGITS "\n" DIGITS "\n\n", 0600, " holds no key" },
	};
	struct fake_host *f = *state;
	char *key = fake_host_path(f, "run/key"), *text = rms_format(KEYED(), key);
	struct rms_error err;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		const struct key_case *c = &cases[i];

		unlink(key);
		if (c->contents) {
			fake_write(key, c->contents);
			chmod(key, c->mode);
		}
		assert_int_equal(try_up(f, text, false, &err), c->says ? -1 : 0);
		if (c->says && (!strstr(err.text, c->says) || !strstr(err.text, "f:2: key_file ")))
			fail_msg("%s", err.text);
		assert_null(c->says ? strstr(err.text, "0011") : NULL);
	}
	assert_int_equal(f->changes, 0);
	free(text);
	free(key);
}

/* A new key is used when all else is, or not at all. */
static void test_a_refused_change_keeps_the_key(void **state)
{
	struct fake_host *f = *state;
	char *key = fake_host_path(f, "run/key"), *text = rms_format(KEYED(), key), *more;
	struct rms_bring b = { .host = &f->host, .undrain = true };
	struct rms_config *cfg;
	struct rms_error err;
	char *before, *after;
	int i;

	fake_write(key, DIGITS "\n");
	chmod(key, 0600);
	up(f, text);
	assert_attr(f, "config/ramster/ramster", "key_ids", "0011");
	assert_int_equal(rms_drain(&f->host, "b", true, &err), 0);
	before = fake_host_picture(f);
	fake_write(key, NEW_DIGITS "\n");
	more = rms_format("%s zcache = { age_out_s = 9; }; lend = { max_mb = 3; };", text);
	cfg = parse(more);
	for (i = 1; ; i++) {
		f->changes = 0;
		f->fail_at = i;
		if (!rms_up(&b, cfg, &err))
			break;
		f->fail_at = 0;
		after = fake_host_picture(f);
		assert_string_equal(after, before);
		free(after);
	}
	f->fail_at = 0;
	assert_int_equal(i, 6);	/* the mount, two settings, the draining, and the key */
	assert_attr(f, "config/ramster/ramster", "key_ids", "ff11");
	assert_attr(f, "config/ramster/ramster/node/b", "drain", "0");
	rms_config_free(cfg);
	free(before);
	free(more);
	free(text);
	free(key);
}

static void test_no_key_beyond_loopback(void **state)
{
	static const char text[] = "local = \"a\"; cluster = {%s allow_loss = true; nodes = ( "
				   "{ name = \"a\"; num = 0; address = \"10.0.0.1\"; } ); };";
	struct fake_host *f = *state;
	char buf[512];
	struct rms_error err;

	if (!access(RMS_KEY_PATH, F_OK))
		skip();
	snprintf(buf, sizeof(buf), text, "");
	assert_int_equal(try_up(f, buf, false, &err), -1);
	assert_non_null(strstr(err.text, "no cluster key: make /etc/ramster.key with `ramsterctl genkey`"));
	snprintf(buf, sizeof(buf), text, "insecure = true;");
	up(f, buf);
	assert_attr(f, "config/ramster/ramster", "insecure", "1");
}

/* Who looks is in nobody's way, and a file that a dead one left names nobody. */
static void test_the_pid_file(void **state)
{
	struct fake_host *f = *state;
	char *path = rms_pidfile_path(&f->host);
	struct rms_error err;
	pid_t looker;
	int fd, i;

	assert_int_equal(rms_pidfile_owner(path), 0);
	fd = rms_pidfile_take(path, &err);
	assert_true(fd >= 0);
	assert_int_equal(rms_pidfile_owner(path), getpid());
	assert_int_equal(rms_pidfile_take(path, &err), -1);
	assert_non_null(strstr(err.text, "ramsterd runs already, as process "));
	close(fd);
	looker = fork();
	while (!looker)
		rms_pidfile_owner(path);
	for (i = 0; i < 3000; i++) {
		fd = rms_pidfile_take(path, &err);
		if (fd < 0)
			fail_msg("%s", err.text);
		close(fd);
	}
	kill(looker, SIGKILL);
	waitpid(looker, NULL, 0);
	assert_int_equal(rms_pidfile_owner(path), 0);
	free(path);
}

static void test_a_swap_signature(void **state)
{
	struct fake_host *f = *state;
	char *path = fake_host_path(f, "dev/disk"), page[RMS_PAGE_SIZE];
	struct rms_error err;
	FILE *file;

	fake_write(path, "");
	assert_int_equal(truncate(path, 8 * RMS_PAGE_SIZE), 0);
	assert_int_equal(rms_swap_format(path, &err), -1);
	assert_int_equal(truncate(path, 100 * RMS_PAGE_SIZE), 0);
	assert_int_equal(rms_swap_format(path, &err), 0);
	file = fopen(path, "r");
	assert_int_equal(fread(page, 1, sizeof(page), file), sizeof(page));
	fclose(file);
	assert_int_equal(rms_swap_signature(page, sizeof(page)), 100);
	assert_int_equal(rms_swap_signature(page, 100), 0);
	assert_string_equal(page + 1024 + 12 + 16, "ramster");
	free(path);
}

#define with_host(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_host(test_up_makes_it_so),
		with_host(test_up_again_changes_nothing),
		with_host(test_up_applies_the_difference),
		with_host(test_the_least_and_the_most_of_everything),
		with_host(test_a_failed_start_leaves_nothing),
		with_host(test_a_failed_change_leaves_all_as_it_was),
		with_host(test_a_failed_rebuild_of_nodes_leaves_all_as_it_was),
		with_host(test_a_full_configfs_says_so),
		with_host(test_a_module_that_does_not_load_says_so),
		with_host(test_another_cluster_is_up),
		with_host(test_a_node_with_pages_stays),
		with_host(test_who_cannot_ask_for_pages_refuses),
		with_host(test_a_reload_does_not_wait),
		with_host(test_nodes_change_the_policy_with_them),
		with_host(test_a_node_that_goes_is_drained_first),
		with_host(test_ctrl_c_ends_moving),
		with_host(test_what_is_frozen_while_live),
		with_host(test_down_leaves_nothing),
		with_host(test_down_unloads_when_told),
		with_host(test_down_refuses_what_does_not_fit),
		with_host(test_down_keeps_what_others_lent),
		with_host(test_a_stop_that_cannot_swap_off),
		with_host(test_a_stop_that_fails_drains_nothing),
		with_host(test_a_failed_swapoff_leaves_it_all),
		with_host(test_a_swapoff_by_somebody_else_is_waited_for),
		with_host(test_a_device_that_udev_looks_at_goes_when_it_has_looked),
		with_host(test_a_stop_waits_for_memory),
		with_host(test_backing_devices),
		with_host(test_an_address_of_another_machine),
		with_host(test_key_files),
		with_host(test_a_refused_change_keeps_the_key),
		with_host(test_no_key_beyond_loopback),
		with_host(test_the_pid_file),
		with_host(test_a_swap_signature),
	};

	return cmocka_run_group_tests_name("applying the file", tests, NULL, NULL);
}
