// SPDX-License-Identifier: GPL-2.0
/*
 * failnth.c - does one thing again and again, and each time a later allocation fails
 *
 *	failnth insmod FILE [-- rmmod NAME]
 *	failnth write FILE TEXT [-- write FILE TEXT]
 *	failnth mkdir FOLDER [-- rmdir FOLDER]
 *	failnth store DEVICE SLOT	a page, by direct I/O; read back and compared
 *	failnth load DEVICE SLOT	what store has written there, compared
 *
 * On a kernel with fault injection. The n-th allocation of this task that passes the filters
 * of /sys/kernel/debug/fail* fails, with n from 1 on, until the action succeeds
 * and had fewer than n. What stands behind "--" undoes an action that
 * succeeded although an allocation failed.
 *
 * An action may fail if an allocation did, but a load may not; with which error is the kernel's
 * business. Ends with one line, "N points, M survived", and status 0 if all that held.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE		4096
#define POINTS_MAX	10000

static int nth_file;
static unsigned char *page, *expected;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* The @n-th allocation from now on fails; 0: none. */
static void arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(nth_file, text, len, 0) != len)
		fail("fail-nth");
}

/* Has the one that was to fail been reached? */
static int was_reached(void)
{
	char text[16] = "";

	if (pread(nth_file, text, sizeof(text) - 1, 0) < 1)
		fail("fail-nth");
	return !atoi(text);
}

/* Each of these returns 0 or an errno; what it opens before is not armed. */

static int insmod(unsigned int n, char **arg)
{
	int fd = open(arg[0], O_RDONLY | O_CLOEXEC), err;

	if (fd < 0)
		fail(arg[0]);
	arm(n);
	err = syscall(SYS_finit_module, fd, "", 0) ? errno : 0;
	close(fd);
	return err;
}

static int rmmod(unsigned int n, char **arg)
{
	arm(n);
	return syscall(SYS_delete_module, arg[0], O_NONBLOCK) ? errno : 0;
}

static int make_folder(unsigned int n, char **arg)
{
	arm(n);
	return mkdir(arg[0], 0755) ? errno : 0;
}

static int remove_folder(unsigned int n, char **arg)
{
	arm(n);
	return rmdir(arg[0]) ? errno : 0;
}

static int write_text(unsigned int n, char **arg)
{
	int fd = open(arg[0], O_WRONLY | O_CLOEXEC), err;

	if (fd < 0)
		fail(arg[0]);
	arm(n);
	err = write(fd, arg[1], strlen(arg[1])) < 0 ? errno : 0;
	close(fd);
	return err;
}

static int open_device(char **arg)
{
	int fd = open(arg[0], O_RDWR | O_DIRECT | O_CLOEXEC);

	if (fd < 0)
		fail(arg[0]);
	return fd;
}

/* Neither all the same nor incompressible; @n tells one store's from the next. */
static void fill(unsigned char *buffer, unsigned int n, unsigned int slot)
{
	unsigned int i;

	for (i = 0; i < PAGE; i++)
		buffer[i] = i % 64 < 32 ? (i * 2654435761u + n * 7919u + slot) >> 8 : n;
}

static int store(unsigned int n, char **arg)
{
	off_t place = (off_t)atoi(arg[1]) * PAGE;
	int fd = open_device(arg), err;

	fill(page, n, atoi(arg[1]));
	arm(n);
	err = pwrite(fd, page, PAGE, place) != PAGE ? errno : 0;
	if (!err) {
		int reached = was_reached();

		memcpy(expected, page, PAGE);
		memset(page, 0x5a, PAGE);
		arm(0);
		if (pread(fd, page, PAGE, place) != PAGE)
			fail("reading back");
		if (memcmp(page, expected, PAGE)) {
			fprintf(stderr, "failnth: point %u: not what was written\n", n);
			exit(1);
		}
		/* As it was, for was_reached(). */
		if (!reached)
			arm(POINTS_MAX);
	}
	close(fd);
	return err;
}

static int load(unsigned int n, char **arg)
{
	off_t place = (off_t)atoi(arg[1]) * PAGE;
	int fd = open_device(arg), reached;
	ssize_t got;

	if (n == 1) {
		fill(expected, 1, atoi(arg[1]));
		memcpy(page, expected, PAGE);
		if (pwrite(fd, page, PAGE, place) != PAGE)
			fail("writing what is to be read");
	}
	memset(page, 0x5a, PAGE);
	arm(n);
	got = pread(fd, page, PAGE, place);
	reached = was_reached();
	if (got != PAGE || memcmp(page, expected, PAGE)) {
		fprintf(stderr, "failnth: point %u: %s\n", n,
			got < 0 ? strerror(errno) : "not what was written");
		exit(1);
	}
	arm(reached ? 0 : POINTS_MAX);
	close(fd);
	return 0;
}

static const struct action {
	const char *name;
	int nr_args;
	int (*run)(unsigned int n, char **arg);
} actions[] = {
	{ "insmod", 1, insmod },
	{ "rmmod", 1, rmmod },
	{ "mkdir", 1, make_folder },
	{ "rmdir", 1, remove_folder },
	{ "write", 2, write_text },
	{ "store", 2, store },
	{ "load", 2, load },
};

static const struct action *find(char ***arg)
{
	unsigned int i;
	int nr = 0;

	while ((*arg)[nr] && strcmp((*arg)[nr], "--"))
		nr++;
	for (i = 0; nr && i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (!strcmp((*arg)[0], actions[i].name) && nr == actions[i].nr_args + 1) {
			(*arg)++;
			return &actions[i];
		}
	}
	fprintf(stderr, "failnth: what is to be done? see its source\n");
	exit(2);
}

int main(int argc, char **argv)
{
	char **arg = argv + 1, **undo_arg;
	const struct action *action, *undo = NULL;
	unsigned int n, survived = 0;
	int err, reached;

	(void)argc;
	nth_file = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_file < 0)
		fail("/proc/thread-self/fail-nth");
	action = find(&arg);
	undo_arg = arg + action->nr_args;
	if (*undo_arg) {
		undo_arg++;
		undo = find(&undo_arg);
	}
	if (posix_memalign((void **)&page, PAGE, PAGE) ||
	    posix_memalign((void **)&expected, PAGE, PAGE))
		fail("memory");

	for (n = 1; n < POINTS_MAX; n++) {
		err = action->run(n, arg);
		reached = was_reached();
		arm(0);
		if (!reached)
			break;
		if (err)
			continue;
		survived++;
		if (undo) {
			err = undo->run(0, undo_arg);
			if (err) {
				fprintf(stderr, "failnth: undoing: %s\n", strerror(err));
				return 1;
			}
		}
	}
	if (err) {
		fprintf(stderr, "failnth: nothing failed, and yet: %s\n", strerror(err));
		return 1;
	}
	printf("%u points, %u survived\n", n - 1, survived);
	return 0;
}
