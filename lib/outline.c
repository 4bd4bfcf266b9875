// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "outline.h"
#include "text.h"

#define DEPTH_MAX	16

struct scan {
	const char *text;
	size_t at;
	unsigned int line;
	int depth;
	const char *path;
	struct rms_outline *out;
	struct rms_error *err;
};

#define fault(s, line, ...) rms_fail_at((s)->err, (s)->path, line, __VA_ARGS__)

static char peek(const struct scan *s)
{
	return s->text[s->at];
}

static void next(struct scan *s)
{
	if (s->text[s->at] == '\n')
		s->line++;
	s->at++;
}

static int skip_block_comment(struct scan *s)
{
	unsigned int opened = s->line;

	s->at += 2;
	while (peek(s) && !(peek(s) == '*' && s->text[s->at + 1] == '/'))
		next(s);
	if (!peek(s))
		return fault(s, opened, "this comment is never closed; end it with */");
	s->at += 2;
	return 0;
}

/* Past white space and comments. */
static int skip(struct scan *s)
{
	for (;;) {
		const char *p = s->text + s->at;

		if (isspace((unsigned char)*p)) {
			next(s);
		} else if (*p == '#' || (p[0] == '/' && p[1] == '/')) {
			while (peek(s) && peek(s) != '\n')
				next(s);
		} else if (p[0] == '/' && p[1] == '*') {
			if (skip_block_comment(s))
				return -1;
		} else {
			return 0;
		}
	}
}

static int scan_string(struct scan *s)
{
	unsigned int opened = s->line;

	next(s);
	while (peek(s) && peek(s) != '"') {
		if (peek(s) == '\\' && s->text[s->at + 1])
			next(s);
		next(s);
	}
	if (!peek(s))
		return fault(s, opened, "this string is never closed; end it with \"");
	next(s);
	return 0;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '*';
}

/* Strings that follow each other are one; anything else is one word. */
static int scan_scalar(struct scan *s, size_t *end)
{
	if (peek(s) != '"') {
		size_t start = s->at;

		while (is_name_char(peek(s)) || peek(s) == '.' || peek(s) == '+')
			next(s);
		*end = s->at;
		return s->at > start ? 0 : fault(s, s->line, "a value is missing before `%c`", peek(s));
	}
	while (peek(s) == '"') {
		if (scan_string(s))
			return -1;
		*end = s->at;
		if (skip(s))
			return -1;
	}
	return 0;
}

static int add_item(struct scan *s, int parent)
{
	struct rms_outline *out = s->out;

	if (!(out->nr & (out->nr + 1)))		/* 0, 1, 3, 7, ...: full */
		out->items = rms_realloc(out->items, (2 * out->nr + 1) * sizeof(*out->items));
	out->items[out->nr] = (struct rms_item){ .parent = parent, .line = s->line };
	return out->nr++;
}

static int scan_settings(struct scan *s, int parent, char close, unsigned int opened);
static int scan_elements(struct scan *s, int parent, char close, unsigned int opened);

/* The value of item @i, which starts here. */
static int scan_value(struct scan *s, int i)
{
	unsigned int opened = s->line;
	char kind = peek(s);
	size_t end;
	int ret;

	s->out->items[i].start = s->at;
	if (!strchr("{([", kind) || !kind) {
		s->out->items[i].kind = 's';
		if (!kind)
			return fault(s, opened, "the file ends where a value should stand");
		if (scan_scalar(s, &end))
			return -1;
		s->out->items[i].end = s->out->items[i].after = end;
		return skip(s);
	}
	if (++s->depth > DEPTH_MAX)
		return fault(s, opened, "groups are nested too deep; no setting needs it");
	s->out->items[i].kind = kind;
	next(s);
	if (kind == '{')
		ret = scan_settings(s, i, '}', opened);
	else
		ret = scan_elements(s, i, kind == '(' ? ')' : ']', opened);
	if (ret)
		return -1;
	s->depth--;
	s->out->items[i].end = s->out->items[i].after = s->at;
	return skip(s);
}

static int unclosed(struct scan *s, char close, unsigned int opened)
{
	char open = close == '}' ? '{' : close == ')' ? '(' : '[';

	return fault(s, opened, "this `%c` is never closed; end it with `%c`", open, close);
}

static int scan_elements(struct scan *s, int parent, char close, unsigned int opened)
{
	int i;

	for (;;) {
		if (skip(s))
			return -1;
		if (peek(s) == close) {
			next(s);
			return 0;
		}
		if (!peek(s))
			return unclosed(s, close, opened);
		i = add_item(s, parent);
		if (scan_value(s, i))
			return -1;
		if (peek(s) == ',') {
			next(s);
			s->out->items[i].after = s->at;
		} else if (peek(s) != close && peek(s)) {
			return fault(s, s->line, "`%c` where `,` or `%c` should stand (the list opens on line %u)",
				     peek(s), close, opened);
		}
	}
}

static int check_twice(struct scan *s, int i)
{
	const struct rms_item *a, *b = &s->out->items[i];
	int j;

	for (j = 0; j < i; j++) {
		a = &s->out->items[j];
		if (a->parent == b->parent && a->name_len == b->name_len &&
		    !memcmp(s->text + a->name, s->text + b->name, b->name_len))
			return fault(s, b->line, "`%.*s` is given twice, first on line %u; give it once",
				     (int)b->name_len, s->text + b->name, a->line);
	}
	return 0;
}

static int scan_setting(struct scan *s, int parent)
{
	int i = add_item(s, parent);
	size_t start = s->at;

	while (is_name_char(peek(s)))
		next(s);
	if (s->at == start)
		return fault(s, s->line, "`%c` where the name of a setting should stand", peek(s));
	s->out->items[i].name = start;
	s->out->items[i].name_len = s->at - start;
	if (check_twice(s, i) || skip(s))
		return -1;
	if (peek(s) != '=' && peek(s) != ':')
		return fault(s, s->out->items[i].line, "`=` is missing after `%.*s`",
			     (int)s->out->items[i].name_len, s->text + start);
	next(s);
	if (skip(s) || scan_value(s, i))
		return -1;
	if (peek(s) == ';' || peek(s) == ',') {
		next(s);
		s->out->items[i].after = s->at;
	}
	return 0;
}

static int scan_settings(struct scan *s, int parent, char close, unsigned int opened)
{
	for (;;) {
		if (skip(s))
			return -1;
		if (peek(s) == close) {
			if (close)
				next(s);
			return 0;
		}
		if (!peek(s))
			return unclosed(s, close, opened);
		if (scan_setting(s, parent))
			return -1;
	}
}

int rms_outline_read(const char *text, const char *path, struct rms_outline *out, struct rms_error *err)
{
	struct scan s = { .text = text, .line = 1, .path = path, .out = out, .err = err };

	*out = (struct rms_outline){ 0 };
	if (scan_settings(&s, -1, '\0', 1)) {
		rms_outline_free(out);
		return -1;
	}
	return 0;
}

void rms_outline_free(struct rms_outline *out)
{
	free(out->items);
	*out = (struct rms_outline){ 0 };
}

int rms_outline_find(const struct rms_outline *out, const char *text, const char *path)
{
	int parent = -1;
	size_t i = 0;

	while (i < out->nr) {
		const struct rms_item *it = &out->items[i];
		size_t len = strcspn(path, ".");

		if (it->parent == parent && it->name_len == len && !memcmp(text + it->name, path, len)) {
			if (!path[len])
				return i;
			parent = i;
			path += len + 1;
		}
		i++;
	}
	return -1;
}

int rms_outline_child(const struct rms_outline *out, int parent, size_t n)
{
	size_t i;

	for (i = 0; i < out->nr; i++)
		if (out->items[i].parent == parent && !n--)
			return i;
	return -1;
}

static int refuse_includes(const char *text, const char *path, struct rms_error *err)
{
	unsigned int line = 1;

	while (text) {
		const char *p = text + strspn(text, " \t");

		if (!strncmp(p, "@include", 8))
			return rms_fail_at(err, path, line, "@include is not supported; all settings stand in one file");
		text = strchr(text, '\n');
		if (text)
			text++;
		line++;
	}
	return 0;
}

int rms_outline_check(const char *text, const char *path, struct rms_error *err)
{
	struct rms_outline out;

	if (refuse_includes(text, path, err) || rms_outline_read(text, path, &out, err))
		return -1;
	rms_outline_free(&out);
	return 0;
}
