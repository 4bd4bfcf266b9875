// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cfs.h"
#include "file.h"
#include "kmsg.h"
#include "text.h"

#define ATTR_BYTES_MAX	65536

/* A device is busy while udev has a look, as it has when swap leaves it */
#define BUSY_TRIES	9
#define BUSY_FIRST_US	20000	/* doubles: 5 s in all */

void rms_journal_add(struct rms_journal *j, enum rms_undo_kind kind, const char *path, const char *value)
{
	j->steps = rms_realloc(j->steps, (j->nr + 1) * sizeof(*j->steps));
	j->steps[j->nr++] = (struct rms_undo){ kind, rms_strdup(path), value ? rms_strdup(value) : NULL };
}

/* Write an attribute; the errno. Taking a device away is tried until udev is done with it. */
static int write_patiently(struct rms_host *host, const char *path, const char *value)
{
	const char *attr = strrchr(path, '/');
	bool passes = attr && !strcmp(attr, "/live") && !strcmp(value, "0");
	int e, tries = 0;

	while ((e = -host->ops->write_attr(host, path, value)) == EBUSY && passes && ++tries < BUSY_TRIES)
		usleep(BUSY_FIRST_US << (tries - 1));
	return e;
}

static void take_back(struct rms_host *host, const struct rms_undo *u)
{
	switch (u->kind) {
	case RMS_UNDO_RMDIR:
		host->ops->remove_dir(host, u->path);
		break;
	case RMS_UNDO_MKDIR:
		host->ops->make_dir(host, u->path);
		break;
	case RMS_UNDO_WRITE:
		write_patiently(host, u->path, u->value);
		break;
	case RMS_UNDO_SWAPOFF:
		host->ops->swap_off(host, u->path);
		break;
	case RMS_UNDO_UNLOAD:
		host->ops->unload_module(host, u->path);
		break;
	}
}

void rms_journal_rollback(struct rms_journal *j, struct rms_host *host)
{
	size_t i;

	for (i = j->nr; i--;)
		take_back(host, &j->steps[i]);
	rms_journal_forget(j);
}

void rms_journal_forget(struct rms_journal *j)
{
	size_t i;

	for (i = 0; i < j->nr; i++) {
		free(j->steps[i].path);
		free(j->steps[i].value);
	}
	free(j->steps);
	*j = (struct rms_journal){ 0 };
}

char *rms_cfs_read(const char *dir, const char *attr)
{
	char *path = rms_format("%s/%s", dir, attr);
	char *text = rms_read_file(path, ATTR_BYTES_MAX);

	free(path);
	if (text)
		text[strcspn(text, "\n")] = '\0';
	return text;
}

bool rms_cfs_is_one(const char *dir, const char *attr)
{
	char *v = rms_cfs_read(dir, attr);
	bool one = v && !strcmp(v, "1");

	free(v);
	return one;
}

/* What an errno of configfs means to someone who is not at home there. */
static const char *meaning(int e)
{
	switch (e) {
	case ENOSPC:
	case ENOMEM:
		return "the kernel has no room for it";
	case ENOENT:
		return "not there; is the module loaded, and of this version?";
	case EACCES:
	case EPERM:
		return "permission denied; only root may";
	case EBUSY:
		return "it is in use";
	default:
		return strerror(e);
	}
}

static int refused(struct rms_error *err, struct rms_kmsg *k, int e, const char *what)
{
	char reason[400];

	if (rms_kmsg_reason(k, reason, sizeof(reason)))
		return rms_fail(err, RMS_FAILED, "refused by the kernel: %s", reason);
	return rms_fail(err, RMS_FAILED, "%s: %s", what, meaning(e));
}

static int write_attr(struct rms_host *host, const char *path, const char *value, const char *what,
		      struct rms_error *err)
{
	struct rms_kmsg k;
	int ret, e;

	rms_kmsg_open(&k, host);
	e = write_patiently(host, path, value);
	ret = e ? refused(err, &k, e, what) : 0;
	rms_kmsg_close(&k);
	return ret;
}

/*
 * What stands in a directory made by us goes with it; only what was turned on is
 * turned off first.
 */
static bool goes_with_dir(const struct rms_journal *j, const char *dir, const char *old)
{
	size_t i;

	for (i = 0; i < j->nr; i++)
		if (j->steps[i].kind == RMS_UNDO_RMDIR && !strcmp(j->steps[i].path, dir))
			return strcmp(old, "0");
	return false;
}

int rms_cfs_set(struct rms_host *host, struct rms_journal *j, const char *dir, const char *attr,
		const char *value, struct rms_error *err)
{
	char *path = rms_format("%s/%s", dir, attr);
	char *old = rms_cfs_read(dir, attr);
	char *what = rms_format("%s = %s", path, value);
	int ret = 0;

	if (!old || strcmp(old, value)) {
		ret = write_attr(host, path, value, what, err);
		if (!ret && old && !goes_with_dir(j, dir, old))
			rms_journal_add(j, RMS_UNDO_WRITE, path, old);
	}
	free(what);
	free(old);
	free(path);
	return ret;
}

int rms_cfs_set_int(struct rms_host *host, struct rms_journal *j, const char *dir, const char *attr,
		    long long value, struct rms_error *err)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", value);
	return rms_cfs_set(host, j, dir, attr, text, err);
}

int rms_cfs_set_secret(struct rms_host *host, const char *dir, const char *attr, const char *value,
		       struct rms_error *err)
{
	char *path = rms_format("%s/%s", dir, attr);
	int ret = write_attr(host, path, value, path, err);

	free(path);
	return ret;
}

int rms_cfs_mkdir(struct rms_host *host, struct rms_journal *j, const char *path, struct rms_error *err)
{
	struct rms_kmsg k;
	int e, ret = 0;

	rms_kmsg_open(&k, host);
	e = -host->ops->make_dir(host, path);
	if (!e) {
		rms_journal_add(j, RMS_UNDO_RMDIR, path, NULL);
	} else if (e != EEXIST) {
		char *what = rms_format("cannot make %s", path);

		ret = refused(err, &k, e, what);
		free(what);
	}
	rms_kmsg_close(&k);
	return ret;
}

int rms_cfs_rmdir(struct rms_host *host, const char *path, struct rms_error *err)
{
	struct rms_kmsg k;
	int e, ret = 0;

	rms_kmsg_open(&k, host);
	e = -host->ops->remove_dir(host, path);
	if (e && e != ENOENT) {
		char *what = rms_format("cannot remove %s", path);

		ret = refused(err, &k, e, what);
		free(what);
	}
	rms_kmsg_close(&k);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_dir(const char *path, const char *name)
{
	char *p = rms_format("%s/%s", path, name);
	struct stat st;
	bool yes = !stat(p, &st) && S_ISDIR(st.st_mode);

	free(p);
	return yes;
}

char **rms_cfs_list(const char *path, bool dirs, size_t *n)
{
	DIR *dir = opendir(path);
	char **names = NULL;
	struct dirent *d;

	*n = 0;
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.' || (dirs && !is_dir(path, d->d_name)))
			continue;
		names = rms_realloc(names, (*n + 1) * sizeof(*names));
		names[(*n)++] = rms_strdup(d->d_name);
	}
	if (dir)
		closedir(dir);
	if (*n)
		qsort(names, *n, sizeof(*names), by_name);
	return names;
}

void rms_cfs_list_free(char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(names[i]);
	free(names);
}
