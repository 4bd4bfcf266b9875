/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * json.h - JSON on stdout, one call a value
 *
 * Commas, indentation and quoting are taken care of; @name is NULL inside arrays
 * and for the outermost value.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stdbool.h>
#include <stdint.h>

void json_open(const char *name, char bracket);	/* '{' or '[' */
void json_close(char bracket);			/* '}' or ']' */
void json_string(const char *name, const char *value);	/* NULL: null */
void json_uint(const char *name, uint64_t value);
void json_bool(const char *name, bool value);

#endif
