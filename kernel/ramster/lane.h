/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lane.h - one TCP connection that carries frames, client's or server's
 *
 * The contract:
 * - The socket has no delay. A client's is a memalloc socket: swap-out depends on
 *   it, so nothing on it allocates with I/O or waits for reclaim, and it may
 *   use the reserves. A server's never makes the OOM killer run, and has part of the
 *   reserves at most: the node that lends comes first.
 * - rx: one work per lane (a server's has two, one at a time: the other one runs when the
 *   connection has had its share of the CPU) reads what is there into one linear buffer and hands
 *   out each checked frame, in order. frame() may sleep; the payload is valid until it
 *   returns. Any malformed frame breaks the lane, and, once the lane is guarded, any that
 *   is not the very next one that the other side has sent.
 * - tx: whoever holds tx_lock sends whole frames, blocking for at most the
 *   socket's send timeout. A frame that could not be sent whole breaks the lane.
 * - A lane breaks once, from any context; broken() is then called once from any
 *   context, and must only queue. Nothing is freed until rs_lane_close(),
 *   after which no callback runs.
 */
#ifndef _RAMSTER_LANE_H
#define _RAMSTER_LANE_H

#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "auth.h"

struct rs_lane;

/*
 * What a connection needs to come about. Another node makes it, or it can be tried again: no
 * program here is killed for its sake.
 */
#define RS_CONN_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/* Each may be called until rs_lane_close() returns. */
struct rs_lane_ops {
	/* A checked frame. An errno breaks the lane. Process context. */
	int (*frame)(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload);
	/* The connection is no longer usable. Any context; only queue. */
	void (*broken)(struct rs_lane *lane);
};

/**
 * struct rs_lane - a connection
 * @tx_lock: held to send; guards @tx_hdr, @tx_tag, @tx_stream
 * @client:  swap-out depends on this lane
 * @rx_rests: rest_work has what follows, else rx_work. It has used up what it may have of a
 *	     CPU before others
 * @rx_window: jiffies since which @rx_ns of a CPU's time were spent on it before others
 * @rx_buf:  @rx_size bytes, @rx_have of them filled; of who has the lane. A longer
 *	     frame breaks the lane. It grows to @rx_want between two frames.
 * @last_rx: jiffies at which something arrived
 * @status:  LANE_* bits
 * @guarded: frames have tags, not checksums; changed only between two frames of either
 *	     direction
 */
struct rs_lane {
	struct socket *sock;
	const struct rs_lane_ops *ops;
	struct mutex tx_lock;
	u8 tx_hdr[RS_WIRE_HDR];
	u8 tx_tag[RS_WIRE_TAG];
	bool guarded;
	struct rs_auth_stream tx_stream;
	struct rs_auth_stream rx_stream;
	struct sockaddr_storage other;
	struct workqueue_struct *rx_wq;
	struct workqueue_struct *rest_wq;
	struct work_struct rx_work;
	struct work_struct rest_work;
	bool rx_rests;
	unsigned long rx_window;
	s64 rx_ns;
	bool client;
	u8 *rx_buf;
	size_t rx_size;
	size_t rx_want;
	size_t rx_have;
	unsigned long last_rx;
	unsigned long status;
	void (*old_data_ready)(struct sock *sk);
	void (*old_state_change)(struct sock *sk);
};

void rs_lane_init(struct rs_lane *lane, const struct rs_lane_ops *ops,
		  struct workqueue_struct *wq, struct workqueue_struct *rest_wq, bool client,
		  size_t rx_size);
int rs_lane_equip(struct rs_lane *lane);
void rs_lane_exit(struct rs_lane *lane);
int rs_lane_connect(struct rs_lane *lane, const struct sockaddr_storage *from,
		    const struct sockaddr_storage *to, unsigned int timeout_ms);
int rs_lane_adopt(struct rs_lane *lane, struct socket *sock, const struct sockaddr_storage *from,
		  unsigned int timeout_ms);
void rs_lane_guard(struct rs_lane *lane, const struct rs_auth_stream *tx,
		   const struct rs_auth_stream *rx);
void rs_lane_start(struct rs_lane *lane);
void rs_lane_close(struct rs_lane *lane);
void rs_lane_break(struct rs_lane *lane);
void rs_lane_abort(struct rs_lane *lane);
bool rs_lane_has_space(struct rs_lane *lane);
bool rs_lane_is_broken(const struct rs_lane *lane);
int rs_lane_send(struct rs_lane *lane, struct rs_wire_hdr *hdr, struct kvec *payload,
		 unsigned int pieces);
int rs_lane_receive(struct rs_lane *lane, struct rs_wire_hdr *hdr, const u8 **payload,
		    unsigned int timeout_ms);

/* For a peer that sends only small frames. */
#define RS_LANE_SMALL	4096

/* For one that is not known yet: a HELLO. */
#define RS_LANE_HELLO	(RS_WIRE_HDR + RS_WIRE_HELLO)

#endif
