// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_us_apply.c - the machine becomes as the file says, or stays as it was
 */
#include <errno.h>
#include <fcntl.h>
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
#include "applied.h"

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

static void test_a_failed_start_leaves_nothing(void **state)
{
	assert_true(fail_each_step(*state, (struct rms_bring){ 0 }, FILE_2, ENOSPC) > 5);
}

static void test_a_failed_change_leaves_all_as_it_was(void **state)
{
	up(*state, FILE_1);
	assert_true(fail_each_step(*state, (struct rms_bring){ 0 }, FILE_2, ENOMEM) > 5);
}

/* Two nodes trade numbers, one changes its address, one goes. */
static void test_a_failed_rebuild_of_nodes_leaves_all_as_it_was(void **state)
{
	static const char other[] = "local = \"a\"; cluster = { allow_loss = true; nodes = ( "
				    "{ name = \"a\"; num = 1; address = \"127.0.0.9\"; }, "
				    "{ name = \"b\"; num = 0; address = \"127.0.0.2\"; port = 1; } ); };\n"
				    "devices = ( { name = \"frontswap0\"; }, { name = \"frontswap1\"; size = \"1M\"; } );";
	struct fake_host *f = *state;

	up(f, FILE_2);
	assert_true(fail_each_step(f, (struct rms_bring){ 0 }, other, EIO) > 5);
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
	struct rms_bring how = { .no_wait = true };
	struct rms_error err;
	int lock = rms_lock_node(&f->host, true, &err);

	assert_true(lock >= 0);
	assert_int_equal(try_to_apply(f, how, FILE_1, &err), -1);
	assert_non_null(strstr(err.text, "busy: another command"));
	assert_int_equal(f->changes, 0);
	close(lock);
	assert_int_equal(try_to_apply(f, how, FILE_1, &err), 0);
}

static int refuse(void *arg, struct rms_error *err)
{
	return rms_fail(err, RMS_FAILED, "%s", (const char *)arg);
}

static void test_a_failed_last_step_leaves_all_as_it_was(void **state)
{
	struct rms_bring how = { .last = refuse, .last_arg = "the disk is full" };
	struct fake_host *f = *state;
	struct rms_error err;
	char *before;
	int nodes;

	up(f, FILE_1);
	before = fake_host_picture(f);
	for (nodes = 0; nodes < 2; nodes++) {
		how.cluster_only = nodes;
		assert_int_equal(try_to_apply(f, how, FILE_2, &err), -1);
		assert_string_equal(err.text, "the disk is full");
		assert_true(f->changes > 5);
		assert_looks_like(f, before);
	}
	free(before);
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
static volatile sig_atomic_t heard;

static void hear(int sig)
{
	(void)sig;
	heard++;
}

static int raise_all(void *arg, struct rms_error *err)
{
	size_t i;

	(void)err;
	for (i = 0; i < ARRAY_LEN(ends); i++)
		raise(ends[i]);
	*(int *)arg = heard;
	return 0;
}

static void test_signals_wait_for_the_last_step(void **state)
{
	struct rms_error err;
	int heard_there = -1;
	size_t i;

	heard = 0;
	for (i = 0; i < ARRAY_LEN(ends); i++)
		signal(ends[i], hear);
	assert_int_equal(try_to_apply(*state, (struct rms_bring){ .last = raise_all, .last_arg = &heard_there },
				      FILE_1, &err), 0);
	for (i = 0; i < ARRAY_LEN(ends); i++)
		signal(ends[i], SIG_DFL);
	assert_int_equal(heard_there, 0);
	assert_int_equal(heard, ARRAY_LEN(ends));
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
	struct rms_error err;
	int steps;

	fake_write(key, DIGITS "\n");
	chmod(key, 0600);
	up(f, text);
	assert_attr(f, "config/ramster/ramster", "key_ids", "0011");
	assert_int_equal(rms_drain(&f->host, "b", true, &err), 0);
	fake_write(key, NEW_DIGITS "\n");
	more = rms_format("%s zcache = { age_out_s = 9; }; lend = { max_mb = 3; };", text);
	steps = fail_each_step(f, (struct rms_bring){ .undrain = true }, more, ENOSPC);
	assert_int_equal(steps, 6);	/* the mount, two settings, the draining, and the key */
	assert_attr(f, "config/ramster/ramster", "key_ids", "ff11");
	assert_attr(f, "config/ramster/ramster/node/b", "drain", "0");
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

/* Who can read the file can lock it, so nobody else can; and a lock for reading is no ramsterd's. */
static void test_the_pid_file_is_nobody_elses(void **state)
{
	struct flock reading = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	struct fake_host *f = *state;
	char *path = rms_pidfile_path(&f->host);
	struct rms_error err;
	struct stat st;
	int fd, reader;

	fake_write(path, "1\n");	/* as one that is gone may have left it */
	chmod(path, 0644);
	reader = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fcntl(reader, F_OFD_SETLK, &reading), 0);
	assert_int_equal(rms_pidfile_owner(path), 0);
	assert_int_equal(rms_pidfile_take(path, &err), -1);
	assert_null(strstr(err.text, "runs already"));
	assert_non_null(strstr(err.text, "ramsterd.pid is locked, by another program"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(reader);
	fd = rms_pidfile_take(path, &err);
	assert_true(fd >= 0);
	assert_int_equal(rms_pidfile_owner(path), getpid());
	close(fd);

	unlink(path);
	fd = rms_pidfile_take(path, &err);
	assert_true(fd >= 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	close(fd);
	free(path);
}

/* Until a new one has written its own number: the file has that of a dead one. */
static void test_the_pid_file_of_one_that_starts(void **state)
{
	struct flock first = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	struct fake_host *f = *state;
	char *path = rms_pidfile_path(&f->host);
	struct rms_error err;
	int fd;

	fake_write(path, "1\n");
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &first), 0);
	assert_int_equal(rms_pidfile_owner(path), 0);
	assert_int_equal(rms_pidfile_take(path, &err), -1);
	assert_non_null(strstr(err.text, "or by a ramsterd that is just being started"));
	close(fd);
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
		with_host(test_a_failed_last_step_leaves_all_as_it_was),
		with_host(test_signals_wait_for_the_last_step),
		with_host(test_what_is_frozen_while_live),
		with_host(test_backing_devices),
		with_host(test_an_address_of_another_machine),
		with_host(test_key_files),
		with_host(test_a_refused_change_keeps_the_key),
		with_host(test_no_key_beyond_loopback),
		with_host(test_the_pid_file),
		with_host(test_the_pid_file_is_nobody_elses),
		with_host(test_the_pid_file_of_one_that_starts),
		with_host(test_a_swap_signature),
	};

	return cmocka_run_group_tests_name("applying the file", tests, NULL, NULL);
}
