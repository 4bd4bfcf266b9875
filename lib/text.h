/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - small things about strings, sizes and memory
 */
#ifndef RMS_TEXT_H
#define RMS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RMS_PAGE_SIZE	4096
#define RMS_NAME_MAX	64

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * rms_alloc() - zeroed memory
 * @n: how many
 * @size: bytes of one
 *
 * The programs are small; one that finds no memory at all ends with abort().
 *
 * Return: memory that the caller frees; never NULL.
 */
void *rms_alloc(size_t n, size_t size);

/* Like realloc(), strdup(), strndup() and asprintf(), but never NULL. */
void *rms_realloc(void *p, size_t size);
char *rms_strdup(const char *s);
char *rms_strndup(const char *s, size_t n);
char *rms_format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * rms_parse_size() - read "2G", "512M", "64k" or plain bytes
 * @s: the text
 * @bytes: where the size goes
 *
 * Return: true if @s was a size that fits.
 */
bool rms_parse_size(const char *s, int64_t *bytes);

/**
 * rms_format_size() - bytes as people write them: "1.5G"
 * @bytes: the size
 * @buf: where the text goes
 * @len: bytes in @buf
 *
 * Return: @buf.
 */
const char *rms_format_size(uint64_t bytes, char *buf, size_t len);

/**
 * rms_parse_int() - read a whole decimal number
 * @s: the text
 * @min: least value allowed
 * @max: greatest value allowed
 * @v: where the number goes
 *
 * Return: true if @s was such a number and nothing else.
 */
bool rms_parse_int(const char *s, int64_t min, int64_t max, int64_t *v);

/* A name of a node or cluster: 1 to 64 of A-Za-z0-9_.- and not "." or "..". */
bool rms_name_ok(const char *s);

/**
 * rms_nearest() - the word that a mistyped word may have meant
 * @word: what was typed
 * @words: the words there are
 * @n: how many
 *
 * Return: one of @words, or NULL if none is near.
 */
const char *rms_nearest(const char *word, const char *const *words, size_t n);

#endif
