// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "pidfile.h"
#include "text.h"

char *rms_pidfile_path(const struct rms_host *host)
{
	return rms_format("%s/ramsterd.pid", host->run);
}

static pid_t read_pid(const char *path)
{
	char *text = rms_read_file(path, 64);
	int64_t pid = 0;

	if (text) {
		text[strcspn(text, "\n")] = '\0';
		if (!rms_parse_int(text, 1, INT32_MAX, &pid))
			pid = 0;
	}
	free(text);
	return pid;
}

/* Of the open file, so that it outlives the process that takes it, in a child of that. */
static const struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

int rms_pidfile_take(const char *path, struct rms_error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct flock lock = whole;

	if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock)) {
		bool taken = errno == EAGAIN || errno == EACCES;

		if (taken)
			rms_fail(err, RMS_FAILED, "ramsterd runs already, as process %d", (int)read_pid(path));
		else
			rms_fail(err, RMS_FAILED, "%s: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	if (fd < 0 || ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		rms_fail(err, RMS_FAILED, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* Looks, and takes nothing: a ramsterd that starts meanwhile is not to find it taken. */
pid_t rms_pidfile_owner(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct flock lock = whole;
	bool taken;

	if (fd < 0)
		return 0;
	taken = !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
	close(fd);
	return taken ? read_pid(path) : 0;
}
