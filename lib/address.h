/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address.h - numeric addresses of nodes
 */
#ifndef RMS_ADDRESS_H
#define RMS_ADDRESS_H

#include <stdbool.h>

#include "error.h"

/**
 * rms_address_canonical() - is this an address that a node may have?
 * @text: what was written
 * @why: if not, what is wrong and what would be right; a constant string
 *
 * Return: the address in canonical form (so that equal ones compare equal),
 * which the caller frees; or NULL.
 */
char *rms_address_canonical(const char *text, const char **why);

/* Does canonical address @a reach only this machine? */
bool rms_address_is_loopback(const char *a);

#endif
