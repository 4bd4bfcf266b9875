// SPDX-License-Identifier: GPL-2.0
/*
 * lost.c - pages that cannot be had: the tier is told, which knows donors by their names
 *
 * It tells the administrator, who would not thank us for a line a page.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "internal.h"

/**
 * zc_lost - some pages of a device are lost, or could not be had
 * @dev:   whose; the caller holds a reference
 * @slot:  the first of them
 * @pages: how many
 * @donor: who had the last copy
 * @cause: what became of it
 *
 * Context: process, without locks.
 */
void zc_lost(struct zc_dev *dev, u32 slot, unsigned long pages, u16 donor,
	     enum zcache_loss_cause cause)
{
	struct zcache_loss loss = {
		.dev = dev->id,
		.slot = slot,
		.pages = pages,
		.donor = donor,
		.cause = cause,
	};
	const struct zcache_remote_ops *ops;
	int idx;

	if (cause == ZCACHE_LOSS_UNANSWERED || cause == ZCACHE_LOSS_UNREADABLE)
		counter_add(zc, loads_unanswered, pages);
	else
		counter_add(zc, lost_pages, pages);
	ops = zc_remote_get(&idx);
	if (ops) {
		ops->lost(&loss);
		zc_remote_put(idx);
	} else {
		pr_err_ratelimited("%s: %lu pages cannot be had, slot %u is the first: no remote tier is loaded\n",
				   fswap_name(dev->fdev), pages, slot);
	}
}
