// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../lib/cfs.h"
#include "../../lib/file.h"
#include "../../lib/text.h"
#include "fake_host.h"

#define fake_of(h)	((struct fake_host *)(h)->priv)

struct preset {
	const char *name, *value;
};

static const struct preset cluster_attrs[] = {
	{ "heartbeat_ms", "1000" }, { "suspect_ms", "3000" }, { "dead_ms", "10000" },
	{ "reconnect_ms", "500" }, { "fetch_timeout_ms", "8000" },
	{ "lend_max_mb", "0" }, { "keep_free_mb", "0" }, { "quota_mb", "0" },
	{ "grace_s", "3600" }, { "insecure", "0" }, { "seal", "on" }, { "key", "" }, { "key_ids", "" }, { }
};
static const struct preset node_attrs[] = {
	{ "num", "none" }, { "address", "none" }, { "port", "7777" }, { "local", "0" }, { "connect", "0" },
	{ "drain", "0" }, { }
};
static const struct preset device_attrs[] = {
	{ "backing", "none" }, { "size", "0" }, { "backup", "none" }, { "replicas", "2" },
	{ "allow_loss", "0" }, { "store_wait_ms", "5000" },
	{ "live", "0" }, { }
};
static const struct preset parameters[] = {
	{ "compressor", "lz4" }, { "allocator", "zsmalloc" }, { "max_pool_percent", "60" }, { "age_out_s", "0" },
	{ "reject_incompressible", "N" }, { }
};

/* The kernel's own, not those of the file: SETTING() in nm_settings.c, params.c, policy.c. */
static const struct {
	const char *name;
	long long min, max;
} ranges[] = {
	{ "heartbeat_ms", 50, 60000 }, { "suspect_ms", 51, 600000 }, { "dead_ms", 52, 600000 },
	{ "reconnect_ms", 50, 60000 }, { "fetch_timeout_ms", 100, 600000 },
	{ "lend_max_mb", 0, 1 << 24 }, { "keep_free_mb", 0, 1 << 24 }, { "quota_mb", 0, 1 << 24 },
	{ "grace_s", 1, 604800 }, { "num", 0, 1023 }, { "port", 1, 65535 }, { "replicas", 1, 3 },
	{ "store_wait_ms", 0, 600000 }, { "max_pool_percent", 1, 90 }, { "age_out_s", 0, 36000 },
};

static bool out_of_range(const char *attr, const char *value)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(ranges); i++)
		if (!strcmp(attr, ranges[i].name))
			return atoll(value) < ranges[i].min || atoll(value) > ranges[i].max;
	return false;
}

char *fake_host_path(const struct fake_host *f, const char *fmt, ...)
{
	char *tail, *path;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&tail, fmt, ap) < 0)
		abort();
	va_end(ap);
	path = rms_format("%s/%s", f->root, tail);
	free(tail);
	return path;
}

void fake_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

static void fill(const char *dir, const struct preset *p)
{
	for (; p->name; p++) {
		char *path = rms_format("%s/%s", dir, p->name), *line = rms_format("%s\n", p->value);

		fake_write(path, line);
		free(line);
		free(path);
	}
}

/* Counts a change; the errno that it fails with, or 0. */
static int change(struct fake_host *f)
{
	return ++f->changes == f->fail_at ? f->fail_errno : 0;
}

/* What of @path stands behind "configfs/<group>/", or NULL. */
static const char *below(const struct fake_host *f, const char *path, const char *group)
{
	char *prefix = fake_host_path(f, "config/%s/", group);
	size_t len = strlen(prefix);
	const char *ret = strncmp(path, prefix, len) ? NULL : path + len;

	free(prefix);
	return ret;
}

static long long number(const char *dir, const char *attr, const char *asked, const char *value)
{
	char *text = strcmp(attr, asked) ? rms_cfs_read(dir, attr) : rms_strdup(value);
	long long v = atoll(text);

	free(text);
	return v;
}

static int fake_make_dir(struct rms_host *host, const char *path)
{
	struct fake_host *f = fake_of(host);
	const char *name;
	int e;

	if (!access(path, F_OK))
		return -EEXIST;
	e = change(f);
	if (e)
		return -e;
	if (mkdir(path, 0755))
		return -errno;
	name = below(f, path, "frontswap");
	if (name) {
		fill(path, device_attrs);
	} else if (strstr(path, "/node/")) {
		fill(path, node_attrs);
	} else {
		char *node = rms_format("%s/node", path);

		fill(path, cluster_attrs);
		mkdir(node, 0755);
		free(node);
	}
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* Would a live device ask for more donors than there are, without the node at @path? */
static bool asks_too_much(const struct fake_host *f, const char *path)
{
	char *nodes = rms_strndup(path, strrchr(path, '/') - path), *top = fake_host_path(f, "config/frontswap");
	char **names, **devices;
	size_t n, nr_devices, i;
	bool too_much = false;

	names = rms_cfs_list(nodes, true, &n);	/* the local one and that which goes are none */
	devices = rms_cfs_list(top, true, &nr_devices);
	for (i = 0; i < nr_devices; i++) {
		char *dir = rms_format("%s/%s", top, devices[i]);

		too_much |= rms_cfs_is_one(dir, "live") && number(dir, "replicas", "", NULL) > (long long)n - 2;
		free(dir);
	}
	rms_cfs_list_free(devices, nr_devices);
	rms_cfs_list_free(names, n);
	free(top);
	free(nodes);
	return too_much;
}

static int fake_remove_dir(struct rms_host *host, const char *path)
{
	char *nodes = rms_format("%s/node", path), **names;
	int e = change(fake_of(host));
	size_t n;

	names = rms_cfs_list(nodes, true, &n);
	rms_cfs_list_free(names, n);
	free(nodes);
	if (e || n)
		return e ? -e : -ENOTEMPTY;
	if (access(path, F_OK))
		return -ENOENT;
	if (strstr(path, "/node/") && asks_too_much(fake_of(host), path))
		fake_of(host)->asked_too_much = true;
	return nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS) ? -errno : 0;
}

static bool frozen(const char *dir, const char *attr)
{
	if (!strcmp(attr, "num") || !strcmp(attr, "address") || !strcmp(attr, "port"))
		return rms_cfs_is_one(dir, "local") || rms_cfs_is_one(dir, "connect");
	if (!strcmp(attr, "backing") || !strcmp(attr, "size"))
		return rms_cfs_is_one(dir, "live");
	return false;
}

static int times_wrong(const char *dir, const char *attr, const char *value)
{
	long long h, s, d;

	if (strcmp(attr, "heartbeat_ms") && strcmp(attr, "suspect_ms") && strcmp(attr, "dead_ms"))
		return 0;
	h = number(dir, "heartbeat_ms", attr, value);
	s = number(dir, "suspect_ms", attr, value);
	d = number(dir, "dead_ms", attr, value);
	return h >= s || s >= d;
}

/* A live device has a node in /dev, with slots that read as zeros. */
static void make_device_node(struct fake_host *f, const char *dir, bool live)
{
	char *path = fake_host_path(f, "dev/%s", strrchr(dir, '/') + 1);

	if (live) {
		fake_write(path, "");
		if (truncate(path, 1 << 20))
			abort();
	} else {
		unlink(path);
	}
	free(path);
}

static int fake_write_attr(struct rms_host *host, const char *path, const char *value)
{
	char *dir = rms_strndup(path, strrchr(path, '/') - path), *line;
	const char *attr = strrchr(path, '/') + 1;
	struct fake_host *f = fake_of(host);
	int ret = -change(f);

	if (!ret && access(path, F_OK))
		ret = -ENOENT;
	if (!ret && frozen(dir, attr))
		ret = -EBUSY;
	if (!ret && out_of_range(attr, value))
		ret = -ERANGE;
	if (!ret && times_wrong(dir, attr, value))
		ret = -EINVAL;
	if (!ret && !strcmp(attr, "key")) {	/* only what it is called by can be read */
		char *ids = rms_format("%s/key_ids", dir);

		line = rms_format("%.4s\n", value);
		fake_write(ids, line);
		free(line);
		free(ids);
	} else if (!ret) {
		line = rms_format("%s\n", value);
		fake_write(path, line);
		free(line);
		if (!strcmp(attr, "live"))
			make_device_node(f, dir, !strcmp(value, "1"));
	}
	free(dir);
	return ret;
}

static int fake_mount(struct rms_host *host)
{
	return -change(fake_of(host));
}

static int fake_load(struct rms_host *host, const char *name, struct rms_error *err)
{
	struct fake_host *f = fake_of(host);
	char *dir;

	if (change(f))
		return rms_fail(err, RMS_FAILED, "cannot load module %s: it was told to fail", name);
	dir = fake_host_path(f, "module/%s", name);
	mkdir(dir, 0755);
	if (!strcmp(name, "zcache")) {
		char *params = rms_format("%s/parameters", dir);

		mkdir(params, 0755);
		fill(params, parameters);
		free(params);
	}
	free(dir);
	return 0;
}

static int fake_unload(struct rms_host *host, const char *name)
{
	struct fake_host *f = fake_of(host);
	char *dir = fake_host_path(f, "module/%s", name);
	int ret = nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) ? -errno : 0;

	free(dir);
	return ret;
}

static int fake_swap_on(struct rms_host *host, const char *path, int priority)
{
	struct fake_host *f = fake_of(host);
	char *swaps = fake_host_path(f, "proc/swaps");
	int e = change(f);
	FILE *file;

	if (!e) {
		file = fopen(swaps, "a");
		fprintf(file, "%s partition 1024 0 %d\n", path, priority);
		fclose(file);
	}
	free(swaps);
	return -e;
}

static int fake_swap_off(struct rms_host *host, const char *path)
{
	struct fake_host *f = fake_of(host);
	char *swaps = fake_host_path(f, "proc/swaps"), *others, *line, *end;
	int e = f->swapoff_taken-- > 0 ? EINVAL : change(f);
	size_t len = strlen(path);

	others = e ? NULL : rms_read_file(swaps, 4096);
	for (line = others; line && *line; line = end) {
		end = strchrnul(line, '\n') + 1;
		if (!strncmp(line, path, len) && line[len] == ' ') {
			memmove(line, end, strlen(end) + 1);
			end = line;
		}
	}
	if (others)
		fake_write(swaps, others);
	free(others);
	free(swaps);
	return -e;
}

static int fake_has_address(struct rms_host *host, const char *address)
{
	(void)host;
	return strcmp(address, "127.9.9.9") ? 0 : -EADDRNOTAVAIL;
}

static int fake_node_pages(struct rms_host *host, const char *node, struct rms_node_pages *pages,
			   struct rms_error *err)
{
	struct fake_host *f = fake_of(host);

	if (f->no_pages)
		return rms_fail(err, f->no_pages, "it was told not to answer");
	if (f->moving) {	/* the local node is called a */
		char *dir = fake_host_path(f, "config/ramster/ramster/node/%s", node ? node : "a");
		uint64_t *left = node ? &f->remote : &f->lent;

		*left -= *left && rms_cfs_is_one(dir, "drain");
		free(dir);
	}
	*pages = (struct rms_node_pages){ f->remote, f->lent, node && f->down };
	return 0;
}

static const struct rms_host_ops ops = {
	.make_dir = fake_make_dir,
	.remove_dir = fake_remove_dir,
	.write_attr = fake_write_attr,
	.mount_configfs = fake_mount,
	.load_module = fake_load,
	.unload_module = fake_unload,
	.swap_on = fake_swap_on,
	.swap_off = fake_swap_off,
	.has_address = fake_has_address,
	.node_pages = fake_node_pages,
};

void fake_host_init(struct fake_host *f)
{
	static const char *const dirs[] = {
		"config", "config/ramster", "config/frontswap", "module", "proc", "proc/self", "dev", "run",
	};
	size_t i;
	char *p;

	*f = (struct fake_host){ .fail_errno = ENOSPC };
	strcpy(f->root, "/tmp/ramster-test-XXXXXX");
	if (!mkdtemp(f->root))
		abort();
	for (i = 0; i < ARRAY_LEN(dirs); i++) {
		p = fake_host_path(f, "%s", dirs[i]);
		mkdir(p, 0755);
		free(p);
	}
	f->host = (struct rms_host){
		.ops = &ops,
		.configfs = fake_host_path(f, "config"),
		.sys_module = fake_host_path(f, "module"),
		.proc = fake_host_path(f, "proc"),
		.dev = fake_host_path(f, "dev"),
		.run = fake_host_path(f, "run"),
		.priv = f,
	};
	p = fake_host_path(f, "proc/swaps");
	fake_write(p, "Filename Type Size Used Priority\n");
	free(p);
	p = fake_host_path(f, "proc/meminfo");
	fake_write(p, "MemTotal: 1048576 kB\nMemAvailable: 500000 kB\n");
	free(p);
}

void fake_host_remove(struct fake_host *f)
{
	nftw(f->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	rms_host_release(&f->host);
}

static char *picture;

static int draw(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char *text = type == FTW_F && st->st_size < 4096 ? rms_read_file(path, 4096) : NULL;
	char *more;

	(void)ftw;
	if (!strstr(path, "/run/")) {
		more = rms_format("%s%s = %s\n", picture, path, text ? text : "");
		free(picture);
		picture = more;
	}
	free(text);
	return 0;
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char *fake_host_picture(const struct fake_host *f)
{
	char *lines[1024], *save = NULL, *p, *sorted = rms_strdup("");
	size_t n = 0, i;

	picture = rms_strdup("");
	nftw(f->root, draw, 8, FTW_PHYS);
	for (p = strtok_r(picture, "\n", &save); p && n < ARRAY_LEN(lines); p = strtok_r(NULL, "\n", &save))
		lines[n++] = p;
	qsort(lines, n, sizeof(*lines), by_line);
	for (i = 0; i < n; i++) {
		p = rms_format("%s%s\n", sorted, lines[i]);
		free(sorted);
		sorted = p;
	}
	free(picture);
	return sorted;
}
