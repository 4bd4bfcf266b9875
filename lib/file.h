/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * file.h - reading a whole file, and replacing one atomically
 */
#ifndef RMS_FILE_H
#define RMS_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/**
 * rms_read_file() - read a small file
 * @path: the file
 * @max: most bytes it may have
 *
 * Return: its contents with a NUL appended, which the caller frees; or NULL with
 * errno set (EFBIG: longer than @max, EINVAL: it holds a NUL, EISDIR etc.).
 */
char *rms_read_file(const char *path, size_t max);

/**
 * rms_replace_file() - put new contents in the place of a file, or make it
 * @path: the file; a symbolic link is followed
 * @text: the new contents
 * @mode: permissions if the file is new; else it keeps its mode and owner
 * @err: what went wrong
 *
 * A reader, or a machine that loses power, sees the old contents or the new,
 * never a part. On failure nothing has changed. A signal leaves no other file behind.
 *
 * Return: 0 or -1.
 */
int rms_replace_file(const char *path, const char *text, unsigned int mode, struct rms_error *err);

/* The directory that a path is in, which the caller frees. */
char *rms_dir_of(const char *path);

/* The number that a process has left in a file, or 0. */
pid_t rms_read_pid(const char *path);

#endif
