/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * module.h - loading kernel modules
 */
#ifndef RMS_MODULE_H
#define RMS_MODULE_H

#include "error.h"

/* Our modules, each after those that it needs. */
extern const char *const rms_modules[];
extern const unsigned int rms_nr_modules;

/**
 * rms_module_load() - load a module that is not loaded
 * @name: its name
 * @dir: a directory with NAME.ko or NAME/NAME.ko; NULL: ask modprobe
 * @err: why it cannot be loaded
 *
 * Return: 0 or -1.
 */
int rms_module_load(const char *name, const char *dir, struct rms_error *err);

#endif
