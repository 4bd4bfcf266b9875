// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "config.h"
#include "field.h"
#include "text.h"

#define SWAP_BYTES_MAX	(15LL << 40)	/* a swap area has less than 2^32 pages */
#define MB_MAX		(16LL << 20)	/* 16 TiB, as in the kernel */

static const char *const seals[] = { "on", "off", "aes-gcm", "chacha20-poly1305", NULL };
static const char *const compressors[] = { "lz4", "lzo-rle", "zstd", NULL };
static const char *const allocators[] = { "zsmalloc", "zbud", NULL };
static const char *const backups[] = { "disk", "none", NULL };

#define INT(s, f, lo, hi, def) { .name = #f, .kind = RMS_FIELD_INT, \
	.offset = offsetof(struct s, f), .min = lo, .max = hi, .number = def }
#define BOOL(s, f) { .name = #f, .kind = RMS_FIELD_BOOL, .offset = offsetof(struct s, f) }
#define CHOICE(s, f, list, def) { .name = #f, .kind = RMS_FIELD_CHOICE, \
	.offset = offsetof(struct s, f), .choices = list, .string = def }

const struct rms_field rms_fields_node[] = {
	{ .name = "name", .kind = RMS_FIELD_NAME, .offset = offsetof(struct rms_node, name), .required = 1 },
	{ .name = "num", .kind = RMS_FIELD_INT, .offset = offsetof(struct rms_node, num),
	  .max = RMS_NODE_NUM_MAX, .required = 1 },
	{ .name = "address", .kind = RMS_FIELD_ADDRESS, .offset = offsetof(struct rms_node, address),
	  .required = 1 },
	INT(rms_node, port, 1, 65535, RMS_PORT),
	{ .name = "local", .elsewhere = "say `local = \"NAME\";` once, outside of all groups" },
	{ }
};

const struct rms_field rms_fields_device[] = {
	{ .name = "name", .kind = RMS_FIELD_DEVICE, .offset = offsetof(struct rms_device, name), .required = 1 },
	{ .name = "size", .kind = RMS_FIELD_SIZE, .offset = offsetof(struct rms_device, size),
	  .min = 10 * RMS_PAGE_SIZE, .max = SWAP_BYTES_MAX },
	{ .name = "backing", .kind = RMS_FIELD_PATH, .offset = offsetof(struct rms_device, backing) },
	CHOICE(rms_device, backup, backups, NULL),
	INT(rms_device, replicas, 1, RMS_REPLICAS_MAX, 1),
	INT(rms_device, priority, 0, 32767, 100),
	BOOL(rms_device, allow_loss),
	INT(rms_device, store_wait_ms, 0, 600000, 5000),
	{ .name = "mode", .elsewhere = "say backup = \"disk\" (was writethrough) or \"none\" (was writeback)" },
	{ }
};

static const struct rms_field cluster_fields[] = {
	{ .name = "name", .kind = RMS_FIELD_NAME, .offset = offsetof(struct rms_cluster, name),
	  .string = "ramster" },
	INT(rms_cluster, heartbeat_ms, 50, 60000, 1000),
	INT(rms_cluster, suspect_ms, 51, 600000, 3000),
	INT(rms_cluster, dead_ms, 52, 600000, 10000),
	INT(rms_cluster, reconnect_ms, 50, 60000, 500),
	INT(rms_cluster, fetch_timeout_ms, 100, 600000, 8000),
	INT(rms_cluster, replicas, 1, RMS_REPLICAS_MAX, 1),
	BOOL(rms_cluster, allow_loss),
	BOOL(rms_cluster, insecure),
	CHOICE(rms_cluster, seal, seals, "on"),
	{ .name = "key_file", .kind = RMS_FIELD_PATH, .offset = offsetof(struct rms_cluster, key_file),
	  .string = RMS_KEY_PATH },
	{ .name = "nodes", .kind = RMS_FIELD_LIST, .fields = rms_fields_node },
	{ .name = "local", .elsewhere = "say `local = \"NAME\";` once, outside of all groups" },
	{ .name = "devices", .elsewhere = "it stands beside `cluster`, not inside" },
	{ }
};

static const struct rms_field zcache_fields[] = {
	CHOICE(rms_zcache, compressor, compressors, "lz4"),
	CHOICE(rms_zcache, allocator, allocators, "zsmalloc"),
	INT(rms_zcache, max_pool_percent, 1, 90, 60),
	INT(rms_zcache, age_out_s, 0, 36000, 0),
	BOOL(rms_zcache, reject_incompressible),
	{ }
};

static const struct rms_field lend_fields[] = {
	INT(rms_lend, max_mb, 0, MB_MAX, 0),
	INT(rms_lend, keep_free_mb, 0, MB_MAX, 0),
	INT(rms_lend, quota_mb, 0, MB_MAX, 0),
	INT(rms_lend, grace_s, 1, 7 * 24 * 3600, 3600),
	INT(rms_lend, stop_wait_s, 0, 3600, 20),
	{ }
};

const struct rms_field rms_fields_root[] = {
	{ .name = "local", .kind = RMS_FIELD_NAME, .offset = offsetof(struct rms_config, local),
	  .may_be_empty = 1 },
	INT(rms_config, stop_timeout_s, 1, 86400, 300),
	{ .name = "cluster", .kind = RMS_FIELD_GROUP, .offset = offsetof(struct rms_config, cluster),
	  .fields = cluster_fields },
	{ .name = "devices", .kind = RMS_FIELD_LIST, .fields = rms_fields_device },
	{ .name = "zcache", .kind = RMS_FIELD_GROUP, .offset = offsetof(struct rms_config, zcache),
	  .fields = zcache_fields },
	{ .name = "lend", .kind = RMS_FIELD_GROUP, .offset = offsetof(struct rms_config, lend),
	  .fields = lend_fields },
	{ .name = "nodes", .elsewhere = "it belongs into `cluster = { ... };`" },
	{ .name = "replicas", .elsewhere = "it belongs into `cluster = { ... };`" },
	{ }
};

static int is_string(const struct rms_field *f)
{
	switch (f->kind) {
	case RMS_FIELD_CHOICE:
	case RMS_FIELD_NAME:
	case RMS_FIELD_ADDRESS:
	case RMS_FIELD_PATH:
	case RMS_FIELD_DEVICE:
		return 1;
	default:
		return 0;
	}
}

void rms_fields_default(const struct rms_field *fields, void *base)
{
	const struct rms_field *f;

	for (f = fields; f->name; f++) {
		void *p = (char *)base + f->offset;

		if (f->elsewhere || f->kind == RMS_FIELD_LIST)
			continue;
		if (f->kind == RMS_FIELD_GROUP)
			rms_fields_default(f->fields, p);
		else if (is_string(f))
			((struct rms_str *)p)->s = f->string ? rms_strdup(f->string) : NULL;
		else
			((struct rms_int *)p)->v = f->number;
	}
}

void rms_fields_free(const struct rms_field *fields, void *base)
{
	const struct rms_field *f;

	for (f = fields; f->name; f++) {
		void *p = (char *)base + f->offset;

		if (f->elsewhere || f->kind == RMS_FIELD_LIST)
			continue;
		if (f->kind == RMS_FIELD_GROUP)
			rms_fields_free(f->fields, p);
		else if (is_string(f))
			free(((struct rms_str *)p)->s);
	}
}
