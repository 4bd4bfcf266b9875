// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "lock.h"
#include "text.h"

#define TELL_MS		1000
#define POLL_US		50000

/* Beside the file that links lead to, so that all who change it come to the same one. */
static char *lock_path(const char *path)
{
	char *target = realpath(path, NULL), *dir, *slash, *ret;

	if (!target)
		target = rms_strdup(path);
	dir = rms_dir_of(target);
	slash = strrchr(target, '/');
	ret = rms_format("%s/.%s.lock", dir, slash ? slash + 1 : target);
	free(dir);
	free(target);
	return ret;
}

/* One that we, or root, have made; and no name of another file. */
static bool is_private(const struct stat *st)
{
	return S_ISREG(st->st_mode) && !(st->st_mode & 077) && st->st_nlink <= 1 &&
	       (!st->st_uid || st->st_uid == geteuid());
}

/*
 * A descriptor, or -1 with errno EWOULDBLOCK: somebody has it, or had it and has just removed it, so
 * that there may be another one by now. EEXIST: it is no lock.
 */
static int try_lock(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), e = 0;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		e = errno;
	else if (!is_private(&st))
		e = EEXIST;
	else if (flock(fd, LOCK_EX | LOCK_NB) || fstat(fd, &st))
		e = errno;
	else if (!st.st_nlink)
		e = EWOULDBLOCK;
	if (!e)
		return fd;
	close(fd);
	errno = e;
	return -1;
}

/* For those who wait; if it cannot be, they are not told who it is. */
static void sign(int fd)
{
	if (!ftruncate(fd, 0))
		dprintf(fd, "%d\n", (int)getpid());
}

/* @e: why. What cannot be locked since nothing can be written there could not be changed, either. */
static void cannot_lock(const char *path, const char *lock, int e, struct rms_error *err)
{
	char *dir = rms_dir_of(lock);

	if (e == ENOENT || e == ENOTDIR)
		rms_fail(err, RMS_FAILED, "%s: directory %s: %s", path, dir, strerror(e));
	else if (e == EEXIST)
		rms_fail(err, RMS_FAILED, "%s: %s is in the way: it is no file of mode 0600 of yours or root's; remove it",
			 path, lock);
	else if (!faccessat(AT_FDCWD, lock, F_OK, AT_SYMLINK_NOFOLLOW))
		rms_fail(err, RMS_FAILED, "%s: cannot lock %s: %s", path, lock, strerror(e));
	else
		rms_fail(err, RMS_FAILED, "%s: cannot write in %s: %s", path, dir, strerror(e));
	free(dir);
}

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* "another ramsterctl (process 17)", which the caller frees. */
static char *holder(const char *lock)
{
	int pid = rms_read_pid(lock);

	return pid ? rms_format("another ramsterctl (process %d)", pid) : rms_strdup("another ramsterctl");
}

static void say_waiting(const char *path, const char *lock, const struct rms_patience *patience)
{
	char *who, *line;

	if (!patience->say)
		return;
	who = holder(lock);
	line = rms_format("%s: %s is changing it; waiting for that to end, up to %u s", path, who, patience->limit_s);
	patience->say(patience->ctx, line);
	free(line);
	free(who);
}

int rms_lock_edit(struct rms_edit_lock *lock, const char *path, const struct rms_patience *patience,
		  struct rms_error *err)
{
	long long start = now_ms();
	bool told = false;
	char *who;

	lock->path = lock_path(path);
	while ((lock->fd = try_lock(lock->path)) < 0) {
		if (errno != EWOULDBLOCK) {
			cannot_lock(path, lock->path, errno, err);
			break;
		}
		if (now_ms() - start > patience->limit_s * 1000LL) {
			who = holder(lock->path);
			rms_fail(err, RMS_FAILED, "%s: busy: %s is changing it, and has not ended within %u s; ask again when it has",
				 path, who, patience->limit_s);
			free(who);
			break;
		}
		if (!told && now_ms() - start > TELL_MS) {
			say_waiting(path, lock->path, patience);
			told = true;
		}
		usleep(POLL_US);
	}
	if (lock->fd < 0) {
		free(lock->path);
		return -1;
	}
	sign(lock->fd);
	return 0;
}

/* Removed while it is held, so that who opened it meanwhile sees that it is not the lock any more. */
void rms_unlock_edit(struct rms_edit_lock *lock)
{
	struct stat st;

	if (!fstat(lock->fd, &st) && st.st_nlink)
		unlink(lock->path);
	close(lock->fd);
	free(lock->path);
}

int rms_lock_file(const char *path, bool wait)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600), ret, e;

	if (fd < 0)
		return -1;
	do
		ret = flock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	while (ret && errno == EINTR);
	if (!ret)
		return fd;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}
