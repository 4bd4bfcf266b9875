/* SPDX-License-Identifier: GPL-2.0 */
/*
 * selftest.h - what a debug build tries out when it is loaded
 *
 * Each is called by the module's init after zcomp_init(), may sleep, says
 * in the log what failed, and returns false for it.
 */
#ifndef _ZCACHE_SELFTEST_H
#define _ZCACHE_SELFTEST_H

#include <linux/types.h>

#ifdef RAMSTER_DEBUG
bool zalloc_selftest(void);
bool zcomp_selftest(void);
#else
static inline bool zalloc_selftest(void) { return true; }
static inline bool zcomp_selftest(void) { return true; }
#endif

#endif
