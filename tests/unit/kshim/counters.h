/* SPDX-License-Identifier: GPL-2.0 */
/*
 * counters.h - in place of kernel/include/counters.h: plain numbers
 */
#ifndef _KSHIM_COUNTERS_H
#define _KSHIM_COUNTERS_H

#include "kshim.h"

#define __COUNTER_FIELD(p, f) s64 f;
#define COUNTERS_DECLARE(p, LIST)				\
	struct p##_counters { LIST(p, __COUNTER_FIELD) };	\
	extern struct p##_counters p##_counters
#define COUNTERS_DEFINE(p, LIST) struct p##_counters p##_counters

#define counter_add(p, f, n) (p##_counters.f += (n))
#define counter_read(p, f) (p##_counters.f)

#endif
