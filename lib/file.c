// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "signals.h"
#include "text.h"

char *rms_read_file(const char *path, size_t max)
{
	size_t len = 0, room = 4096;
	char *buf;
	int fd, e = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	buf = rms_alloc(1, room + 1);
	for (;;) {
		ssize_t n = read(fd, buf + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			e = errno;
		if (n <= 0)
			break;
		len += n;
		if (len > max) {
			e = EFBIG;
			break;
		}
		if (len == room) {
			room *= 2;
			buf = rms_realloc(buf, room + 1);
		}
	}
	close(fd);
	buf[len] = '\0';
	if (!e && strlen(buf) != len)
		e = EINVAL;
	if (e) {
		free(buf);
		errno = e;
		return NULL;
	}
	return buf;
}

char *rms_dir_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return rms_strdup(".");
	return rms_strndup(path, slash == path ? 1 : slash - path);
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text), done = 0;

	while (done < len) {
		ssize_t n = write(fd, text + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		done += n;
	}
	return 0;
}

/* Owner and mode as the old file had them, or as a new one should. */
static int dress(int fd, const char *target, unsigned int mode)
{
	struct stat st;

	if (stat(target, &st))
		return errno == ENOENT ? fchmod(fd, mode) : -1;
	if (fchown(fd, st.st_uid, st.st_gid))
		return -1;
	return fchmod(fd, st.st_mode & 07777);
}

static int replace_file(const char *path, const char *text, unsigned int mode, struct rms_error *err)
{
	char *target = realpath(path, NULL);
	char *dir, *tmp;
	int fd, dirfd, ret = -1;

	if (!target)
		target = rms_strdup(path);
	dir = rms_dir_of(target);
	tmp = rms_format("%s/.ramster.XXXXXX", dir);

	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0) {
		rms_fail(err, RMS_FAILED, "%s: cannot write in %s: %s", path, dir, strerror(errno));
		goto out;
	}
	if (dress(fd, target, mode) || write_all(fd, text) || fsync(fd)) {
		rms_fail(err, RMS_FAILED, "%s: cannot write: %s", path, strerror(errno));
		goto out_unlink;
	}
	if (rename(tmp, target)) {
		rms_fail(err, RMS_FAILED, "%s: cannot replace: %s", path, strerror(errno));
		goto out_unlink;
	}
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd >= 0) {
		fsync(dirfd);	/* the file is whole either way */
		close(dirfd);
	}
	ret = 0;
out_unlink:
	if (ret)
		unlink(tmp);
	close(fd);
out:
	free(tmp);
	free(dir);
	free(target);
	return ret;
}

int rms_replace_file(const char *path, const char *text, unsigned int mode, struct rms_error *err)
{
	struct rms_held held;
	int ret;

	rms_signals_hold(&held);
	ret = replace_file(path, text, mode, err);
	rms_signals_release(&held);
	return ret;
}

pid_t rms_read_pid(const char *path)
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
