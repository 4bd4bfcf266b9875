/* SPDX-License-Identifier: GPL-2.0 */
/*
 * peer_internal.h - a donor as its client sees it
 *
 * A peer has two lanes, so that a fetch overtakes bulk: PUT and FLUSH go over one in
 * order, GET over the other. All of a peer's requests live in memory made
 * with the peer or, for pushes, with the module; none is allocated on the way.
 *
 * Life: rs_peer_add() puts it in the table with one reference. rs_peer_remove()
 * takes it out in two phases: mark it (no new requests), then let its link work close the
 * lanes and end what is in flight, and drop the reference.
 *
 * Who touches what:
 * - link_work alone opens and closes lanes, one run at a time; so a lane's
 *   ->sock changes only there, under its tx_lock.
 * - peer->lock guards state, lists, in-flight tables and flush batches. It is a
 *   leaf: no callback of zcache's is called under it, nothing is sent under it.
 * - A request is owned by the list or table that it is in; whoever takes it
 *   out, under the lock, ends it.
 *
 * Lock order: lane->tx_lock > peer->lock.
 */
#ifndef _RAMSTER_PEER_INTERNAL_H
#define _RAMSTER_PEER_INTERNAL_H

#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "lane.h"
#include "node.h"
#include "peer.h"
#include "stats.h"
#include "zcache/zcache.h"

#define RS_PUSH_CREDITS	4	/* batches in flight to a peer */
#define RS_GETS		256	/* fetches in flight to a peer */
#define RS_FLUSHES	4	/* batches of flushes to a peer, filling or in flight */
#define RS_FLUSH_RECS	256

/* Bits 0-7 of a fetch's tag are its place in the table, the rest tell its users apart. */
#define RS_GET_INDEX(tag)	((tag) & (RS_GETS - 1))

enum rs_flush_state {
	RS_FLUSH_IDLE,
	RS_FLUSH_FILLING,
	RS_FLUSH_QUEUED,
	RS_FLUSH_SENT,
};

/**
 * struct rs_flush_batch - flushes of one device to one donor
 * @node:  in peer->bulk while queued
 * @done:  who waits for the answer to a whole pool's flush, or NULL
 */
struct rs_flush_batch {
	struct list_head node;
	enum rs_flush_state state;
	enum rs_flush_scope scope;
	struct completion *done;
	u32 req_id;
	u32 dev;
	unsigned int nr;
	u32 slot[RS_FLUSH_RECS];
	u16 version[RS_FLUSH_RECS];
	u8 wire[RS_FLUSH_RECS * RS_WIRE_REC];
};

struct rs_push;

/* One donor's part in a push; see push.c. */
struct rs_push_target {
	struct list_head node;	/* peer->bulk_puts while queued */
	struct rs_push *push;
	struct rs_peer *peer;
	unsigned long since;	/* jiffies */
	u32 req_id;
	u8 index;		/* of the donor in the batch */
};

/**
 * struct rs_peer - a donor
 * @settled:   link_work has ended all after removal
 * @incarnation: of the last handshake, if @has_incarnation
 * @usable:    state is UP or SUSPECT, so lanes may be used
 * @last_heard: jiffies of the last proof of life
 * @backoff_ms: until the next try to connect
 * @bulk_puts: targets to be sent;   @puts: sent, by credit
 * @gets_waiting: fetches to be sent; @gets: sent, by tag
 * @flush:     batches of flushes; @filling: the one that takes records, or NULL
 * @flushes:   batches to be sent
 * @ping_due:  bits by lane: send a PING
 */
struct rs_peer {
	struct kref refs;
	struct rcu_head rcu;
	struct rs_node_info info;
	struct completion settled;

	spinlock_t lock;
	enum ramster_node_state state;
	bool usable;
	bool removing;
	bool has_incarnation;
	u8 incarnation[16];
	unsigned long last_heard;
	unsigned int backoff_ms;
	u32 room;
	u32 latency_us;
	u32 next_req_id;

	struct rs_lane lane[__RS_LANES];
	struct delayed_work link_work;
	struct delayed_work beat_work;
	struct work_struct bulk_work;
	struct work_struct fetch_work;
	unsigned long ping_due;

	struct list_head bulk_puts;
	struct rs_push_target *puts[RS_PUSH_CREDITS];
	unsigned int nr_puts;

	struct list_head gets_waiting;
	struct zcache_fetch *gets[RS_GETS];
	u16 get_use[RS_GETS];
	unsigned int next_get;
	unsigned int nr_gets;
	u8 get_wire[RS_WIRE_MAX_RECORDS * RS_WIRE_REC];

	struct rs_flush_batch *flush;
	struct rs_flush_batch *filling;
	struct list_head flushes;
};

extern struct workqueue_struct *rs_link_wq;	/* connecting, heartbeat: may block long */
extern struct workqueue_struct *rs_send_wq;	/* bulk: blocks on sending */
extern struct workqueue_struct *rs_client_wq;	/* replies: never blocks on the network */

/* peer.c */
struct rs_peer *rs_peer_get(u16 num);
struct rs_peer *rs_peer_next(u16 num);
void rs_peer_put(struct rs_peer *peer);
void rs_peer_heard(struct rs_peer *peer, u32 room);

/* push.c */
int rs_push_init(void);
void rs_push_exit(void);
bool rs_has_room(void);
struct zcache_push *rs_push_begin(u32 dev);
void *rs_push_add(struct zcache_push *zp, u32 slot, u16 version, u8 comp, u16 len);
void rs_push_submit(struct zcache_push *zp);
bool rs_push_send(struct rs_peer *peer);
int rs_push_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr, const u8 *payload);
void rs_push_fail_all(struct rs_peer *peer);
bool rs_push_overdue(struct rs_peer *peer, unsigned long deadline_ms);

/* fetch.c */
int rs_fetch(struct zcache_fetch *fetch);
void rs_fetch_end(bool atomic);
void rs_fetch_send(struct rs_peer *peer);
void rs_fetch_kick(struct rs_peer *peer);
int rs_fetch_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr, const u8 *payload);
void rs_fetch_requeue(struct rs_peer *peer);
void rs_fetch_expire(struct rs_peer *peer, bool all);

/* flush.c */
int rs_flush_init(struct rs_peer *peer);
void rs_flush_exit(struct rs_peer *peer);
int rs_flush(u16 donor, u32 dev, u32 slot, u16 version);
void rs_flush_end(void);
void rs_flush_device(u32 dev);
bool rs_flush_send(struct rs_peer *peer);
int rs_flush_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr);
void rs_flush_fail_all(struct rs_peer *peer);

#endif
