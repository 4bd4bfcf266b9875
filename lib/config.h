/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config.h - what /etc/ramster.conf says, as C sees it
 *
 * Reading goes in three steps: rms_config_load() parses the file (syntax, types,
 * ranges, unknown names); rms_config_check() holds the rules between settings;
 * key.h and backing.h look at what the file names on this machine.
 */
#ifndef RMS_CONFIG_H
#define RMS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

#define RMS_CONFIG_PATH		"/etc/ramster.conf"
#define RMS_KEY_PATH		"/etc/ramster.key"
#define RMS_NODE_NUM_MAX	1023
#define RMS_PORT		7777
#define RMS_DEVICES_MAX		16
#define RMS_REPLICAS_MAX	3

/* A value and the line it stands on; line 0: not in the file, a default. */
struct rms_int {
	int64_t v;
	unsigned int line;
};

struct rms_str {
	char *s;		/* NULL: no default */
	unsigned int line;
};

struct rms_node {
	unsigned int line;
	struct rms_str name;
	struct rms_str address;	/* numeric IPv4 or IPv6, in canonical form */
	struct rms_int num;
	struct rms_int port;
};

struct rms_device {
	unsigned int line;
	struct rms_str name;		/* frontswapN */
	struct rms_str backing;		/* NULL: none */
	struct rms_str backup;		/* disk or none */
	struct rms_int size;		/* bytes; 0: the backing device's, or RAM */
	struct rms_int priority;	/* of swapon */
	struct rms_int replicas;
	struct rms_int allow_loss;
	struct rms_int store_wait_ms;
};

struct rms_cluster {
	unsigned int line;
	struct rms_str name;
	struct rms_int heartbeat_ms;
	struct rms_int suspect_ms;
	struct rms_int dead_ms;
	struct rms_int reconnect_ms;
	struct rms_int fetch_timeout_ms;
	struct rms_int replicas;
	struct rms_int allow_loss;
	struct rms_int insecure;
	struct rms_str seal;
	struct rms_str key_file;
};

struct rms_zcache {
	struct rms_str compressor;
	struct rms_str allocator;
	struct rms_int max_pool_percent;
	struct rms_int age_out_s;
	struct rms_int reject_incompressible;
};

struct rms_lend {
	struct rms_int max_mb;
	struct rms_int keep_free_mb;
	struct rms_int quota_mb;
	struct rms_int grace_s;
	struct rms_int stop_wait_s;
};

struct rms_config {
	char *path;			/* of the file, for messages */
	struct rms_str local;		/* name of this node; NULL: not said */
	struct rms_int stop_timeout_s;
	struct rms_cluster cluster;
	struct rms_zcache zcache;
	struct rms_lend lend;
	struct rms_node *nodes;
	size_t nr_nodes;
	struct rms_device *devices;
	size_t nr_devices;
};

/**
 * rms_config_load() - read and parse a configuration file
 * @path: the file
 * @err: the first thing that is wrong with it
 *
 * Return: a configuration for rms_config_free(), or NULL.
 */
struct rms_config *rms_config_load(const char *path, struct rms_error *err);

/**
 * rms_config_parse() - parse the text of a configuration file
 * @path: its path, for messages
 * @text: its contents
 * @err: the first thing that is wrong with it
 *
 * Return: a configuration for rms_config_free(), or NULL.
 */
struct rms_config *rms_config_parse(const char *path, const char *text, struct rms_error *err);

/* Free a configuration; NULL is fine. */
void rms_config_free(struct rms_config *cfg);

/**
 * rms_config_check() - hold the rules between settings
 * @cfg: a parsed configuration
 * @err: the first rule that it breaks
 *
 * Rules that a file must keep while it is still being written, node by node:
 * unique names, numbers and addresses, a local node that exists, and so on.
 *
 * Return: 0 or -1.
 */
int rms_config_check(const struct rms_config *cfg, struct rms_error *err);

/**
 * rms_config_check_ready() - can a node start with this?
 * @cfg: a configuration that rms_config_check() has passed
 * @err: what is missing, and how to supply it
 *
 * A local node, enough donors for the replicas, and no way to lose a page to
 * one failure unless the file allows it.
 *
 * Return: 0 or -1.
 */
int rms_config_check_ready(const struct rms_config *cfg, struct rms_error *err);

/* The node called @name, or NULL. */
const struct rms_node *rms_config_node(const struct rms_config *cfg, const char *name);

/* The node that the file says is this machine, or NULL. */
const struct rms_node *rms_config_local(const struct rms_config *cfg);

/**
 * rms_device_replicas() - donors that must acknowledge a page of a device
 * @cfg: a configuration
 * @dev: a device of it
 *
 * What the file says, of the device or of the cluster; else 1 where every page is on the
 * backing device or may be lost, and 2 where there are donors enough for it.
 */
int rms_device_replicas(const struct rms_config *cfg, const struct rms_device *dev);

/* May pages of @dev be lost with one donor? */
bool rms_device_may_lose(const struct rms_config *cfg, const struct rms_device *dev);

/* Is every page of @dev written to its backing device too? */
bool rms_device_is_backed(const struct rms_device *dev);

#endif
