/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cfs.h - configfs (and module parameters): changes that can be taken back
 */
#ifndef RMS_CFS_H
#define RMS_CFS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "host.h"

enum rms_undo_kind {
	RMS_UNDO_RMDIR,		/* remove what was made */
	RMS_UNDO_MKDIR,		/* make again what was removed */
	RMS_UNDO_WRITE,		/* write the value from before */
	RMS_UNDO_SWAPOFF,
	RMS_UNDO_UNLOAD,	/* of the module whose name is the path */
};

struct rms_undo {
	enum rms_undo_kind kind;
	char *path;
	char *value;
};

/* What was changed, so that a failure further on changes nothing. Zeroed: empty. */
struct rms_journal {
	struct rms_undo *steps;
	size_t nr;
};

/* Note how to take back a change that was just made. @value may be NULL. */
void rms_journal_add(struct rms_journal *j, enum rms_undo_kind kind, const char *path, const char *value);

/* Take everything back, the last change first. */
void rms_journal_rollback(struct rms_journal *j, struct rms_host *host);

/* It all went well: forget it. */
void rms_journal_forget(struct rms_journal *j);

/**
 * rms_cfs_read() - the value of an attribute
 * @dir: its directory
 * @attr: its name
 *
 * Return: the value without the newline, which the caller frees; or NULL.
 */
char *rms_cfs_read(const char *dir, const char *attr);

/* Does attribute @attr of @dir read as 1? */
bool rms_cfs_is_one(const char *dir, const char *attr);

/**
 * rms_cfs_set() - make an attribute read @value
 * @host: the machine
 * @j: the journal
 * @dir: the attribute's directory
 * @attr: the attribute
 * @value: the value; nothing is written if it reads so already
 * @err: why the kernel refused, in the kernel's own words where it has any
 *
 * Return: 0 or -1.
 */
int rms_cfs_set(struct rms_host *host, struct rms_journal *j, const char *dir, const char *attr,
		const char *value, struct rms_error *err);

/* Like rms_cfs_set(), for a number. */
int rms_cfs_set_int(struct rms_host *host, struct rms_journal *j, const char *dir, const char *attr,
		    long long value, struct rms_error *err);

/* Write an attribute that cannot be read; it is in no message and no journal. */
int rms_cfs_set_secret(struct rms_host *host, const char *dir, const char *attr, const char *value,
		       struct rms_error *err);

/* mkdir, unless it is there. */
int rms_cfs_mkdir(struct rms_host *host, struct rms_journal *j, const char *path, struct rms_error *err);

/* rmdir, with nothing noted. */
int rms_cfs_rmdir(struct rms_host *host, const char *path, struct rms_error *err);

/**
 * rms_cfs_list() - names in a directory, sorted
 * @path: the directory
 * @dirs: only subdirectories
 * @n: how many there are
 *
 * Return: an array for rms_cfs_list_free(); empty if there is no such directory.
 */
char **rms_cfs_list(const char *path, bool dirs, size_t *n);
void rms_cfs_list_free(char **names, size_t n);

#endif
