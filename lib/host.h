/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * host.h - the machine that a configuration is applied to
 *
 * Everything that changes the machine goes through the operations here, so that
 * tests can stand a plain directory and a few functions in its place.
 */
#ifndef RMS_HOST_H
#define RMS_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

struct rms_host;

struct rms_node_pages {
	uint64_t remote;	/* of ours, that lie there */
	uint64_t lent;		/* of its, that lie here */
	bool down;		/* it was asked for by name, and is */
};

/*
 * Each returns 0 or a negative errno, but load_module() and node_pages(), which fill
 * @err and return -1.
 */
struct rms_host_ops {
	int (*make_dir)(struct rms_host *host, const char *path);
	int (*remove_dir)(struct rms_host *host, const char *path);
	int (*write_attr)(struct rms_host *host, const char *path, const char *value);
	int (*mount_configfs)(struct rms_host *host);
	int (*load_module)(struct rms_host *host, const char *name, struct rms_error *err);
	int (*unload_module)(struct rms_host *host, const char *name);
	int (*swap_on)(struct rms_host *host, const char *path, int priority);
	int (*swap_off)(struct rms_host *host, const char *path);
	/* Does this machine have the address? -EADDRNOTAVAIL: no. */
	int (*has_address)(struct rms_host *host, const char *address);
	/*
	 * What is between @node and us; NULL: all nodes. RMS_NOT_RUNNING: there can be no page,
	 * as the module is not loaded; any other error says nothing of how many there are.
	 */
	int (*node_pages)(struct rms_host *host, const char *node, struct rms_node_pages *pages,
			  struct rms_error *err);
};

struct rms_host {
	const struct rms_host_ops *ops;
	char *configfs;		/* /sys/kernel/config */
	char *sys_module;	/* /sys/module */
	char *proc;		/* /proc */
	char *dev;		/* /dev */
	char *run;		/* /run */
	char *module_dir;	/* modules of an uninstalled tree; NULL: modprobe */
	bool stand_in;		/* only configfs, and that is a plain directory */
	void *priv;		/* of the ops */
};

/**
 * rms_host_init() - this machine
 * @host: what to fill, for rms_host_release()
 *
 * With RAMSTER_CONFIGFS in the environment, that directory stands in for
 * configfs, and modules, zcache's parameters and swap are left alone. RAMSTER_RUN
 * takes the place of /run.
 */
void rms_host_init(struct rms_host *host);
void rms_host_release(struct rms_host *host);

/**
 * rms_host_meminfo() - a line of /proc/meminfo
 * @host: the machine
 * @name: such as "MemTotal"
 *
 * Return: bytes, or -1.
 */
int64_t rms_host_meminfo(const struct rms_host *host, const char *name);

/**
 * rms_host_cluster() - the cluster that exists in this kernel
 * @host: the machine
 *
 * Return: its name, which the caller frees, or NULL.
 */
char *rms_host_cluster(const struct rms_host *host);

/**
 * rms_lock_node() - one change of this node at a time
 * @host: the machine
 * @wait: for another holder, which may take as long as swapoff does
 * @err: what went wrong
 *
 * Return: a descriptor; closing it unlocks. Or -1.
 */
int rms_lock_node(const struct rms_host *host, bool wait, struct rms_error *err);

#endif
