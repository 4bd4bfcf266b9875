// SPDX-License-Identifier: GPL-2.0
/*
 * lanswitch.c - the virtual LAN between the VMs, without root
 *
 * One unix socket a port (DIR/port0 ...), which QEMU's `-netdev stream` connects
 * to: each frame is preceded by its length, big-endian. A port may leave and
 * come back at any time. Frames go to the port that the last byte of their
 * destination's MAC address names, or to all. A port that does not read loses
 * what its queue cannot hold, as on a real switch.
 *
 * DIR/control takes lines, each answered by "ok" or "error":
 *   cut A B      frames from port A to port B vanish
 *   join A B     and pass again
 *   count A B    answers "ok N": frames passed from A to B so far
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_PORTS	32
#define MAX_FRAME	(4 + 65536 + 4096)
#define IN_BYTES	(256 * 1024)
#define OUT_BYTES	(4 * 1024 * 1024)

struct port {
	int listener;
	int fd;			/* -1: nobody is plugged in */
	size_t in_used;
	size_t out_start, out_end;
	unsigned char *in, *out;
};

static struct port ports[MAX_PORTS];
static int nports;
static char cut[MAX_PORTS][MAX_PORTS];
static unsigned long passed[MAX_PORTS][MAX_PORTS];

static void die(const char *what)
{
	fprintf(stderr, "lanswitch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listen_at(const char *dir, const char *name, int n)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (n < 0)
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name);
	else
		snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s%d", dir, name, n);
	unlink(address.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 8))
		die(address.sun_path);
	return fd;
}

static void unplug(struct port *port)
{
	close(port->fd);
	port->fd = -1;
	port->in_used = 0;
	port->out_start = 0;
	port->out_end = 0;
}

static void plug(struct port *port)
{
	int size = 1024 * 1024;

	if (port->fd >= 0)
		unplug(port);
	port->fd = accept4(port->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (port->fd >= 0)
		setsockopt(port->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
}

static void flush_port(struct port *port)
{
	while (port->fd >= 0 && port->out_start < port->out_end) {
		ssize_t n = send(port->fd, port->out + port->out_start,
				 port->out_end - port->out_start, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			unplug(port);
			return;
		}
		port->out_start += n;
	}
	port->out_start = 0;
	port->out_end = 0;
}

static void queue_frame(struct port *port, const unsigned char *frame, size_t length)
{
	if (port->fd < 0)
		return;
	if (port->out_end + length > OUT_BYTES && port->out_start) {
		memmove(port->out, port->out + port->out_start, port->out_end - port->out_start);
		port->out_end -= port->out_start;
		port->out_start = 0;
	}
	if (port->out_end + length > OUT_BYTES)
		return;
	memcpy(port->out + port->out_end, frame, length);
	port->out_end += length;
}

/* frame: the length's four bytes, then the frame itself */
static void forward(int from, const unsigned char *frame, size_t length)
{
	const unsigned char *mac = frame + 4;
	int one = -1;

	if (length < 4 + 14)
		return;
	if (!(mac[0] & 1) && mac[5] < nports)
		one = mac[5];
	for (int to = 0; to < nports; to++) {
		if (to == from || cut[from][to] || (one >= 0 && to != one))
			continue;
		passed[from][to]++;
		queue_frame(&ports[to], frame, length);
	}
}

static void take_frames(int n)
{
	struct port *port = &ports[n];
	ssize_t got = recv(port->fd, port->in + port->in_used, IN_BYTES - port->in_used, 0);
	size_t at = 0;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		unplug(port);
		return;
	}
	port->in_used += got;
	while (port->in_used - at >= 4) {
		const unsigned char *frame = port->in + at;
		size_t length = 4 + ((size_t)frame[0] << 24 | frame[1] << 16 |
				     frame[2] << 8 | frame[3]);

		if (length > MAX_FRAME) {
			unplug(port);
			return;
		}
		if (port->in_used - at < length)
			break;
		forward(n, frame, length);
		at += length;
	}
	memmove(port->in, port->in + at, port->in_used - at);
	port->in_used -= at;
	for (int to = 0; to < nports; to++)
		if (to != n)
			flush_port(&ports[to]);
}

static void obey(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	char line[64] = "", verb[16] = "", answer[64] = "error\n";
	unsigned int from, to;

	if (fd < 0)
		return;
	if (recv(fd, line, sizeof(line) - 1, 0) > 0 &&
	    sscanf(line, "%15s %u %u", verb, &from, &to) == 3 &&
	    from < (unsigned int)nports && to < (unsigned int)nports) {
		snprintf(answer, sizeof(answer), "ok\n");
		if (!strcmp(verb, "cut"))
			cut[from][to] = 1;
		else if (!strcmp(verb, "join"))
			cut[from][to] = 0;
		else if (!strcmp(verb, "count"))
			snprintf(answer, sizeof(answer), "ok %lu\n", passed[from][to]);
		else
			snprintf(answer, sizeof(answer), "error\n");
	}
	send(fd, answer, strlen(answer), MSG_NOSIGNAL);
	close(fd);
}

static void serve(int control)
{
	struct pollfd polled[1 + 2 * MAX_PORTS];

	for (;;) {
		polled[0] = (struct pollfd){ .fd = control, .events = POLLIN };
		for (int n = 0; n < nports; n++) {
			struct port *port = &ports[n];
			short events = POLLIN | (port->out_start < port->out_end ? POLLOUT : 0);

			polled[1 + 2 * n] = (struct pollfd){ .fd = port->listener, .events = POLLIN };
			polled[2 + 2 * n] = (struct pollfd){ .fd = port->fd, .events = events };
		}
		if (poll(polled, 1 + 2 * nports, -1) < 0 && errno != EINTR)
			die("poll");
		for (int n = 0; n < nports; n++) {
			if (polled[2 + 2 * n].revents & POLLOUT)
				flush_port(&ports[n]);
			if (ports[n].fd >= 0 && polled[2 + 2 * n].revents & ~POLLOUT)
				take_frames(n);
			if (polled[1 + 2 * n].revents)
				plug(&ports[n]);
		}
		if (polled[0].revents)
			obey(control);
	}
}

int main(int argc, char **argv)
{
	int control;

	if (argc != 3 || (nports = atoi(argv[2])) < 1 || nports > MAX_PORTS) {
		fprintf(stderr, "usage: lanswitch DIR PORTS (at most %d)\n", MAX_PORTS);
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	for (int n = 0; n < nports; n++) {
		ports[n].listener = listen_at(argv[1], "port", n);
		ports[n].fd = -1;
		ports[n].in = malloc(IN_BYTES);
		ports[n].out = malloc(OUT_BYTES);
		if (!ports[n].in || !ports[n].out)
			die("memory");
	}
	control = listen_at(argv[1], "control", -1);
	puts("ready");
	fflush(stdout);
	serve(control);
}
