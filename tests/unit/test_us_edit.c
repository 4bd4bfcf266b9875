// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_us_edit.c - changing a file keeps every byte that is not the change
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../lib/edit.h"
#include "../../lib/text.h"

struct change {
	const char *before, *after;
};

static void expect(char *got, const char *want, const struct rms_error *err)
{
	struct rms_config *cfg;
	struct rms_error why;

	if (!got)
		fail_msg("%s", err->text);
	assert_string_equal(got, want);
	cfg = rms_config_parse("f", got, &why);
	if (!cfg)
		fail_msg("%s\nis refused: %s", got, why.text);
	rms_config_free(cfg);
	free(got);
}

#define NODE_A	"{ name = \"a\"; num = 0; address = \"10.0.0.1\"; }"
#define NODE_B	"{ name = \"b\"; num = 1; address = \"10.0.0.2\"; }"
#define NODE_N	"{ name = \"n\"; num = 9; address = \"10.0.0.9\"; }"

static const struct change adds[] = {
	{ "", "cluster = {\n\tnodes = (\n\t\t" NODE_N "\n\t);\n};\n" },
	{ "local = \"\"", "local = \"\";\ncluster = {\n\tnodes = (\n\t\t" NODE_N "\n\t);\n};\n" },
	{ "# end", "# end\ncluster = {\n\tnodes = (\n\t\t" NODE_N "\n\t);\n};\n" },
	{ "cluster = { };", "cluster = {  nodes = ( " NODE_N " ); };" },
	{ "cluster = { name = \"x\" };", "cluster = { name = \"x\";  nodes = ( " NODE_N " ); };" },
	{ "cluster = {\n  name = \"x\" # the name\n};\n",
	  "cluster = {\n  name = \"x\"; # the name\n\tnodes = ( " NODE_N " );\n};\n" },
	{ "cluster = { nodes = ( ); };", "cluster = { nodes = ( " NODE_N "); };" },
	{ "cluster = { nodes = ( " NODE_A " ); };", "cluster = { nodes = ( " NODE_A ",  " NODE_N "); };" },
	{ "cluster = {\n\tnodes = (\n\t);\n};\n", "cluster = {\n\tnodes = (\n\t\t" NODE_N "\n\t);\n};\n" },
	{ "cluster = {\n nodes = (\n    " NODE_A "   # first\n    # the end\n );\n};\n",
	  "cluster = {\n nodes = (\n    " NODE_A ",   # first\n    # the end\n    " NODE_N "\n );\n};\n" },
	{ "cluster: {\n nodes: ( " NODE_A ",\n  " NODE_B " // b\n ) }\n",
	  "cluster: {\n nodes: ( " NODE_A ",\n  " NODE_B ", // b\n  " NODE_N "\n ) }\n" },
	{ "/* nodes = ( */ cluster = { nodes = ( ) } # \"", "/* nodes = ( */ cluster = { nodes = ( " NODE_N ") } # \"" },
};

static void test_add_node(void **state)
{
	struct rms_error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(adds); i++)
		expect(rms_edit_add_node(adds[i].before, "f", "n", 9, "10.0.0.9", RMS_PORT, &err), adds[i].after, &err);
	expect(rms_edit_add_node("cluster = { nodes = ( ); };", "f", "n", 9, "fd00::9", 80, &err),
	       "cluster = { nodes = ( { name = \"n\"; num = 9; address = \"fd00::9\"; port = 80; }); };", &err);
}

static void test_add_node_to_a_new_file(void **state)
{
	struct rms_error err;
	char *one = rms_edit_add_node(rms_new_config, "f", "a", 0, "10.0.0.1", RMS_PORT, &err);
	char *two = rms_edit_add_node(one, "f", "b", 1, "10.0.0.2", RMS_PORT, &err);

	(void)state;
	assert_non_null(strstr(two, "\tnodes = (\n\t\t" NODE_A ",\n\t\t" NODE_B "\n\t);\n"));
	free(one);
	free(two);
}

struct removal {
	const char *before;
	size_t index;
	const char *after;
};

static const struct removal removals[] = {
	{ "cluster = { nodes = ( " NODE_A " ); };", 0, "cluster = { nodes = (  ); };" },
	{ "cluster = { nodes = ( " NODE_A ", " NODE_B " ); };", 0, "cluster = { nodes = (  " NODE_B " ); };" },
	{ "cluster = { nodes = ( " NODE_A ", " NODE_B " ); };", 1, "cluster = { nodes = ( " NODE_A "  ); };" },
	{ "cluster = { nodes = (\n\t" NODE_A ", # a\n\t" NODE_B " # b\n); };", 0,
	  "cluster = { nodes = (\n\t" NODE_B " # b\n); };" },
	{ "cluster = { nodes = (\n\t" NODE_A ", # a\n\t" NODE_B " # b\n); };", 1,
	  "cluster = { nodes = (\n\t" NODE_A " # a\n); };" },
	{ "cluster = { nodes = (\n\t" NODE_A ",\n\t" NODE_B ",\n\t" NODE_N "\n); };", 1,
	  "cluster = { nodes = (\n\t" NODE_A ",\n\t" NODE_N "\n); };" },
	{ "cluster = { nodes = (\n\t# a is old\n\t" NODE_A "\n); };", 0, "cluster = { nodes = (\n\t# a is old\n); };" },
};

static void test_remove_node(void **state)
{
	struct rms_error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(removals); i++)
		expect(rms_edit_remove_node(removals[i].before, "f", removals[i].index, &err), removals[i].after, &err);
	assert_null(rms_edit_remove_node("cluster = { nodes = ( ); };", "f", 0, &err));
	assert_null(rms_edit_remove_node("", "f", 0, &err));
}

static const struct change locals[] = {
	{ "", "local = \"z\";\n" },
	{ "local = \"a\";", "local = \"z\";" },
	{ "# x\nlocal: \"a\" /* y */ ;", "# x\nlocal: \"z\" /* y */ ;" },
	{ "local = \"a\"\n  \"b\"; # long", "local = \"z\"; # long" },
	{ "# local = \"a\";\ncluster = { }", "# local = \"a\";\ncluster = { };\nlocal = \"z\";\n" },
};

static void test_set_at_the_top(void **state)
{
	struct rms_error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(locals); i++)
		expect(rms_edit_set(locals[i].before, "f", "local", "\"z\"", &err), locals[i].after, &err);
}

static const struct change insecures[] = {
	{ "", "cluster = {\n\tinsecure = true;\n};\n" },
	{ "cluster = { insecure = false };", "cluster = { insecure = true };" },
	{ "cluster = {\n};", "cluster = {\n\tinsecure = true;\n};" },
	{ "zcache = { };\ncluster = {\n\tname = \"insecure\"\n};", "zcache = { };\ncluster = {\n\tname = \"insecure\";\n\tinsecure = true;\n};" },
};

static void test_set_in_a_group(void **state)
{
	struct rms_error err;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(insecures); i++)
		expect(rms_edit_set(insecures[i].before, "f", "cluster.insecure", "true", &err), insecures[i].after, &err);
}

/* Adding many nodes and removing them again gives the file from before. */
static void test_there_and_back(void **state)
{
	char *text = rms_strdup(rms_new_config), *next, name[16];
	struct rms_error err;
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		next = rms_edit_add_node(text, "f", name, i, "10.0.0.1", 1 + i, &err);
		assert_non_null(next);
		free(text);
		text = next;
	}
	for (i = 100; i--;) {
		next = rms_edit_remove_node(text, "f", i, &err);
		assert_non_null(next);
		free(text);
		text = next;
	}
	assert_string_equal(text, rms_new_config);
	free(text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_node),
		cmocka_unit_test(test_add_node_to_a_new_file),
		cmocka_unit_test(test_remove_node),
		cmocka_unit_test(test_set_at_the_top),
		cmocka_unit_test(test_set_in_a_group),
		cmocka_unit_test(test_there_and_back),
	};

	return cmocka_run_group_tests_name("editing the file", tests, NULL, NULL);
}
