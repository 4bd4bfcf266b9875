/* SPDX-License-Identifier: GPL-2.0 */
/*
 * swap.h - mm_account_reclaimed_pages()
 */
#ifndef _COMPAT_LINUX_SWAP_H
#define _COMPAT_LINUX_SWAP_H

#include_next <linux/swap.h>
#include <linux/version.h>

/* Linux 6.5 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#include <linux/sched.h>

static inline void mm_account_reclaimed_pages(unsigned long pages)
{
	if (current->reclaim_state)
		current->reclaim_state->reclaimed_slab += pages;
}
#endif

#endif
