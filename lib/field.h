/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * field.h - the settings of the configuration file, as tables
 *
 * One row a setting: its name, type, range and default. The parser, the
 * defaults and the printing of a checked file are driven by these.
 */
#ifndef RMS_FIELD_H
#define RMS_FIELD_H

#include <stddef.h>
#include <stdint.h>

enum rms_field_kind {
	RMS_FIELD_INT,
	RMS_FIELD_BOOL,
	RMS_FIELD_SIZE,		/* "2G", or bytes */
	RMS_FIELD_CHOICE,	/* one of .choices */
	RMS_FIELD_NAME,		/* see rms_name_ok() */
	RMS_FIELD_ADDRESS,
	RMS_FIELD_PATH,		/* absolute */
	RMS_FIELD_DEVICE,	/* frontswapN */
	RMS_FIELD_GROUP,	/* { ... }: .fields */
	RMS_FIELD_LIST,		/* ( ... ) of groups: .fields */
};

struct rms_field {
	const char *name;
	enum rms_field_kind kind;
	size_t offset;			/* in its struct; of a group: of the inner struct */
	int64_t min, max;		/* of numbers and sizes */
	int64_t number;			/* default of numbers, sizes and booleans */
	const char *string;		/* default of strings; NULL: none */
	const char *const *choices;	/* ends with NULL */
	const char *elsewhere;		/* not a setting of this group: where it belongs */
	const struct rms_field *fields;	/* ends with a NULL name */
	int required;
	int may_be_empty;		/* "" is as good as not given */
};

extern const struct rms_field rms_fields_root[];
extern const struct rms_field rms_fields_node[];
extern const struct rms_field rms_fields_device[];

/**
 * rms_fields_default() - set a struct's settings to their defaults
 * @fields: the table of the struct
 * @base: the struct
 */
void rms_fields_default(const struct rms_field *fields, void *base);

/* Free the strings of a struct. */
void rms_fields_free(const struct rms_field *fields, void *base);

#endif
