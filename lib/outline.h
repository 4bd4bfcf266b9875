/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * outline.h - where each setting stands in the text of a configuration file
 *
 * libconfig says what a file means, but not where; and it writes a file back
 * without its comments. An outline is the other half: the place of each setting
 * in the text, so that one can be changed and every other byte kept.
 */
#ifndef RMS_OUTLINE_H
#define RMS_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct rms_item {
	int parent;		/* index, or -1 at the top */
	char kind;		/* '{', '(', '[', or 's' for a scalar */
	unsigned int line;	/* of the name, or of the value in a list */
	size_t name, name_len;	/* name_len 0: an element of a list */
	size_t start, end;	/* of the value: [start, end) */
	size_t after;		/* one past its ';' or ','; else same as end */
};

struct rms_outline {
	struct rms_item *items;	/* parents before children, in the text's order */
	size_t nr;
};

/**
 * rms_outline_read() - find the settings in a text
 * @text: a configuration file that libconfig accepts
 * @path: its path, for messages
 * @out: the outline, for rms_outline_free()
 * @err: what is wrong with the text
 *
 * Return: 0 or -1.
 */
int rms_outline_read(const char *text, const char *path, struct rms_outline *out, struct rms_error *err);

void rms_outline_free(struct rms_outline *out);

/**
 * rms_outline_find() - the setting at a path
 * @out: an outline
 * @text: its text
 * @path: names joined by dots, such as "cluster.nodes"
 *
 * Return: its index, or -1.
 */
int rms_outline_find(const struct rms_outline *out, const char *text, const char *path);

/* The @n-th child (from 0) of item @parent, or -1. */
int rms_outline_child(const struct rms_outline *out, int parent, size_t n);

/**
 * rms_outline_check() - say more of a mistake than libconfig's "syntax error"
 * @text: any text
 * @path: its path
 * @err: what is wrong, at which line: something is never closed, missing or given
 *	twice, or another file is included
 *
 * Return: 0 or -1. What passes may still be wrong for libconfig.
 */
int rms_outline_check(const char *text, const char *path, struct rms_error *err);

#endif
