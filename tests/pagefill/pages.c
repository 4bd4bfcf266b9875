// SPDX-License-Identifier: GPL-2.0
/*
 * pages.c - the memory that is filled, and what each page of it has to hold
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "options.h"
#include "pages.h"

#define WORDS		(PAGE / 8)
#define MAGIC		0x7061676566696c6cULL	/* "pagefill" */

struct stamp {
	uint64_t magic, index, generation, checksum;
};

static const char *const content_names[] = { "real", "random", "same", "mixed" };

static unsigned char *area, *corpus;
static unsigned char *generations;
static uint64_t corpus_pages;

bool content_parse(const char *name, enum content *content)
{
	for (int k = REAL; k <= MIXED; k++) {
		if (strcmp(name, content_names[k]))
			continue;
		*content = k;
		return true;
	}
	return false;
}

const char *content_name(enum content content)
{
	return content_names[content];
}

/* What page index holds in its nth generation */
static enum content kind_of(uint64_t index)
{
	unsigned int dice;

	if (options.content != MIXED)
		return options.content;
	dice = mix(options.seed ^ index * 31) % 100;
	return dice < 70 ? REAL : dice < 85 ? RANDOM : SAME;
}

static uint64_t same_word(uint64_t index, unsigned int generation)
{
	return mix(options.seed + index * 256 + generation);
}

static uint64_t checksum(const unsigned char *page)
{
	const uint64_t *word = (const uint64_t *)page;
	uint64_t a = options.seed, b = ~options.seed;

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

volatile uint64_t *page_word(uint64_t index)
{
	return (volatile uint64_t *)(area + index * PAGE);
}

void page_write(uint64_t index)
{
	unsigned char *page = area + index * PAGE;
	unsigned int generation = generations[index];
	struct stamp *stamp = (struct stamp *)page;
	uint64_t *word = (uint64_t *)page;
	uint64_t state = mix(options.seed + index * 256 + generation);

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

void page_rewrite(uint64_t index)
{
	generations[index]++;
	page_write(index);
}

static void complain(uint64_t index, const char *what, uint64_t found, uint64_t wanted)
{
	static _Atomic int said;

	if (said++ < 20)
		fprintf(stderr, "pagefill: page %llu: %s is %#llx instead of %#llx\n",
			(unsigned long long)index, what, (unsigned long long)found,
			(unsigned long long)wanted);
}

bool page_is_right(uint64_t index)
{
	const unsigned char *page = area + index * PAGE;
	const struct stamp *stamp = (const struct stamp *)page;
	const uint64_t *word = (const uint64_t *)page;
	unsigned int generation = generations[index];

	if (kind_of(index) == SAME) {
		for (int i = 0; i < WORDS; i++) {
			if (word[i] == same_word(index, generation))
				continue;
			complain(index, "a word", word[i], same_word(index, generation));
			return false;
		}
		return true;
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
		return true;
	return false;
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
	area = mmap(NULL, options.pages * PAGE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	generations = mmap(NULL, options.pages, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED || generations == MAP_FAILED)
		die("memory");
	/* a page at a time is what is under test */
	madvise(area, options.pages * PAGE, MADV_NOHUGEPAGE);
	if (mlock(generations, options.pages))
		die("mlock");
}

void pages_init(void)
{
	if (options.content == REAL || options.content == MIXED)
		open_corpus(options.corpus);
	make_area();
}
