// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "file.h"
#include "swap.h"
#include "text.h"

#define MAGIC		"SWAPSPACE2"
#define MAGIC_AT	(RMS_PAGE_SIZE - 10)
#define HEADER_AT	1024	/* after room for a boot sector */

/* What stands at HEADER_AT of the first page; native endian, as the kernel has it. */
struct header {
	uint32_t version;	/* 1 */
	uint32_t last_page;
	uint32_t nr_badpages;
	unsigned char uuid[16];
	char volume[16];
};

uint32_t rms_swap_signature(const void *page, size_t len)
{
	struct header h;

	if (len < RMS_PAGE_SIZE || memcmp((const char *)page + MAGIC_AT, MAGIC, 10))
		return 0;
	memcpy(&h, (const char *)page + HEADER_AT, sizeof(h));
	return h.version == 1 && h.last_page != UINT32_MAX ? h.last_page + 1 : 0;
}

static void fill_page(char *page, uint32_t pages)
{
	struct header h = { .version = 1, .last_page = pages - 1, .volume = "ramster" };

	if (getrandom(h.uuid, sizeof(h.uuid), 0) != sizeof(h.uuid))
		memset(h.uuid, 0, sizeof(h.uuid));
	h.uuid[6] = (h.uuid[6] & 0x0f) | 0x40;	/* a random UUID: version 4 */
	h.uuid[8] = (h.uuid[8] & 0x3f) | 0x80;
	memset(page, 0, RMS_PAGE_SIZE);
	memcpy(page + HEADER_AT, &h, sizeof(h));
	memcpy(page + MAGIC_AT, MAGIC, 10);
}

static int open_device(const char *path)
{
	int fd, tries;

	/* udev may be a moment late, or still look at the new device itself */
	for (tries = 0; tries < 100; tries++) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 || (errno != ENOENT && errno != EBUSY))
			break;
		usleep(20000);
	}
	return fd;
}

int rms_swap_format(const char *path, struct rms_error *err)
{
	char page[RMS_PAGE_SIZE];
	int fd = open_device(path), ret = 0;
	off_t bytes;

	if (fd < 0)
		return rms_fail(err, RMS_FAILED, "%s: cannot open: %s", path, strerror(errno));
	bytes = lseek(fd, 0, SEEK_END);
	if (bytes < 10 * RMS_PAGE_SIZE || bytes / RMS_PAGE_SIZE > UINT32_MAX) {
		ret = rms_fail(err, RMS_FAILED, "%s: %lld bytes cannot be swap; 10 to 2^32 pages can", path,
			       (long long)bytes);
	} else if (pread(fd, page, sizeof(page), 0) != sizeof(page)) {
		ret = rms_fail(err, RMS_FAILED, "%s: cannot read: %s", path, strerror(errno));
	} else if (rms_swap_signature(page, sizeof(page)) != bytes / RMS_PAGE_SIZE) {
		fill_page(page, bytes / RMS_PAGE_SIZE);
		if (pwrite(fd, page, sizeof(page), 0) != sizeof(page) || fsync(fd))
			ret = rms_fail(err, RMS_FAILED, "%s: cannot write the swap signature: %s", path,
				       strerror(errno));
	}
	close(fd);
	return ret;
}

/*
 * A swapon in a mount namespace that is gone, such as that of a unit which has ended, is
 * listed without the folder that was mounted there: /frontswap0.
 */
static char *path_of(const struct rms_host *host, const char *listed)
{
	static const char device[] = "/frontswap";
	const char *number = listed + sizeof(device) - 1;

	if (!strncmp(listed, device, sizeof(device) - 1) && *number && !number[strspn(number, "0123456789")])
		return rms_format("%s%s", host->dev, listed);
	return rms_strdup(listed);
}

struct rms_swap_area *rms_swap_areas(const struct rms_host *host, size_t *n)
{
	char *file = rms_format("%s/swaps", host->proc), *text = rms_read_file(file, 1 << 20);
	struct rms_swap_area *areas = NULL;
	char *line, *save = NULL;

	*n = 0;
	free(file);
	for (line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		unsigned long long size, used;
		char path[512];
		int priority;

		if (sscanf(line, "%511s %*s %llu %llu %d", path, &size, &used, &priority) != 4)
			continue;
		areas = rms_realloc(areas, (*n + 1) * sizeof(*areas));
		areas[(*n)++] = (struct rms_swap_area){ path_of(host, path), size * 1024, used * 1024, priority };
	}
	free(text);
	return areas;
}

void rms_swap_areas_free(struct rms_swap_area *areas, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(areas[i].path);
	free(areas);
}

/* Copy out the area of @path, but its path. */
static bool find_area(const struct rms_host *host, const char *path, struct rms_swap_area *area)
{
	char *real = realpath(path, NULL);
	struct rms_swap_area *areas;
	bool found = false;
	size_t n, i;

	areas = rms_swap_areas(host, &n);
	for (i = 0; i < n && !found; i++) {
		found = !strcmp(areas[i].path, path) || (real && !strcmp(areas[i].path, real));
		if (found)
			*area = areas[i];
	}
	rms_swap_areas_free(areas, n);
	free(real);
	return found;
}

bool rms_swap_is_on(const struct rms_host *host, const char *path)
{
	struct rms_swap_area a;

	return find_area(host, path, &a);
}

int64_t rms_swap_used(const struct rms_host *host, const char *path)
{
	struct rms_swap_area a;

	return find_area(host, path, &a) ? (int64_t)a.used : -1;
}

int rms_swap_priority(const struct rms_host *host, const char *path)
{
	struct rms_swap_area a;

	return find_area(host, path, &a) ? a.priority : -1;
}
