// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void *or_die(void *p)
{
	if (!p)
		abort();
	return p;
}

void *rms_alloc(size_t n, size_t size)
{
	return or_die(calloc(n ? n : 1, size));
}

void *rms_realloc(void *p, size_t size)
{
	return or_die(realloc(p, size ? size : 1));
}

char *rms_strdup(const char *s)
{
	return or_die(strdup(s));
}

char *rms_strndup(const char *s, size_t n)
{
	return or_die(strndup(s, n));
}

char *rms_format(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return or_die(s);
}

bool rms_parse_size(const char *s, int64_t *bytes)
{
	static const char units[] = "KMGT";
	const char *unit;
	int64_t v;
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno)
		return false;
	if (*end) {
		int i;

		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return false;
		for (i = 0; i <= unit - units; i++)
			if (__builtin_mul_overflow(v, (int64_t)1024, &v))
				return false;
	}
	*bytes = v;
	return true;
}

const char *rms_format_size(uint64_t bytes, char *buf, size_t len)
{
	static const char units[] = "KMGTPE";
	double v = bytes;
	int u = -1;

	while (v >= 1024 && u < 5) {
		v /= 1024;
		u++;
	}
	if (u < 0)
		snprintf(buf, len, "%llu", (unsigned long long)bytes);
	else if (v >= 100 || v == (double)(int)v)
		snprintf(buf, len, "%.0f%c", v, units[u]);
	else
		snprintf(buf, len, "%.1f%c", v, units[u]);
	return buf;
}

bool rms_parse_int(const char *s, int64_t min, int64_t max, int64_t *v)
{
	int64_t n;
	char *end;

	if (!isdigit((unsigned char)*s) && !(*s == '-' && isdigit((unsigned char)s[1])))
		return false;
	errno = 0;
	n = strtoll(s, &end, 10);
	if (errno || *end || n < min || n > max)
		return false;
	*v = n;
	return true;
}

bool rms_name_ok(const char *s)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (i >= RMS_NAME_MAX || (!isalnum((unsigned char)s[i]) && !strchr("_.-", s[i])))
			return false;
	return i && strcmp(s, ".") && strcmp(s, "..");
}

/* Levenshtein distance of two short words. */
static size_t distance(const char *a, const char *b)
{
	size_t row[RMS_NAME_MAX + 1], la = strlen(a), lb = strlen(b), i, j;

	if (la > RMS_NAME_MAX || lb > RMS_NAME_MAX)
		return RMS_NAME_MAX;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[lb];
}

const char *rms_nearest(const char *word, const char *const *words, size_t n)
{
	const char *best = NULL;
	size_t least = strlen(word) / 3 + 2, i;

	for (i = 0; i < n; i++) {
		size_t d = distance(word, words[i]);

		/* "heartbeat" for "heartbeat_ms" is near, whatever the distance */
		if (*word && strlen(word) >= 3 && !strncmp(word, words[i], strlen(word)))
			d = 1;
		if (d < least && d < strlen(words[i])) {
			least = d;
			best = words[i];
		}
	}
	return best;
}
