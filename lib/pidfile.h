/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pidfile.h - one ramsterd a machine, and how to find it
 */
#ifndef RMS_PIDFILE_H
#define RMS_PIDFILE_H

#include <sys/types.h>

#include "error.h"
#include "host.h"

/* /run/ramsterd.pid, which the caller frees. */
char *rms_pidfile_path(const struct rms_host *host);

/**
 * rms_pidfile_take() - be the one ramsterd
 * @path: the file, for nobody else; it is locked for as long as the process lives
 * @err: another one runs, or the file cannot be written
 *
 * Return: a descriptor to keep open, or -1.
 */
int rms_pidfile_take(const char *path, struct rms_error *err);

/* The ramsterd that holds the file, or 0: none does, whatever number is in it, or one that is just starting. */
pid_t rms_pidfile_owner(const char *path);

#endif
