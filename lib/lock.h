/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock.h - one change at a time
 *
 * Each lock is a file that nobody else can open: who can read a file or a directory can lock it, and
 * would keep others from it for as long as he likes.
 */
#ifndef RMS_LOCK_H
#define RMS_LOCK_H

#include <stdbool.h>

#include "error.h"

#define RMS_PATIENCE_S	900	/* a stop with the default times takes no longer */

/* How to wait for another holder. */
struct rms_patience {
	unsigned int limit_s;
	void (*say)(void *ctx, const char *line);	/* one line, if it takes more than a second; may be NULL */
	void *ctx;
};

struct rms_edit_lock {
	char *path;
	int fd;
};

/**
 * rms_lock_edit() - keep others from editing a file
 * @lock: what to fill, for rms_unlock_edit()
 * @path: the file; it need not exist, its directory must, and be one to write in
 * @patience: how to wait for another holder
 * @err: what went wrong
 *
 * The file itself is replaced, so the lock is another one beside it, .NAME.lock, that is there as
 * long as it is held. One that a killed holder has left is used again.
 *
 * Return: 0 or -1.
 */
int rms_lock_edit(struct rms_edit_lock *lock, const char *path, const struct rms_patience *patience,
		  struct rms_error *err);
void rms_unlock_edit(struct rms_edit_lock *lock);

/**
 * rms_lock_file() - take a lock file, which stays
 * @path: the file, made if need be, for nobody else
 * @wait: wait for another holder, instead of failing with errno EWOULDBLOCK
 *
 * Return: a descriptor; closing it unlocks. Or -1 with errno set.
 */
int rms_lock_file(const char *path, bool wait);

#endif
