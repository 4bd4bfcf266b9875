/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * swap.h - swap signatures, and what is swapped on
 */
#ifndef RMS_SWAP_H
#define RMS_SWAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "host.h"

struct rms_swap_area {
	char *path;
	uint64_t bytes, used;
	int priority;
};

/**
 * rms_swap_signature() - does a page begin a swap area?
 * @page: the first bytes of the device
 * @len: how many there are
 *
 * Return: pages of the area, or 0.
 */
uint32_t rms_swap_signature(const void *page, size_t len);

/**
 * rms_swap_format() - write a swap signature, unless there is one of the right size
 * @path: the device
 * @err: what went wrong
 *
 * Return: 0 or -1.
 */
int rms_swap_format(const char *path, struct rms_error *err);

/**
 * rms_swap_areas() - what /proc/swaps says
 * @host: the machine
 * @n: how many areas there are
 *
 * Return: an array for rms_swap_areas_free().
 */
struct rms_swap_area *rms_swap_areas(const struct rms_host *host, size_t *n);
void rms_swap_areas_free(struct rms_swap_area *areas, size_t n);

/* Is the device at @path (or one that it links to) swapped on? */
bool rms_swap_is_on(const struct rms_host *host, const char *path);

/* Bytes of the area at @path that are used; -1: it is not swapped on. */
int64_t rms_swap_used(const struct rms_host *host, const char *path);

/* Its priority; -1: it is not swapped on. */
int rms_swap_priority(const struct rms_host *host, const char *path);

#endif
