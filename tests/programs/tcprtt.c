// SPDX-License-Identifier: GPL-2.0
/*
 * tcprtt.c - the time of a TCP round trip: a small question, an answer of so many bytes
 *
 *   tcprtt serve PORT               answers for ever
 *   tcprtt ask ADDRESS PORT BYTES N asks N times; one line of JSON
 *
 * What a page that is fetched over TCP cannot be faster than, between the same two
 * kernels.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define QUESTION	64	/* bytes, as long as a GET of one page */
#define MOST		(1 << 20)

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "tcprtt: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int all(ssize_t (*op)(int fd, char *buf, size_t len), int fd, char *buf, size_t len)
{
	ssize_t n;

	for (; len; buf += n, len -= n) {
		n = op(fd, buf, len);
		if (n <= 0)
			return -1;
	}
	return 0;
}

static ssize_t get(int fd, char *buf, size_t len)
{
	return recv(fd, buf, len, 0);
}

static ssize_t put(int fd, char *buf, size_t len)
{
	return send(fd, buf, len, MSG_NOSIGNAL);
}

static void no_delay(int fd)
{
	int one = 1;

	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		die("TCP_NODELAY");
}

static void answer(int fd)
{
	char question[QUESTION], *reply = calloc(1, MOST);
	uint32_t len;

	if (!reply)
		die("memory");
	no_delay(fd);
	while (!all(get, fd, question, sizeof(question))) {
		memcpy(&len, question, sizeof(len));
		if (len > MOST || all(put, fd, reply, len))
			break;
	}
	free(reply);
	close(fd);
}

static _Noreturn void serve(uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 8))
		die("listen");
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (client < 0)
			die("accept");
		answer(client);
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int ask(const char *address, uint16_t port, uint32_t bytes, unsigned int n)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint64_t *ns = calloc(n, sizeof(*ns));
	char question[QUESTION] = {}, *reply = malloc(MOST);
	unsigned int i;

	if (!ns || !reply || !n || bytes > MOST || inet_pton(AF_INET, address, &addr.sin_addr) != 1)
		die("arguments");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die(address);
	no_delay(fd);
	memcpy(question, &bytes, sizeof(bytes));
	for (i = 0; i < n; i++) {
		uint64_t begun = now_ns();

		if (all(put, fd, question, sizeof(question)) || all(get, fd, reply, bytes))
			die("the connection");
		ns[i] = now_ns() - begun;
	}
	qsort(ns, n, sizeof(*ns), compare);
	printf("{\"bytes\": %u, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", bytes,
	       ns[n / 2] / 1e3, ns[n * 99ULL / 100] / 1e3);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(atoi(argv[2]));
	if (argc == 6 && !strcmp(argv[1], "ask"))
		return ask(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	fprintf(stderr, "usage: tcprtt serve PORT | tcprtt ask ADDRESS PORT BYTES N\n");
	return 2;
}
