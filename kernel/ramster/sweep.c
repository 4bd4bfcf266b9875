// SPDX-License-Identifier: GPL-2.0
/*
 * sweep.c - a donor forgets copies that it was not told to forget in time
 *
 * The heartbeat looks whether there are so many that it is worth it. Then the donor
 * gets no new pages, and when none is on its way there, a work tells it what to forget: all,
 * or slot by slot. The answer to the last flush ends it, or the end of the
 * connection: it is begun anew then, unless rs_flush_missed() comes first.
 */
#include <linux/delay.h>

#include "peer_internal.h"

#define LAST_TRIES	500	/* 10 ms each, until there is a batch for the last flush */

/* The heartbeat's. */
void rs_sweep(struct rs_peer *peer)
{
	bool littered = zcache_donor_is_littered(peer->info.num);

	spin_lock(&peer->lock);
	peer->sweeping |= littered && peer->usable;
	if (peer->sweeping && !peer->nr_puts)
		queue_work(rs_link_wq, &peer->sweep_work);
	spin_unlock(&peer->lock);
}

/* All has been confirmed, or, with an errno, not. Process context. */
void rs_sweep_end(struct rs_peer *peer, int err)
{
	if (!err)
		zcache_donor_swept(peer->info.num);
	spin_lock(&peer->lock);
	peer->sweeping = false;
	peer->last_queued = false;
	spin_unlock(&peer->lock);
	zcache_remote_kick();
}

/* The flush that ends the sweep; -EAGAIN: there is no batch for it now. */
static int queue_last(struct rs_peer *peer, enum rs_flush_scope scope, unsigned int links)
{
	struct rs_flush_batch *b = NULL;
	int err = -EAGAIN;

	spin_lock(&peer->lock);
	if (!peer->usable || peer->links != links)
		err = -ENOTCONN;
	else
		b = rs_flush_take(peer, 0, scope);
	if (b) {
		b->last = true;
		peer->last_queued = true;
		if (scope == RS_FLUSH_PAGES) {
			/* Slot 0 of a device never leaves it. */
			b->nr = 1;
			b->slot[0] = 0;
			b->version[0] = 0;
		}
		rs_flush_enqueue(peer, b);
		err = 0;
	}
	spin_unlock(&peer->lock);
	return err;
}

void rs_sweep_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(work, struct rs_peer, sweep_work);
	enum rs_flush_scope scope = RS_FLUSH_ALL;
	unsigned int links, tries;
	bool go;
	int err = 0;

	spin_lock(&peer->lock);
	/* Once all is told, it may get pages again as soon as it has answered: not to be told twice. */
	go = peer->sweeping && peer->usable && !peer->nr_puts && !peer->last_queued;
	links = peer->links;
	spin_unlock(&peer->lock);
	if (!go)
		return;
	if (!zcache_donor_is_litter(peer->info.num)) {
		scope = RS_FLUSH_PAGES;
		err = zcache_donor_sweep(peer->info.num);
	}
	for (tries = 0; !err && tries < LAST_TRIES; tries++) {
		err = queue_last(peer, scope, links);
		if (err != -EAGAIN)
			break;
		err = 0;
		msleep(10);
	}
	if (err || tries == LAST_TRIES)
		rs_sweep_end(peer, -EAGAIN);
}
