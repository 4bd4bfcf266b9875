/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * apply.h - make the kernel be as a configuration says
 *
 * Each function looks at what is there and changes only what differs, so that
 * starting, reloading and adding a node are one thing. Every change is noted in
 * the journal; the caller takes it back if a later step fails.
 */
#ifndef RMS_APPLY_H
#define RMS_APPLY_H

#include <stdbool.h>

#include "cfs.h"
#include "config.h"
#include "error.h"
#include "host.h"

struct rms_apply {
	struct rms_host *host;
	const struct rms_config *cfg;
	const char *key;	/* as rms_key_read() gives it; "": none, or not to be written again */
	bool force;		/* disconnect a node though pages lie there */
	struct rms_journal journal;
	struct rms_error *err;
};

/* The parts: 0, or -1 and @err. */
int rms_apply_zcache(struct rms_apply *a);
int rms_apply_cluster(struct rms_apply *a);
int rms_apply_devices(struct rms_apply *a);

/**
 * rms_apply_key() - the key
 * @a: what to make so
 *
 * It cannot be read back, so it cannot be taken back: where the kernel has one, it is the
 * last that the kernel is told. A first one is written by rms_apply_cluster().
 *
 * Return: 0, or -1 and @err.
 */
int rms_apply_key(struct rms_apply *a);

/**
 * rms_apply_policies() - backup, replicas and allow_loss of the devices that are live
 * @a: what to make so
 * @fewer: only of those that are to ask for fewer donors than now
 *
 * Which replicas a device has is a matter of how many nodes there are: so with @fewer
 * before nodes go, and without once they have come.
 *
 * Return: 0, or -1 and @err.
 */
int rms_apply_policies(struct rms_apply *a, bool fewer);

/* Disconnect and remove every node and the cluster. */
int rms_remove_cluster(struct rms_host *host, const char *cluster, struct rms_error *err);

/* Remove every frontswap device; none may be in use. */
int rms_remove_devices(struct rms_host *host, struct rms_error *err);

#endif
