// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loop.c - start, signals and the event loop
 */
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "../lib/bring.h"
#include "daemon.h"
#include "log.h"

static void say(void *ctx, const char *line)
{
	(void)ctx;
	log_line(LOG_INFO, "%s", line);
}

int daemon_up(struct daemon *d, bool wait, struct rms_error *err)
{
	struct rms_bring b = { .host = &d->host, .no_wait = !wait, .say = say };
	struct rms_config *cfg = rms_config_load(d->config_path, err);

	if (!cfg || rms_up(&b, cfg, err)) {
		rms_config_free(cfg);
		return -1;
	}
	rms_config_free(d->cfg);
	d->cfg = cfg;
	return 0;
}

static int on_stop(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	(void)s, (void)si;
	daemon_stop(userdata);
	return 0;
}

static int on_reload(sd_event_source *s, const struct signalfd_siginfo *si, void *userdata)
{
	struct daemon *d = userdata;
	struct rms_error err;
	struct timespec ts;

	(void)s, (void)si;
	if (d->stopping)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", ts.tv_sec * 1000000ULL + ts.tv_nsec / 1000);
	if (daemon_up(d, false, &err))	/* the watchdog waits for nobody */
		log_line(LOG_ERR, "not reloaded, nothing has changed: %s", err.text);
	else
		log_line(LOG_NOTICE, "%s is applied", d->config_path);
	sd_notify(0, "READY=1");
	daemon_tell_status(d);
	return 0;
}

void daemon_hold_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int add_signals(struct daemon *d)
{
	int ret;

	ret = sd_event_add_signal(d->event, NULL, SIGTERM, on_stop, d);
	if (ret >= 0)
		ret = sd_event_add_signal(d->event, NULL, SIGINT, on_stop, d);
	if (ret >= 0)
		ret = sd_event_add_signal(d->event, NULL, SIGHUP, on_reload, d);
	return ret;
}

int daemon_loop(struct daemon *d)
{
	int ret = sd_event_new(&d->event);

	if (ret >= 0)
		ret = add_signals(d);
	if (ret >= 0)
		ret = sd_event_set_watchdog(d->event, 1);
	if (ret < 0) {
		log_line(LOG_ERR, "no event loop: %s", strerror(-ret));
		return RMS_FAILED;
	}
	daemon_watch_events(d);
	sd_notify(0, "READY=1");
	daemon_tell_status(d);
	log_line(LOG_NOTICE, "node %s of cluster %s is up", d->cfg->local.s, d->cfg->cluster.name.s);

	ret = sd_event_loop(d->event);
	sd_event_source_unref(d->events_source);
	if (d->events)
		rms_netlink_close(d->events);
	sd_event_unref(d->event);
	return ret < 0 ? RMS_FAILED : ret;
}
