/* SPDX-License-Identifier: GPL-2.0 */
/*
 * selftest.h - what a debug build tries out when it is loaded
 *
 * Called by the module's init after rs_seal_init(), may sleep, says in the log what failed,
 * and returns false for it.
 */
#ifndef _RAMSTER_SELFTEST_H
#define _RAMSTER_SELFTEST_H

#include <linux/types.h>

#ifdef RAMSTER_DEBUG
bool rs_seal_selftest(void);
#else
static inline bool rs_seal_selftest(void) { return true; }
#endif

#endif
