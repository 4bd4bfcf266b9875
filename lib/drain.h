/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * drain.h - take a node's RAM out of use, with no page lost
 *
 * Of this node: it lends nothing, and asks owners to take back what lies here. Of another:
 * nothing new goes there, and our pages there go elsewhere. The kernel does it; here it is
 * told, and waited for.
 */
#ifndef RMS_DRAIN_H
#define RMS_DRAIN_H

#include <signal.h>
#include <stddef.h>

#include "bring.h"
#include "cfs.h"

/**
 * rms_drain() - begin, or end
 * @host: the machine
 * @node: a node's name; NULL: the local one
 * @on: begin
 * @err: there is no such node in the kernel, or it refused
 *
 * Return: 0 or -1.
 */
int rms_drain(struct rms_host *host, const char *node, bool on, struct rms_error *err);

/**
 * rms_drain_wait() - until no page is left
 * @b: the machine, and where progress is told
 * @node: as for rms_drain()
 * @limit_s: for at most so long; -1: as long as it takes
 * @ends: signals that end it, too, which the caller holds back; NULL: none
 * @err: why not
 *
 * Return: 0 or -1.
 */
int rms_drain_wait(const struct rms_bring *b, const char *node, int limit_s, const sigset_t *ends,
		   struct rms_error *err);

/**
 * rms_drained() - which nodes are drained
 * @host: the machine
 * @n: how many
 *
 * Return: their names, for rms_cfs_list_free().
 */
char **rms_drained(const struct rms_host *host, size_t *n);

/**
 * rms_undrain_but() - end the draining of every node but some
 * @host: the machine
 * @keep: names of those that stay drained
 * @n: how many
 * @err: a node that the kernel refused; the others are done all the same
 *
 * Return: 0 or -1.
 */
int rms_undrain_but(struct rms_host *host, char *const *keep, size_t n, struct rms_error *err);

/* End the draining of every node, noted in @j. */
int rms_undrain_all(struct rms_host *host, struct rms_journal *j, struct rms_error *err);

#endif
