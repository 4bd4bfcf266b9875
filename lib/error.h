/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * error.h - how the library says that something went wrong
 *
 * The library prints nothing. A function that can fail takes a struct
 * rms_error, returns 0 or -1, and on -1 has put one line for people there:
 * what is wrong, where, and what would be right.
 */
#ifndef RMS_ERROR_H
#define RMS_ERROR_H

/* The kinds are the exit codes of ramsterctl and ramsterd; see ramsterctl(8). */
enum rms_error_kind {
	RMS_OK = 0,
	RMS_FAILED = 1,		/* the system refused */
	RMS_USAGE = 2,		/* a wrong command line */
	RMS_BAD_CONFIG = 3,	/* a wrong configuration file, or key file */
	RMS_NOT_RUNNING = 4,	/* the cluster is not up on this node */
};

struct rms_error {
	enum rms_error_kind kind;
	char text[1024];
};

/**
 * rms_fail() - record an error
 * @err: where to
 * @kind: what kind of error it is
 * @fmt: printf format of one line, without a newline
 *
 * Return: -1, so that a function can end with "return rms_fail(...)".
 */
int rms_fail(struct rms_error *err, enum rms_error_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * rms_fail_at() - record an error in the configuration file
 * @err: where to
 * @file: the file's path
 * @line: its line; 0 if the error has none
 * @fmt: printf format of one line: what is wrong; what would be right
 *
 * Return: -1.
 */
int rms_fail_at(struct rms_error *err, const char *file, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
