// SPDX-License-Identifier: GPL-2.0
/* peer_lanes.c - what goes over a donor's lanes, and what comes */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "peer_internal.h"
#include "wire.h"

static struct rs_peer *peer_of(struct rs_lane *lane, enum rs_lane_kind kind)
{
	return container_of(lane, struct rs_peer, lane[kind]);
}

/* May a donor send this on a lane of that kind? */
static bool is_due(enum rs_lane_kind kind, u8 type)
{
	switch (type) {
	case RS_PONG:
	case RS_ERROR:
		return true;
	case RS_GET_REPLY:
		return kind == RS_LANE_FETCH;
	case RS_PUT_REPLY:
	case RS_FLUSH_REPLY:
	case RS_RECALL:
		return kind == RS_LANE_BULK;
	default:
		return false;
	}
}

static int handle(struct rs_peer *peer, enum rs_lane_kind kind, const struct rs_wire_hdr *hdr,
		  const u8 *payload)
{
	char text[RS_WIRE_MAX_TEXT + 1];

	if (!is_due(kind, hdr->type))
		return -EPROTO;
	if (hdr->type != RS_ERROR)
		rs_peer_heard(peer, kind, hdr->room);
	switch (hdr->type) {
	case RS_PUT_REPLY:
		return rs_push_reply(peer, hdr, payload);
	case RS_GET_REPLY:
		return rs_fetch_reply(peer, hdr, payload);
	case RS_FLUSH_REPLY:
		return rs_flush_reply(peer, hdr);
	case RS_RECALL:
		rs_peer_recalled(peer, hdr->count);
		return 0;
	case RS_ERROR:
		rs_wire_text_decode(payload, hdr->length, text);
		pr_warn_ratelimited("node %s (%u) ends the connection: %s\n", peer->info.name,
				    peer->info.num, text);
		return -ECONNABORTED;
	default:
		return 0;
	}
}

/* A frame of the donor's. An errno breaks the lane. */
static int frame(struct rs_peer *peer, enum rs_lane_kind kind, const struct rs_wire_hdr *hdr,
		 const u8 *payload)
{
	int err = handle(peer, kind, hdr, payload);

	if (err == -EPROTO) {
		counter_inc(rs, protocol_errors);
		pr_warn_ratelimited("node %s (%u) sent a frame of type %u where none is due: the connection is ended\n",
				    peer->info.name, peer->info.num, hdr->type);
	}
	return err;
}

static int bulk_frame(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	return frame(peer_of(lane, RS_LANE_BULK), RS_LANE_BULK, hdr, payload);
}

static int fetch_frame(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	return frame(peer_of(lane, RS_LANE_FETCH), RS_LANE_FETCH, hdr, payload);
}

static void broken(struct rs_peer *peer)
{
	mod_delayed_work(rs_link_wq, &peer->link_work, 0);
}

static void bulk_broken(struct rs_lane *lane)
{
	broken(peer_of(lane, RS_LANE_BULK));
}

static void fetch_broken(struct rs_lane *lane)
{
	broken(peer_of(lane, RS_LANE_FETCH));
}

const struct rs_lane_ops rs_peer_lane_ops[__RS_LANES] = {
	[RS_LANE_BULK] = { .frame = bulk_frame, .broken = bulk_broken },
	[RS_LANE_FETCH] = { .frame = fetch_frame, .broken = fetch_broken },
};

/* Sends a PING if one is due. Under the lane's tx_lock. */
static void send_ping(struct rs_peer *peer, enum rs_lane_kind kind)
{
	struct rs_wire_hdr hdr = { .type = RS_PING };

	if (READ_ONCE(peer->usable) && test_and_clear_bit(kind, &peer->ping_due))
		rs_lane_send(&peer->lane[kind], &hdr, NULL, 0);
}

/* Takes the first off the bulk lane's list; @any: even if the lane cannot be used. */
struct rs_bulk *rs_bulk_take(struct rs_peer *peer, bool any)
{
	struct rs_bulk *bulk = NULL;

	spin_lock(&peer->lock);
	if (any || peer->usable)
		bulk = list_first_entry_or_null(&peer->bulk, struct rs_bulk, node);
	if (bulk) {
		list_del(&bulk->node);
		if (!bulk->is_put)
			container_of(bulk, struct rs_flush_batch, bulk)->state = RS_FLUSH_SENDING;
	}
	spin_unlock(&peer->lock);
	return bulk;
}

void rs_bulk_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(work, struct rs_peer, bulk_work);
	struct rs_lane *lane = &peer->lane[RS_LANE_BULK];
	struct rs_bulk *bulk;

	mutex_lock(&lane->tx_lock);
	send_ping(peer, RS_LANE_BULK);
	while ((bulk = rs_bulk_take(peer, false))) {
		if (bulk->is_put)
			rs_push_send(container_of(bulk, struct rs_push_target, bulk));
		else
			rs_flush_send(peer, container_of(bulk, struct rs_flush_batch, bulk));
		send_ping(peer, RS_LANE_BULK);
		cond_resched();
	}
	mutex_unlock(&lane->tx_lock);
}

void rs_fetch_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(work, struct rs_peer, fetch_work);
	struct rs_lane *lane = &peer->lane[RS_LANE_FETCH];

	mutex_lock(&lane->tx_lock);
	send_ping(peer, RS_LANE_FETCH);
	mutex_unlock(&lane->tx_lock);
	rs_fetch_send(peer);
}

/* Fetches wait and their sender is not known to be at it. Any context. */
void rs_fetch_kick(struct rs_peer *peer)
{
	queue_work(rs_send_wq, &peer->fetch_work);
}
