// SPDX-License-Identifier: GPL-2.0
/*
 * redisverify.c - fills a redis server and compares all that it gives back
 *
 * Values are slices of a corpus of real files, 1 to 8 KiB each, chosen by the
 * key, so that each can be told again without being kept. Pipelines of DEPTH
 * requests over a unix socket. Prints one line of JSON; status 0 only if every
 * key came back right.
 *
 * With a number of REQUESTS it does not read all back but makes so many, nine GETs to a SET, of
 * keys by the zipf distribution (a key's share is one over its rank), and times them. The
 * answers' lengths are compared, not their bytes, and what is set then comes from a small part
 * of the corpus: its pages are not to compete with the server's for RAM.
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
#include <time.h>
#include <unistd.h>

#define DEPTH		16
#define SMALLEST	1024
#define LARGEST		8192
#define SMALL_PART	(1 << 20)	/* of the corpus */
#define SETS		10		/* one request in so many, while loads are made */

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

static void read_line(char *line, int size)
{
	if (!fgets(line, size, from))
		die("the server is gone");
}

/* A value and the line's end behind it */
static void read_value(char *found, size_t length)
{
	if (fread(found, 1, length + 2, from) != length + 2)
		die("the server is gone");
}

static int set_went_well(uint64_t key)
{
	char line[256];

	(void)key;
	read_line(line, sizeof(line));
	if (strcmp(line, "+OK\r\n"))
		fprintf(stderr, "redisverify: SET: %s", line);
	return line[0] == '+';
}

static int get_is_right(uint64_t key)
{
	static char found[LARGEST + 2];
	char line[256];
	long length;

	read_line(line, sizeof(line));
	length = line[0] == '$' ? atol(line + 1) : -1;
	if (length < 0 || length > LARGEST) {
		fprintf(stderr, "redisverify: GET %llu: %s", (unsigned long long)key, line);
		return 0;
	}
	read_value(found, length);
	return (size_t)length == value_length(key) && !memcmp(found, value(key), length);
}

static int get_is_as_long(uint64_t key)
{
	static char found[LARGEST + 2];
	char line[256];
	size_t length;

	read_line(line, sizeof(line));
	length = line[0] == '$' ? strtoul(line + 1, NULL, 10) : 0;
	if (length != value_length(key)) {
		fprintf(stderr, "redisverify: GET %llu: %s", (unsigned long long)key, line);
		return 0;
	}
	read_value(found, length);
	return 1;
}

/* A step that visits every key once before the first again */
static uint64_t step_over(uint64_t keys)
{
	uint64_t step = 7919;

	while (keys % step == 0)
		step += 2;
	return step;
}

/* Pass over all keys, in an order that jumps about; how many went well */
static uint64_t pass(uint64_t keys, void (*ask)(uint64_t), int (*is_good)(uint64_t))
{
	uint64_t good = 0, step = step_over(keys);

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

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* A rank by the zipf distribution: shares[rank] is that of all ranks up to this one. */
static uint64_t rank_of(const double *shares, uint64_t keys, double share)
{
	uint64_t low = 0, high = keys - 1;

	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (shares[middle] < share)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static double *zipf(uint64_t keys)
{
	double *shares = malloc(keys * sizeof(*shares)), sum = 0;

	if (!shares)
		die("memory");
	for (uint64_t i = 0; i < keys; i++)
		shares[i] = sum += 1.0 / (i + 1);
	for (uint64_t i = 0; i < keys; i++)
		shares[i] /= sum;
	return shares;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* Pipelines of requests; the time that each pipeline takes goes to took */
static uint64_t load(uint64_t keys, uint64_t pipelines, double *took)
{
	uint64_t good = 0, key[DEPTH], dice[DEPTH], n = 0, step = step_over(keys);
	double *shares = zipf(keys), begun;

	corpus_bytes = SMALL_PART;
	for (uint64_t p = 0; p < pipelines; p++) {
		begun = now();
		for (int i = 0; i < DEPTH; i++) {
			dice[i] = mix(++n * 0x9e3779b97f4a7c15ULL);
			key[i] = rank_of(shares, keys, (dice[i] >> 11) * 0x1p-53) * step % keys;
			if (dice[i] % SETS)
				ask_get(key[i]);
			else
				ask_set(key[i]);
		}
		fflush(to);
		for (int i = 0; i < DEPTH; i++)
			good += dice[i] % SETS ? get_is_as_long(key[i]) : set_went_well(key[i]);
		took[p] = now() - begun;
	}
	free(shares);
	return good;
}

static int load_and_report(uint64_t keys, uint64_t pipelines, double fill_s)
{
	double *took = calloc(pipelines, sizeof(*took)), begun = now(), seconds;
	uint64_t good;

	if (!took || !pipelines)
		die("requests");
	good = load(keys, pipelines, took);
	seconds = now() - begun;
	qsort(took, pipelines, sizeof(*took), compare);
	printf("{\"keys\": %llu, \"fill_s\": %.3f, \"requests\": %llu, \"right\": %llu, "
	       "\"seconds\": %.3f, \"requests_s\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n",
	       (unsigned long long)keys, fill_s, (unsigned long long)(pipelines * DEPTH),
	       (unsigned long long)good, seconds, pipelines * DEPTH / seconds,
	       took[pipelines / 2] * 1e6, took[pipelines * 99 / 100] * 1e6);
	return good == pipelines * DEPTH ? 0 : 1;
}

int main(int argc, char **argv)
{
	uint64_t keys, stored, right;
	double begun;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: redisverify SOCKET CORPUS MEGABYTES [REQUESTS]\n");
		return 2;
	}
	open_corpus(argv[2]);
	connect_to(argv[1]);
	keys = strtoull(argv[3], NULL, 10) * 1048576 / ((SMALLEST + LARGEST) / 2);
	begun = now();
	stored = pass(keys, ask_set, set_went_well);
	if (argc == 5 && stored == keys)
		return load_and_report(keys, strtoull(argv[4], NULL, 10) / DEPTH, now() - begun);
	right = pass(keys, ask_get, get_is_right);
	printf("{\"keys\": %llu, \"stored\": %llu, \"right\": %llu}\n", (unsigned long long)keys,
	       (unsigned long long)stored, (unsigned long long)right);
	return stored == keys && right == keys ? 0 : 1;
}
