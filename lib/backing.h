/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * backing.h - is a backing device fit for its purpose?
 */
#ifndef RMS_BACKING_H
#define RMS_BACKING_H

#include "config.h"
#include "error.h"
#include "host.h"

/**
 * rms_backing_check() - look at a device's backing device before it is used
 * @cfg: the configuration
 * @dev: a device of it that has a backing device
 * @host: the machine
 * @err: what is wrong: missing, not a block device, mounted, in use as swap or
 *	otherwise, too small, or full of something that is not swap
 *
 * Changes nothing.
 *
 * Return: 0 or -1.
 */
int rms_backing_check(const struct rms_config *cfg, const struct rms_device *dev,
		      const struct rms_host *host, struct rms_error *err);

#endif
