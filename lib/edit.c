// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "outline.h"
#include "text.h"

const char rms_new_config[] =
	"# RAMster: the RAM of a cluster as one swap tier. See ramster.conf(5).\n"
	"# The same file goes to every node; only `local` differs.\n"
	"\n"
	"# Which of the nodes below is this machine (`ramsterctl set-local NAME`).\n"
	"local = \"\";\n"
	"\n"
	"cluster = {\n"
	"\tnodes = (\n"
	"\t);\n"
	"};\n";

/* @text with [from, to) replaced by @with. */
static char *splice(const char *text, size_t from, size_t to, const char *with)
{
	return rms_format("%.*s%s%s", (int)from, text, with, text + to);
}

static size_t line_start(const char *text, size_t at)
{
	while (at && text[at - 1] != '\n')
		at--;
	return at;
}

static bool is_blank(const char *text, size_t from, size_t to)
{
	for (; from < to; from++)
		if (text[from] != ' ' && text[from] != '\t')
			return false;
	return true;
}

/* Is there nothing but white space before @at on its line? */
static bool begins_line(const char *text, size_t at)
{
	return is_blank(text, line_start(text, at), at);
}

/* The white space that the line of @at begins with, which the caller frees. */
static char *indent_of(const char *text, size_t at)
{
	size_t start = line_start(text, at);

	return rms_strndup(text + start, strspn(text + start, " \t"));
}

/* Put "name = value" at the end of group @g, or of the file if @g is -1. */
static char *append_setting(const char *text, const struct rms_outline *out, int g, const char *setting)
{
	const struct rms_item *group = g < 0 ? NULL : &out->items[g];
	char *indent, *with, *ret;
	size_t close, at;

	if (!group) {
		size_t len = strlen(text);

		return rms_format("%s%s%s\n", text, len && text[len - 1] != '\n' ? "\n" : "", setting);
	}
	close = group->end - 1;
	if (!begins_line(text, close)) {
		with = rms_format(" %s ", setting);
		ret = splice(text, close, close, with);
	} else {
		at = line_start(text, close);
		indent = indent_of(text, close);
		with = rms_format("%s\t%s\n", indent, setting);
		ret = splice(text, at, at, with);
		free(indent);
	}
	free(with);
	return ret;
}

/* A setting without ';' at the end is fine for libconfig, until another follows. */
static char *close_last(const char *text, const struct rms_outline *out, int g)
{
	int last = -1;
	size_t i;

	for (i = 0; i < out->nr; i++)
		if (out->items[i].parent == g)
			last = i;
	if (last < 0 || out->items[last].after > out->items[last].end)
		return rms_strdup(text);
	return splice(text, out->items[last].end, out->items[last].end, ";");
}

/* Put @setting into the group at @group (NULL: the file), which is there. */
static char *insert_setting(const char *text, const char *file, const char *group, const char *setting,
			    struct rms_error *err)
{
	struct rms_outline out;
	char *closed, *ret;

	if (rms_outline_read(text, file, &out, err))
		return NULL;
	closed = close_last(text, &out, group ? rms_outline_find(&out, text, group) : -1);
	rms_outline_free(&out);

	if (rms_outline_read(closed, file, &out, err)) {
		free(closed);
		return NULL;
	}
	ret = append_setting(closed, &out, group ? rms_outline_find(&out, closed, group) : -1, setting);
	rms_outline_free(&out);
	free(closed);
	return ret;
}

char *rms_edit_set(const char *text, const char *file, const char *path, const char *value,
		   struct rms_error *err)
{
	const char *dot = strchr(path, '.');
	const char *name = dot ? dot + 1 : path;
	struct rms_outline out;
	char *group, *setting, *ret;
	int i, g;

	if (rms_outline_read(text, file, &out, err))
		return NULL;
	group = dot ? rms_strndup(path, dot - path) : NULL;
	i = rms_outline_find(&out, text, path);
	g = group ? rms_outline_find(&out, text, group) : -1;
	if (i >= 0) {
		ret = splice(text, out.items[i].start, out.items[i].end, value);
	} else if (group && g < 0) {
		setting = rms_format("%s = {\n\t%s = %s;\n};", group, name, value);
		ret = insert_setting(text, file, NULL, setting, err);
		free(setting);
	} else {
		setting = rms_format("%s = %s;", name, value);
		ret = insert_setting(text, file, group, setting, err);
		free(setting);
	}
	free(group);
	rms_outline_free(&out);
	return ret;
}

/* Put @element at the end of list @list. */
static char *append_element(const char *text, const struct rms_outline *out, int list, const char *element)
{
	const struct rms_item *l = &out->items[list], *last = NULL;
	size_t close = l->end - 1, i, at;
	char *indent, *comma, *ret;

	for (i = 0; i < out->nr; i++)
		if (out->items[i].parent == list)
			last = &out->items[i];
	comma = rms_format("%.*s%s", (int)(last ? last->end : close), text,
			   last && last->after == last->end ? "," : "");
	if (!begins_line(text, close)) {
		ret = rms_format("%s%.*s%s%s%s", comma, (int)(close - (last ? last->end : close)),
				 last ? text + last->end : "", last ? " " : "", element, text + close);
		free(comma);
		return ret;
	}
	at = line_start(text, close);
	if (last && begins_line(text, last->start)) {
		indent = indent_of(text, last->start);
	} else {
		char *outer = indent_of(text, close);

		indent = rms_format("%s\t", outer);
		free(outer);
	}
	if (last)
		ret = rms_format("%s%.*s%s%s\n%s", comma, (int)(at - last->end), text + last->end, indent,
				 element, text + at);
	else
		ret = rms_format("%.*s%s%s\n%s", (int)at, text, indent, element, text + at);
	free(indent);
	free(comma);
	return ret;
}

char *rms_edit_add_node(const char *text, const char *file, const char *name, int num,
			const char *address, int port, struct rms_error *err)
{
	char *element, *setting, *port_text, *ret;
	struct rms_outline out;
	int list;

	if (rms_outline_read(text, file, &out, err))
		return NULL;
	port_text = port == RMS_PORT ? rms_strdup("") : rms_format(" port = %d;", port);
	element = rms_format("{ name = \"%s\"; num = %d; address = \"%s\";%s }", name, num, address, port_text);
	list = rms_outline_find(&out, text, "cluster.nodes");
	if (list >= 0) {
		ret = append_element(text, &out, list, element);
	} else if (rms_outline_find(&out, text, "cluster") >= 0) {
		setting = rms_format("nodes = ( %s );", element);
		ret = insert_setting(text, file, "cluster", setting, err);
		free(setting);
	} else {
		setting = rms_format("cluster = {\n\tnodes = (\n\t\t%s\n\t);\n};", element);
		ret = insert_setting(text, file, NULL, setting, err);
		free(setting);
	}
	free(element);
	free(port_text);
	rms_outline_free(&out);
	return ret;
}

/* Where @to should end so that a line emptied of all but a comment goes too. */
static void widen_to_line(const char *text, size_t *from, size_t *to)
{
	size_t end = *to + strspn(text + *to, " \t");

	if (!begins_line(text, *from))
		return;
	if (text[end] == '#' || !strncmp(text + end, "//", 2))
		end += strcspn(text + end, "\n");
	if (text[end] && text[end] != '\n')
		return;
	*from = line_start(text, *from);
	*to = text[end] ? end + 1 : end;
}

char *rms_edit_remove_node(const char *text, const char *file, size_t index, struct rms_error *err)
{
	const struct rms_item *it, *before;
	struct rms_outline out;
	size_t from, to;
	char *ret;
	int list, i, prev, next;

	if (rms_outline_read(text, file, &out, err))
		return NULL;
	list = rms_outline_find(&out, text, "cluster.nodes");
	i = list < 0 ? -1 : rms_outline_child(&out, list, index);
	if (i < 0) {
		rms_outline_free(&out);
		rms_fail_at(err, file, 0, "no such node");
		return NULL;
	}
	prev = index ? rms_outline_child(&out, list, index - 1) : -1;
	next = rms_outline_child(&out, list, index + 1);
	it = &out.items[i];
	from = it->start;
	to = it->after;
	widen_to_line(text, &from, &to);
	if (prev >= 0 && next < 0) {
		/* the last one goes: so does the comma before it */
		before = &out.items[prev];
		ret = rms_format("%.*s%.*s%s", (int)before->end, text, (int)(from - before->after),
				 text + before->after, text + to);
	} else {
		ret = splice(text, from, to, "");
	}
	rms_outline_free(&out);
	return ret;
}
