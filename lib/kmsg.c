// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"
#include "text.h"

void rms_kmsg_open(struct rms_kmsg *k, const struct rms_host *host)
{
	k->fd = -1;
	if (host->stand_in)
		return;
	k->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (k->fd >= 0)
		lseek(k->fd, 0, SEEK_END);
}

/* The text of record @rec if one of our modules wrote it, else NULL. */
static const char *ours(char *rec)
{
	static const char *const modules[] = { "ramster", "frontswap", "fswap", "zcache", "tmem" };
	char *text = strchr(rec, ';');
	size_t i;

	if (!text)
		return NULL;
	text++;
	text[strcspn(text, "\n")] = '\0';
	for (i = 0; i < ARRAY_LEN(modules); i++) {
		size_t len = strlen(modules[i]);

		if (!strncmp(text, modules[i], len))
			return text;
	}
	return NULL;
}

bool rms_kmsg_reason(struct rms_kmsg *k, char *buf, size_t len)
{
	bool found = false;
	char rec[8192];
	ssize_t n;

	if (k->fd < 0)
		return false;
	for (;;) {
		const char *text;

		n = read(k->fd, rec, sizeof(rec) - 1);
		if (n < 0 && (errno == EINTR || errno == EPIPE))
			continue;
		if (n <= 0)
			return found;
		rec[n] = '\0';
		text = ours(rec);
		if (text) {
			snprintf(buf, len, "%s", text);
			found = true;
		}
	}
}

void rms_kmsg_close(struct rms_kmsg *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}
