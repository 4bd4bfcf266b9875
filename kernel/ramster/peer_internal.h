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
 * Lock order: lane->tx_lock > peer->lock; tell_lock > peer->lock, zcache's.
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

/* What goes over a bulk lane, in the order in which it was queued: a PUT or a FLUSH. */
struct rs_bulk {
	struct list_head node;	/* peer->bulk while queued */
	bool is_put;
};

enum rs_flush_state {
	RS_FLUSH_IDLE,
	RS_FLUSH_FILLING,
	RS_FLUSH_QUEUED,
	RS_FLUSH_SENDING,
	RS_FLUSH_SENT,
	RS_FLUSH_ANSWERED,	/* while it was being sent: the sender ends it */
	RS_FLUSH_ENDING,
};

/**
 * struct rs_flush_batch - flushes of one device to one donor
 * @wait:  who waits for the answer to a whole pool's flush, or NULL
 * @last:  of a sweep: its answer means that all before it have been answered
 * @err:   the answer, if ANSWERED
 */
struct rs_flush_batch {
	struct rs_bulk bulk;
	enum rs_flush_state state;
	enum rs_flush_scope scope;
	bool last;
	struct rs_flush_wait *wait;
	int err;
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
	struct rs_bulk bulk;
	struct rs_push *push;
	struct rs_peer *peer;
	unsigned long since;	/* jiffies */
	u32 req_id;
	u32 frames;		/* counted in its put_frames */
	u8 index;		/* of the donor in the batch */
};

/**
 * struct rs_peer - a donor
 * @settled:   link_work has ended all after removal
 * @incarnation: of the last handshake, if @has_incarnation
 * @key_id:    of the key that it was made with, zero without; @key_slot: to be tried next
 * @any_source: so is an address of this machine's that the kernel chooses, not the one in the table,
 *	       unless that has worked: @known_worked
 * @lied:      it has returned a page that is not ours: suspect until it is removed
 * @linked:    both lanes have shaken hands; link_work alone sets and clears it
 * @tell_lock: held to tell zcache whether the donor is up
 * @usable:    linked, and state is UP or SUSPECT, so lanes may be used
 * @recalling: it wants RAM back, until it says that it has room
 * @draining:  it is to get no new pages and to lose those that it has
 * @sweeping: it gets no new pages until it has forgotten those of which no entry knows
 * @last_queued: the flush that ends that is on its way
 * @puts_from: jiffies from which on it gets pages: later, when it has taken nothing of a batch and says that it has room
 * @links:     handshakes so far
 * @is_there:  it has connected to us: it does not wait for its turn to be tried
 * @refused:   why it could not be used, as logged last; empty after a handshake
 * @recalled_at: jiffies at which it last asked for RAM, and was heard
 * @recall_told: jiffies at which it was last told of that the donor wants RAM back
 * @last_heard: jiffies of the last proof of life
 * @beat_at:   jiffies of the last heartbeat, and @beat_late: it came too late; beat_work's own
 * @up_since:  jiffies of the last handshake
 * @backoff_ms: until the next try to connect
 * @missed:    devices that the donor has not confirmed to have forgotten: it gets no page of them
 * @ping_due:  bits by lane: send a PING
 * @bulk:      rs_bulk to be sent
 * @puts:      batches sent, by credit; @nr_puts: credits taken; @put_frames: what they add up to
 * @gets_waiting: fetches to be sent; @gets: sent, by tag
 * @flush:     batches of flushes, the last one for whole pools; NULL before the first connection
 * @filling:   the one that takes records, or NULL
 * @next_told: for rs_flush_device(): a list of those that it waits for
 */
struct rs_peer {
	struct kref refs;
	struct rcu_work free_work;
	struct rs_node_info info;
	struct completion settled;

	struct mutex tell_lock;
	spinlock_t lock;
	enum ramster_node_state state;
	bool linked;
	bool usable;
	bool removing;
	bool recalling;
	bool draining;
	bool sweeping;
	bool last_queued;
	bool is_there;
	bool lied;
	bool has_incarnation;
	u8 incarnation[16];
	u8 key_id[RS_WIRE_KEY_ID];
	unsigned int key_slot;
	bool any_source;
	bool known_worked;
	unsigned long puts_from;
	unsigned long recalled_at;
	unsigned long recall_told;
	unsigned long last_heard;
	unsigned long beat_at;
	bool beat_late;
	unsigned long up_since;
	unsigned int backoff_ms;
	unsigned int links;
	char refused[RS_WHY_MAX];
	u32 room;
	u32 latency_us;
	u32 next_req_id;
	DECLARE_BITMAP(missed, RS_DEVICES);

	struct rs_lane lane[__RS_LANES];
	struct delayed_work link_work;
	struct delayed_work beat_work;
	struct work_struct bulk_work;
	struct work_struct fetch_work;
	struct delayed_work hedge_work;
	struct work_struct sweep_work;
	unsigned long ping_due;

	struct list_head bulk;
	struct rs_push_target *puts[RS_PUSH_CREDITS];
	unsigned int nr_puts;
	u32 put_frames;

	struct list_head gets_waiting;
	struct zcache_fetch *gets[RS_GETS];
	u16 get_use[RS_GETS];
	unsigned int next_get;
	unsigned int nr_gets;
	u8 get_wire[RS_WIRE_MAX_RECORDS * RS_WIRE_REC];

	struct rs_flush_batch *flush;
	struct rs_flush_batch *filling;
	struct rs_peer *next_told;
};

extern struct workqueue_struct *rs_link_wq;	/* connecting: may block long */
extern struct workqueue_struct *rs_beat_wq;	/* heartbeat: blocks on nothing */
extern struct workqueue_struct *rs_send_wq;	/* bulk: blocks on sending */
extern struct workqueue_struct *rs_client_wq;	/* replies: never blocks on the network */

/* peer.c */
struct rs_peer *rs_peer_get(u16 num);
struct rs_peer *rs_peer_next(u16 num);
void rs_peer_put(struct rs_peer *peer);

/* health.c */

/* A donor can want its RAM back, and no more, as often as it likes; it is told of so often. */
#define RS_RECALL_TELL	HZ
#define RS_RECALL_MIN	(HZ / 4)	/* an honest one asks every 2 s: less often is heard */

#define RS_LINKED_STATES (BIT(RAMSTER_NODE_UP) | BIT(RAMSTER_NODE_SUSPECT))

struct rs_peer *rs_peer_next_usable(u16 num);
struct rs_peer *rs_peer_next_of(const unsigned long *set, u16 num);
void rs_peer_note(struct rs_peer *peer, unsigned long *set, bool in);
enum ramster_node_state rs_peer_state(u16 num);
bool rs_peer_change_state(struct rs_peer *peer, unsigned long from, enum ramster_node_state to,
			  const char *why);
void rs_peer_make_unusable(struct rs_peer *peer, bool removing);
unsigned int rs_peer_silence(struct rs_peer *peer);
void rs_peer_heard(struct rs_peer *peer, enum rs_lane_kind kind, u32 room);
void rs_peer_tell(struct rs_peer *peer);
void rs_peer_recalled(struct rs_peer *peer, u16 mb);
void rs_peer_lied(struct rs_peer *peer, const struct zcache_fetch *f);
void rs_beat_work(struct work_struct *work);

/* link.c */
bool rs_link_is_new(const struct rs_peer *peer);
void rs_link_work(struct work_struct *work);

/* peer_lanes.c */
extern const struct rs_lane_ops rs_peer_lane_ops[__RS_LANES];

struct rs_bulk *rs_bulk_take(struct rs_peer *peer, bool any);
void rs_bulk_work(struct work_struct *work);
void rs_fetch_work(struct work_struct *work);
void rs_fetch_kick(struct rs_peer *peer);

/* push.c */
int rs_push_init(void);
void rs_push_exit(void);
unsigned int rs_roomy(u32 dev, bool patient, u16 *donor, unsigned int max);
struct zcache_push *rs_push_begin(u32 dev, unsigned int want);
void *rs_push_add(struct zcache_push *zp, u32 slot, u16 version, u8 comp, u16 len);
void rs_push_submit(struct zcache_push *zp);
void rs_push_send(struct rs_push_target *t);
int rs_push_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr, const u8 *payload);
void rs_push_fail_all(struct rs_peer *peer);
void rs_push_fail(struct rs_push_target *t);
void rs_push_settle(struct rs_peer *peer);
bool rs_push_overdue(struct rs_peer *peer, unsigned long deadline_ms);

/* fetch.c */
enum rs_expire {
	RS_EXPIRE_OVERDUE,
	RS_EXPIRE_HEDGED,	/* that take longer than they should, where others can be asked */
	RS_EXPIRE_OTHERS,	/* and those that can be asked of others */
	RS_EXPIRE_DOWN,		/* and those that are not to wait for who is down */
	RS_EXPIRE_ALL,
};

int rs_fetch(struct zcache_fetch *fetch);
void rs_fetch_end(bool atomic);
void rs_fetch_send(struct rs_peer *peer);
int rs_fetch_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr, const u8 *payload);
void rs_fetch_requeue(struct rs_peer *peer);
bool rs_fetch_expire(struct rs_peer *peer, enum rs_expire which);
void rs_fetch_look_around(void);
void rs_fetch_hedge_work(struct work_struct *work);

/* flush.c */
int rs_flush_init(struct rs_peer *peer);
struct rs_flush_batch *rs_flush_take(struct rs_peer *peer, u32 dev, enum rs_flush_scope scope);
void rs_flush_enqueue(struct rs_peer *peer, struct rs_flush_batch *b);
void rs_flush_exit(struct rs_peer *peer);
int rs_flush(u16 donor, u32 dev, u32 slot, u16 version);
void rs_flush_end(void);
void rs_flush_device(u32 dev);
void rs_flush_send(struct rs_peer *peer, struct rs_flush_batch *b);
int rs_flush_missed(struct rs_peer *peer);
void rs_flush_again(struct rs_peer *peer);
void rs_flush_fail(struct rs_peer *peer, struct rs_flush_batch *b);
int rs_flush_reply(struct rs_peer *peer, const struct rs_wire_hdr *hdr);
void rs_flush_fail_all(struct rs_peer *peer);

/* sweep.c */
void rs_sweep(struct rs_peer *peer);
void rs_sweep_work(struct work_struct *work);
void rs_sweep_end(struct rs_peer *peer, int err);

#endif
