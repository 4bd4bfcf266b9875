/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _FRONTSWAP_STATS_H
#define _FRONTSWAP_STATS_H

#include "counters.h"

/*
 * Pages each, but where it says bios:
 * stores_taken, stores_refused: what the backend said to a page written
 * stores_waited, stores_held: bios that waited for room, for a busy slot
 * stores_impatient: bios whose time to wait was over
 * stores_failed: refused, and there is no backing device
 * loads: read from above; loads_missed: the page had just left, and was
 * looked for again; loads_failed: above, but could not be had
 * lost_pages: the backend does not know a page that it took
 * backing_reads_kept: read below, and above as well from then on
 * zero_reads: of slots that hold nothing
 */
#define FSWAP_COUNTERS(p, X)							\
	X(p, stores_taken) X(p, stores_refused) X(p, stores_failed)		\
	X(p, stores_waited) X(p, stores_held) X(p, stores_impatient)		\
	X(p, loads) X(p, loads_missed) X(p, loads_failed) X(p, lost_pages)	\
	X(p, backing_reads) X(p, backing_reads_kept)				\
	X(p, backing_writes) X(p, backing_errors)				\
	X(p, zero_reads) X(p, header_reads) X(p, header_writes)			\
	X(p, invalidates) X(p, discards)					\
	X(p, writebacks) X(p, writebacks_busy) X(p, writebacks_failed)		\
	X(p, drained) X(p, drain_failed)

COUNTERS_DECLARE(fswap, FSWAP_COUNTERS);

void fswap_stats_init(void);
void fswap_stats_uninit(void);

#endif
