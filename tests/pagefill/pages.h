/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pages.h - the memory that is filled, and what each page of it has to hold
 *
 * Every page says which page of which generation it is and carries a checksum of the
 * rest, so a page that is stale, another's or damaged is told from a good one.
 */
#ifndef PAGEFILL_PAGES_H
#define PAGEFILL_PAGES_H

#include <stdbool.h>
#include <stdint.h>

enum content { REAL, RANDOM, SAME, MIXED };

bool content_parse(const char *name, enum content *content);
const char *content_name(enum content content);

/* The memory for as many pages as the options say, none of it touched */
void pages_init(void);

/* The first word of a page, to touch it */
volatile uint64_t *page_word(uint64_t index);

void page_write(uint64_t index);	/* as its generation is */
void page_rewrite(uint64_t index);	/* as the next generation */

/* Is it what was written last? If not, says on stderr what is wrong. */
bool page_is_right(uint64_t index);

#endif
