/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kmsg.h - the kernel's own words for a refusal
 *
 * The modules log one line for each refused change: what was wrong and what
 * would be right. An errno alone cannot say that.
 */
#ifndef RMS_KMSG_H
#define RMS_KMSG_H

#include <stdbool.h>
#include <stddef.h>

#include "host.h"

struct rms_kmsg {
	int fd;		/* -1: the log cannot be read; then there are no reasons */
};

/* From now on: what the modules log may be the reason. */
void rms_kmsg_open(struct rms_kmsg *k, const struct rms_host *host);

/**
 * rms_kmsg_reason() - the last line that one of the modules logged since open
 * @k: an open log
 * @buf: where the line goes
 * @len: bytes in @buf
 *
 * Return: true if there is one.
 */
bool rms_kmsg_reason(struct rms_kmsg *k, char *buf, size_t len);

void rms_kmsg_close(struct rms_kmsg *k);

#endif
