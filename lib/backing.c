// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "backing.h"
#include "file.h"
#include "swap.h"
#include "text.h"

#define PEEK_BYTES	(128 * 1024)	/* every common file system shows by then */
#define PROC_BYTES_MAX	(16 << 20)

struct look {
	const struct rms_config *cfg;
	const struct rms_device *dev;
	struct rms_error *err;
};

#define bad(l, fmt, ...) \
	rms_fail_at((l)->err, (l)->cfg->path, (l)->dev->backing.line, "backing %s " fmt, (l)->dev->backing.s, \
		    ##__VA_ARGS__)

/* Where a device of this number is mounted, which the caller frees, or NULL. */
static char *mounted_at(const struct rms_host *host, dev_t rdev)
{
	char *path = rms_format("%s/self/mountinfo", host->proc);
	char *text = rms_read_file(path, PROC_BYTES_MAX), *line, *save = NULL, *ret = NULL;

	free(path);
	for (line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		unsigned int major, minor;
		char at[256];

		if (sscanf(line, "%*d %*d %u:%u %*s %255s", &major, &minor, at) == 3 && makedev(major, minor) == rdev) {
			ret = rms_strdup(at);
			break;
		}
	}
	free(text);
	return ret;
}

static int check_contents(const struct look *l, int fd)
{
	unsigned char *buf = rms_alloc(1, PEEK_BYTES);
	ssize_t n = pread(fd, buf, PEEK_BYTES, 0), i;
	int ret = 0;

	if (n < 0) {
		ret = bad(l, "cannot be read: %s", strerror(errno));
	} else if (!rms_swap_signature(buf, n)) {
		for (i = 0; i < n && !ret; i++)
			if (buf[i])
				ret = bad(l, "holds something that is not swap; if that may be lost, `mkswap %s` first",
					  l->dev->backing.s);
	}
	free(buf);
	return ret;
}

static int check_size(const struct look *l, int fd)
{
	uint64_t bytes;
	char have[32], want[32];
	int64_t least = l->dev->size.v ? l->dev->size.v : 10 * RMS_PAGE_SIZE;

	if (ioctl(fd, BLKGETSIZE64, &bytes))
		return bad(l, "does not tell its size: %s", strerror(errno));
	if (bytes < (uint64_t)least)
		return bad(l, "has %s, which is too small; it must have %s or more",
			   rms_format_size(bytes, have, sizeof(have)), rms_format_size(least, want, sizeof(want)));
	return 0;
}

static int check_users(const struct look *l, const struct rms_host *host, dev_t rdev)
{
	char *at = mounted_at(host, rdev);

	if (at) {
		bad(l, "is mounted at %s; unmount it, or use another device", at);
		free(at);
		return -1;
	}
	if (rms_swap_is_on(host, l->dev->backing.s))
		return bad(l, "is in use as swap; `swapoff %s` first, and take it out of /etc/fstab", l->dev->backing.s);
	return 0;
}

int rms_backing_check(const struct rms_config *cfg, const struct rms_device *dev,
		      const struct rms_host *host, struct rms_error *err)
{
	struct look l = { cfg, dev, err };
	struct stat st;
	int fd, ret;

	if (stat(dev->backing.s, &st))
		return bad(&l, "is missing: %s", strerror(errno));
	if (!S_ISBLK(st.st_mode))
		return bad(&l, "is not a block device; name a disk or a partition such as /dev/sdb2");
	if (!strncmp(dev->backing.s, "/dev/frontswap", 14))
		return bad(&l, "is a frontswap device itself; name a disk or a partition");
	if (check_users(&l, host, st.st_rdev))
		return -1;
	fd = open(dev->backing.s, O_RDONLY | O_EXCL | O_CLOEXEC);
	if (fd < 0 && errno == EBUSY)
		return bad(&l, "is in use (RAID, LVM or another program holds it); use another device");
	if (fd < 0)
		return bad(&l, "cannot be opened: %s", strerror(errno));
	ret = check_size(&l, fd) || check_contents(&l, fd) ? -1 : 0;
	close(fd);
	return ret;
}
