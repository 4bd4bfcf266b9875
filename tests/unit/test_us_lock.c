// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_us_lock.c - who changes a file is alone at it, and nobody else can keep him from it
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
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/file.h"
#include "../../lib/lock.h"
#include "../../lib/text.h"
#include "applied.h"

static char said[512];
static unsigned int lines;

static void say(void *ctx, const char *line)
{
	(void)ctx;
	lines++;
	snprintf(said, sizeof(said), "%s", line);
}

static const struct rms_patience none = { .limit_s = 0 };

/* Takes the lock of @path, which is free, and gives it back: 0, or -1 and @err. */
static int lock_once(const char *path, struct rms_error *err)
{
	struct rms_edit_lock lock;
	int ret = rms_lock_edit(&lock, path, &none, err);

	if (!ret)
		rms_unlock_edit(&lock);
	return ret;
}

static void test_the_lock_is_for_its_owner_and_goes(void **state)
{
	char *path = fake_host_path(*state, "new.conf"), *beside = fake_host_path(*state, ".new.conf.lock");
	struct rms_edit_lock lock;
	struct rms_error err;
	struct stat st;

	assert_int_equal(rms_lock_edit(&lock, path, &none, &err), 0);
	assert_int_equal(lstat(beside, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(lock_once(path, &err), -1);
	rms_unlock_edit(&lock);
	assert_int_equal(access(beside, F_OK), -1);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(lock_once(path, &err), 0);
	free(beside);
	free(path);
}

/* All that it takes is to read the directory, as anybody can. */
static void test_a_lock_on_the_directory_is_in_nobodys_way(void **state)
{
	char *path = fake_host_path(*state, "conf");
	struct fake_host *f = *state;
	int fd = open(f->root, O_RDONLY | O_CLOEXEC);
	struct rms_error err;

	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(lock_once(path, &err), 0);
	close(fd);
	free(path);
}

/* A process that holds the lock of @path; there once this returns. */
static pid_t holder_of(const char *path)
{
	struct rms_edit_lock lock;
	struct rms_error err;
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		if (!rms_lock_edit(&lock, path, &none, &err) && write(ready[1], "x", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void test_who_waits_is_told_for_whom_and_not_for_ever(void **state)
{
	const struct rms_patience some = { .limit_s = 2, .say = say };
	char *path = fake_host_path(*state, "conf"), *beside = fake_host_path(*state, ".conf.lock");
	pid_t pid = holder_of(path);
	struct rms_edit_lock lock;
	struct rms_error err;
	char *who = rms_format("conf: busy: another ramsterctl (process %d) is changing it, and has not ended within 2 s",
			       (int)pid);
	char *told = rms_format("conf: another ramsterctl (process %d) is changing it; waiting for that to end, up to 2 s",
				(int)pid);

	assert_int_equal(lock_once(path, &err), -1);
	assert_int_equal(lines, 0);
	assert_int_equal(rms_lock_edit(&lock, path, &some, &err), -1);
	assert_int_equal(err.kind, RMS_FAILED);
	assert_non_null(strstr(err.text, who));
	assert_int_equal(lines, 1);
	assert_non_null(strstr(said, told));

	/* what a killed one leaves is no lock */
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(access(beside, F_OK), 0);
	assert_int_equal(lock_once(path, &err), 0);
	assert_int_equal(access(beside, F_OK), -1);
	free(told);
	free(who);
	free(beside);
	free(path);
}

static struct rms_edit_lock held, next;
static const char *contested;
static bool change_hands;

/* In the place of libc's: what may happen between the two steps of taking a lock does. */
int flock(int fd, int op)
{
	struct rms_error err;

	if (change_hands) {
		change_hands = false;
		rms_unlock_edit(&held);
		assert_int_equal(rms_lock_edit(&next, contested, &none, &err), 0);
	}
	return syscall(SYS_flock, fd, op);
}

/* Who has opened the file that was the lock is not to take it for that which is one now. */
static void test_a_lock_that_changes_hands(void **state)
{
	char *path = fake_host_path(*state, "conf");
	struct rms_error err;

	contested = path;
	assert_int_equal(rms_lock_edit(&held, path, &none, &err), 0);
	change_hands = true;
	assert_int_equal(lock_once(path, &err), -1);
	assert_false(change_hands);
	assert_int_equal(lock_once(path, &err), -1);
	rms_unlock_edit(&next);
	assert_int_equal(lock_once(path, &err), 0);
	free(path);
}

static void test_a_link_and_what_it_leads_to_have_one_lock(void **state)
{
	char *path = fake_host_path(*state, "conf"), *link = fake_host_path(*state, "run/link");
	struct rms_edit_lock lock;
	struct rms_error err;

	fake_write(path, "x");
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(rms_lock_edit(&lock, link, &none, &err), 0);
	assert_int_equal(lock_once(path, &err), -1);
	rms_unlock_edit(&lock);
	assert_int_equal(lock_once(path, &err), 0);
	free(link);
	free(path);
}

/* What somebody may put there who can write in the directory: nothing of it is touched. */
static void test_what_is_no_lock_is_refused(void **state)
{
	char *path = fake_host_path(*state, "conf"), *beside = fake_host_path(*state, ".conf.lock");
	char *other = fake_host_path(*state, "other"), *text;
	struct rms_error err;

	fake_write(other, "precious");
	chmod(other, 0600);
	assert_int_equal(symlink(other, beside), 0);
	assert_int_equal(lock_once(path, &err), -1);
	assert_non_null(strstr(err.text, "/.conf.lock: Too many levels of symbolic links"));
	unlink(beside);

	assert_int_equal(link(other, beside), 0);
	assert_int_equal(lock_once(path, &err), -1);
	assert_non_null(strstr(err.text, "/.conf.lock is in the way: it is no file of mode 0600"));
	unlink(beside);

	fake_write(beside, "");
	chmod(beside, 0644);
	assert_int_equal(lock_once(path, &err), -1);
	assert_non_null(strstr(err.text, "is in the way"));
	unlink(beside);

	assert_int_equal(mkdir(beside, 0700), 0);
	assert_int_equal(lock_once(path, &err), -1);
	assert_non_null(strstr(err.text, "/.conf.lock: Is a directory"));
	rmdir(beside);

	text = rms_read_file(other, 100);
	assert_string_equal(text, "precious");
	free(text);
	free(other);
	free(beside);
	free(path);
}

/* As somebody who is not root: does it fail, and say that? */
static void assert_fails_for_a_user(const char *path, const char *what)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct rms_error err = { .text = "it worked" };

		if (!geteuid() && setresuid(65534, 65534, 65534))
			_exit(0);	/* a container with no other user */
		if (lock_once(path, &err) && strstr(err.text, what))
			_exit(0);
		fprintf(stderr, "%s\n", err.text);
		_exit(2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_where_nothing_can_be_written(void **state)
{
	char *nowhere = fake_host_path(*state, "nowhere/conf"), *file = fake_host_path(*state, "file/conf");
	char *path = fake_host_path(*state, "conf"), *real = fake_host_path(*state, "file");
	struct rms_edit_lock lock;
	struct fake_host *f = *state;
	struct rms_error err;

	assert_int_equal(lock_once(nowhere, &err), -1);
	assert_non_null(strstr(err.text, "/nowhere/conf: directory "));
	assert_non_null(strstr(err.text, "/nowhere: No such file or directory"));
	fake_write(real, "x");
	assert_int_equal(lock_once(file, &err), -1);
	assert_non_null(strstr(err.text, "/file: Not a directory"));

	chmod(f->root, 0555);
	assert_fails_for_a_user(path, "conf: cannot write in /tmp/ramster-test-");
	chmod(f->root, 0755);
	if (!geteuid()) {	/* root's lock is no user's to take, or to wait for */
		assert_int_equal(rms_lock_edit(&lock, path, &none, &err), 0);
		assert_fails_for_a_user(path, "/.conf.lock: Permission denied");
		rms_unlock_edit(&lock);
	}
	chmod(f->root, 0700);
	free(real);
	free(path);
	free(file);
	free(nowhere);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		with_host(test_the_lock_is_for_its_owner_and_goes),
		with_host(test_a_lock_on_the_directory_is_in_nobodys_way),
		with_host(test_who_waits_is_told_for_whom_and_not_for_ever),
		with_host(test_a_lock_that_changes_hands),
		with_host(test_a_link_and_what_it_leads_to_have_one_lock),
		with_host(test_what_is_no_lock_is_refused),
		with_host(test_where_nothing_can_be_written),
	};

	return cmocka_run_group_tests_name("one change at a time", tests, NULL, NULL);
}
