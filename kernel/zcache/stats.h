/* SPDX-License-Identifier: GPL-2.0 */
/* stats.h - what zcache counts; gauges first */
#ifndef _ZCACHE_STATS_H
#define _ZCACHE_STATS_H

#include "counters.h"

#define ZC_COUNTERS(p, X)		\
	X(p, devices)			\
	X(p, zpages)			\
	X(p, zbytes)			\
	X(p, same_filled_pages)		\
	X(p, outstanding_writeback_pages) \
	X(p, misplaced_pages)		\
	X(p, moves_due)			\
	X(p, stray_copies)		\
	X(p, stores)			\
	X(p, kept_pages)		\
	X(p, incompressible_pages)	\
	X(p, refused_disabled)		\
	X(p, refused_pool_limit)	\
	X(p, refused_compress_poor)	\
	X(p, refused_compress_failed)	\
	X(p, refused_alloc)		\
	X(p, refused_index)		\
	X(p, stores_told_to_wait)	\
	X(p, loads_local)		\
	X(p, loads_same_filled)		\
	X(p, loads_remote)		\
	X(p, loads_missed)		\
	X(p, loads_corrupt)		\
	X(p, fetch_hedged)		\
	X(p, fetch_next_source)		\
	X(p, fetch_retried)		\
	X(p, loads_unanswered)		\
	X(p, lost_pages)		\
	X(p, invalidates)		\
	X(p, pushed_batches)		\
	X(p, pushed_pages)		\
	X(p, push_lost_race)		\
	X(p, push_not_enough_copies)	\
	X(p, flushes_sent)		\
	X(p, flushes_done)		\
	X(p, flushes_failed)		\
	X(p, copies_forgotten)		\
	X(p, sweeps)			\
	X(p, moved_pages)		\
	X(p, moved_to_backing)		\
	X(p, moves_failed)		\
	X(p, moves_lost_race)		\
	X(p, written_back_pages)	\
	X(p, writeback_failed)		\
	X(p, writeback_runs)		\
	X(p, saved_pages)		\
	X(p, shrinker_asked)		\
	X(p, oom_asked)

COUNTERS_DECLARE(zc, ZC_COUNTERS);

#endif
