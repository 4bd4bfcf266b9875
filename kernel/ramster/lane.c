// SPDX-License-Identifier: GPL-2.0
/* lane.c - frames over one TCP connection; lane.h has the contract */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/sched/mm.h>
#include <linux/tcp.h>
#include <linux/mm.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "lane.h"
#include "stats.h"

#define LANE_STARTED	0
#define LANE_BROKEN	1

/* Bytes a run of the rx work reads before it lets others have the CPU. */
#define RX_BUDGET	(1024 * 1024)


static void data_ready(struct sock *sk)
{
	struct rs_lane *lane;

	read_lock_bh(&sk->sk_callback_lock);
	lane = sk->sk_user_data;
	if (lane) {
		counter_inc(rs, rx_wakeups);
		queue_work(lane->rx_wq, &lane->rx_work);
	}
	read_unlock_bh(&sk->sk_callback_lock);
}

static void state_change(struct sock *sk)
{
	struct rs_lane *lane;

	read_lock_bh(&sk->sk_callback_lock);
	lane = sk->sk_user_data;
	/* What arrived before the end is still read: the rx work meets the end itself. */
	if (lane && sk->sk_state != TCP_ESTABLISHED)
		queue_work(lane->rx_wq, &lane->rx_work);
	read_unlock_bh(&sk->sk_callback_lock);
}

static int set_up_socket(struct socket *sock, unsigned int timeout_ms)
{
	struct sock *sk = sock->sk;

	if (!sk_is_tcp(sk))
		return -EPROTOTYPE;
	tcp_sock_set_nodelay(sk);
	sock_no_linger(sk);
	sk->sk_sndtimeo = msecs_to_jiffies(timeout_ms);
	sk->sk_rcvtimeo = msecs_to_jiffies(timeout_ms);
	sk->sk_allocation = GFP_NOIO | __GFP_MEMALLOC;
	sk->sk_use_task_frag = false;
	sk_set_memalloc(sk);
	return 0;
}

/* The lane is closed, or never had a connection. Process context. */
void rs_lane_exit(struct rs_lane *lane)
{
	kvfree(lane->rx_buf);
	lane->rx_buf = NULL;
}

/**
 * rs_lane_adopt - take an open socket over
 * @lane: closed or new; not yet started
 * @sock: connected; the lane's from now on, even on an error
 * @timeout_ms: how long a send, and a receive before the start, may block
 *
 * Context: process. Return: 0 or an errno.
 */
int rs_lane_adopt(struct rs_lane *lane, struct socket *sock, unsigned int timeout_ms)
{
	int err = set_up_socket(sock, timeout_ms);

	if (err) {
		sock_release(sock);
		return err;
	}
	lane->sock = sock;
	lane->rx_have = 0;
	lane->status = 0;
	lane->last_rx = jiffies;
	return 0;
}

/**
 * rs_lane_connect - open a connection
 * @lane: closed or new
 * @to:   address and port
 * @timeout_ms: how long connecting, a send, and a receive before the start, may take
 *
 * Context: process, sleeps.
 * Return: 0 or the socket's errno.
 */
int rs_lane_connect(struct rs_lane *lane, const struct sockaddr_storage *to,
		    unsigned int timeout_ms)
{
	size_t len = to->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
						sizeof(struct sockaddr_in6);
	struct sockaddr_storage addr = *to;
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, to->ss_family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	sock->sk->sk_sndtimeo = msecs_to_jiffies(timeout_ms);
	err = kernel_connect(sock, (struct sockaddr_unsized *)&addr, len, 0);
	if (err) {
		sock_release(sock);
		return err == -EINPROGRESS ? -ETIMEDOUT : err;
	}
	return rs_lane_adopt(lane, sock, timeout_ms);
}

bool rs_lane_is_broken(const struct rs_lane *lane)
{
	return test_bit(LANE_BROKEN, &lane->status);
}

/* The connection is of no more use. Any context. */
void rs_lane_break(struct rs_lane *lane)
{
	if (!test_and_set_bit(LANE_BROKEN, &lane->status))
		lane->ops->broken(lane);
}

static int fill(struct rs_lane *lane, size_t room, int flags)
{
	struct kvec vec = { .iov_base = lane->rx_buf + lane->rx_have, .iov_len = room };
	struct msghdr msg = { .msg_flags = flags | MSG_NOSIGNAL };
	int n = kernel_recvmsg(lane->sock, &msg, &vec, 1, room, flags | MSG_NOSIGNAL);

	if (n > 0) {
		lane->rx_have += n;
		lane->last_rx = jiffies;
		counter_add(rs, bytes_received, n);
	}
	return n;
}

/* The frame at @buf, if @have bytes hold all of it: its size; 0: not yet; or an errno. */
static ssize_t parse(const u8 *buf, size_t have, struct rs_wire_hdr *hdr)
{
	int err;

	if (have < RS_WIRE_HDR)
		return 0;
	err = rs_wire_hdr_decode(buf, hdr);
	if (err)
		return err;
	if (have < RS_WIRE_HDR + hdr->length)
		return 0;
	if (!rs_wire_checksum_ok(buf, buf + RS_WIRE_HDR, hdr->length))
		return -EBADMSG;
	err = rs_wire_check(hdr, buf + RS_WIRE_HDR);
	return err ?: RS_WIRE_HDR + hdr->length;
}

/* Hands out the whole frames in the buffer, and keeps the rest. */
static int hand_out(struct rs_lane *lane)
{
	struct rs_wire_hdr hdr;
	size_t off = 0;
	ssize_t n;
	int err;

	while ((n = parse(lane->rx_buf + off, lane->rx_have - off, &hdr)) > 0) {
		err = lane->ops->frame(lane, &hdr, lane->rx_buf + off + RS_WIRE_HDR);
		if (err)
			return err;
		off += n;
	}
	if (n < 0) {
		counter_inc(rs, protocol_errors);
		return n;
	}
	lane->rx_have -= off;
	memmove(lane->rx_buf, lane->rx_buf + off, lane->rx_have);
	return 0;
}

static void rx_work(struct work_struct *work)
{
	struct rs_lane *lane = container_of(work, struct rs_lane, rx_work);
	unsigned int noreclaim = memalloc_noreclaim_save();
	size_t done = 0;
	int n;

	while (!rs_lane_is_broken(lane)) {
		/* A frame always fits: its length was checked when its header came. */
		n = fill(lane, RS_WIRE_MAX_FRAME - lane->rx_have, MSG_DONTWAIT);
		if (n == -EAGAIN)
			break;
		if (n <= 0 || hand_out(lane)) {
			rs_lane_break(lane);
			break;
		}
		done += n;
		if (done >= RX_BUDGET) {
			queue_work(lane->rx_wq, &lane->rx_work);
			break;
		}
	}
	if (lane->ops->idle)
		lane->ops->idle(lane);
	memalloc_noreclaim_restore(noreclaim);
}

/**
 * rs_lane_init - prepare a lane, without a connection
 * @lane: zeroed memory
 * @ops:  its owner's callbacks
 * @wq:   where frames are received
 *
 * Context: process, GFP_KERNEL.
 * Return: 0 or -ENOMEM.
 */
int rs_lane_init(struct rs_lane *lane, const struct rs_lane_ops *ops, struct workqueue_struct *wq)
{
	lane->ops = ops;
	lane->rx_wq = wq;
	mutex_init(&lane->tx_lock);
	INIT_WORK(&lane->rx_work, rx_work);
	lane->rx_buf = kvmalloc(RS_WIRE_MAX_FRAME, GFP_KERNEL);
	return lane->rx_buf ? 0 : -ENOMEM;
}

/**
 * rs_lane_receive - wait for one frame, before the lane is started
 * @lane: connected
 * @hdr:  its header
 * @payload: its payload, valid until the next receive or start
 *
 * The frame must be the only thing that has arrived: it is a handshake, and the other side waits
 * for what we say to it.
 *
 * Context: process, sleeps up to the lane's timeout for each piece.
 * Return: 0 or an errno.
 */
int rs_lane_receive(struct rs_lane *lane, struct rs_wire_hdr *hdr, const u8 **payload)
{
	ssize_t n;

	while (!(n = parse(lane->rx_buf, lane->rx_have, hdr))) {
		/* A handshake is small: what does not fit a page is none. */
		if (lane->rx_have >= PAGE_SIZE)
			return -EMSGSIZE;
		n = fill(lane, PAGE_SIZE - lane->rx_have, 0);
		if (n == -EAGAIN)
			return -ETIMEDOUT;
		if (n <= 0)
			return n ?: -ECONNRESET;
	}
	if (n < 0)
		return n;
	if (n != lane->rx_have)
		return -EPROTO;
	lane->rx_have = 0;
	*payload = lane->rx_buf + RS_WIRE_HDR;
	return 0;
}

/* From now on frames are received by the work. Process context. */
void rs_lane_start(struct rs_lane *lane)
{
	struct sock *sk = lane->sock->sk;

	set_bit(LANE_STARTED, &lane->status);
	write_lock_bh(&sk->sk_callback_lock);
	lane->old_data_ready = sk->sk_data_ready;
	lane->old_state_change = sk->sk_state_change;
	sk->sk_user_data = lane;
	sk->sk_data_ready = data_ready;
	sk->sk_state_change = state_change;
	write_unlock_bh(&sk->sk_callback_lock);
	/* Something may have come before we listened. */
	queue_work(lane->rx_wq, &lane->rx_work);
}

/**
 * rs_lane_close - end the connection
 * @lane: connected or not
 *
 * First no callback can start (unlink), then those that run are waited for
 * (drain), then the socket goes. Senders must have stopped trying: one that
 * still holds tx_lock is woken by the shutdown and waited for.
 *
 * Context: process, sleeps; not from the lane's own callbacks.
 */
void rs_lane_close(struct rs_lane *lane)
{
	struct socket *sock = lane->sock;
	unsigned int noio;

	if (!sock)
		return;
	set_bit(LANE_BROKEN, &lane->status);
	if (test_bit(LANE_STARTED, &lane->status)) {
		write_lock_bh(&sock->sk->sk_callback_lock);
		sock->sk->sk_user_data = NULL;
		sock->sk->sk_data_ready = lane->old_data_ready;
		sock->sk->sk_state_change = lane->old_state_change;
		write_unlock_bh(&sock->sk->sk_callback_lock);
	}
	kernel_sock_shutdown(sock, SHUT_RDWR);
	if (test_bit(LANE_STARTED, &lane->status))
		cancel_work_sync(&lane->rx_work);
	mutex_lock(&lane->tx_lock);
	lane->sock = NULL;
	mutex_unlock(&lane->tx_lock);
	noio = memalloc_noio_save();
	sk_clear_memalloc(sock->sk);
	sock_release(sock);
	memalloc_noio_restore(noio);
}

/**
 * rs_lane_send - send one frame, whole
 * @lane:    connected; the caller holds tx_lock
 * @hdr:     its length and checksum are filled in here
 * @payload: @pieces pieces, each linear; consumed
 * @pieces:  at most 2
 *
 * Context: process, blocks at most for the lane's timeout.
 * Return: 0, or an errno: the lane is broken then.
 */
int rs_lane_send(struct rs_lane *lane, struct rs_wire_hdr *hdr, struct kvec *payload,
		 unsigned int pieces)
{
	struct kvec vec[3] = { { .iov_base = lane->tx_hdr, .iov_len = RS_WIRE_HDR } };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	size_t total = RS_WIRE_HDR;
	unsigned int i, noreclaim;
	u32 sum;
	int n;

	lockdep_assert_held(&lane->tx_lock);
	if (!lane->sock || rs_lane_is_broken(lane) || pieces > 2)
		return -ENOTCONN;
	hdr->length = 0;
	for (i = 0; i < pieces; i++)
		hdr->length += payload[i].iov_len;
	rs_wire_hdr_encode(lane->tx_hdr, hdr);
	sum = rs_wire_checksum_start(lane->tx_hdr);
	for (i = 0; i < pieces; i++) {
		sum = rs_crc32c(sum, payload[i].iov_base, payload[i].iov_len);
		vec[i + 1] = payload[i];
		total += payload[i].iov_len;
	}
	rs_wire_checksum_set(lane->tx_hdr, ~sum);

	noreclaim = memalloc_noreclaim_save();
	n = kernel_sendmsg(lane->sock, &msg, vec, pieces + 1, total);
	memalloc_noreclaim_restore(noreclaim);
	if (n == total) {
		counter_add(rs, bytes_sent, n);
		return 0;
	}
	rs_lane_break(lane);
	return n < 0 ? n : -EPIPE;
}
