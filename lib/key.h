/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key.h - the cluster key: 256 random bits in a file that only root can read
 *
 * While a key is being replaced the file has two, a line each: the one to use, and
 * one that is accepted as well.
 */
#ifndef RMS_KEY_H
#define RMS_KEY_H

#include <stdbool.h>

#include "config.h"
#include "error.h"
#include "lock.h"

#define RMS_KEY_BITS	256
#define RMS_KEY_HEX	(RMS_KEY_BITS / 4)
#define RMS_KEYS	2
#define RMS_KEY_TEXT	(RMS_KEYS * (RMS_KEY_HEX + 1) + 1)	/* bytes of all of them, with a NUL */

/**
 * rms_key_generate() - write a new key to a new file of mode 0600
 * @path: the file
 * @force: replace a file that is there
 * @patience: how to wait for another command that changes it
 * @err: what went wrong
 *
 * Return: 0 or -1.
 */
int rms_key_generate(const char *path, bool force, const struct rms_patience *patience, struct rms_error *err);

/**
 * rms_key_rotate() - put a new key before the old one, or take the old one away
 * @path: the file
 * @finish: take the old one away
 * @patience: how to wait for another command that changes it
 * @err: what went wrong
 *
 * Return: 0 or -1.
 */
int rms_key_rotate(const char *path, bool finish, const struct rms_patience *patience, struct rms_error *err);

/**
 * rms_key_read() - the keys that a configuration names
 * @cfg: the configuration
 * @keys: where they go, as lines of hex digits; wipe it with rms_key_wipe()
 * @err: what is wrong with the file
 *
 * No key is fine where the configuration says insecure, or where every node is
 * on this machine; then @keys is empty.
 *
 * Return: 0 or -1.
 */
int rms_key_read(const struct rms_config *cfg, char keys[RMS_KEY_TEXT], struct rms_error *err);

void rms_key_wipe(char keys[RMS_KEY_TEXT]);

#endif
