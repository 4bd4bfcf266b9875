/* SPDX-License-Identifier: GPL-2.0 */
/*
 * donor_internal.h - what this node keeps for others
 *
 * - rs_owner (owner.c): one incarnation of an owner, with its pools. The table (by node
 *   number) holds a reference, and so does each of its connections. A new
 *   incarnation takes the old one's place, and what held its pages, if no connection of its is
 *   left; else these go with its last reference. Without a connection its pages
 *   stay for the grace time.
 * - rs_lent (donor.c): a zpage of an owner's, in its tmem pool; freed with the last
 *   reference. A GET holds one while it copies.
 * All in process context: zsmalloc wants it.
 */
#ifndef _RAMSTER_DONOR_INTERNAL_H
#define _RAMSTER_DONOR_INTERNAL_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/ratelimit_types.h>
#include <linux/types.h>

#include "donor.h"
#include "fair.h"
#include "node.h"
#include "tmem/tmem.h"
#include "wire.h"

/**
 * struct rs_owner - an owner that has pages here, or may put some
 * @conns:  connections; owner.c's lock guards it
 * @left:   jiffies at which the last of them ended; likewise
 * @away:   it has pages, but no connection; likewise
 * @zs:     NULL before its first page; stays as long as its owner
 * @node:   in the list of those that were given up; likewise
 * @told:   how often the log may name it
 * @pool_id: what @zs is called by
 * @pages:  zpages
 * @frames: page frames that they take up with their index, when last looked at
 * @put_at: jiffies of its last PUT
 * @holes:  zpages that have left @zs since it was last compacted
 * @pools_lock: making @zs and pools; a pool stays as long as its owner
 */
struct rs_owner {
	struct kref refs;
	u16 num;
	u8 incarnation[RS_INCARNATION_BYTES];
	unsigned int conns;
	unsigned long left;
	bool away;
	struct list_head node;
	struct ratelimit_state told;
	struct zs_pool *zs;
	int pool_id;
	atomic_long_t pages;
	atomic_long_t frames;
	unsigned long put_at;
	atomic_long_t holes;
	struct mutex pools_lock;
	struct tmem_pool *pools[RS_DEVICES];
};

/* owner.c */
struct rs_owner *rs_owner_enter(u16 num, const u8 incarnation[RS_INCARNATION_BYTES]);
void rs_owner_leave(struct rs_owner *owner);
struct rs_owner *rs_owner_next(u16 num);
int rs_owner_equip(struct rs_owner *owner);
unsigned int rs_owners_read(struct rs_fair_owner *info, unsigned int max);
void rs_owner_put(struct rs_owner *owner);
void rs_owner_forget(u16 num);
bool rs_owner_give_up(bool here);
void rs_owner_count(struct rs_owner *owner);
void rs_owner_compact(struct rs_owner *owner, long holes);

/* recall.c */
void rs_recall_ask(struct rs_owner *owner, unsigned long want);

/* donor.c */
u64 rs_donor_put(struct rs_owner *owner, const struct rs_wire_hdr *hdr, const u8 *payload);
size_t rs_donor_get(struct rs_owner *owner, u32 pool, const struct rs_wire_get *get, void *dst,
		    size_t room);
void rs_donor_flush(struct rs_owner *owner, const struct rs_wire_hdr *hdr, const u8 *payload);

#endif
