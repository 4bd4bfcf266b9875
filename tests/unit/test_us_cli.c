// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_us_cli.c - ramsterctl as people call it: messages, exit codes, files
 *
 * A plain directory stands in for configfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/error.h"
#include "../../lib/file.h"
#include "../../lib/lock.h"
#include "../../lib/text.h"
#include "fake_host.h"

static struct fake_host machine;
static char *conf;
static char said[16384];	/* by the last command, on both channels */

static int setup(void **state)
{
	(void)state;
	fake_host_init(&machine);
	conf = fake_host_path(&machine, "ramster.conf");
	setenv("RAMSTER_CONFIGFS", machine.host.configfs, 1);
	setenv("RAMSTER_RUN", machine.host.run, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(conf);
	fake_host_remove(&machine);
	return 0;
}

/* Run ramsterctl with these words only; its exit code. */
static int plain_ctl(const char *words)
{
	char *cmd = rms_format("\"%s\" %s 2>&1", getenv("RAMSTERCTL"), words);
	FILE *p = popen(cmd, "r");
	size_t n = fread(said, 1, sizeof(said) - 1, p);
	int status = pclose(p);

	said[n] = '\0';
	free(cmd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int ctl(const char *words)
{
	char *all = rms_format("%s --config %s", words, conf);
	int ret = plain_ctl(all);

	free(all);
	return ret;
}

static void must(const char *words)
{
	if (ctl(words))
		fail_msg("ramsterctl %s: %s", words, said);
}

static void assert_said(const char *what)
{
	if (!strstr(said, what))
		fail_msg("wanted: %s\nsaid: %s", what, said);
}

static char *contents(void)
{
	char *text = rms_read_file(conf, 1 << 20);

	return text ? text : rms_strdup("(no file)");
}

static void test_from_nothing_to_a_running_node(void **state)
{
	char *lock = fake_host_path(&machine, "run/ramster.lock");
	struct stat st;

	(void)state;
	must("add-node a 10.0.0.1");
	assert_said("node a added as number 0");
	assert_said("before this node can start: ");
	must("add-node b 10.0.0.2");
	must("set-local a");
	assert_said("one failing node would lose pages of frontswap0");
	must("set-local a --allow-loss --insecure");
	assert_null(strstr(said, "before this node"));
	must("check");
	assert_said("good: cluster ramster, 2 nodes, this machine is a");
	must("up");
	assert_said("cluster ramster is up, this machine is node a");
	must("add-node c fd00::3 --port 99 --num 1000");
	assert_said("and in the running cluster");
	must("remove-node b");
	must("list-nodes");
	assert_said("fd00::3");
	assert_null(strstr(said, "10.0.0.2"));
	must("down");
	assert_said("cluster ramster is left");
	must("down");
	assert_said("RAMster was not running here");
	assert_int_equal(stat(conf, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(stat(lock, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(lock);
}

/* The commands with which @file makes a cluster, one after the other; stops at systemctl's. */
static unsigned int follow(const char *file, const char *key)
{
	char *path = rms_format("%s/%s", getenv("SOURCE"), file), *text = rms_read_file(path, 1 << 20);
	char *line, *save = NULL, *words;
	unsigned int n = 0;

	assert_non_null(text);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		line += strspn(line, " ");
		line[strcspn(line, "#")] = '\0';
		if (n && !strncmp(line, "systemctl enable --now ramsterd", 31))
			break;
		if (strncmp(line, "ramsterctl ", 11))
			continue;
		line += 11;
		words = rms_format("%s %s", line, strncmp(line, "genkey", 6) ? "" : key);
		must(words);
		free(words);
		n++;
	}
	assert_non_null(line);
	free(text);
	free(path);
	return n;
}

/* Who types what the documents say has a cluster. */
static void test_the_documents_quick_starts(void **state)
{
	static const char *const files[] = { "README.md", "docs/INSTALL.md", "man/ramsterctl.8" };
	char *key = fake_host_path(&machine, "key"), *text;
	size_t i;

	(void)state;
	text = rms_format("cluster = { key_file = \"%s\"; };\n", key);
	for (i = 0; i < ARRAY_LEN(files); i++) {
		unlink(key);
		fake_write(conf, text);
		assert_in_range(follow(files[i], key), 3, 5);
		if (access(key, F_OK)) {	/* the manual does without */
			char *words = rms_format("genkey %s", key);

			must(words);
			free(words);
		}
		must("check");
		must("up");
		must("down");
	}
	free(text);
	free(key);
}

struct refusal {
	const char *words;
	int code;
	const char *says;
};

static const struct refusal refusals[] = {
	{ "frob", RMS_USAGE, "unknown command frob; `ramsterctl --help` lists them" },
	{ "genky", RMS_USAGE, "unknown command genky; did you mean genkey?" },
	{ "--force down", RMS_USAGE, "unknown option --force before the command; options of a command come after it" },
	{ "--json=1 down", RMS_USAGE, "no value belongs to --json=1 before the command" },
	{ "-j down", RMS_USAGE, "unknown option -j before the command" },
	{ "-- down", RMS_USAGE, "unknown option -- before the command" },
	{ "--json", RMS_USAGE, "a command is missing; `ramsterctl --help` lists them" },
	{ "add-node", RMS_USAGE, "add-node: an argument is missing; usage: ramsterctl add-node NAME ADDRESS" },
	{ "add-node x", RMS_USAGE, "add-node: an argument is missing" },
	{ "add-node x 10.0.0.9 y", RMS_USAGE, "add-node: one argument too many: y" },
	{ "add-node x 10.0.0.9 --num=x", RMS_USAGE, "--num x; it must be from 0 to 1023" },
	{ "add-node x 10.0.0.9 --num=-1", RMS_USAGE, "--num -1; it must be from 0 to 1023" },
	{ "add-node x 10.0.0.9 --num=1024", RMS_USAGE, "--num 1024; it must be from 0 to 1023" },
	{ "add-node x 10.0.0.9 --num=0", RMS_USAGE, "number 0 is node \"a\"'s (" },
	{ "add-node x 10.0.0.9 --port=0", RMS_USAGE, "--port 0; it must be from 1 to 65535" },
	{ "add-node x 10.0.0.9 --port=99999", RMS_USAGE, "--port 99999; it must be from" },
	{ "add-node x 10.0.0.9 --json=1", RMS_USAGE, "no value belongs to --json=1" },
	{ "add-node x 10.0.0.9 --speed", RMS_USAGE, "unknown option --speed" },
	{ "add-node x 10.0.0.9 -x", RMS_USAGE, "unknown option -x" },
	{ "add-node 'x y' 10.0.0.9", RMS_USAGE, "name \"x y\"; it must be 1 to 64" },
	{ "add-node '' 10.0.0.9", RMS_USAGE, "name \"\"; it must be 1 to 64" },
	{ "add-node '\"' 10.0.0.9", RMS_USAGE, "name \"\"\"; it must be" },
	{ "add-node x host", RMS_USAGE, "address \"host\" is not a numeric address" },
	{ "add-node x 10.0.0.9:80", RMS_USAGE, "is not a numeric address" },
	{ "add-node x 0.0.0.0", RMS_USAGE, "is no node's own address" },
	{ "add-node a 10.0.0.9", RMS_USAGE, "node \"a\" is there already (" },
	{ "add-node x 10.0.0.1", RMS_USAGE, "address 10.0.0.1 port 7777 is node \"a\"'s (" },
	{ "remove-node", RMS_USAGE, "an argument is missing" },
	{ "remove-node x", RMS_USAGE, "no node is called \"x\"" },
	{ "remove-node a", RMS_USAGE, "\"a\" is this machine" },
	{ "set-local x", RMS_USAGE, "set-local: no node is called \"x\"" },
	{ "set-local", RMS_USAGE, "an argument is missing" },
	{ "set-local a --force", RMS_USAGE, "unknown option --force" },
	{ "list-nodes x", RMS_USAGE, "one argument too many: x" },
	{ "check x", RMS_USAGE, "one argument too many" },
	{ "check", RMS_BAD_CONFIG, "one failing node would lose pages" },
	{ "up", RMS_BAD_CONFIG, "one failing node would lose pages" },
	{ "up --module-dir=", RMS_BAD_CONFIG, "one failing node" },
	{ "up x", RMS_USAGE, "one argument too many" },
	{ "down x", RMS_USAGE, "one argument too many" },
	{ "status", RMS_NOT_RUNNING, "RAMster is not running here" },
	{ "status x", RMS_USAGE, "one argument too many" },
	{ "drain", RMS_USAGE, "an argument is missing" },
	{ "drain b", RMS_NOT_RUNNING, "RAMster is not running here" },
	{ "drain b --timeout x", RMS_USAGE, "--timeout x; it must be from 0 to 86400 seconds" },
	{ "drain b --force", RMS_USAGE, "unknown option --force" },
	{ "undrain", RMS_USAGE, "an argument is missing" },
	{ "undrain b", RMS_NOT_RUNNING, "RAMster is not running here" },
	{ "remove-node b --timeout -1", RMS_USAGE, "--timeout -1; it must be from 0 to 86400 seconds" },
	{ "down --timeout 86401", RMS_USAGE, "--timeout 86401; it must be" },
	{ "stats a b", RMS_USAGE, "one argument too many: b" },
	{ "genkey /nowhere/key", RMS_FAILED, "/nowhere/key: cannot make: No such file" },
	{ "genkey a b", RMS_USAGE, "one argument too many: b" },
};

static void test_options_before_the_command(void **state)
{
	static const char *const ways[] = {
		"--config %s list-nodes --json", "--json --config=%s list-nodes", "--config=%s --json list-nodes",
		"--config /nowhere list-nodes --json --config %s",
	};
	size_t i;

	(void)state;
	must("add-node here 10.0.0.1");
	for (i = 0; i < ARRAY_LEN(ways); i++) {
		char *words = rms_format(ways[i], conf);

		if (plain_ctl(words) || said[0] != '{' || !strstr(said, "\"here\""))
			fail_msg("ramsterctl %s: %s", words, said);
		free(words);
	}
	assert_int_equal(plain_ctl("--config"), RMS_USAGE);
	assert_said("a value is missing after --config before the command");
	assert_int_equal(plain_ctl("--json --config /nowhere --help"), RMS_OK);
	assert_said("usage: ramsterctl [--config FILE] [--json] COMMAND");
	assert_int_equal(plain_ctl("--json --version"), RMS_OK);
	assert_said("ramsterctl " RAMSTER_VERSION "\n");
}

/* The whole machine, the file included. */
static char *everything(void)
{
	return fake_host_picture(&machine);
}

static void test_refusals_change_nothing(void **state)
{
	size_t i;

	(void)state;
	must("add-node a 10.0.0.1");
	must("add-node b 10.0.0.2");
	must("set-local a --insecure");
	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		char *before = everything(), *after;
		int code = ctl(refusals[i].words);

		after = everything();
		if (code != refusals[i].code || !strstr(said, refusals[i].says) ||
		    strchr(said, '\n') != said + strlen(said) - 1)
			fail_msg("ramsterctl %s: exit code %d, %s", refusals[i].words, code, said);
		assert_string_equal(before, after);
		free(before);
		free(after);
	}
}

static void test_a_wrong_file_is_left_alone(void **state)
{
	static const char *const commands[] = {
		"add-node x 10.0.0.9", "remove-node a", "set-local a", "list-nodes", "check", "up",
	};
	size_t i;
	char *text;

	(void)state;
	fake_write(conf, "# mine\nlocal = 3;\n");
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		assert_int_equal(ctl(commands[i]), RMS_BAD_CONFIG);
		assert_said("ramster.conf:2: local is a number; it must be a string");
	}
	text = contents();
	assert_string_equal(text, "# mine\nlocal = 3;\n");
	free(text);
}

static void test_a_missing_file(void **state)
{
	static const char *const commands[] = { "remove-node a", "set-local a", "list-nodes", "check", "up" };
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		assert_int_equal(ctl(commands[i]), RMS_BAD_CONFIG);
		assert_said("no such file; `ramsterctl add-node NAME ADDRESS` makes it");
		assert_int_not_equal(access(conf, F_OK), 0);
	}
}

static void test_comments_mode_and_links_stay(void **state)
{
	char *real = fake_host_path(&machine, "real.conf"), *text;
	struct stat st;

	(void)state;
	fake_write(real, "/* ours */ local = \"\"; # who\ncluster = {\n  nodes = ( # all\n  )\n} // end");
	chmod(real, 0640);
	assert_int_equal(symlink(real, conf), 0);
	must("add-node a 10.0.0.1");
	must("set-local a");
	text = contents();
	assert_string_equal(text, "/* ours */ local = \"a\"; # who\ncluster = {\n  nodes = ( # all\n"
				  "  \t{ name = \"a\"; num = 0; address = \"10.0.0.1\"; }\n  )\n} // end");
	free(text);
	assert_int_equal(lstat(conf, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(stat(real, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	free(real);
}

static void test_a_change_that_the_kernel_refuses(void **state)
{
	char *before, *after, *blocker = fake_host_path(&machine, "config/ramster/ramster/node/c");

	(void)state;
	must("add-node a 10.0.0.1");
	must("add-node b 10.0.0.2");
	must("set-local a --allow-loss --insecure");
	must("up");
	fake_write(blocker, "in the way");	/* a directory cannot be made here */
	before = everything();
	assert_int_equal(ctl("add-node c 10.0.0.3"), RMS_FAILED);
	after = everything();
	assert_string_equal(before, after);
	free(before);
	free(after);
	must("add-node c 10.0.0.3 --file-only");
	assert_null(strstr(said, "running cluster"));
	free(blocker);
}

static void test_a_change_that_would_make_the_running_node_unsafe(void **state)
{
	char *before, *after;

	(void)state;
	must("add-node a 10.0.0.1");
	must("add-node b 10.0.0.2");
	must("add-node c 10.0.0.3");
	must("set-local a --insecure");
	must("up");
	before = everything();
	assert_int_equal(ctl("remove-node c"), RMS_BAD_CONFIG);
	assert_said("one failing node would lose pages");
	after = everything();
	assert_string_equal(before, after);
	free(before);
	free(after);
}

/* Open @path for writing as soon as somebody reads it. */
static int open_when_read(const char *path)
{
	int fd, i;

	for (i = 0; (fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0 && errno == ENXIO && i < 600; i++)
		usleep(50000);
	return fd;
}

/* In the midst of it, while it waits for what an attribute reads. */
static void test_ctrl_c_leaves_no_half_of_a_change(void **state)
{
	char *attr = fake_host_path(&machine, "config/ramster/ramster/seal"), *text;
	char *node = fake_host_path(&machine, "config/ramster/ramster/node/c");
	int fd, status;
	pid_t pid;

	(void)state;
	must("add-node a 10.0.0.1");
	must("add-node b 10.0.0.2");
	must("set-local a --allow-loss --insecure");
	must("up");
	unlink(attr);
	assert_int_equal(mkfifo(attr, 0600), 0);
	pid = fork();
	if (!pid) {
		signal(SIGINT, SIG_DFL);	/* whoever runs us may ignore it */
		execl(getenv("RAMSTERCTL"), "ramsterctl", "--config", conf, "add-node", "c", "10.0.0.3", NULL);
		_exit(127);
	}
	fd = open_when_read(attr);
	assert_true(fd >= 0);
	assert_int_equal(kill(pid, SIGINT), 0);
	assert_int_equal(write(fd, "on\n", 3), 3);
	close(fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_int_equal(access(node, F_OK), 0);
	text = contents();
	assert_non_null(strstr(text, "name = \"c\""));
	free(text);
	free(node);
	free(attr);
}

/* While another command has the node's lock, and until that moves the cluster: add-node's exit code. */
static int add_while_moving(const char *name, const char *from, const char *to)
{
	char *words = rms_format("add-node %s 10.0.0.%s", name, name);
	struct rms_error err;
	int lock = rms_lock_node(&machine.host, true, &err), status;
	pid_t other;

	assert_true(lock >= 0);
	other = fork();
	if (!other) {
		close(lock);
		_exit(ctl(words));
	}
	usleep(500000);
	assert_int_equal(rename(from, to), 0);
	close(lock);
	assert_int_equal(waitpid(other, &status, 0), other);
	free(words);
	return status;
}

/* A `down` or `up` that was first decides whether a node of the running cluster is added. */
static void test_a_change_beside_up_and_down(void **state)
{
	char *cluster = fake_host_path(&machine, "config/ramster/ramster"), *away = fake_host_path(&machine, "away");
	char *node = fake_host_path(&machine, "config/ramster/ramster/node/4"), *text;

	(void)state;
	must("add-node a 10.0.0.1");
	must("add-node b 10.0.0.2");
	must("set-local a --allow-loss --insecure");
	must("up");
	assert_int_equal(add_while_moving("3", cluster, away), 0);
	assert_int_equal(access(cluster, F_OK), -1);
	assert_int_equal(add_while_moving("4", away, cluster), 0);
	assert_int_equal(access(node, F_OK), 0);
	text = contents();
	assert_non_null(strstr(text, "10.0.0.3"));
	assert_non_null(strstr(text, "10.0.0.4"));
	free(text);
	free(node);
	free(away);
	free(cluster);
}

static void test_json_is_json(void **state)
{
	static const char *const commands[] = {
		"add-node a 10.0.0.1", "add-node b 10.0.0.2", "set-local a --allow-loss --insecure", "list-nodes", "check",
		"up", "remove-node b", "down",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		char *words = rms_format("%s --json", commands[i]), *py;

		must(words);
		free(words);
		assert_int_equal(said[0], '{');
		py = fake_host_path(&machine, "run/out.json");
		fake_write(py, said);
		words = rms_format("python3 -m json.tool %s >/dev/null", py);
		assert_int_equal(system(words), 0);
		free(words);
		free(py);
	}
	assert_int_equal(ctl("status --json"), RMS_NOT_RUNNING);
	assert_said("\"running\": false");
}

static void test_genkey(void **state)
{
	char *key = fake_host_path(&machine, "key"), *words = rms_format("genkey %s", key), *one, *two;
	struct stat st;

	(void)state;
	must(words);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 65);
	one = rms_read_file(key, 100);
	assert_null(strstr(said, one));
	assert_int_equal(ctl(words), RMS_FAILED);
	assert_said("there is a key already; --force replaces it");
	two = rms_read_file(key, 100);
	assert_string_equal(one, two);
	free(two);
	free(words);
	words = rms_format("genkey %s --force", key);
	must(words);
	two = rms_read_file(key, 100);
	assert_string_not_equal(one, two);
	free(one);
	free(two);
	free(words);
	free(key);
}

/*
 * Two at once: one of them rotates, the other one sees that it has. Who only reads the directory, as
 * anybody can, is none of them.
 */
static void test_keys_are_changed_one_at_a_time(void **state)
{
	char *key = fake_host_path(&machine, "key"), *words = rms_format("genkey %s", key), *text;
	const struct rms_patience patience = { .limit_s = 10 };
	int fd = open(machine.root, O_RDONLY | O_CLOEXEC);
	struct rms_edit_lock lock;
	struct rms_error err;
	int status;
	pid_t other;

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	must(words);
	free(words);
	words = rms_format("rotate-key %s", key);
	assert_int_equal(rms_lock_edit(&lock, key, &patience, &err), 0);
	other = fork();
	if (!other) {
		int ret = ctl(words);

		_exit(strstr(said, "is changing it; waiting for that to end") ? ret : 100);
	}
	usleep(1800000);
	text = rms_read_file(key, 1000);
	assert_int_equal(strlen(text), 65);	/* it waits */
	free(text);
	rms_unlock_edit(&lock);
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_int_equal(status, 0);
	assert_int_equal(ctl(words), RMS_FAILED);
	assert_said("a key is being replaced already");
	close(fd);
	free(words);
	free(key);
}

static char *says_of_key(const char *fmt, const char *key, int want)
{
	char *words = rms_format(fmt, key);

	assert_int_equal(ctl(words), want);
	free(words);
	return rms_read_file(key, 1000);
}

static void test_rotate_key(void **state)
{
	char *key = fake_host_path(&machine, "key"), *one, *two, *three;
	struct stat st;

	(void)state;
	one = says_of_key("genkey %s", key, RMS_OK);
	two = says_of_key("rotate-key %s", key, RMS_OK);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(strlen(two), 2 * strlen(one));
	assert_string_equal(two + strlen(one), one);
	assert_memory_not_equal(two, one, strlen(one));
	three = says_of_key("rotate-key %s", key, RMS_FAILED);
	assert_said("a key is being replaced already");
	assert_string_equal(three, two);
	free(three);
	three = says_of_key("rotate-key %s --finish", key, RMS_OK);
	assert_int_equal(strlen(three), strlen(one));
	assert_memory_equal(three, two, strlen(three));
	free(says_of_key("rotate-key %s --finish", key, RMS_FAILED));
	assert_said("there is one key only");
	free(one);
	free(two);
	free(three);
	free(key);
}

static void wait_for_file(const char *path, bool there)
{
	int i;

	for (i = 0; !access(path, F_OK) != there; i++) {
		if (i > 600)
			fail_msg("%s is %s", path, there ? "not there" : "there still");
		usleep(50000);
	}
}

static unsigned long long status_of(pid_t pid, const char *field, int base)
{
	char *path = rms_format("/proc/%d/status", (int)pid), *text = rms_read_file(path, 1 << 16), *at;
	unsigned long long v;

	assert_non_null(text);
	at = strstr(text, field);
	assert_non_null(at);
	v = strtoull(at + strlen(field), NULL, base);
	free(text);
	free(path);
	return v;
}

/* Of what root can do, ramsterd keeps what its unit says, and no program that it executes has more. */
static void wait_for_dropped(pid_t pid)
{
	const unsigned long long unit = 1ULL << CAP_SYS_ADMIN | 1ULL << CAP_SYS_MODULE |
					1ULL << CAP_NET_ADMIN | 1ULL << CAP_SYSLOG;
	int i;

	for (i = 0; i < 600; i++) {
		if (status_of(pid, "\nNoNewPrivs:", 10) && !(status_of(pid, "\nCapPrm:", 16) & ~unit))
			break;
		usleep(50000);
	}
	assert_int_equal(status_of(pid, "\nCapPrm:", 16) & ~unit, 0);
	assert_int_equal(status_of(pid, "\nCapEff:", 16), status_of(getpid(), "\nCapEff:", 16) & unit);
	assert_int_equal(status_of(pid, "\nCapInh:", 16), 0);
	assert_int_equal(status_of(pid, "\nNoNewPrivs:", 10), 1);
}

/* In the background the working directory is another one, and names from here hold all the same. */
static void test_ramsterd_finds_its_files(void **state)
{
	char *pidfile = fake_host_path(&machine, "here.pid"), *text, *cmd;
	pid_t pid;

	(void)state;
	must("add-node a 127.0.0.1");
	must("set-local a");
	cmd = rms_format("cd %s && \"%s\" --config ramster.conf --pidfile here.pid", machine.root, getenv("RAMSTERD"));
	assert_int_equal(system(cmd), 0);
	assert_int_equal(access(pidfile, F_OK), 0);
	text = rms_read_file(pidfile, 64);
	pid = atoi(text);
	assert_true(pid > 1);
	wait_for_dropped(pid);
	assert_int_equal(kill(pid, SIGTERM), 0);
	wait_for_file(pidfile, false);
	free(text);
	free(cmd);
	free(pidfile);
}

/* What a dead ramsterd has left, as older ones made it, for all to read, and one who reads. */
static void test_down_ends_no_process_but_ramsterd(void **state)
{
	char *path = fake_host_path(&machine, "run/ramsterd.pid"), *text;
	struct flock reading = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int fd, status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (!pid) {
		signal(SIGTERM, SIG_DFL);
		pause();
		_exit(1);
	}
	text = rms_format("%d\n", (int)pid);
	fake_write(path, text);
	chmod(path, 0644);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &reading), 0);
	must("down");
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	close(fd);
	free(text);
	free(path);
}

static void test_help_everywhere(void **state)
{
	static const char *const commands[] = {
		"add-node", "remove-node", "set-local", "list-nodes", "check", "up", "down", "drain", "undrain", "status",
		"stats", "genkey", "rotate-key",
	};
	char *list, *p;
	size_t i, n = 0;

	(void)state;
	must("--help");		/* that of all commands lists these, and no other */
	list = rms_strdup(said);
	for (p = strstr(list, "\n  "); p; p = strstr(p + 1, "\n  ")) {
		if (p[3] == ' ')	/* the rest of a longer line */
			continue;
		assert_true(n < ARRAY_LEN(commands));
		assert_memory_equal(p + 3, commands[n], strlen(commands[n]));
		n++;
	}
	assert_int_equal(n, ARRAY_LEN(commands));
	free(list);
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		char *words = rms_format("%s --help", commands[i]), *usage = rms_format("usage: ramsterctl %s", commands[i]);

		must(words);
		assert_said(usage);
		free(words);
		free(usage);
	}
}

#define with_machine(t)	cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_machine(test_from_nothing_to_a_running_node),
		with_machine(test_the_documents_quick_starts),
		with_machine(test_options_before_the_command),
		with_machine(test_refusals_change_nothing),
		with_machine(test_a_wrong_file_is_left_alone),
		with_machine(test_a_missing_file),
		with_machine(test_comments_mode_and_links_stay),
		with_machine(test_a_change_that_the_kernel_refuses),
		with_machine(test_a_change_that_would_make_the_running_node_unsafe),
		with_machine(test_ctrl_c_leaves_no_half_of_a_change),
		with_machine(test_a_change_beside_up_and_down),
		with_machine(test_json_is_json),
		with_machine(test_genkey),
		with_machine(test_rotate_key),
		with_machine(test_keys_are_changed_one_at_a_time),
		with_machine(test_ramsterd_finds_its_files),
		with_machine(test_down_ends_no_process_but_ramsterd),
		with_machine(test_help_everywhere),
	};

	return cmocka_run_group_tests_name("ramsterctl", tests, NULL, NULL);
}
