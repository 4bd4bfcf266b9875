/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * signals.h - nobody ends a command between the halves of a change
 */
#ifndef RMS_SIGNALS_H
#define RMS_SIGNALS_H

#include <signal.h>

struct rms_held {
	sigset_t ends;		/* SIGINT, SIGTERM and SIGHUP, but those that are ignored */
	sigset_t before;
};

/**
 * rms_signals_hold() - let signals that would end this process wait
 * @h: for rms_signals_release()
 *
 * Those of @h's ends, and SIGPIPE, which comes when nobody reads the progress any more.
 * May be nested.
 */
void rms_signals_hold(struct rms_held *h);

/* One that came meanwhile does now what it does. */
void rms_signals_release(const struct rms_held *h);

#endif
