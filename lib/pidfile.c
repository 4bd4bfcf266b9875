// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
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

int rms_pidfile_take(const char *path, struct rms_error *err)
{
	int fd = rms_lock_file(path, false);

	if (fd < 0 && errno == EWOULDBLOCK)
		return rms_fail(err, RMS_FAILED, "ramsterd runs already, as process %d", (int)read_pid(path));
	if (fd < 0 || ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0) {
		rms_fail(err, RMS_FAILED, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

pid_t rms_pidfile_owner(const char *path)
{
	int fd;

	if (access(path, F_OK))
		return 0;
	fd = rms_lock_file(path, false);
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return errno == EWOULDBLOCK ? read_pid(path) : 0;
}
