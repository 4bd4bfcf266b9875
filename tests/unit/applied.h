/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * applied.h - files that are applied to a machine in a temporary directory
 *
 * What the tests of lib/bring.h share.
 */
#ifndef APPLIED_H
#define APPLIED_H

#include "../../lib/bring.h"
#include "fake_host.h"

#define NODES	"{ name = \"a\"; num = 0; address = \"127.0.0.1\"; }, " \
		"{ name = \"b\"; num = 1; address = \"127.0.0.2\"; }"
#define FILE_1	"local = \"a\"; cluster = { allow_loss = true; nodes = ( " NODES " ); };"
#define FILE_2	"local = \"a\"; cluster = { allow_loss = true; heartbeat_ms = 5000; suspect_ms = 20000; dead_ms = 60000;\n" \
		"nodes = ( " NODES ", { name = \"c\"; num = 2; address = \"127.0.0.3\"; } ); };\n" \
		"zcache = { compressor = \"zstd\"; max_pool_percent = 30; reject_incompressible = true; };\n" \
		"lend = { max_mb = 64; };\n" \
		"devices = ( { name = \"frontswap0\"; store_wait_ms = 100; }, { name = \"frontswap1\"; size = \"1M\"; } );"
#define THREE	"local = \"a\"; cluster = { nodes = ( " NODES ", { name = \"c\"; num = 2; address = \"127.0.0.3\"; } ); };"

/* Of each test: *@state is a struct fake_host. */
int applied_setup(void **state);
int applied_teardown(void **state);

#define with_host(t)	cmocka_unit_test_setup_teardown(t, applied_setup, applied_teardown)

/* Apply the file @text in the way @how; f->changes counts from 0. Return: 0 or -1 and @err. */
int try_to_apply(struct fake_host *f, struct rms_bring how, const char *text, struct rms_error *err);
int try_up(struct fake_host *f, const char *text, bool force, struct rms_error *err);
int try_down(struct fake_host *f, bool force, struct rms_error *err);

/* Only the nodes and what follows from these; move_s as in struct rms_bring. */
int try_nodes(struct fake_host *f, const char *text, int move_s, struct rms_error *err);

/* try_up() that must not fail */
void up(struct fake_host *f, const char *text);

/**
 * fail_each_step() - apply a file again and again, with one step more that goes well
 * @f: the machine; where @f->remote pages lie elsewhere, so many do for each try
 * @how: as for try_to_apply()
 * @text: the file
 * @e: what the next step fails with; then the machine must be as if nothing had been asked
 *
 * Return: the number of the first step (from 1) that there is not; the file is applied.
 */
int fail_each_step(struct fake_host *f, struct rms_bring how, const char *text, int e);

void assert_attr(struct fake_host *f, const char *dir, const char *attr, const char *value);
void assert_absent(struct fake_host *f, const char *what);

/* The machine is as fake_host_picture() drew it. */
void assert_looks_like(struct fake_host *f, const char *before);

#endif
