/* SPDX-License-Identifier: GPL-2.0 */
/*
 * samefill.h - pages that are one word over and over, such as zeroes
 *
 * They are kept as that word. Pure functions on a mapped page; any context.
 */
#ifndef _ZCACHE_SAMEFILL_H
#define _ZCACHE_SAMEFILL_H

#include <linux/mm.h>
#include <linux/string.h>
#include <linux/types.h>

/**
 * page_same_filled - is the page one word repeated?
 * @page:  a word-aligned page
 * @value: the word, if so
 *
 * The first and last word are compared before the rest: most pages that are
 * not filled differ there, and are told apart by two cache lines.
 */
static inline bool page_same_filled(const void *page, unsigned long *value)
{
	const unsigned long *word = page;
	const size_t last = PAGE_SIZE / sizeof(*word) - 1;
	size_t i;

	if (word[0] != word[last])
		return false;
	for (i = 1; i < last; i++)
		if (word[i] != word[0])
			return false;
	*value = word[0];
	return true;
}

/* Undo it: write @value all over the page. */
static inline void page_fill(void *page, unsigned long value)
{
	memset_l(page, value, PAGE_SIZE / sizeof(value));
}

#endif
