// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../lib/cfs.h"
#include "../../lib/text.h"
#include "applied.h"

int applied_setup(void **state)
{
	struct fake_host *f = rms_alloc(1, sizeof(*f));

	fake_host_init(f);
	f->host.priv = f;
	*state = f;
	return 0;
}

int applied_teardown(void **state)
{
	fake_host_remove(*state);
	free(*state);
	return 0;
}

int try_to_apply(struct fake_host *f, struct rms_bring how, const char *text, struct rms_error *err)
{
	struct rms_config *cfg = rms_config_parse("f", text, err);
	int ret;

	if (!cfg)
		fail_msg("%s", err->text);
	how.host = &f->host;
	f->changes = 0;
	ret = rms_up(&how, cfg, err);
	rms_config_free(cfg);
	return ret;
}

int try_up(struct fake_host *f, const char *text, bool force, struct rms_error *err)
{
	return try_to_apply(f, (struct rms_bring){ .force = force }, text, err);
}

int try_nodes(struct fake_host *f, const char *text, int move_s, struct rms_error *err)
{
	return try_to_apply(f, (struct rms_bring){ .cluster_only = true, .move_s = move_s }, text, err);
}

void up(struct fake_host *f, const char *text)
{
	struct rms_error err;

	if (try_up(f, text, false, &err))
		fail_msg("%s", err.text);
}

int try_down(struct fake_host *f, bool force, struct rms_error *err)
{
	struct rms_bring b = { .host = &f->host, .force = force };

	return rms_down(&b, err);
}

int fail_each_step(struct fake_host *f, struct rms_bring how, const char *text, int e)
{
	char *before = fake_host_picture(f);
	uint64_t remote = f->remote;
	struct rms_error err;
	int ret, i;

	for (i = 1; ; i++) {
		f->remote = remote;
		f->fail_at = i;
		f->fail_errno = e;
		err.text[0] = '\0';
		ret = try_to_apply(f, how, text, &err);
		f->fail_at = 0;
		if (!ret)
			break;
		assert_true(f->changes >= i);
		assert_int_equal(err.kind, RMS_FAILED);
		assert_true(err.text[0]);
		assert_looks_like(f, before);
	}
	free(before);
	return i;
}

void assert_attr(struct fake_host *f, const char *dir, const char *attr, const char *value)
{
	char *path = fake_host_path(f, "%s", dir), *v = rms_cfs_read(path, attr);

	assert_non_null(v);
	assert_string_equal(v, value);
	free(v);
	free(path);
}

void assert_absent(struct fake_host *f, const char *what)
{
	char *path = fake_host_path(f, "%s", what);

	assert_int_not_equal(access(path, F_OK), 0);
	free(path);
}

void assert_looks_like(struct fake_host *f, const char *before)
{
	char *after = fake_host_picture(f);

	assert_string_equal(after, before);
	free(after);
}
