/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bring.h - bring this node up and down
 *
 * What ramsterd does on start, reload and stop, and ramsterctl on up and down.
 */
#ifndef RMS_BRING_H
#define RMS_BRING_H

#include <stdbool.h>
#include <time.h>

#include "config.h"
#include "error.h"
#include "host.h"

struct rms_bring {
	struct rms_host *host;
	bool force;		/* give up pages rather than refuse */
	bool cluster_only;	/* up: only the cluster, its nodes, and what follows from these for devices
				 * that are live, in a node that is up
				 */
	int move_s;		/* up, cluster_only: before a node goes, our pages there move elsewhere, for
				 * which there is so long; -1: as long as it takes; 0: they do not. SIGINT,
				 * SIGTERM and SIGHUP end it, and nothing has changed.
				 */
	bool undrain;		/* up: no node is drained any more */
	/*
	 * up: the last step, such as to write the file that is applied. If it fails, all is taken
	 * back. Like all steps, it is done before a signal is heard. NULL: none.
	 */
	int (*last)(void *arg, struct rms_error *err);
	void *last_arg;
	bool no_wait;		/* up: fail if somebody else is changing this node */
	bool locked;		/* up: the caller has rms_lock_node() */
	bool unload;		/* down: unload the modules, too */
	unsigned int swapoff_s;	/* down: time limit of swapoff, of waiting for memory before it, and of
				 * moving pages off other nodes instead; 0: none
				 */
	int lent_s;		/* down: how long to wait for owners to take their pages back */
	bool go_on;		/* down: then go on, rather than refuse; wait for memory, too, and if
				 * swap cannot go off, leave it on its backing device
				 */
	/* progress for people: one line, now and then */
	void (*say)(void *ctx, const char *line);
	void *ctx;
};

/**
 * rms_preflight() - would this node come up?
 * @host: the machine
 * @cfg: a parsed configuration
 * @err: the first thing in the way
 *
 * Checks all rules of the configuration, the key file, this machine's address and
 * the backing devices that are not in use by us already. Changes nothing.
 *
 * Return: 0 or -1.
 */
int rms_preflight(struct rms_host *host, const struct rms_config *cfg, struct rms_error *err);

/**
 * rms_up() - make this node as the configuration says, whatever state it is in
 * @b: the machine, and how
 * @cfg: a parsed configuration
 * @err: why not; then nothing has changed
 *
 * Waits for others who are changing this node, which a signal ends. What comes then is done,
 * or taken back, before a signal is heard.
 *
 * Return: 0 or -1.
 */
int rms_up(const struct rms_bring *b, const struct rms_config *cfg, struct rms_error *err);

/**
 * rms_down() - swap off, give everything back, leave the cluster
 * @b: the machine, and how
 * @err: why not. What is done by then stays done, and doing it again goes on;
 *	while swap is on, the rest is left in place, so that no page is lost. With
 *	@b's go_on, no node is drained then but those that were before.
 *
 * A node that is down already is a success.
 *
 * Return: 0 or -1.
 */
int rms_down(const struct rms_bring *b, struct rms_error *err);

/* For those who bring: a line for @b's say(), if it has one, and a clock that nobody sets. */
void rms_bring_say(const struct rms_bring *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
time_t rms_now_s(void);

#endif
