/* SPDX-License-Identifier: GPL-2.0 */
/* stats.h - what ramster counts; gauges first */
#ifndef _RAMSTER_STATS_H
#define _RAMSTER_STATS_H

#include "counters.h"

#define RS_COUNTERS(p, X)		\
	X(p, peers_up)			\
	X(p, owners_connected)		\
	X(p, owners_away)		\
	X(p, foreign_pages)		\
	X(p, foreign_zbytes)		\
	X(p, pages_remotified)		\
	X(p, pages_remotify_refused)	\
	X(p, pages_remotify_failed)	\
	X(p, pages_fetched)		\
	X(p, pages_fetch_missed)	\
	X(p, pages_fetch_failed)	\
	X(p, seal_failures)		\
	X(p, pages_flushed)		\
	X(p, put_frames)		\
	X(p, get_frames)		\
	X(p, flush_frames)		\
	X(p, donor_puts)		\
	X(p, donor_puts_refused)	\
	X(p, donor_gets)		\
	X(p, donor_gets_missed)		\
	X(p, donor_flushes)		\
	X(p, donor_pools_made)		\
	X(p, bytes_sent)		\
	X(p, bytes_received)		\
	X(p, frames_received)		\
	X(p, connects)			\
	X(p, connects_failed)		\
	X(p, disconnects)		\
	X(p, accepts)			\
	X(p, accepts_refused)		\
	X(p, accepts_limited)		\
	X(p, accepts_penalised)		\
	X(p, hellos_unproven)		\
	X(p, handshakes_late)		\
	X(p, protocol_errors)		\
	X(p, pools_unknown)		\
	X(p, frames_forged)		\
	X(p, frames_cut)		\
	X(p, vm_copies)			\
	X(p, incarnations_forgot)	\
	X(p, owners_expired)		\
	X(p, pages_expired)		\
	X(p, owners_forgotten)		\
	X(p, pages_forgotten)		\
	X(p, recalls)			\
	X(p, recalls_late)		\
	X(p, recalls_sent)		\
	X(p, recalls_received)		\
	X(p, recall_thrashing)		\
	X(p, recall_shrinker)		\
	X(p, recall_oom_waits)		\
	X(p, recall_shares)		\
	X(p, rx_wakeups)

COUNTERS_DECLARE(rs, RS_COUNTERS);

#endif
