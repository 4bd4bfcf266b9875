// SPDX-License-Identifier: GPL-2.0
/* lane.c - frames over one TCP connection; lane.h has the contract */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/clock.h>
#include <linux/sched/mm.h>
#include <linux/tcp.h>
#include <linux/mm.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "address.h"
#include "lane.h"
#include "stats.h"

#define LANE_STARTED	0
#define LANE_BROKEN	1

/* Bytes a run of the rx work reads before it lets others have the CPU. */
#define RX_BUDGET	(1024 * 1024)

/* What a connection has of a CPU before the programs there: so much in each such time. */
#define RX_SHARE	(10LL * NSEC_PER_MSEC)
#define RX_WINDOW	msecs_to_jiffies(100)

/* Who called us looks at rx_rests again, in case it was changed meanwhile. Any context. */
static void queue_rx(struct rs_lane *lane)
{
	if (READ_ONCE(lane->rx_rests))
		queue_work(lane->rest_wq, &lane->rest_work);
	else
		queue_work(lane->rx_wq, &lane->rx_work);
}

static void data_ready(struct sock *sk)
{
	struct rs_lane *lane;

	read_lock_bh(&sk->sk_callback_lock);
	lane = sk->sk_user_data;
	if (lane) {
		counter_inc(rs, rx_wakeups);
		queue_rx(lane);
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
		queue_rx(lane);
	read_unlock_bh(&sk->sk_callback_lock);
}

/* Sockets that swap depends on are apart from all others for lockdep: reclaim may take their locks. */
static struct lock_class_key lock_keys[2][2];

static void set_lock_class(struct sock *sk)
{
	if (sk->sk_family == AF_INET)
		sock_lock_init_class_and_name(sk, "slock-AF_INET-RAMSTER", &lock_keys[0][0],
					      "sk_lock-AF_INET-RAMSTER", &lock_keys[0][1]);
	else
		sock_lock_init_class_and_name(sk, "slock-AF_INET6-RAMSTER", &lock_keys[1][0],
					      "sk_lock-AF_INET6-RAMSTER", &lock_keys[1][1]);
}

static void set_up_socket(struct rs_lane *lane, unsigned int timeout_ms)
{
	struct sock *sk = lane->sock->sk;

	tcp_sock_set_nodelay(sk);
	sock_no_linger(sk);
	sk->sk_sndtimeo = msecs_to_jiffies(timeout_ms);
	if (!lane->client) {
		/*
		 * No program here is killed for an answer's sake: the sender waits. But
		 * answers are what lent memory comes back by, so some of the reserve is theirs.
		 */
		sk->sk_allocation = GFP_KERNEL | __GFP_HIGH | __GFP_NORETRY | __GFP_NOWARN;
		return;
	}
	sk->sk_allocation = GFP_NOIO | __GFP_MEMALLOC;
	sk->sk_use_task_frag = false;
	sk_set_memalloc(sk);
}

/* The memory that receiving needs; it stays until rs_lane_exit(). 0 or -ENOMEM. May sleep. */
int rs_lane_equip(struct rs_lane *lane)
{
	if (!lane->rx_buf)
		lane->rx_buf = kvmalloc(lane->rx_size, RS_CONN_GFP);
	return lane->rx_buf ? 0 : -ENOMEM;
}

/* The lane is closed, or never had a connection. Process context. */
void rs_lane_exit(struct rs_lane *lane)
{
	kvfree_sensitive(lane->rx_buf, lane->rx_size);
	lane->rx_buf = NULL;
}

static void own(struct rs_lane *lane, struct socket *sock)
{
	mutex_lock(&lane->tx_lock);
	lane->sock = sock;
	lane->rx_have = 0;
	lane->status = 0;
	lane->last_rx = jiffies;
	lane->guarded = false;
	mutex_unlock(&lane->tx_lock);
}

/**
 * rs_lane_adopt - take an open socket over
 * @lane: closed or new; not yet started
 * @sock: connected, TCP; the lane's from now on, even on an error
 * @from: who is at the other end
 * @timeout_ms: how long a send may block
 *
 * Context: process. Return: 0 or an errno.
 */
int rs_lane_adopt(struct rs_lane *lane, struct socket *sock, const struct sockaddr_storage *from,
		  unsigned int timeout_ms)
{
	if (!sk_is_tcp(sock->sk)) {
		sock_release(sock);
		return -EPROTOTYPE;
	}
	lane->other = *from;
	own(lane, sock);
	set_up_socket(lane, timeout_ms);
	return 0;
}

/**
 * rs_lane_connect - open a connection
 * @lane: closed or new
 * @from: address and port, or NULL; if this machine does not have it, the kernel chooses one
 * @to:   address and port
 * @timeout_ms: how long connecting, and later a send, may take
 *
 * rs_lane_abort() ends the wait. Whatever the outcome, rs_lane_close() is due.
 *
 * Context: process, sleeps.
 * Return: 0 or the socket's errno.
 */
int rs_lane_connect(struct rs_lane *lane, const struct sockaddr_storage *from,
		    const struct sockaddr_storage *to, unsigned int timeout_ms)
{
	struct sockaddr_storage addr;
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, to->ss_family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	set_lock_class(sock->sk);
	lane->other = *to;
	own(lane, sock);
	set_up_socket(lane, timeout_ms);
	if (from) {
		addr = *from;
		kernel_bind(sock, (struct sockaddr_unsized *)&addr, rs_address_length(from));
	}
	addr = *to;
	err = kernel_connect(sock, (struct sockaddr_unsized *)&addr, rs_address_length(to), 0);
	if (err)
		return err == -EINPROGRESS ? -ETIMEDOUT : err;
	return rs_lane_equip(lane);
}

/* Wakes whoever waits for the lane: it fails. The lane's owner still closes it. Process context. */
void rs_lane_abort(struct rs_lane *lane)
{
	mutex_lock(&lane->tx_lock);
	if (lane->sock)
		kernel_sock_shutdown(lane->sock, SHUT_RDWR);
	mutex_unlock(&lane->tx_lock);
}

/* Is there so much room in the send buffer that a small frame will not block? Under tx_lock. */
bool rs_lane_has_space(struct rs_lane *lane)
{
	lockdep_assert_held(&lane->tx_lock);
	return !lane->sock || sk_stream_wspace(lane->sock->sk) >= RS_LANE_SMALL;
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

/* The other side breaks the rules, or is not who we think. Once a connection, and rate-limited. */
static int broke_rules(struct rs_lane *lane, int err)
{
	if (err == -EKEYREJECTED) {
		counter_inc(rs, frames_forged);
		pr_warn_ratelimited("a frame from %pISpc is not authentic: the connection is ended\n",
				    &lane->other);
	} else {
		counter_inc(rs, protocol_errors);
		pr_warn_ratelimited("a frame from %pISpc is malformed (%d): the connection is ended\n",
				    &lane->other, err);
	}
	return err;
}

static bool is_intact(struct rs_lane *lane, const u8 *buf, const struct rs_wire_hdr *hdr)
{
	if (lane->guarded)
		return rs_auth_frame_ok(&lane->rx_stream, buf, RS_WIRE_HDR + hdr->length);
	return rs_wire_checksum_ok(buf, buf + RS_WIRE_HDR, hdr->length);
}

/*
 * The frame at @buf, if @have bytes hold all of it: its size; 0: not yet; or an errno.
 * To be called once a frame: it uses up its number.
 */
static ssize_t parse(struct rs_lane *lane, const u8 *buf, size_t have, size_t most,
		     struct rs_wire_hdr *hdr)
{
	size_t tag = lane->guarded ? RS_WIRE_TAG : 0, size;
	int err;

	if (have < RS_WIRE_HDR)
		return 0;
	err = rs_wire_hdr_decode(buf, hdr);
	if (err)
		return err;
	if (lane->guarded && hdr->checksum)
		return -EBADMSG;
	size = RS_WIRE_HDR + hdr->length + tag;
	if (size > most)
		return -EMSGSIZE;
	if (have < size)
		return 0;
	if (!is_intact(lane, buf, hdr))
		return lane->guarded ? -EKEYREJECTED : -EBADMSG;
	err = rs_wire_check(hdr, buf + RS_WIRE_HDR);
	return err ?: size;
}

/* Hands out the whole frames in the buffer, and keeps the rest. */
static int hand_out(struct rs_lane *lane)
{
	struct rs_wire_hdr hdr;
	size_t off = 0;
	ssize_t n;
	int err;

	/* @rx_size holds the longest frame that may come, so a part of one always leaves room. */
	while ((n = parse(lane, lane->rx_buf + off, lane->rx_have - off, lane->rx_size,
			  &hdr)) > 0) {
		counter_inc(rs, frames_received);
		err = lane->ops->frame(lane, &hdr, lane->rx_buf + off + RS_WIRE_HDR);
		if (err)
			return err;
		off += n;
	}
	if (n < 0)
		return broke_rules(lane, n);
	lane->rx_have -= off;
	/* Not for each piece of a frame that comes in many. */
	if (off)
		memmove(lane->rx_buf, lane->rx_buf + off, lane->rx_have);
	return 0;
}

/* A bigger buffer, if one is wanted. Only a server's lane grows, once it knows who is there. */
static int grow(struct rs_lane *lane)
{
	u8 *buf;

	if (likely(lane->rx_want <= lane->rx_size))
		return 0;
	buf = kvmalloc(lane->rx_want, RS_CONN_GFP);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, lane->rx_buf, lane->rx_have);
	kvfree_sensitive(lane->rx_buf, lane->rx_size);
	lane->rx_buf = buf;
	lane->rx_size = lane->rx_want;
	return 0;
}

/* The connection has ended, by an errno or without: -ECONNRESET. */
static int ended(struct rs_lane *lane, int err)
{
	/* By the other side, and not only by this one. */
	if (lane->rx_have && (err || sock_flag(lane->sock->sk, SOCK_DONE))) {
		counter_inc(rs, frames_cut);
		pr_info_ratelimited("%pISpc hung up in the middle of a frame\n", &lane->other);
	}
	return -ECONNRESET;
}

static int receive(struct rs_lane *lane)
{
	int n, err;

	if (lane->rx_have == lane->rx_size)
		return -EMSGSIZE;
	n = fill(lane, lane->rx_size - lane->rx_have, MSG_DONTWAIT);
	if (!n || n == -ECONNRESET)
		return ended(lane, n);
	if (n < 0)
		return n;
	err = hand_out(lane) ?: grow(lane);
	return err ?: n;
}

/* Has it used up what it may have before others? What was too much is of the next windows. */
static bool is_spent(struct rs_lane *lane)
{
	s64 windows;

	if (!lane->rest_wq)
		return false;
	windows = (jiffies - lane->rx_window) / RX_WINDOW;
	lane->rx_window += windows * RX_WINDOW;
	lane->rx_ns = max(lane->rx_ns - windows * RX_SHARE, 0LL);
	return lane->rx_ns > RX_SHARE;
}

/* receive(), with what it takes of a CPU counted: the scheduler knows that if it was not all of the time. */
static int receive_timed(struct rs_lane *lane)
{
	unsigned long switches = current->nvcsw + current->nivcsw;
	u64 ran = current->se.sum_exec_runtime, began = local_clock();
	int n = receive(lane);

	if (current->nvcsw + current->nivcsw == switches)
		lane->rx_ns += local_clock() - began;
	else
		lane->rx_ns += current->se.sum_exec_runtime - ran;
	return n;
}

/*
 * Reads what is there, as long as the lane is @spent or is not; true: there may be more. From the
 * lane's works only, one at a time.
 */
static bool read_frames(struct rs_lane *lane, bool spent)
{
	unsigned int noreclaim = lane->client ? memalloc_noreclaim_save() : 0;
	size_t done = 0;
	int n = 0;

	while (n >= 0 && done < RX_BUDGET && is_spent(lane) == spent && !rs_lane_is_broken(lane)) {
		n = lane->rest_wq && !spent ? receive_timed(lane) : receive(lane);
		if (n >= 0)
			done += n;
		else if (n != -EAGAIN)
			rs_lane_break(lane);
	}
	if (lane->client)
		memalloc_noreclaim_restore(noreclaim);
	return n >= 0 && !rs_lane_is_broken(lane);
}

/*
 * One of rx_work and rest_work has the lane, as rx_rests says: may the caller, which @rests or not,
 * read? Else the other one is queued.
 */
static bool has_it(struct rs_lane *lane, bool rests)
{
	if (smp_load_acquire(&lane->rx_rests) == rests)	/* pairs with give_to() */
		return true;
	if (!rs_lane_is_broken(lane))
		queue_rx(lane);
	return false;
}

/* The last that who has it does with it. */
static void give_to(struct rs_lane *lane, bool rests)
{
	smp_store_release(&lane->rx_rests, rests);	/* pairs with has_it() */
}

static void rx_work(struct work_struct *work)
{
	struct rs_lane *lane = container_of(work, struct rs_lane, rx_work);

	if (has_it(lane, false) && read_frames(lane, false)) {
		give_to(lane, is_spent(lane));
		queue_rx(lane);
	}
}

/* The same for who is spent, as one among many. */
static void rest_work(struct work_struct *work)
{
	struct rs_lane *lane = container_of(work, struct rs_lane, rest_work);
	bool more;

	if (!has_it(lane, true))
		return;
	more = read_frames(lane, true);
	give_to(lane, is_spent(lane));
	if (more)
		queue_rx(lane);
}

/**
 * rs_lane_init - prepare a lane, without a connection or memory of its own
 * @lane: zeroed memory
 * @ops:  its owner's callbacks
 * @wq:   where frames are received
 * @rest_wq: and there those of who sends very many, or NULL
 * @client: swap-out depends on it
 * @rx_size: the longest frame that may come, in bytes
 *
 * Context: any.
 */
void rs_lane_init(struct rs_lane *lane, const struct rs_lane_ops *ops,
		  struct workqueue_struct *wq, struct workqueue_struct *rest_wq, bool client,
		  size_t rx_size)
{
	lane->ops = ops;
	lane->rx_wq = wq;
	lane->rest_wq = rest_wq;
	lane->client = client;
	lane->rx_size = rx_size;
	lane->rx_want = rx_size;
	mutex_init(&lane->tx_lock);
	INIT_WORK(&lane->rx_work, rx_work);
	INIT_WORK(&lane->rest_work, rest_work);
}

/**
 * rs_lane_receive - wait for one frame, before the lane is started
 * @lane: connected
 * @hdr:  its header
 * @payload: its payload, valid until the next receive or start
 * @timeout_ms: for all of it
 *
 * The frame must be the only thing that has arrived: it is an answer, and the
 * other side waits for what we say to it.
 *
 * Context: process, sleeps.
 * Return: 0 or an errno.
 */
int rs_lane_receive(struct rs_lane *lane, struct rs_wire_hdr *hdr, const u8 **payload,
		    unsigned int timeout_ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(timeout_ms);
	size_t most = min_t(size_t, lane->rx_size, RS_LANE_SMALL);
	long left;
	ssize_t n;

	while (!(n = parse(lane, lane->rx_buf, lane->rx_have, most, hdr))) {
		if (lane->rx_have >= most)
			return -EMSGSIZE;
		left = end - jiffies;
		if (left <= 0)
			return -ETIMEDOUT;
		lane->sock->sk->sk_rcvtimeo = left;
		n = fill(lane, most - lane->rx_have, 0);
		if (n == -EAGAIN)
			return -ETIMEDOUT;
		if (n <= 0)
			return n ?: -ECONNRESET;
	}
	if (n < 0)
		return broke_rules(lane, n);
	if (n != lane->rx_have)
		return -EPROTO;
	lane->rx_have = 0;
	*payload = lane->rx_buf + RS_WIRE_HDR;
	return 0;
}

/**
 * rs_lane_guard - from now on frames have tags
 * @lane: between two frames: nothing is being sent, the next frame has not been looked at
 * @tx:   for what we send
 * @rx:   for what we receive
 *
 * Context: process; from where frames are received.
 */
void rs_lane_guard(struct rs_lane *lane, const struct rs_auth_stream *tx,
		   const struct rs_auth_stream *rx)
{
	mutex_lock(&lane->tx_lock);
	lane->tx_stream = *tx;
	lane->rx_stream = *rx;
	lane->guarded = true;
	mutex_unlock(&lane->tx_lock);
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
	queue_rx(lane);
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
	if (test_bit(LANE_STARTED, &lane->status)) {
		cancel_work_sync(&lane->rx_work);
		cancel_work_sync(&lane->rest_work);
		/* It may have queued that one just before. */
		cancel_work_sync(&lane->rx_work);
	}
	mutex_lock(&lane->tx_lock);
	lane->sock = NULL;
	memzero_explicit(&lane->tx_stream, sizeof(lane->tx_stream));
	memzero_explicit(&lane->rx_stream, sizeof(lane->rx_stream));
	mutex_unlock(&lane->tx_lock);
	noio = memalloc_noio_save();
	if (lane->client)
		sk_clear_memalloc(sock->sk);
	sock_release(sock);
	memalloc_noio_restore(noio);
}

/* The frame's tag or, in its header, its checksum. Only one of them is paid for. */
static void seal_frame(struct rs_lane *lane, const struct kvec *payload, unsigned int pieces)
{
	struct poly1305_desc_ctx mac;
	unsigned int i;
	u32 sum;

	if (lane->guarded) {
		rs_auth_tag_begin(&lane->tx_stream, &mac);
		poly1305_update(&mac, lane->tx_hdr, RS_WIRE_HDR);
		for (i = 0; i < pieces; i++)
			poly1305_update(&mac, payload[i].iov_base, payload[i].iov_len);
		poly1305_final(&mac, lane->tx_tag);
		return;
	}
	sum = rs_wire_checksum_start(lane->tx_hdr);
	for (i = 0; i < pieces; i++)
		sum = rs_crc32c(sum, payload[i].iov_base, payload[i].iov_len);
	rs_wire_checksum_set(lane->tx_hdr, ~sum);
}

/**
 * rs_lane_send - send one frame, whole
 * @lane:    connected; the caller holds tx_lock
 * @hdr:     its length is filled in here
 * @payload: @pieces pieces, each linear; consumed
 * @pieces:  at most 2
 *
 * Context: process, blocks at most for the lane's timeout.
 * Return: 0, or an errno: the lane is broken then.
 */
int rs_lane_send(struct rs_lane *lane, struct rs_wire_hdr *hdr, struct kvec *payload,
		 unsigned int pieces)
{
	struct kvec vec[4] = { { .iov_base = lane->tx_hdr, .iov_len = RS_WIRE_HDR } };
	struct msghdr msg = { .msg_flags = MSG_NOSIGNAL };
	size_t total = RS_WIRE_HDR;
	unsigned int i, noreclaim;
	int n;

	lockdep_assert_held(&lane->tx_lock);
	if (!lane->sock || rs_lane_is_broken(lane) || pieces > 2)
		return -ENOTCONN;
	hdr->length = 0;
	for (i = 0; i < pieces; i++) {
		vec[i + 1] = payload[i];
		hdr->length += payload[i].iov_len;
	}
	total += hdr->length;
	rs_wire_hdr_encode(lane->tx_hdr, hdr);
	seal_frame(lane, payload, pieces);
	if (lane->guarded) {
		vec[++pieces] = (struct kvec) { lane->tx_tag, RS_WIRE_TAG };
		total += RS_WIRE_TAG;
	}

	noreclaim = lane->client ? memalloc_noreclaim_save() : 0;
	n = kernel_sendmsg(lane->sock, &msg, vec, pieces + 1, total);
	if (lane->client)
		memalloc_noreclaim_restore(noreclaim);
	if (n == total) {
		counter_add(rs, bytes_sent, n);
		return 0;
	}
	rs_lane_break(lane);
	return n < 0 ? n : -EPIPE;
}
