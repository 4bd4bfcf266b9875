/* SPDX-License-Identifier: GPL-2.0 */
/* stats.h - what tmem counts; gauges first */
#ifndef _TMEM_STATS_H
#define _TMEM_STATS_H

#include "counters.h"

#define TMEM_COUNTERS(p, X)	\
	X(p, pools)		\
	X(p, objects)		\
	X(p, entries)		\
	X(p, puts)		\
	X(p, failed_puts)	\
	X(p, gets)		\
	X(p, gets_found)	\
	X(p, flushes)		\
	X(p, flushes_found)	\
	X(p, lost_races)

COUNTERS_DECLARE(tmem, TMEM_COUNTERS);

#endif
