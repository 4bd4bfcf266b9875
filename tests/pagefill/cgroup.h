/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cgroup.h - the memory cgroup (v2) that pagefill is in, to push all pages out
 */
#ifndef PAGEFILL_CGROUP_H
#define PAGEFILL_CGROUP_H

#include <stdint.h>

/* Makes the cgroup of the options if it is missing */
void cgroup_enter(void);

/* What it holds now will stay: call it when all is locked that ever will be. */
void cgroup_set_goal(void);

uint64_t cgroup_swapped_pages(void);

/* All pages out to the swap; next to none may stay */
void cgroup_push_out(void);

#endif
