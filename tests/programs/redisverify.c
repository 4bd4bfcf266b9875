// SPDX-License-Identifier: GPL-2.0
/*
 * redisverify.c - fills a redis server and compares all that it gives back
 *
 * Values are slices of a corpus of real files, 1 to 8 KiB each, chosen by the
 * key, so that each can be told again without being kept. Pipelines of DEPTH
 * requests over a unix socket. Prints one line of JSON; status 0 only if every
 * key came back right.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DEPTH		16
#define SMALLEST	1024
#define LARGEST		8192

static const char *corpus;
static size_t corpus_bytes;
static FILE *to, *from;

static void die(const char *what)
{
	fprintf(stderr, "redisverify: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static size_t value_length(uint64_t key)
{
	return SMALLEST + mix(key) % (LARGEST - SMALLEST);
}

static const char *value(uint64_t key)
{
	return corpus + mix(key + 1) % (corpus_bytes - LARGEST);
}

static void open_corpus(const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &info))
		die(path);
	corpus_bytes = info.st_size;
	corpus = mmap(NULL, corpus_bytes, PROT_READ, MAP_SHARED, fd, 0);
	if (corpus == MAP_FAILED)
		die(path);
}

static void connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die(path);
	to = fdopen(fd, "w");
	from = fdopen(dup(fd), "r");
	if (!to || !from)
		die(path);
}

static void ask_set(uint64_t key)
{
	size_t length = value_length(key);
	char name[32];
	int n = snprintf(name, sizeof(name), "key:%llu", (unsigned long long)key);

	fprintf(to, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%zu\r\n", n, name, length);
	fwrite(value(key), 1, length, to);
	fputs("\r\n", to);
}

static void ask_get(uint64_t key)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "key:%llu", (unsigned long long)key);

	fprintf(to, "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", n, name);
}

static int set_went_well(uint64_t key)
{
	char line[256];

	(void)key;
	if (!fgets(line, sizeof(line), from))
		die("the server is gone");
	if (strcmp(line, "+OK\r\n"))
		fprintf(stderr, "redisverify: SET: %s", line);
	return line[0] == '+';
}

static int get_is_right(uint64_t key)
{
	static char found[LARGEST + 2];
	char line[256];
	long length;

	if (!fgets(line, sizeof(line), from))
		die("the server is gone");
	length = line[0] == '$' ? atol(line + 1) : -1;
	if (length < 0 || length > LARGEST) {
		fprintf(stderr, "redisverify: GET %llu: %s", (unsigned long long)key, line);
		return 0;
	}
	if (fread(found, 1, length + 2, from) != (size_t)length + 2)
		die("the server is gone");
	return (size_t)length == value_length(key) && !memcmp(found, value(key), length);
}

/* Pass over all keys, in an order that jumps about; how many went well */
static uint64_t pass(uint64_t keys, void (*ask)(uint64_t), int (*is_good)(uint64_t))
{
	uint64_t good = 0, step = 7919;

	while (keys % step == 0)
		step += 2;
	for (uint64_t first = 0; first < keys; first += DEPTH) {
		uint64_t end = first + DEPTH < keys ? first + DEPTH : keys;

		for (uint64_t i = first; i < end; i++)
			ask(i * step % keys);
		fflush(to);
		for (uint64_t i = first; i < end; i++)
			good += is_good(i * step % keys);
	}
	return good;
}

int main(int argc, char **argv)
{
	uint64_t keys, stored, right;

	if (argc != 4) {
		fprintf(stderr, "usage: redisverify SOCKET CORPUS MEGABYTES\n");
		return 2;
	}
	open_corpus(argv[2]);
	connect_to(argv[1]);
	keys = strtoull(argv[3], NULL, 10) * 1048576 / ((SMALLEST + LARGEST) / 2);
	stored = pass(keys, ask_set, set_went_well);
	right = pass(keys, ask_get, get_is_right);
	printf("{\"keys\": %llu, \"stored\": %llu, \"right\": %llu}\n", (unsigned long long)keys,
	       (unsigned long long)stored, (unsigned long long)right);
	return stored == keys && right == keys ? 0 : 1;
}
