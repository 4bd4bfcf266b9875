// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "json.h"

static int depth;
static bool first = true;

static void quoted(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < ' ')
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void begin(const char *name)
{
	if (!first)
		putchar(',');
	if (depth)
		printf("\n%*s", 2 * depth, "");
	first = false;
	if (name) {
		quoted(name);
		printf(": ");
	}
}

void json_open(const char *name, char bracket)
{
	begin(name);
	putchar(bracket);
	depth++;
	first = true;
}

void json_close(char bracket)
{
	depth--;
	if (!first)
		printf("\n%*s", 2 * depth, "");
	putchar(bracket);
	first = false;
	if (!depth) {
		putchar('\n');
		first = true;
	}
}

void json_string(const char *name, const char *value)
{
	begin(name);
	if (value)
		quoted(value);
	else
		printf("null");
}

void json_uint(const char *name, uint64_t value)
{
	begin(name);
	printf("%" PRIu64, value);
}

void json_bool(const char *name, bool value)
{
	begin(name);
	printf("%s", value ? "true" : "false");
}
