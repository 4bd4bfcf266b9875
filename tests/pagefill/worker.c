// SPDX-License-Identifier: GPL-2.0
/*
 * worker.c - the threads that do a phase, each with its share of the pages
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common.h"
#include "options.h"
#include "pages.h"
#include "worker.h"

struct worker {
	pthread_t thread;
	const struct phase *phase;
	uint64_t first, last;
	uint64_t random;
	struct tally tally;
	uint64_t touched;
	_Atomic uint64_t pulse_ns;	/* the slowest touch since the last pulse */
	_Atomic uint64_t at_page_since;	/* 0: at none */
	struct latencies latencies;
};

volatile sig_atomic_t told_to_end;

static struct worker workers[MAX_THREADS];
static _Atomic uint64_t phase_done;

static __thread sigjmp_buf after_sigbus;
static __thread volatile sig_atomic_t touching;

static void on_sigbus(int signal)
{
	if (touching)
		siglongjmp(after_sigbus, 1);
	_exit(128 + signal);
}

void workers_init(void)
{
	struct sigaction sigbus = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &sigbus, NULL);
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
	volatile uint64_t *word = page_word(index);
	long faults = options.only_faults ? faults_so_far() : 0;
	unsigned int mark = interval_mark();
	uint64_t start = now_ns(), ns;

	if (to_write)
		*word = 0;
	else
		(void)*word;
	ns = now_ns() - start;
	worker->touched++;
	if (options.only_faults && faults_so_far() == faults)
		return;
	latency_count(&worker->latencies, mark, ns);
	if (ns > worker->pulse_ns)
		worker->pulse_ns = ns;
}

static void do_page(struct worker *worker, uint64_t index, char verb)
{
	worker->at_page_since = now_ns();
	if (sigsetjmp(after_sigbus, 0)) {
		worker->tally.lost++;
		goto out;
	}
	touching = 1;
	touch(worker, index, verb == 'f');
	if (verb != 'f') {
		if (page_is_right(index))
			worker->tally.verified++;
		else
			worker->tally.bad++;
	}
	if (verb == 'w')
		page_rewrite(index);
	else if (verb == 'f')
		page_write(index);
out:
	touching = 0;
	worker->at_page_since = 0;
	atomic_fetch_add_explicit(&phase_done, 1, memory_order_relaxed);
}

/* Sleeps for as long as so many pages filled since start are too many */
static void keep_pace(uint64_t start, uint64_t pages)
{
	uint64_t due = start + pages * 1000000000ULL / (options.pace * PAGES_IN_MB), now = now_ns();

	if (now < due)
		usleep((due - now) / 1000);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	uint64_t range = worker->last - worker->first, start = now_ns();
	const char *name = worker->phase->name;

	if (phase_is_whole(worker->phase)) {
		for (uint64_t i = worker->first; i < worker->last; i++) {
			do_page(worker, i, name[0]);
			if (options.pace && *name == 'f')
				keep_pace(start, i - worker->first);
		}
	} else {
		for (uint64_t n = range * worker->phase->share / 100; n && !told_to_end; n--)
			do_page(worker, worker->first + next_random(&worker->random) % range,
				strcmp(name, "rewrite") ? 't' : 'w');
	}
	return NULL;
}

void workers_clear(void)
{
	phase_done = 0;
}

void workers_start(const struct phase *phase, uint64_t seed)
{
	for (unsigned int i = 0; i < phase->threads; i++) {
		struct worker *worker = &workers[i];

		worker->phase = phase;
		worker->first = options.pages * i / phase->threads;
		worker->last = options.pages * (i + 1) / phase->threads;
		worker->random = mix(seed ^ i);
		worker->touched = 0;
		memset(&worker->latencies, 0, sizeof(worker->latencies));
		if (pthread_create(&worker->thread, NULL, work, worker))
			die("thread");
	}
}

void workers_join(struct phase *phase)
{
	for (unsigned int i = 0; i < phase->threads; i++) {
		struct worker *worker = &workers[i];

		pthread_join(worker->thread, NULL);
		phase->touched += worker->touched;
		latency_add(&phase->latencies, &worker->latencies);
	}
}

uint64_t workers_done(void)
{
	return phase_done;
}

struct tally workers_tally(unsigned int count)
{
	struct tally sum = {};

	for (unsigned int i = 0; i < count; i++) {
		const struct tally *tally = &workers[i].tally;

		sum.verified += tally->verified;
		sum.bad += tally->bad;
		sum.lost += tally->lost;
	}
	return sum;
}

void workers_pulse(unsigned int count, uint64_t *slowest_ns, uint64_t *stuck_ns)
{
	*slowest_ns = *stuck_ns = 0;
	for (unsigned int i = 0; i < count; i++) {
		uint64_t ns = atomic_exchange(&workers[i].pulse_ns, 0);
		uint64_t since = workers[i].at_page_since;

		if (ns > *slowest_ns)
			*slowest_ns = ns;
		ns = since ? now_ns() - since : 0;
		if (ns > *stuck_ns)
			*stuck_ns = ns;
	}
}
