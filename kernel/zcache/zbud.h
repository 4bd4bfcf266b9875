/* SPDX-License-Identifier: GPL-2.0 */
/*
 * zbud.h - the counters of zbud, the allocator of two zpages a page frame
 *
 * The allocator itself is zalloc_zbud in alloc.h. Per kind of pool, over all pools:
 *
 *  zbytes, zpages, pageframes	now
 *  cumul_zbytes, cumul_zpages	ever
 *  buddied_count		frames with two zpages
 *  unbuddied_count		frames with one
 *  evicted_pageframes		frames that oldest() told of and that then fell
 *				empty, with no zpage put in between
 */
#ifndef _ZCACHE_ZBUD_H
#define _ZCACHE_ZBUD_H

#include "counters.h"

#define ZBUD_COUNTERS(p, X)							\
	X(p, pers_zbytes) X(p, pers_cumul_zbytes)				\
	X(p, pers_zpages) X(p, pers_cumul_zpages)				\
	X(p, pers_pageframes) X(p, pers_evicted_pageframes)			\
	X(p, pers_buddied_count) X(p, pers_unbuddied_count)			\
	X(p, eph_zbytes) X(p, eph_cumul_zbytes)					\
	X(p, eph_zpages) X(p, eph_cumul_zpages)					\
	X(p, eph_pageframes) X(p, eph_evicted_pageframes)			\
	X(p, eph_buddied_count) X(p, eph_unbuddied_count)

COUNTERS_DECLARE(zbud, ZBUD_COUNTERS);

#endif
