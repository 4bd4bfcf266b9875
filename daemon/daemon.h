/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * daemon.h - ramsterd's one context
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "../lib/config.h"
#include "../lib/host.h"
#include "../lib/netlink.h"

struct daemon {
	char *config_path;
	struct rms_host host;
	struct rms_config *cfg;		/* as applied last */
	sd_event *event;
	struct rms_netlink *events;	/* NULL: none to be had */
	sd_event_source *events_source;
	bool stopping;
	uint64_t stop_limit;		/* us, CLOCK_MONOTONIC: by then it has stopped, or never will */
	pid_t down_pid;			/* the child that stops the node */
	int down_pipe;			/* its progress */
	char **drained;			/* nodes that were when the stop began, nr_drained of them */
	size_t nr_drained;
	int exit_code;
};

/**
 * daemon_up() - load the configuration and make the node so
 * @d: the daemon
 * @wait: for another change of this node that is going on
 * @err: why not; then nothing has changed
 *
 * Return: 0 or -1.
 */
int daemon_up(struct daemon *d, bool wait, struct rms_error *err);

/* From now on signals wait for the loop: a start is finished, then undone. */
void daemon_hold_signals(void);

/* Run until the node is stopped; the exit code. */
int daemon_loop(struct daemon *d);

/* Hear and log the kernel's events; a kernel without them is no reason to end. */
void daemon_watch_events(struct daemon *d);

/* Tell systemd in one line how things are. */
void daemon_tell_status(struct daemon *d);

/**
 * daemon_stop() - begin to bring the node down
 * @d: the daemon; its loop ends when the node is down
 *
 * A child does it, so that the daemon answers the watchdog meanwhile.
 */
void daemon_stop(struct daemon *d);

#endif
