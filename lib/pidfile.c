// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "pidfile.h"
#include "text.h"

char *rms_pidfile_path(const struct rms_host *host)
{
	return rms_format("%s/ramsterd.pid", host->run);
}

/*
 * Of the open file, so that it outlives the process that takes it, in a child of that. The first byte
 * is who starts, the rest whose number is in the file: so nobody ever takes that of a dead one, which
 * the file may have until it is written anew, for a ramsterd's.
 */
static const struct flock first = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
static const struct flock rest = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 };

static int lock(int fd, struct flock which)
{
	return fcntl(fd, F_OFD_SETLK, &which);
}

/* For us alone, also one that was made otherwise: who can read it can lock it, and keep us out. */
static int open_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && (st.st_mode & 077))
		fchmod(fd, 0600);
	return fd;
}

static void fail_taken(const char *path, struct rms_error *err)
{
	pid_t pid = rms_pidfile_owner(path);

	if (pid)
		rms_fail(err, RMS_FAILED, "ramsterd runs already, as process %d", (int)pid);
	else
		rms_fail(err, RMS_FAILED, "%s is locked, by another program or by a ramsterd that is just being started",
			 path);
}

int rms_pidfile_take(const char *path, struct rms_error *err)
{
	int fd = open_private(path);

	if (fd >= 0 && !lock(fd, first) && !ftruncate(fd, 0) && dprintf(fd, "%d\n", (int)getpid()) > 0 &&
	    !lock(fd, rest))
		return fd;
	if (fd >= 0 && (errno == EAGAIN || errno == EACCES))
		fail_taken(path, err);
	else
		rms_fail(err, RMS_FAILED, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/*
 * Looks, and takes nothing: a ramsterd that starts meanwhile is not to find it taken. A lock for
 * reading is no ramsterd's.
 */
pid_t rms_pidfile_owner(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct flock whose = rest;
	bool taken;

	if (fd < 0)
		return 0;
	taken = !fcntl(fd, F_OFD_GETLK, &whose) && whose.l_type == F_WRLCK;
	close(fd);
	return taken ? rms_read_pid(path) : 0;
}
