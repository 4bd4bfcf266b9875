// SPDX-License-Identifier: GPL-2.0
/*
 * agent.c - the harness's hands in a VM
 *
 * Process 1 of the guest. Reads frames from a virtio-serial port and answers
 * there: runs commands, feeds them, signals them, reads files. It is locked in
 * memory and reads files by itself, so that a guest that has no page to spare
 * can still be asked how it is.
 *
 * A frame is a header (length of the payload, job, type) and the payload.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum type {
	/* to the guest */
	RUN = 1,	/* payload: a command for sh -c */
	INPUT = 2,	/* payload: bytes for its stdin; none closes it */
	KILL = 3,	/* payload: a signal's number, one byte, to its group */
	READ = 4,	/* payload: paths, each with its NUL; one DATA each */
	/* from the guest */
	HELLO = 16,
	OUTPUT = 17,	/* of the job's stdout */
	ERRORS = 18,	/* of the job's stderr */
	EXIT = 19,	/* payload: the wait status, 4 bytes; the job is gone */
	DATA = 20,	/* payload: errno, 4 bytes, and the file's contents */
};

struct header {
	uint32_t length;
	uint32_t job;
	uint32_t type;
};

#define MAX_JOBS	64
#define MAX_PAYLOAD	(256 * 1024)

struct job {
	uint32_t id;
	pid_t pid;	/* 0: this place is free */
	int in, out, err;
	int status;
	int reaped;
};

static struct job jobs[MAX_JOBS];
static char payload[MAX_PAYLOAD];
static char reply[65536];
static int port;

static void die(const char *what)
{
	fprintf(stderr, "agent: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void write_all(const void *data, size_t length)
{
	const char *at = data;

	while (length) {
		ssize_t n = write(port, at, length);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			die("port");
		at += n;
		length -= n;
	}
}

static void read_all(void *data, size_t length)
{
	char *at = data;

	while (length) {
		ssize_t n = read(port, at, length);

		if (n > 0) {
			at += n;
			length -= n;
		} else if (n == 0 || errno == EAGAIN) {
			poll(NULL, 0, 50);	/* nobody holds the other end */
		} else if (errno != EINTR) {
			die("port");
		}
	}
}

static void send_frame(uint32_t id, enum type type, const void *data, size_t length)
{
	struct header header = { length, id, type };

	write_all(&header, sizeof(header));
	write_all(data, length);
}

static struct job *find_job(uint32_t id)
{
	for (int i = 0; i < MAX_JOBS; i++)
		if (jobs[i].pid && jobs[i].id == id)
			return &jobs[i];
	return NULL;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* The child's own half: nothing of process 1 stays with it */
static void run_child(const char *command, int in, int out, int err)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(in, 0);
	dup2(out, 1);
	dup2(err, 2);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static void start_job(uint32_t id, const char *command)
{
	int in[2], out[2], err[2], status = 126 << 8;
	struct job *job = NULL;

	for (int i = 0; i < MAX_JOBS && !job; i++)
		if (!jobs[i].pid)
			job = &jobs[i];
	if (!job || pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		send_frame(id, EXIT, &status, sizeof(status));
		return;
	}
	*job = (struct job){ .id = id, .in = in[1], .out = out[0], .err = err[0] };
	fcntl(job->in, F_SETFL, O_NONBLOCK);
	job->pid = fork();
	if (!job->pid)
		run_child(command, in[0], out[1], err[1]);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	if (job->pid < 0) {
		close_fd(&job->in);
		close_fd(&job->out);
		close_fd(&job->err);
		job->pid = 0;
		send_frame(id, EXIT, &status, sizeof(status));
	}
}

static void feed_job(uint32_t id, const char *data, size_t length)
{
	struct job *job = find_job(id);

	if (!job || job->in < 0)
		return;
	if (!length || write(job->in, data, length) < 0)
		close_fd(&job->in);
}

static void finish_job(struct job *job)
{
	if (!job->pid || !job->reaped || job->out >= 0 || job->err >= 0)
		return;
	close_fd(&job->in);
	send_frame(job->id, EXIT, &job->status, sizeof(job->status));
	job->pid = 0;
}

static void pass_output(struct job *job, int *fd, enum type type)
{
	ssize_t n = read(*fd, reply, sizeof(reply));

	if (n > 0)
		send_frame(job->id, type, reply, n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(fd);
}

/*
 * A job whose process is gone: what its pipes still hold is passed on, and
 * what a child of it that lives on says later is not waited for.
 */
static void drain_and_close(struct job *job, int *fd, enum type type)
{
	ssize_t n;

	if (*fd < 0)
		return;
	fcntl(*fd, F_SETFL, O_NONBLOCK);
	while ((n = read(*fd, reply, sizeof(reply))) > 0)
		send_frame(job->id, type, reply, n);
	close_fd(fd);
}

static void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (int i = 0; i < MAX_JOBS; i++) {
			struct job *job = &jobs[i];

			if (job->pid != pid)
				continue;
			job->reaped = 1;
			job->status = status;
			drain_and_close(job, &job->out, OUTPUT);
			drain_and_close(job, &job->err, ERRORS);
			finish_job(job);
		}
	}
}

static void read_file(uint32_t id, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int32_t error = fd < 0 ? errno : 0;
	size_t length = sizeof(error);
	ssize_t n;

	while (!error && length < sizeof(reply)) {
		n = read(fd, reply + length, sizeof(reply) - length);
		if (n < 0)
			error = errno;
		if (n <= 0)
			break;
		length += n;
	}
	if (fd >= 0)
		close(fd);
	memcpy(reply, &error, sizeof(error));
	send_frame(id, DATA, reply, error ? sizeof(error) : length);
}

static void handle_frame(void)
{
	struct header header;
	struct job *job;

	read_all(&header, sizeof(header));
	if (header.length >= MAX_PAYLOAD) {
		errno = EMSGSIZE;
		die("frame");
	}
	read_all(payload, header.length);
	payload[header.length] = 0;

	switch (header.type) {
	case RUN:
		start_job(header.job, payload);
		break;
	case INPUT:
		feed_job(header.job, payload, header.length);
		break;
	case KILL:
		job = find_job(header.job);
		if (job && !job->reaped)
			kill(-job->pid, payload[0]);
		break;
	case READ:
		for (char *at = payload; at < payload + header.length; at += strlen(at) + 1)
			read_file(header.job, at);
		break;
	}
}

static void serve(int signals)
{
	static struct pollfd polled[2 + 2 * MAX_JOBS];
	static int *fds[2 * MAX_JOBS];
	static struct job *owners[2 * MAX_JOBS];
	struct signalfd_siginfo info;

	for (;;) {
		int n = 0;

		polled[0] = (struct pollfd){ .fd = port, .events = POLLIN };
		polled[1] = (struct pollfd){ .fd = signals, .events = POLLIN };
		for (int i = 0; i < MAX_JOBS; i++) {
			int *both[2] = { &jobs[i].out, &jobs[i].err };

			for (int k = 0; jobs[i].pid && k < 2; k++) {
				if (*both[k] < 0)
					continue;
				polled[2 + n] = (struct pollfd){ .fd = *both[k], .events = POLLIN };
				fds[n] = both[k];
				owners[n++] = &jobs[i];
			}
		}
		if (poll(polled, 2 + n, -1) < 0 && errno != EINTR)
			die("poll");
		for (int i = 0; i < n; i++) {
			if (polled[2 + i].revents)
				pass_output(owners[i], fds[i],
					    fds[i] == &owners[i]->out ? OUTPUT : ERRORS);
			finish_job(owners[i]);
		}
		if (polled[1].revents && read(signals, &info, sizeof(info)) > 0)
			reap();
		if (polled[0].revents & POLLIN)
			handle_frame();
		else if (polled[0].revents)
			poll(NULL, 0, 50);	/* no host at the other end yet */
	}
}

int main(int argc, char **argv)
{
	sigset_t child;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: agent PORT\n");
		return 2;
	}
	port = open(argv[1], O_RDWR | O_CLOEXEC);
	if (port < 0)
		die(argv[1]);
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		die("mlockall");
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		die("signalfd");
	send_frame(0, HELLO, "", 0);
	serve(fd);
}
