// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stop.c - bring the node down, and keep systemd informed
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "../lib/bring.h"
#include "../lib/drain.h"
#include "daemon.h"
#include "log.h"

#define SPARE_S		60	/* for all but waiting for memory, swapoff, moving pages, and owners */
#define TICK_US		(5 * 1000000ULL)
#define EXTEND_US	(30 * 1000000ULL)	/* longer than a tick, whatever else is slow */

/* In the child: progress lines begin with 's', the reason of a failure with 'e'. */
static void send_line(int fd, char kind, const char *text)
{
	char line[1200];
	int n = snprintf(line, sizeof(line), "%c%s\n", kind, text);

	if (write(fd, line, n) != n)
		return;		/* nobody listens; go on all the same */
}

static void say(void *ctx, const char *line)
{
	send_line(*(int *)ctx, 's', line);
}

static void run_child(struct daemon *d, int fd)
{
	struct rms_bring b = {
		.host = &d->host,
		.swapoff_s = d->cfg->stop_timeout_s.v,
		.lent_s = d->cfg->lend.stop_wait_s.v,
		.go_on = true,
		.say = say,
		.ctx = &fd,
	};
	struct rms_error err;

	if (!rms_down(&b, &err))
		_exit(RMS_OK);
	send_line(fd, 'e', err.text);
	_exit(err.kind);
}

static int on_progress(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
	char buf[4096], *line, *save = NULL;
	ssize_t n = read(fd, buf, sizeof(buf) - 1);

	(void)revents, (void)userdata;
	if (n <= 0) {
		sd_event_source_set_enabled(s, SD_EVENT_OFF);
		return 0;
	}
	buf[n] = '\0';
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		log_line(*line == 'e' ? LOG_ERR : LOG_INFO, "%s", line + 1);
		sd_notifyf(0, "STATUS=%s", line + 1);
	}
	return 0;
}

/* The child that would have put things right after a failure is gone. */
static void use_nodes_again(struct daemon *d)
{
	struct rms_error err;

	if (rms_undrain_but(&d->host, d->drained, d->nr_drained, &err) && err.kind != RMS_NOT_RUNNING)
		log_line(LOG_ERR, "`ramsterctl undrain` is needed: %s", err.text);
}

static int on_tick(sd_event_source *s, uint64_t usec, void *userdata)
{
	struct daemon *d = userdata;

	if (usec > d->stop_limit) {
		/* A child that hangs in the kernel cannot be ended; systemd goes on without it. */
		log_line(LOG_ERR, "the node did not stop in time; left as it is");
		kill(d->down_pid, SIGKILL);
		use_nodes_again(d);
		return sd_event_exit(d->event, RMS_FAILED);
	}
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", EXTEND_US);
	sd_event_source_set_time_relative(s, TICK_US);
	return sd_event_source_set_enabled(s, SD_EVENT_ONESHOT);
}

static int on_child(sd_event_source *s, const siginfo_t *si, void *userdata)
{
	struct daemon *d = userdata;

	on_progress(s, d->down_pipe, 0, d);	/* what it said last */
	d->exit_code = si->si_code == CLD_EXITED ? si->si_status : RMS_FAILED;
	if (si->si_code != CLD_EXITED)
		use_nodes_again(d);
	if (!d->exit_code)
		log_line(LOG_INFO, "stopped");
	return sd_event_exit(d->event, d->exit_code);
}

void daemon_stop(struct daemon *d)
{
	int pipefd[2] = { -1, -1 };
	uint64_t now;
	pid_t pid;

	if (d->stopping)
		return;
	d->stopping = true;
	sd_notify(0, "STOPPING=1\nSTATUS=stopping");
	sd_notifyf(0, "EXTEND_TIMEOUT_USEC=%llu", EXTEND_US);
	d->drained = rms_drained(&d->host, &d->nr_drained);
	if (pipe2(pipefd, O_CLOEXEC | O_NONBLOCK) || (pid = fork()) < 0) {
		log_line(LOG_ERR, "cannot stop the node: %s", strerror(errno));
		sd_event_exit(d->event, RMS_FAILED);
		return;
	}
	if (!pid) {
		close(pipefd[0]);
		run_child(d, pipefd[1]);
	}
	close(pipefd[1]);
	d->down_pid = pid;
	d->down_pipe = pipefd[0];
	sd_event_now(d->event, CLOCK_MONOTONIC, &now);
	d->stop_limit = now + 1000000ULL * (3 * d->cfg->stop_timeout_s.v + d->cfg->lend.stop_wait_s.v + SPARE_S);
	if (sd_event_add_child(d->event, NULL, pid, WEXITED, on_child, d) < 0 ||
	    sd_event_add_io(d->event, NULL, pipefd[0], EPOLLIN, on_progress, d) < 0 ||
	    sd_event_add_time_relative(d->event, NULL, CLOCK_MONOTONIC, TICK_US, 0, on_tick, d) < 0) {
		log_line(LOG_ERR, "cannot watch the node stop");
		sd_event_exit(d->event, RMS_FAILED);
	}
}
