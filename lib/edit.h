/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * edit.h - changing one setting in the text of a configuration file
 *
 * Every other byte, comments and layout included, stays as it is. Each function
 * takes a text that rms_config_parse() accepts and returns a new one, which the
 * caller frees, parses again and only then writes; or NULL with @err filled.
 */
#ifndef RMS_EDIT_H
#define RMS_EDIT_H

#include <stddef.h>

#include "config.h"
#include "error.h"

/* What a file starts with when add-node makes it. */
extern const char rms_new_config[];

/**
 * rms_edit_set() - give a scalar setting a value
 * @text: the file's text
 * @file: its path, for messages
 * @path: the setting, "local" or "cluster.insecure"; added if it is not there
 * @value: the value as it is to stand in the file, with its quotes
 * @err: what went wrong
 */
char *rms_edit_set(const char *text, const char *file, const char *path, const char *value,
		   struct rms_error *err);

/* Add a node to the end of the list, which is made if it is not there. */
char *rms_edit_add_node(const char *text, const char *file, const char *name, int num,
			const char *address, int port, struct rms_error *err);

/* Remove the node that is @index-th in the list, from 0. */
char *rms_edit_remove_node(const char *text, const char *file, size_t index, struct rms_error *err);

#endif
