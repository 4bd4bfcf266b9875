/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key.h - the cluster key: 256 random bits in a file that only root can read
 */
#ifndef RMS_KEY_H
#define RMS_KEY_H

#include <stdbool.h>

#include "config.h"
#include "error.h"

#define RMS_KEY_BITS	256
#define RMS_KEY_HEX	(RMS_KEY_BITS / 4)

/**
 * rms_key_generate() - write a new key to a new file of mode 0600
 * @path: the file
 * @force: replace a file that is there
 * @err: what went wrong
 *
 * Return: 0 or -1.
 */
int rms_key_generate(const char *path, bool force, struct rms_error *err);

/**
 * rms_key_read() - the key that a configuration names
 * @cfg: the configuration
 * @hex: where the key goes, as hex digits with a NUL; wipe it with rms_key_wipe()
 * @err: what is wrong with the file
 *
 * No key is fine where the configuration says insecure, or where every node is
 * on this machine; then @hex is empty.
 *
 * Return: 0 or -1.
 */
int rms_key_read(const struct rms_config *cfg, char hex[RMS_KEY_HEX + 1], struct rms_error *err);

void rms_key_wipe(char hex[RMS_KEY_HEX + 1]);

#endif
