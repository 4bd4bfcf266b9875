// SPDX-License-Identifier: GPL-2.0
/*
 * pagefill.c - a program that needs more memory than there is, and checks it all
 *
 * Fills memory page by page, then reads, touches or rewrites it in phases. Every
 * page says which page of which generation it is and carries a checksum of the
 * rest, so a page that is stale, another's or damaged is told from a good one.
 * What the program itself needs is locked in memory. Ends with one line of JSON;
 * status 0 only if every page was right.
 *
 * SIGUSR1 begins an interval whose latencies are reported apart, and the next one
 * ends it: of each touch that any part of it fell in.
 *
 * With --soak it goes on until SIGTERM, and says twice a second how it goes:
 *   pulse VERIFIED BAD LOST SLOWEST STUCK LATE
 * pages so far, and in microseconds the slowest touch since the last pulse,
 * the longest that any thread has now been at one page, and by how much this
 * pulse comes too late: time that the machine had no CPU for anybody.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGE		4096
#define WORDS		(PAGE / 8)
#define MAX_THREADS	64
#define MAX_PHASES	32
#define MAGIC		0x7061676566696c6cULL	/* "pagefill" */

/* Latencies: so many steps to each power of two of nanoseconds */
#define STEP_BITS	5
#define STEPS		(1 << STEP_BITS)
#define BUCKETS		(40 * STEPS)

#define LONGEST_OUT_NS	(300 * 1000000000ULL)

enum content { REAL, RANDOM, SAME, MIXED };

struct stamp {
	uint64_t magic, index, generation, checksum;
};

/* Latencies of some touches */
struct latencies {
	uint64_t timed;
	uint64_t max_ns;
	uint64_t buckets[BUCKETS];
};

struct phase {
	char name[16];
	unsigned int share;	/* percent of the pages, for touch and rewrite */
	unsigned int threads;
	double seconds;
	unsigned int rounds;
	uint64_t touched;
	long major_faults;
	struct latencies all;	/* of touches whose latency counts */
	struct latencies apart;	/* of those that fell in an interval */
};

struct worker {
	pthread_t thread;
	struct phase *phase;
	uint64_t first, last;
	uint64_t random;
	uint64_t verified, bad, lost;
	uint64_t touched;
	_Atomic uint64_t pulse_ns;	/* the slowest touch since the last pulse */
	_Atomic uint64_t at_page_since;	/* 0: at none */
	struct latencies all, apart;
};

static const char *const content_names[] = { "real", "random", "same", "mixed" };

static unsigned char *area, *corpus;
static unsigned char *generations;
static uint64_t npages, corpus_pages, seed = 1;
static enum content content = REAL;
static unsigned int nthreads = 1;	/* of a phase that does not say how many */
static unsigned int most_threads;
static unsigned int pace;		/* MB a second that a thread fills at most; 0: no limit */
static int step, progress, go_on_after_sigbus, soak, only_faults, histogram;
static const char *cgroup;
static uint64_t cgroup_goal;		/* bytes that it may hold when its pages are out */
static volatile sig_atomic_t told_to_end;
static _Atomic unsigned int marks;	/* SIGUSR1s so far; odd: in an interval */
static struct phase phases[MAX_PHASES];
static unsigned int nphases;
static struct worker workers[MAX_THREADS];
static _Atomic uint64_t phase_done;

static __thread sigjmp_buf after_sigbus;
static __thread volatile sig_atomic_t touching;

static void die(const char *what)
{
	fprintf(stderr, "pagefill: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

static uint64_t next_random(uint64_t *state)
{
	*state += 0x9e3779b97f4a7c15ULL;
	return mix(*state);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* What page index holds in its nth generation */
static enum content kind_of(uint64_t index)
{
	unsigned int dice;

	if (content != MIXED)
		return content;
	dice = mix(seed ^ index * 31) % 100;
	return dice < 70 ? REAL : dice < 85 ? RANDOM : SAME;
}

static uint64_t same_word(uint64_t index, unsigned int generation)
{
	return mix(seed + index * 256 + generation);
}

static uint64_t checksum(const unsigned char *page)
{
	const uint64_t *word = (const uint64_t *)page;
	uint64_t a = seed, b = ~seed;

	/* every word but the stamp's checksum itself, which is word 3 */
	a = (a ^ word[0]) * 0x9e3779b97f4a7c15ULL;
	b = (b ^ word[1]) * 0xc2b2ae3d27d4eb4fULL;
	a = (a ^ word[2]) * 0x9e3779b97f4a7c15ULL;
	for (int i = 4; i < WORDS; i += 2) {
		a = ((a ^ word[i]) << 7 | (a ^ word[i]) >> 57) * 0x9e3779b97f4a7c15ULL;
		b = ((b ^ word[i + 1]) << 11 | (b ^ word[i + 1]) >> 53) * 0xc2b2ae3d27d4eb4fULL;
	}
	return mix(a ^ mix(b));
}

static void write_page(uint64_t index, unsigned int generation)
{
	unsigned char *page = area + index * PAGE;
	struct stamp *stamp = (struct stamp *)page;
	uint64_t *word = (uint64_t *)page;
	uint64_t state = mix(seed + index * 256 + generation);

	switch (kind_of(index)) {
	case SAME:
		for (int i = 0; i < WORDS; i++)
			word[i] = same_word(index, generation);
		return;
	case RANDOM:
		for (int i = 0; i < WORDS; i++)
			word[i] = next_random(&state);
		break;
	default:
		memcpy(page, corpus + state % corpus_pages * PAGE, PAGE);
		break;
	}
	stamp->magic = MAGIC;
	stamp->index = index;
	stamp->generation = generation;
	stamp->checksum = checksum(page);
}

static void complain(uint64_t index, const char *what, uint64_t found, uint64_t wanted)
{
	static _Atomic int said;

	if (said++ < 20)
		fprintf(stderr, "pagefill: page %llu: %s is %#llx instead of %#llx\n",
			(unsigned long long)index, what, (unsigned long long)found,
			(unsigned long long)wanted);
}

static int page_is_right(uint64_t index, unsigned int generation)
{
	const unsigned char *page = area + index * PAGE;
	const struct stamp *stamp = (const struct stamp *)page;
	const uint64_t *word = (const uint64_t *)page;

	if (kind_of(index) == SAME) {
		for (int i = 0; i < WORDS; i++) {
			if (word[i] == same_word(index, generation))
				continue;
			complain(index, "a word", word[i], same_word(index, generation));
			return 0;
		}
		return 1;
	}
	if (stamp->magic != MAGIC)
		complain(index, "the magic", stamp->magic, MAGIC);
	else if (stamp->index != index)
		complain(index, "the index", stamp->index, index);
	else if (stamp->generation != generation)
		complain(index, "the generation", stamp->generation, generation);
	else if (stamp->checksum != checksum(page))
		complain(index, "the checksum", stamp->checksum, checksum(page));
	else
		return 1;
	return 0;
}

static void on_sigbus(int signal)
{
	if (touching)
		siglongjmp(after_sigbus, 1);
	_exit(128 + signal);
}

static void count_latency(struct latencies *l, uint64_t ns)
{
	unsigned int power = 63 - __builtin_clzll(ns | STEPS);
	unsigned int bucket = power * STEPS + (ns >> (power - STEP_BITS)) % STEPS;

	l->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
	l->timed++;
	if (ns > l->max_ns)
		l->max_ns = ns;
}

static void add_latencies(struct latencies *sum, const struct latencies *l)
{
	sum->timed += l->timed;
	if (l->max_ns > sum->max_ns)
		sum->max_ns = l->max_ns;
	for (int k = 0; k < BUCKETS; k++)
		sum->buckets[k] += l->buckets[k];
}

/* Pages that this thread has waited for so far */
static long faults_so_far(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_majflt;
}

/* The first touch of a page, timed: here the page is fetched if it is away */
static void touch(struct worker *worker, uint64_t index, int to_write)
{
	volatile uint64_t *word = (volatile uint64_t *)(area + index * PAGE);
	long faults = only_faults ? faults_so_far() : 0;
	unsigned int mark = marks;
	uint64_t start = now_ns(), ns;

	if (to_write)
		*word = 0;
	else
		(void)*word;
	ns = now_ns() - start;
	worker->touched++;
	if (only_faults && faults_so_far() == faults)
		return;
	count_latency(&worker->all, ns);
	if (mark & 1 || mark != marks)
		count_latency(&worker->apart, ns);
	if (ns > worker->pulse_ns)
		worker->pulse_ns = ns;
}

static void do_page(struct worker *worker, uint64_t index, char verb)
{
	worker->at_page_since = now_ns();
	if (sigsetjmp(after_sigbus, 0)) {
		worker->lost++;
		goto out;
	}
	touching = 1;
	touch(worker, index, verb == 'f');
	if (verb != 'f') {
		if (page_is_right(index, generations[index]))
			worker->verified++;
		else
			worker->bad++;
	}
	if (verb == 'w')
		generations[index]++;
	if (verb == 'w' || verb == 'f')
		write_page(index, generations[index]);
out:
	touching = 0;
	worker->at_page_since = 0;
	atomic_fetch_add_explicit(&phase_done, 1, memory_order_relaxed);
}

/* Sleeps for as long as so many pages filled since start are too many */
static void keep_pace(uint64_t start, uint64_t pages)
{
	uint64_t due = start + pages * 1000000000ULL / (pace * 256), now = now_ns();

	if (now < due)
		usleep((due - now) / 1000);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	uint64_t range = worker->last - worker->first, start = now_ns();
	const char *name = worker->phase->name;

	if (!strcmp(name, "fill") || !strcmp(name, "read")) {
		for (uint64_t i = worker->first; i < worker->last; i++) {
			do_page(worker, i, name[0]);
			if (pace && *name == 'f')
				keep_pace(start, i - worker->first);
		}
	} else {
		for (uint64_t n = range * worker->phase->share / 100; n && !told_to_end; n--)
			do_page(worker, worker->first + next_random(&worker->random) % range,
				strcmp(name, "rewrite") ? 't' : 'w');
	}
	return NULL;
}

static void *report_progress(void *arg)
{
	struct phase *phase = arg;
	int whole = !strcmp(phase->name, "fill") || !strcmp(phase->name, "read");
	uint64_t goal = whole ? npages : npages * phase->share / 100;
	int old;

	for (;;) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
		printf("progress %s %llu %llu\n", phase->name,
		       (unsigned long long)phase_done, (unsigned long long)goal);
		fflush(stdout);
		pthread_setcancelstate(old, NULL);
		usleep(500000);
	}
	return NULL;
}

/* Its stack is locked, too: it has to say that others wait for memory. */
static void *report_pulse(void *arg)
{
	(void)arg;
	for (;;) {
		uint64_t verified = 0, bad = 0, lost = 0, slowest = 0, stuck = 0, since, ns;
		uint64_t due = now_ns() + 500 * 1000000ULL, late;

		usleep(500000);
		ns = now_ns();
		late = ns > due ? ns - due : 0;
		for (unsigned int i = 0; i < nthreads; i++) {
			struct worker *worker = &workers[i];

			verified += worker->verified;
			bad += worker->bad;
			lost += worker->lost;
			ns = atomic_exchange(&worker->pulse_ns, 0);
			slowest = ns > slowest ? ns : slowest;
			since = worker->at_page_since;
			ns = since ? now_ns() - since : 0;
			stuck = ns > stuck ? ns : stuck;
		}
		printf("pulse %llu %llu %llu %llu %llu %llu\n", (unsigned long long)verified,
		       (unsigned long long)bad, (unsigned long long)lost,
		       (unsigned long long)slowest / 1000, (unsigned long long)stuck / 1000,
		       (unsigned long long)late / 1000);
		fflush(stdout);
	}
	return NULL;
}

static void start_pulse(void)
{
	static char stack[64 * 1024] __attribute__((aligned(4096)));
	pthread_attr_t attributes;
	pthread_t thread;

	memset(stack, 0, sizeof(stack));
	if (pthread_attr_init(&attributes) ||
	    pthread_attr_setstack(&attributes, stack, sizeof(stack)) ||
	    pthread_create(&thread, &attributes, report_pulse, NULL))
		die("thread");
}

static uint64_t cgroup_bytes(const char *name)
{
	char path[PATH_MAX], text[32] = {};
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		die(path);
	close(fd);
	return strtoull(text, NULL, 10);
}

/* EAGAIN: the kernel did not get as much as it was told to; somebody asks again. */
static void cgroup_write(const char *name, uint64_t value)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || (dprintf(fd, "%llu\n", (unsigned long long)value) < 0 && errno != EAGAIN))
		die(path);
	close(fd);
}

static void enter_cgroup(void)
{
	if (mkdir(cgroup, 0755) && errno != EEXIST)
		die(cgroup);
	cgroup_write("cgroup.procs", getpid());
}

/* All pages out to the swap at once; next to none may stay */
static void run_out(struct phase *phase)
{
	uint64_t start = now_ns(), held, swapped = cgroup_bytes("memory.swap.current");

	while ((held = cgroup_bytes("memory.current")) > cgroup_goal) {
		if (now_ns() - start > LONGEST_OUT_NS) {
			errno = ETIMEDOUT;
			die("memory.reclaim");
		}
		cgroup_write("memory.reclaim", held - cgroup_goal);
	}
	phase->seconds += (now_ns() - start) / 1e9;
	phase->touched += (cgroup_bytes("memory.swap.current") - swapped) / PAGE;
	phase->rounds++;
}

static void run_phase(struct phase *phase)
{
	struct rusage before, after;
	uint64_t start = now_ns();
	pthread_t reporter;

	if (!strcmp(phase->name, "out")) {
		run_out(phase);
		return;
	}

	phase_done = 0;
	getrusage(RUSAGE_SELF, &before);
	if (progress && pthread_create(&reporter, NULL, report_progress, phase))
		die("thread");
	for (unsigned int i = 0; i < phase->threads; i++) {
		struct worker *worker = &workers[i];

		worker->phase = phase;
		worker->first = npages * i / phase->threads;
		worker->last = npages * (i + 1) / phase->threads;
		worker->random = mix(seed ^ (uint64_t)phase->rounds << 16 ^ (phase - phases) << 8 ^ i);
		worker->touched = 0;
		memset(&worker->all, 0, sizeof(worker->all));
		memset(&worker->apart, 0, sizeof(worker->apart));
		if (pthread_create(&worker->thread, NULL, work, worker))
			die("thread");
	}
	for (unsigned int i = 0; i < phase->threads; i++) {
		struct worker *worker = &workers[i];

		pthread_join(worker->thread, NULL);
		phase->touched += worker->touched;
		add_latencies(&phase->all, &worker->all);
		add_latencies(&phase->apart, &worker->apart);
	}
	if (progress) {
		pthread_cancel(reporter);
		pthread_join(reporter, NULL);
	}
	getrusage(RUSAGE_SELF, &after);
	phase->seconds += (now_ns() - start) / 1e9;
	phase->major_faults += after.ru_majflt - before.ru_majflt;
	phase->rounds++;
}

/* The end of a bucket */
static double bucket_us(int i)
{
	return (double)((uint64_t)(STEPS + i % STEPS + 1) << i / STEPS >> STEP_BITS) / 1000;
}

static double percentile_us(const struct latencies *l, double share)
{
	uint64_t wanted = l->timed * share, seen = 0;

	for (int i = 0; i < BUCKETS; i++) {
		seen += l->buckets[i];
		if (seen > wanted)
			return bucket_us(i);
	}
	return l->max_ns / 1000.0;
}

/* Microseconds, up to which these are, and how many, of each bucket that is not empty */
static void print_histogram(const struct latencies *l)
{
	const char *comma = "";

	printf(", \"histogram\": [");
	for (int i = 0; i < BUCKETS; i++) {
		if (!l->buckets[i])
			continue;
		printf("%s[%.2f, %llu]", comma, bucket_us(i), (unsigned long long)l->buckets[i]);
		comma = ", ";
	}
	putchar(']');
}

static void wait_for_go(const struct phase *phase)
{
	char line[64];

	printf("done %s\n", phase->name);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		exit(3);
}

static void print_latencies(const struct latencies *l)
{
	printf("\"timed\": %llu, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, "
	       "\"p999_us\": %.1f, \"max_us\": %.1f", (unsigned long long)l->timed,
	       percentile_us(l, 0.5), percentile_us(l, 0.9), percentile_us(l, 0.99),
	       percentile_us(l, 0.999), l->max_ns / 1000.0);
	if (histogram)
		print_histogram(l);
}

/* Prints the result, which is the last line; true if every page was right */
static int report(void)
{
	uint64_t verified = 0, bad = 0, lost = 0;
	double seconds = 0;

	flockfile(stdout);	/* for good: no pulse in it or behind it */
	for (unsigned int i = 0; i < most_threads; i++) {
		verified += workers[i].verified;
		bad += workers[i].bad;
		lost += workers[i].lost;
	}
	for (unsigned int i = 0; i < nphases; i++)
		seconds += phases[i].seconds;
	printf("{\"pages\": %llu, \"content\": \"%s\", \"threads\": %u, "
	       "\"pages_verified\": %llu, \"bad_pages\": %llu, \"sigbus_pages\": %llu, "
	       "\"seconds\": %.3f, \"phases\": [",
	       (unsigned long long)npages, content_names[content], nthreads,
	       (unsigned long long)verified, (unsigned long long)bad,
	       (unsigned long long)lost, seconds);
	for (unsigned int i = 0; i < nphases; i++) {
		const struct phase *phase = &phases[i];

		printf("%s{\"name\": \"%s\", \"threads\": %u, \"rounds\": %u, \"touches\": %llu, "
		       "\"seconds\": %.3f, \"major_faults\": %ld, ",
		       i ? ", " : "", phase->name, phase->threads, phase->rounds,
		       (unsigned long long)phase->touched, phase->seconds, phase->major_faults);
		print_latencies(&phase->all);
		if (phase->apart.timed) {
			printf(", \"apart\": {");
			print_latencies(&phase->apart);
			putchar('}');
		}
		putchar('}');
	}
	puts("]}");
	return !bad && (!lost || go_on_after_sigbus);
}

static int parse_phases(char *text)
{
	most_threads = nthreads;
	for (char *word = strtok(text, ","); word; word = strtok(NULL, ",")) {
		struct phase *phase = &phases[nphases];
		char *share = strchr(word, '='), *threads = strchr(word, ':');

		if (nphases == MAX_PHASES - 1)	/* the last is soak's */
			return 0;
		phase->share = share ? atoi(share + 1) : 25;
		phase->threads = threads ? atoi(threads + 1) : (int)nthreads;
		if (phase->threads < 1 || phase->threads > MAX_THREADS)
			return 0;
		if (phase->threads > most_threads)
			most_threads = phase->threads;
		if (threads)
			*threads = 0;
		if (share)
			*share = 0;
		if (strcmp(word, "fill") && strcmp(word, "read") && strcmp(word, "touch") &&
		    strcmp(word, "rewrite") && (!cgroup || strcmp(word, "out")))
			return 0;
		snprintf(phase->name, sizeof(phase->name), "%s", word);
		nphases++;
	}
	return nphases && !strcmp(phases[0].name, "fill");
}

static void open_corpus(const char *path)
{
	struct stat info;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &info))
		die(path);
	corpus_pages = info.st_size / PAGE;
	corpus = mmap(NULL, info.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (corpus == MAP_FAILED || !corpus_pages)
		die(path);
	close(fd);
}

static void make_area(void)
{
	area = mmap(NULL, npages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	generations = mmap(NULL, npages, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || generations == MAP_FAILED)
		die("memory");
	/* a page at a time is what is under test */
	madvise(area, npages * PAGE, MADV_NOHUGEPAGE);
	if (mlock(generations, npages))
		die("mlock");
}

static void on_sigterm(int signal)
{
	(void)signal;
	told_to_end = 1;
}

static void on_sigusr1(int signal)
{
	(void)signal;
	marks++;
}

/* Again and again what comes after fill, until told to end; then everything once more. */
static void go_on(void)
{
	struct phase *last = &phases[nphases++];

	while (!told_to_end)
		for (unsigned int i = 1; i < nphases - 1 && !told_to_end; i++)
			run_phase(&phases[i]);
	snprintf(last->name, sizeof(last->name), "read");
	last->threads = nthreads;
	run_phase(last);
}

static const char usage[] =
	"usage: pagefill --mb N [options]\n"
	"  --content real|random|same|mixed   what the pages hold (real)\n"
	"  --corpus FILE      where real pages come from (/corpus)\n"
	"  --phases LIST      fill,read,touch=25 by default; also rewrite=PERCENT, and out:\n"
	"                     all pages to the swap. read:4 is done by 4 threads\n"
	"  --threads N        each has its share of the pages (1)\n"
	"  --pace N           each fills N MB a second at most\n"
	"  --cgroup DIR       be in this memory cgroup (v2); made if missing. For out\n"
	"  --faults           latencies are of touches only that waited for a page\n"
	"  --histogram        print them all\n"
	"  --seed N\n"
	"  --step             say \"done PHASE\" and wait for a line after each phase\n"
	"  --progress         say how far it is, twice a second\n"
	"  --soak             repeat the phases but fill until SIGTERM, then read all\n"
	"  --survive-sigbus   lost pages are counted, and are not a failure\n";

static int parse(int argc, char **argv, const char **corpus_path)
{
	static const struct option options[] = {
		{ "mb", required_argument, NULL, 'm' },
		{ "content", required_argument, NULL, 'c' },
		{ "corpus", required_argument, NULL, 'f' },
		{ "phases", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' },
		{ "pace", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "step", no_argument, NULL, 'w' },
		{ "progress", no_argument, NULL, 'g' },
		{ "survive-sigbus", no_argument, NULL, 'b' },
		{ "soak", no_argument, NULL, 'k' },
		{ "cgroup", required_argument, NULL, 'd' },
		{ "faults", no_argument, NULL, 'j' },
		{ "histogram", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static char default_phases[] = "fill,read,touch=25";
	char *phase_list = default_phases;
	int c, k;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'm':
			npages = strtoull(optarg, NULL, 10) * 256;
			break;
		case 'c':
			for (k = REAL; k <= MIXED && strcmp(optarg, content_names[k]); k++)
				;
			if (k > MIXED)
				return 0;
			content = k;
			break;
		case 'f':
			*corpus_path = optarg;
			break;
		case 'p':
			phase_list = optarg;
			break;
		case 't':
			nthreads = atoi(optarg);
			break;
		case 'o':
			pace = atoi(optarg);
			break;
		case 's':
			seed = strtoull(optarg, NULL, 10);
			break;
		case 'w':
			step = 1;
			break;
		case 'g':
			progress = 1;
			break;
		case 'b':
			go_on_after_sigbus = 1;
			break;
		case 'k':
			soak = 1;
			break;
		case 'd':
			cgroup = optarg;
			break;
		case 'j':
			only_faults = 1;
			break;
		case 'h':
			histogram = 1;
			break;
		default:
			return 0;
		}
	}
	return npages && nthreads >= 1 && nthreads <= MAX_THREADS && optind == argc &&
	       parse_phases(phase_list) && (!soak || nphases > 1);
}

int main(int argc, char **argv)
{
	struct sigaction sigbus = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };
	const char *corpus_path = "/corpus";

	if (!parse(argc, argv, &corpus_path)) {
		fputs(usage, stderr);
		return 2;
	}
	sigaction(SIGBUS, &sigbus, NULL);
	signal(SIGUSR1, on_sigusr1);
	if (cgroup)
		enter_cgroup();
	if (soak)
		signal(SIGTERM, on_sigterm);
	if (mlockall(MCL_CURRENT))
		die("mlockall");
	if (content == REAL || content == MIXED)
		open_corpus(corpus_path);
	make_area();
	if (cgroup)	/* which already holds what is locked; the rest is for the kernel's needs */
		cgroup_goal = cgroup_bytes("memory.current") + npages * PAGE / 50 + (1 << 20);
	if (soak)
		start_pulse();
	for (unsigned int i = 0; i < nphases; i++) {
		run_phase(&phases[i]);
		if (step)
			wait_for_go(&phases[i]);
	}
	if (soak)
		go_on();
	return report() ? 0 : 1;
}
