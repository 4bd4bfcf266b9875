// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>

#include "error.h"

/* A value quoted in a message may hold anything: keep it on one line. */
static void one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
}

int rms_fail(struct rms_error *err, enum rms_error_kind kind, const char *fmt, ...)
{
	va_list ap;

	err->kind = kind;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	one_line(err->text);
	return -1;
}

int rms_fail_at(struct rms_error *err, const char *file, unsigned int line, const char *fmt, ...)
{
	va_list ap;
	int n;

	err->kind = RMS_BAD_CONFIG;
	if (line)
		n = snprintf(err->text, sizeof(err->text), "%.500s:%u: ", file, line);
	else
		n = snprintf(err->text, sizeof(err->text), "%.500s: ", file);
	va_start(ap, fmt);
	vsnprintf(err->text + n, sizeof(err->text) - n, fmt, ap);
	va_end(ap);
	one_line(err->text);
	return -1;
}
