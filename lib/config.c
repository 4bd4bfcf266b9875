// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * config.c - libconfig's tree into struct rms_config, one setting at a time
 */
#include <ctype.h>
#include <errno.h>
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "config.h"
#include "field.h"
#include "file.h"
#include "outline.h"
#include "text.h"

#define CONFIG_BYTES_MAX	(1 << 20)
#define KNOWN_MAX		32

struct parser {
	struct rms_config *cfg;
	struct rms_error *err;
};

#define bad(p, line, ...) rms_fail_at((p)->err, (p)->cfg->path, line, __VA_ARGS__)

static const char *type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	default:
		return "a list ( )";
	}
}

static bool is_int(const config_setting_t *s)
{
	return config_setting_type(s) == CONFIG_TYPE_INT || config_setting_type(s) == CONFIG_TYPE_INT64;
}

static int64_t int_of(const config_setting_t *s)
{
	return config_setting_type(s) == CONFIG_TYPE_INT64 ? config_setting_get_int64(s)
							    : config_setting_get_int(s);
}

static int parse_int(struct parser *p, const struct rms_field *f, config_setting_t *s, struct rms_int *out)
{
	unsigned int line = config_setting_source_line(s);
	int64_t v;

	if (!is_int(s))
		return bad(p, line, "%s is %s; it must be a whole number from %lld to %lld", f->name,
			   type_name(s), (long long)f->min, (long long)f->max);
	v = int_of(s);
	if (v < f->min || v > f->max)
		return bad(p, line, "%s is %lld; it must be from %lld to %lld", f->name, (long long)v,
			   (long long)f->min, (long long)f->max);
	*out = (struct rms_int){ v, line };
	return 0;
}

static int parse_bool(struct parser *p, const struct rms_field *f, config_setting_t *s, struct rms_int *out)
{
	unsigned int line = config_setting_source_line(s);

	if (config_setting_type(s) != CONFIG_TYPE_BOOL)
		return bad(p, line, "%s is %s; it must be true or false, without quotes", f->name, type_name(s));
	*out = (struct rms_int){ config_setting_get_bool(s), line };
	return 0;
}

static int parse_size(struct parser *p, const struct rms_field *f, config_setting_t *s, struct rms_int *out)
{
	unsigned int line = config_setting_source_line(s);
	char lo[32], hi[32];
	int64_t v;

	if (is_int(s))
		v = int_of(s);
	else if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return bad(p, line, "%s is %s; it must be a size such as \"2G\" or \"512M\"", f->name, type_name(s));
	else if (!rms_parse_size(config_setting_get_string(s), &v))
		return bad(p, line, "%s is \"%s\"; it must be a size such as \"2G\" or \"512M\"", f->name,
			   config_setting_get_string(s));
	if (v < f->min || v > f->max)
		return bad(p, line, "%s is %lld bytes; it must be from %s to %s", f->name, (long long)v,
			   rms_format_size(f->min, lo, sizeof(lo)), rms_format_size(f->max, hi, sizeof(hi)));
	if (v % RMS_PAGE_SIZE)
		return bad(p, line, "%s is %lld bytes; it must be a multiple of %d", f->name, (long long)v,
			   RMS_PAGE_SIZE);
	*out = (struct rms_int){ v, line };
	return 0;
}

static bool is_device_name(const char *s)
{
	int64_t n;

	return !strncmp(s, "frontswap", 9) && rms_parse_int(s + 9, 0, 255, &n) && (s[9] != '0' || !s[10]);
}

static bool is_path(const char *s)
{
	if (s[0] != '/' || strlen(s) > 4000)
		return false;
	for (; *s; s++)
		if (iscntrl((unsigned char)*s))
			return false;
	return true;
}

/* "lz4, lzo-rle or zstd" */
static void list_choices(const struct rms_field *f, char *buf, size_t len)
{
	size_t i, n = 0;

	for (i = 0; f->choices[i]; i++) {
		const char *before = !i ? "" : f->choices[i + 1] ? ", " : " or ";

		n += snprintf(buf + n, len - n, "%s\"%s\"", before, f->choices[i]);
	}
}

static int check_choice(struct parser *p, const struct rms_field *f, unsigned int line, const char *v)
{
	char choices[128];
	size_t i;

	for (i = 0; f->choices[i]; i++)
		if (!strcmp(v, f->choices[i]))
			return 0;
	list_choices(f, choices, sizeof(choices));
	return bad(p, line, "%s is \"%s\"; it must be %s", f->name, v, choices);
}

static int parse_string(struct parser *p, const struct rms_field *f, config_setting_t *s, struct rms_str *out)
{
	unsigned int line = config_setting_source_line(s);
	char *canonical = NULL;
	const char *v, *why;

	if (config_setting_type(s) != CONFIG_TYPE_STRING)
		return bad(p, line, "%s is %s; it must be a string in double quotes", f->name, type_name(s));
	v = config_setting_get_string(s);
	if (f->may_be_empty && !*v)
		return 0;

	switch (f->kind) {
	case RMS_FIELD_CHOICE:
		if (check_choice(p, f, line, v))
			return -1;
		break;
	case RMS_FIELD_NAME:
		if (!rms_name_ok(v))
			return bad(p, line, "%s is \"%.80s\"; it must be 1 to %d letters, digits, '_', '.' or '-'",
				   f->name, v, RMS_NAME_MAX);
		break;
	case RMS_FIELD_ADDRESS:
		canonical = rms_address_canonical(v, &why);
		if (!canonical)
			return bad(p, line, "%s \"%.80s\" %s", f->name, v, why);
		break;
	case RMS_FIELD_DEVICE:
		if (!is_device_name(v))
			return bad(p, line, "%s is \"%.80s\"; a device is called frontswap0 to frontswap255", f->name, v);
		break;
	default:
		if (!is_path(v))
			return bad(p, line, "%s is \"%.80s\"; it must be an absolute path such as /dev/sdb2", f->name, v);
	}
	free(out->s);
	*out = (struct rms_str){ canonical ? canonical : rms_strdup(v), line };
	return 0;
}

static int unknown(struct parser *p, const struct rms_field *fields, const char *group,
		   const char *name, unsigned int line)
{
	const char *known[KNOWN_MAX], *near;
	const struct rms_field *f;
	size_t n = 0, len = 0;
	char all[512] = "";

	for (f = fields; f->name && n < KNOWN_MAX; f++) {
		if (f->elsewhere)
			continue;
		len += snprintf(all + len, sizeof(all) - len, "%s%s", n ? ", " : "", f->name);
		known[n++] = f->name;
	}
	near = rms_nearest(name, known, n);
	if (near)
		return bad(p, line, "unknown setting `%s` in %s; did you mean `%s`?", name, group, near);
	return bad(p, line, "unknown setting `%s` in %s; there are: %s", name, group, all);
}

static const struct rms_field *find_field(const struct rms_field *fields, const char *name)
{
	const struct rms_field *f;

	for (f = fields; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static int parse_group(struct parser *p, const struct rms_field *fields, const char *group,
		       config_setting_t *s, void *base);

static int parse_nodes(struct parser *p, const struct rms_field *f, config_setting_t *list)
{
	struct rms_config *cfg = p->cfg;
	int i, n = config_setting_length(list);

	cfg->nodes = rms_alloc(n, sizeof(*cfg->nodes));
	for (i = 0; i < n; i++) {
		config_setting_t *s = config_setting_get_elem(list, i);
		struct rms_node *node = &cfg->nodes[i];

		rms_fields_default(f->fields, node);
		cfg->nr_nodes++;
		node->line = config_setting_source_line(s);
		if (parse_group(p, f->fields, "a node", s, node))
			return -1;
	}
	return 0;
}

static int parse_devices(struct parser *p, const struct rms_field *f, config_setting_t *list)
{
	struct rms_config *cfg = p->cfg;
	int i, n = config_setting_length(list);

	cfg->devices = rms_alloc(n, sizeof(*cfg->devices));
	for (i = 0; i < n; i++) {
		config_setting_t *s = config_setting_get_elem(list, i);
		struct rms_device *dev = &cfg->devices[i];

		rms_fields_default(f->fields, dev);
		cfg->nr_devices++;
		dev->line = config_setting_source_line(s);
		if (parse_group(p, f->fields, "a device", s, dev))
			return -1;
	}
	return 0;
}

static int parse_list(struct parser *p, const struct rms_field *f, config_setting_t *s)
{
	if (config_setting_type(s) != CONFIG_TYPE_LIST)
		return bad(p, config_setting_source_line(s), "%s is %s; it must be a list ( { ... }, { ... } )",
			   f->name, type_name(s));
	return f->fields == rms_fields_node ? parse_nodes(p, f, s) : parse_devices(p, f, s);
}

static int parse_field(struct parser *p, const struct rms_field *f, config_setting_t *s, void *at)
{
	switch (f->kind) {
	case RMS_FIELD_INT:
		return parse_int(p, f, s, at);
	case RMS_FIELD_BOOL:
		return parse_bool(p, f, s, at);
	case RMS_FIELD_SIZE:
		return parse_size(p, f, s, at);
	case RMS_FIELD_GROUP:
		return parse_group(p, f->fields, f->name, s, at);
	case RMS_FIELD_LIST:
		return parse_list(p, f, s);
	default:
		return parse_string(p, f, s, at);
	}
}

static int parse_group(struct parser *p, const struct rms_field *fields, const char *group,
		       config_setting_t *s, void *base)
{
	unsigned int line = config_setting_source_line(s);
	const struct rms_field *f;
	int i;

	if (config_setting_type(s) != CONFIG_TYPE_GROUP)
		return bad(p, line, "%s is %s; it must be a group { ... }", group, type_name(s));
	for (i = 0; i < config_setting_length(s); i++) {
		config_setting_t *c = config_setting_get_elem(s, i);

		f = find_field(fields, config_setting_name(c));
		if (!f)
			return unknown(p, fields, group, config_setting_name(c), config_setting_source_line(c));
		if (f->elsewhere)
			return bad(p, config_setting_source_line(c), "%s does not belong into %s; %s",
				   f->name, group, f->elsewhere);
		if (parse_field(p, f, c, (char *)base + f->offset))
			return -1;
	}
	for (f = fields; f->name; f++)
		if (f->required && !config_setting_get_member(s, f->name))
			return bad(p, line, "%s has no %s; add `%s = %s;`", group, f->name, f->name,
				   f->kind == RMS_FIELD_INT ? "NUMBER" : "\"...\"");
	return 0;
}

/* A file without devices gets one, as large as the machine's RAM. */
static void add_default_device(struct rms_config *cfg)
{
	cfg->devices = rms_alloc(1, sizeof(*cfg->devices));
	cfg->nr_devices = 1;
	rms_fields_default(rms_fields_device, &cfg->devices[0]);
	cfg->devices[0].name.s = rms_strdup("frontswap0");
}

/* What depends on whether another setting was given. */
static void fill_in(struct rms_config *cfg, bool devices_listed)
{
	size_t i;

	if (!devices_listed)
		add_default_device(cfg);
	for (i = 0; i < cfg->nr_devices; i++) {
		struct rms_device *dev = &cfg->devices[i];

		if (!dev->backup.line)
			dev->backup.s = rms_strdup(dev->backing.s ? "disk" : "none");
		if (!dev->allow_loss.line)
			dev->allow_loss.v = cfg->cluster.allow_loss.v;
	}
}

static int parse_tree(struct parser *p, const char *text)
{
	/* libconfig refuses a comment that ends the file without a newline */
	char *lines = rms_format("%s\n", text);
	config_setting_t *root, *cluster;
	config_t tree;
	int ret = -1;

	config_init(&tree);
	if (!config_read_string(&tree, lines)) {
		bad(p, config_error_line(&tree), "%s; a setting is `name = value;`, a group { }, a list of groups ( { }, { } )",
		    config_error_text(&tree));
		goto out;
	}
	root = config_root_setting(&tree);
	if (parse_group(p, rms_fields_root, "the file", root, p->cfg))
		goto out;
	cluster = config_setting_get_member(root, "cluster");
	if (cluster)
		p->cfg->cluster.line = config_setting_source_line(cluster);
	fill_in(p->cfg, config_setting_get_member(root, "devices"));
	ret = 0;
out:
	config_destroy(&tree);
	free(lines);
	return ret;
}

struct rms_config *rms_config_parse(const char *path, const char *text, struct rms_error *err)
{
	struct rms_config *cfg = rms_alloc(1, sizeof(*cfg));
	struct parser p = { cfg, err };

	cfg->path = rms_strdup(path);
	rms_fields_default(rms_fields_root, cfg);
	if (rms_outline_check(text, path, err) || parse_tree(&p, text)) {
		rms_config_free(cfg);
		return NULL;
	}
	return cfg;
}

struct rms_config *rms_config_load(const char *path, struct rms_error *err)
{
	char *text = rms_read_file(path, CONFIG_BYTES_MAX);
	struct rms_config *cfg;

	if (!text && errno == ENOENT) {
		rms_fail_at(err, path, 0, "no such file; `ramsterctl add-node NAME ADDRESS` makes it");
		return NULL;
	}
	if (!text && (errno == EFBIG || errno == EINVAL)) {
		rms_fail_at(err, path, 0, "not a configuration file: %s",
			    errno == EFBIG ? "longer than 1 MiB" : "it holds a zero byte");
		return NULL;
	}
	if (!text) {
		rms_fail_at(err, path, 0, "cannot read: %s", strerror(errno));
		return NULL;
	}
	cfg = rms_config_parse(path, text, err);
	free(text);
	return cfg;
}

void rms_config_free(struct rms_config *cfg)
{
	size_t i;

	if (!cfg)
		return;
	for (i = 0; i < cfg->nr_nodes; i++)
		rms_fields_free(rms_fields_node, &cfg->nodes[i]);
	for (i = 0; i < cfg->nr_devices; i++)
		rms_fields_free(rms_fields_device, &cfg->devices[i]);
	free(cfg->nodes);
	free(cfg->devices);
	rms_fields_free(rms_fields_root, cfg);
	free(cfg->path);
	free(cfg);
}
