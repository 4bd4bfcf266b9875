/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_host.h - a machine in a temporary directory
 *
 * Plain directories for configfs, /sys/module, /proc and /dev, and operations
 * that keep the kernel's rules: attributes appear with their directory, values
 * are frozen while in use, a local node comes before connections. A test may
 * make the n-th change fail.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include "../../lib/host.h"

struct fake_host {
	struct rms_host host;
	char root[64];
	int changes;		/* that were asked for so far */
	bool asked_too_much;	/* when a node went, a live device asked for more donors than were left */
	int fail_at;		/* this one (from 1) fails; 0: none does */
	int fail_errno;
	int swapoff_taken;	/* so many times, swapoff says that somebody else is at it */
	uint64_t remote, lent;	/* pages of every node */
	bool moving;		/* each time that pages of a drained node are asked for, one has left it; NULL: node a */
	bool down;		/* every node is */
	enum rms_error_kind no_pages;	/* unless RMS_OK: how asking for them fails */
};

/* Up to a machine with 1 GiB of RAM on which no module is loaded. */
void fake_host_init(struct fake_host *f);
void fake_host_remove(struct fake_host *f);

/* Everything in the machine as one text: paths and values, sorted. Free it. */
char *fake_host_picture(const struct fake_host *f);

/* A path in the machine, which the caller frees. */
char *fake_host_path(const struct fake_host *f, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void fake_write(const char *path, const char *text);

#endif
