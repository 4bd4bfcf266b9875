// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_us_config.c - each way to be wrong, and the line that says so
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../lib/config.h"
#include "../../lib/file.h"
#include "../../lib/text.h"

#define A	"{ name = \"a\"; num = 0; address = \"10.0.0.1\"; }"
#define B	"{ name = \"b\"; num = 1; address = \"10.0.0.2\"; }"
#define C	"{ name = \"c\"; num = 2; address = \"10.0.0.3\"; }"
#define CLUSTER(more)	"local = \"a\";\ncluster = { nodes = ( " A ", " B " );\n" more "};\n"
#define THREE(more)	"local = \"a\";\ncluster = { nodes = ( " A ", " B ", " C " );\n" more "};\n"
#define NODE(fields)	"cluster = { nodes = (\n{ " fields " } ); };\n"
#define DEVICE(fields)	"local = \"a\";\ncluster = { nodes = ( " A " ); };\ndevices = ( {\n" fields " } );\n"

struct refusal {
	const char *text;	/* the file */
	const char *says;	/* what the message must hold */
};

static const struct refusal refusals[] = {
	/* syntax */
	{ "local = \"a\"\ncluster = {\n nodes = ( ", "f:3: this `(` is never closed" },
	{ "cluster = {\n", "f:1: this `{` is never closed" },
	{ "local = \"a;\n", "f:1: this string is never closed" },
	{ "/* local\n", "f:1: this comment is never closed" },
	{ "local \"a\";", "f:1: `=` is missing after `local`" },
	{ "local = ;", "f:1: a value is missing before `;`" },
	{ "local =", "f:1: the file ends where a value should stand" },
	{ "\n= 3;", "f:2: `=` where the name of a setting should stand" },
	{ "cluster = { nodes = ( { } { } ); };", "f:1: `{` where `,` or `)` should stand" },
	{ "local = \"a\";\nlocal = \"b\";", "f:2: `local` is given twice, first on line 1" },
	{ "\n@include \"x\"\n", "f:2: @include is not supported" },
	{ "a=((((((((((((((((((1))))))))))))))))));", "f:1: groups are nested too deep" },
	{ "a b = 3;", "f:1: `=` is missing after `a`" },
	{ "local = \"a\" }", "f:1: `}` where the name of a setting should stand" },
	{ "cluster = { nodes = [ { } ]; };", "f:1: syntax error" },
	{ "local = 99999999999999999999;", "f:1: " },
	/* unknown */
	{ "locl = \"a\";", "f:1: unknown setting `locl` in the file; did you mean `local`?" },
	{ "cluster = {\nheartbeat = 3; };", "f:2: unknown setting `heartbeat` in cluster; did you mean `heartbeat_ms`?" },
	{ "cluster = { xyzzy = 1; };", "unknown setting `xyzzy` in cluster; there are: name," },
	{ NODE("namee = \"a\";"), "f:2: unknown setting `namee` in a node; did you mean `name`?" },
	{ DEVICE("sizee = 1;"), "f:4: unknown setting `sizee` in a device; did you mean `size`?" },
	{ "zcache = { compressorr = 1; };", "did you mean `compressor`?" },
	{ "lend = { max = 1; };", "did you mean `max_mb`?" },
	{ NODE("name = \"a\"; local = true;"), "local does not belong into a node; say `local = \"NAME\";` once" },
	{ "nodes = ();", "nodes does not belong into the file; it belongs into `cluster" },
	{ "cluster = { devices = (); };", "devices does not belong into cluster" },
	{ "cluster = { local = \"a\"; };", "local does not belong into cluster" },
	{ "replicas = 2;", "replicas does not belong into the file" },
	/* types */
	{ "local = 3;", "f:1: local is a number; it must be a string in double quotes" },
	{ "local = true;", "local is true or false; it must be a string" },
	{ "cluster = 3;", "f:1: cluster is a number; it must be a group { ... }" },
	{ "cluster = { nodes = { }; };", "nodes is a group { }; it must be a list" },
	{ "cluster = { nodes = [ ]; };", "nodes is an array [ ]; it must be a list" },
	{ "cluster = { nodes = ( 1 ); };", "a node is a number; it must be a group" },
	{ "devices = { };", "devices is a group { }; it must be a list" },
	{ "devices = ( \"x\" );", "a device is a string; it must be a group" },
	{ "zcache = ( );", "zcache is a list ( ); it must be a group" },
	{ "lend = \"x\";", "lend is a string; it must be a group" },
	{ "cluster = { heartbeat_ms = \"1\"; };", "heartbeat_ms is a string; it must be a whole number from 50 to 60000" },
	{ "cluster = { heartbeat_ms = 1.5; };", "heartbeat_ms is a fraction; it must be a whole number" },
	{ "cluster = { insecure = 1; };", "insecure is a number; it must be true or false" },
	{ "cluster = { allow_loss = \"true\"; };", "allow_loss is a string; it must be true or false" },
	{ DEVICE("name = \"frontswap0\"; size = true;"), "size is true or false; it must be a size" },
	/* ranges */
	{ "stop_timeout_s = 0;", "stop_timeout_s is 0; it must be from 1 to 86400" },
	{ "cluster = { heartbeat_ms = 49; };", "heartbeat_ms is 49; it must be from 50 to 60000" },
	{ "cluster = { heartbeat_ms = 60001; };", "heartbeat_ms is 60001" },
	{ "cluster = { heartbeat_ms = 99999999999L; };", "heartbeat_ms is 99999999999; it must be from" },
	{ "cluster = { suspect_ms = 600001; };", "suspect_ms is 600001" },
	{ "cluster = { dead_ms = 600001; };", "dead_ms is 600001" },
	{ "cluster = { reconnect_ms = 49; };", "reconnect_ms is 49" },
	{ "cluster = { fetch_timeout_ms = 99; };", "fetch_timeout_ms is 99" },
	{ "cluster = { replicas = 4; };", "replicas is 4; it must be from 1 to 3" },
	{ "cluster = { replicas = 0; };", "replicas is 0" },
	{ NODE("name = \"a\"; num = 1024;"), "f:2: num is 1024; it must be from 0 to 1023" },
	{ NODE("name = \"a\"; num = -1;"), "num is -1" },
	{ NODE("name = \"a\"; port = 0;"), "port is 0; it must be from 1 to 65535" },
	{ NODE("name = \"a\"; port = 65536;"), "port is 65536" },
	{ "zcache = { max_pool_percent = 91; };", "max_pool_percent is 91; it must be from 1 to 90" },
	{ "zcache = { age_out_s = -1; };", "age_out_s is -1" },
	{ "zcache = { age_out_s = 36001; };", "age_out_s is 36001; it must be from 0 to 36000" },
	{ "zcache = { compressor = \"zip\"; };", "compressor is \"zip\"; it must be \"lz4\", \"lzo-rle\" or \"zstd\"" },
	{ "zcache = { allocator = \"slab\"; };", "allocator is \"slab\"; it must be \"zsmalloc\" or \"zbud\"" },
	{ "lend = { max_mb = -1; };", "max_mb is -1" },
	{ "lend = { max_mb = 16777217; };", "max_mb is 16777217; it must be from 0 to 16777216" },
	{ "lend = { keep_free_mb = 16777217; };", "keep_free_mb is 16777217" },
	{ "lend = { quota_mb = 16777217; };", "quota_mb is 16777217" },
	{ "lend = { grace_s = 604801; };", "grace_s is 604801" },
	{ "lend = { stop_wait_s = 3601; };", "stop_wait_s is 3601" },
	{ DEVICE("name = \"frontswap0\"; priority = 32768;"), "priority is 32768; it must be from 0 to 32767" },
	{ DEVICE("name = \"frontswap0\"; store_wait_ms = -1;"), "store_wait_ms is -1" },
	{ DEVICE("name = \"frontswap0\"; size = \"2X\";"), "size is \"2X\"; it must be a size such as" },
	{ DEVICE("name = \"frontswap0\"; size = \"\";"), "size is \"\"; it must be a size" },
	{ DEVICE("name = \"frontswap0\"; size = \"99999999999T\";"), "it must be a size" },
	{ DEVICE("name = \"frontswap0\"; size = 4096;"), "size is 4096 bytes; it must be from 40K to" },
	{ DEVICE("name = \"frontswap0\"; size = \"17T\";"), "it must be from 40K to 15T" },
	{ DEVICE("name = \"frontswap0\"; size = 50000;"), "size is 50000 bytes; it must be a multiple of 4096" },
	/* names, addresses, paths */
	{ NODE("name = \"\";"), "name is \"\"; it must be 1 to 64 letters" },
	{ NODE("name = \"a b\";"), "name is \"a b\"" },
	{ NODE("name = \"..\";"), "name is \"..\"" },
	{ NODE("name = \"a/b\";"), "name is \"a/b\"" },
	{ NODE("name = \"\\n\";"), "name is \"?\"" },
	{ NODE("name = \"abcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefghx\";"), "1 to 64" },
	{ "cluster = { name = \"x/y\"; };", "name is \"x/y\"" },
	{ NODE("address = \"host\";"), "address \"host\" is not a numeric address" },
	{ NODE("address = \"10.0.0.1:80\";"), "is not a numeric address" },
	{ NODE("address = \"10.0.0.256\";"), "is not a numeric address" },
	{ NODE("address = \"0.0.0.0\";"), "is no node's own address" },
	{ NODE("address = \"255.255.255.255\";"), "is no node's own address" },
	{ NODE("address = \"224.0.0.1\";"), "is a multicast address" },
	{ NODE("address = \"::\";"), "is no node's own address" },
	{ NODE("address = \"ff02::1\";"), "is a multicast address" },
	{ NODE("address = \"fe80::1\";"), "is link-local" },
	{ NODE("address = \"::ffff:10.0.0.1\";"), "is IPv4 in disguise" },
	{ NODE("name = \"a\"; num = 0;"), "f:2: a node has no address; add `address = \"...\";`" },
	{ NODE("name = \"a\"; address = \"10.0.0.1\";"), "a node has no num; add `num = NUMBER;`" },
	{ NODE("num = 0; address = \"10.0.0.1\";"), "a node has no name" },
	{ DEVICE("size = \"1G\";"), "a device has no name" },
	{ DEVICE("name = \"swap0\";"), "f:4: name is \"swap0\"; a device is called frontswap0 to frontswap255" },
	{ DEVICE("name = \"frontswap256\";"), "a device is called" },
	{ DEVICE("name = \"frontswap00\";"), "a device is called" },
	{ DEVICE("name = \"frontswap0\"; backing = \"sdb\";"), "backing is \"sdb\"; it must be an absolute path" },
	{ DEVICE("name = \"frontswap0\"; backing = \"/dev/x\"; backup = \"fast\";"), "backup is \"fast\"; it must be" },
	{ "cluster = { key_file = \"key\"; };", "key_file is \"key\"; it must be an absolute path" },
	/* between settings */
	{ "cluster = { nodes = ( " A ",\n{ name = \"a\"; num = 1; address = \"10.0.0.2\"; } ); };",
	  "f:2: node \"a\" is listed twice, first on line 1" },
	{ "cluster = { nodes = ( " A ",\n{ name = \"b\"; num = 0; address = \"10.0.0.2\"; } ); };",
	  "f:2: num 0 is node \"a\"'s (line 1)" },
	{ "cluster = { nodes = ( " A ",\n{ name = \"b\"; num = 1; address = \"10.0.0.1\"; } ); };",
	  "f:2: address 10.0.0.1 port 7777 is node \"a\"'s" },
	{ "cluster = { nodes = ( { name = \"a\"; num = 0; address = \"fd00:0::1\"; },\n"
	  "{ name = \"b\"; num = 1; address = \"fd00::1\"; port = 7777; } ); };", "address fd00::1 port 7777 is" },
	{ "local = \"x\";\ncluster = { nodes = ( " A " ); };", "f:1: local is \"x\", which is no node's name" },
	{ CLUSTER("suspect_ms = 1000;"), "f:3: suspect_ms is 1000 and heartbeat_ms is 1000" },
	{ CLUSTER("heartbeat_ms = 4000;"), "f:3: suspect_ms is 3000 and heartbeat_ms is 4000" },
	{ CLUSTER("dead_ms = 3000;"), "f:3: dead_ms is 3000 and suspect_ms is 3000" },
	{ DEVICE("name = \"frontswap0\"; backup = \"disk\";"), "f:4: backup is \"disk\", and frontswap0 has no backing device" },
	{ DEVICE("name = \"frontswap0\"; }, {\nname = \"frontswap0\";"), "f:5: device frontswap0 is listed twice, first on line 4" },
	{ DEVICE("name = \"frontswap0\"; backing = \"/dev/x\"; }, {\nname = \"frontswap1\"; backing = \"/dev/x\";"),
	  "f:5: /dev/x backs frontswap0 already (line 4)" },
	/* fit to start */
	{ "", "no nodes; `ramsterctl add-node" },
	{ "cluster = { nodes = ( " A ", " B " ); };", "no node is this machine; `ramsterctl set-local NAME` says which (a, b)" },
	{ "local = \"\"; cluster = { nodes = ( " A " ); };", "no node is this machine" },
	{ CLUSTER(""), "one failing node would lose pages of frontswap0" },
	{ CLUSTER("replicas = 2;"), "f:3: replicas is 2 and there are 1 other nodes" },
	{ THREE("replicas = 1;"), "one failing node would lose pages" },
	{ CLUSTER("") "devices = ( { name = \"frontswap3\"; backing = \"/dev/x\"; backup = \"none\"; } );",
	  "lose pages of frontswap3: they lie on one donor and nowhere else; give it a backing disk (backing = \"/dev/...\" with backup" },
	{ CLUSTER("allow_loss = true;") "devices = ( { name = \"frontswap0\"; allow_loss = false; } );",
	  "one failing node would lose pages" },
};

static int judge(const char *text, struct rms_error *err)
{
	struct rms_config *cfg = rms_config_parse("f", text, err);
	int ret = !cfg || rms_config_check(cfg, err) || rms_config_check_ready(cfg, err) ? -1 : 0;

	rms_config_free(cfg);
	return ret;
}

static void test_refusals(void **state)
{
	size_t i, bad = 0;

	(void)state;
	for (i = 0; i < ARRAY_LEN(refusals); i++) {
		struct rms_error err = { 0 };

		if (judge(refusals[i].text, &err) && strstr(err.text, refusals[i].says) &&
		    err.kind == RMS_BAD_CONFIG && !strchr(err.text, '\n'))
			continue;
		print_error("refusal %zu: %s\nwanted: %s\nsaid:   %s\n", i, refusals[i].text, refusals[i].says, err.text);
		bad++;
	}
	assert_int_equal(bad, 0);
}

static const char *const good[] = {
	CLUSTER("allow_loss = true;"),
	CLUSTER("") "devices = ( { name = \"frontswap0\"; backing = \"/dev/x\"; } );",
	CLUSTER("") "devices = ( );",
	THREE(""),
	THREE("replicas = 2;"),
	"local = \"a\"; cluster = { nodes = ( " A " ); };",
	"/* x */ local: \"a\", cluster: { nodes: ( " A " ) } // end",
	CLUSTER("allow_loss = true;") "devices = ( { name = \"frontswap255\"; size = \"2g\"; } );",
	CLUSTER("allow_loss = true;") "devices = ( { name = \"frontswap0\"; size = 4294967296L; } );",
	"local = \"a\"; cluster = { nodes = ( " A ", { name = \"b\"; num = 1; address = \"10.0.0.1\"; port = 1; } );"
	" allow_loss = true; };",
};

static void test_good(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(good); i++) {
		struct rms_error err = { 0 };

		if (judge(good[i], &err))
			fail_msg("%s\nsaid: %s", good[i], err.text);
	}
}

static struct rms_config *parse(const char *text)
{
	struct rms_error err;
	struct rms_config *cfg = rms_config_parse("f", text, &err);

	if (!cfg)
		fail_msg("%s", err.text);
	return cfg;
}

static void test_defaults(void **state)
{
	struct rms_config *cfg = parse("");

	(void)state;
	assert_string_equal(cfg->cluster.name.s, "ramster");
	assert_int_equal(cfg->cluster.heartbeat_ms.v, 1000);
	assert_int_equal(cfg->cluster.dead_ms.v, 10000);
	assert_string_equal(cfg->zcache.compressor.s, "lz4");
	assert_int_equal(cfg->nr_devices, 1);
	assert_string_equal(cfg->devices[0].name.s, "frontswap0");
	assert_string_equal(cfg->devices[0].backup.s, "none");
	assert_int_equal(cfg->devices[0].size.v, 0);
	assert_int_equal(cfg->devices[0].priority.v, 100);
	rms_config_free(cfg);
}

static void test_backing_means_a_backup(void **state)
{
	struct rms_config *cfg = parse(CLUSTER("") "devices = ( { name = \"frontswap0\"; backing = \"/dev/x\"; } );");

	(void)state;
	assert_string_equal(cfg->devices[0].backup.s, "disk");
	assert_int_equal(rms_device_replicas(cfg, &cfg->devices[0]), 1);
	assert_false(rms_device_may_lose(cfg, &cfg->devices[0]));
	rms_config_free(cfg);
}

static void test_default_replicas(void **state)
{
	struct rms_config *three = parse(THREE("")), *two = parse(CLUSTER("allow_loss = true;"));
	struct rms_config *loose = parse(THREE("allow_loss = true;"));

	(void)state;
	assert_int_equal(rms_device_replicas(three, &three->devices[0]), 2);
	assert_int_equal(rms_device_replicas(two, &two->devices[0]), 1);
	assert_true(rms_device_may_lose(two, &two->devices[0]));
	assert_int_equal(rms_device_replicas(loose, &loose->devices[0]), 1);
	rms_config_free(three);
	rms_config_free(two);
	rms_config_free(loose);
}

static void test_addresses_become_canonical(void **state)
{
	struct rms_config *cfg = parse(NODE("name = \"a\"; num = 0; address = \"FD00:0:0::01\";"));

	(void)state;
	assert_string_equal(cfg->nodes[0].address.s, "fd00::1");
	rms_config_free(cfg);
}

static void test_files_that_cannot_be_read(void **state)
{
	struct rms_error err;

	(void)state;
	assert_null(rms_config_load("/nowhere/ramster.conf", &err));
	assert_non_null(strstr(err.text, "no such file; `ramsterctl add-node"));
	assert_null(rms_config_load("/", &err));
	assert_non_null(strstr(err.text, "cannot read: Is a directory"));
	assert_null(rms_config_load("/dev/zero", &err));
	assert_non_null(strstr(err.text, "not a configuration file: longer than 1 MiB"));
	assert_null(rms_config_load("/proc/self/environ", &err));
	assert_non_null(strstr(err.text, "it holds a zero byte"));
}

static void test_the_example_is_good(void **state)
{
	const char *path = getenv("EXAMPLE");
	struct rms_error err = { 0 };
	struct rms_config *cfg;

	(void)state;
	if (!path)
		skip();
	cfg = rms_config_load(path, &err);
	if (!cfg || rms_config_check(cfg, &err))
		fail_msg("%s", err.text);
	rms_config_free(cfg);
}

/* Every prefix of a good file, and every file with one byte changed, is judged calmly. */
static void test_broken_bytes(void **state)
{
	static const char text[] = THREE("heartbeat_ms = 100; /* x */ key_file = \"/k\";") "# end\n";
	char buf[sizeof(text)];
	struct rms_error err;
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++) {
		static const char bytes[] = "\"{}();=,#/*\\0 \n@";

		snprintf(buf, sizeof(buf), "%.*s", (int)i, text);
		judge(buf, &err);
		for (j = 0; j < sizeof(bytes) - 1; j++) {
			memcpy(buf, text, sizeof(text));
			buf[i] = bytes[j];
			judge(buf, &err);
		}
	}
}

static void test_sizes(void **state)
{
	static const struct { const char *text; int64_t v; } sizes[] = {
		{ "0", 0 }, { "4096", 4096 }, { "1k", 1024 }, { "2M", 2 << 20 }, { "3G", 3LL << 30 }, { "1T", 1LL << 40 },
	};
	char buf[32];
	int64_t v;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_true(rms_parse_size(sizes[i].text, &v));
		assert_int_equal(v, sizes[i].v);
	}
	assert_false(rms_parse_size("-1", &v));
	assert_false(rms_parse_size("1GB", &v));
	assert_false(rms_parse_size("9223372036854775807K", &v));
	assert_string_equal(rms_format_size(1536, buf, sizeof(buf)), "1.5K");
	assert_string_equal(rms_format_size(2LL << 30, buf, sizeof(buf)), "2G");
	assert_string_equal(rms_format_size(999, buf, sizeof(buf)), "999");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_backing_means_a_backup),
		cmocka_unit_test(test_default_replicas),
		cmocka_unit_test(test_addresses_become_canonical),
		cmocka_unit_test(test_files_that_cannot_be_read),
		cmocka_unit_test(test_the_example_is_good),
		cmocka_unit_test(test_broken_bytes),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests_name("configuration file", tests, NULL, NULL);
}
