// SPDX-License-Identifier: GPL-2.0
/*
 * server.c - connections of owners: judged, served, ended
 *
 * A connection is known by `conns` from accept to the end of its close work,
 * which is queued once: by a broken lane, a handshake that takes too long, or rs_server_stop().
 * Its frames are handled one after the other in the lane's rx works, which also send the
 * replies, blocking: while an owner does not read, it is not read from.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/zsmalloc.h>
#include <net/sock.h>

#include "admission.h"
#include "donor_internal.h"
#include "handshake.h"
#include "lane.h"
#include "peer.h"
#include "room.h"
#include "server.h"
#include "stats.h"

#define CONNS_MAX	4096	/* in all: two an owner */
#define OWNER_CONNS_MAX	8	/* an owner's, with those that are being closed */
#define HELLO_MS	5000	/* in which a stranger must prove who it is */
#define REPLY_DATA	(64 * 1024)
#define REPLY_SIZE	(REPLY_DATA + RS_WIRE_MAX_RECORDS * RS_WIRE_REC)

/* All that a stranger costs is this, its socket and RS_LANE_HELLO bytes. */
struct rs_conn {
	struct rs_lane lane;
	struct rs_visitor who;
	struct list_head node;		/* in conns */
	struct rs_greeting *greeting;	/* until it is known who it is */
	/* Then; conns_lock guards these until claimed is set. */
	bool claimed;
	u16 num;
	enum rs_lane_kind kind;
	u8 incarnation[16];
	u8 key_id[RS_WIRE_KEY_ID];
	struct rs_owner *owner;
	struct work_struct close_work;
	struct delayed_work watch_work;
	struct work_struct recall_work;
	u16 recall_mb;			/* to be asked for; under conns_lock */
	bool listens;			/* its owner takes frames at any time */
	bool stranger;
	bool closing;
	/* On a lane for fetches. */
	u8 *reply;			/* REPLY_DATA bytes */
	u8 *recs;			/* RS_WIRE_MAX_RECORDS of them */
};

static struct workqueue_struct *server_wq;	/* frames; blocks on sending replies */
static struct workqueue_struct *rest_wq;	/* those of who sends very many, likewise */
static struct workqueue_struct *close_wq;

/* Guards conns, the count, and each connection's stranger and closing. Only admission's is inside. */
static DEFINE_SPINLOCK(conns_lock);
static LIST_HEAD(conns);
static unsigned int nr_conns;
static bool stopping;
static DECLARE_WAIT_QUEUE_HEAD(conns_gone);

/* Held while a connection is started, so that it is not closed half-way. Outermost. */
static DEFINE_MUTEX(start_lock);

static struct rs_conn *conn_of(struct rs_lane *lane)
{
	return container_of(lane, struct rs_conn, lane);
}

/* Ends the connection, once. */
static void __conn_close(struct rs_conn *conn)
{
	lockdep_assert_held(&conns_lock);
	if (conn->closing)
		return;
	conn->closing = true;
	queue_work(close_wq, &conn->close_work);
	wake_up_all(&conns_gone);
}

/* The same. Any context. */
static void conn_close(struct rs_conn *conn)
{
	unsigned long flags;

	spin_lock_irqsave(&conns_lock, flags);
	__conn_close(conn);
	spin_unlock_irqrestore(&conns_lock, flags);
}

/* After so long an owner that is silent, or does not read, is cut off. */
static unsigned int patience_ms(void)
{
	return 2 * READ_ONCE(rs_settings.dead_ms);
}

static void no_stranger(struct rs_conn *conn, enum rs_try how)
{
	lockdep_assert_held(&conns_lock);
	if (conn->stranger)
		rs_admission_end(&conn->who, how);
	conn->stranger = false;
}

static void conn_free(struct rs_conn *conn)
{
	rs_lane_exit(&conn->lane);
	kfree_sensitive(conn->greeting);
	kvfree_sensitive(conn->reply, REPLY_SIZE);
	kfree(conn);
}

static void close_work(struct work_struct *work)
{
	struct rs_conn *conn = container_of(work, struct rs_conn, close_work);

	mutex_lock(&start_lock);
	mutex_unlock(&start_lock);
	rs_lane_close(&conn->lane);
	cancel_delayed_work_sync(&conn->watch_work);
	cancel_work_sync(&conn->recall_work);
	if (conn->owner) {
		counter_dec(rs, owners_connected);
		rs_owner_leave(conn->owner);
	}
	spin_lock_irq(&conns_lock);
	no_stranger(conn, stopping ? RS_TRY_OVER : RS_TRY_FAILED);
	list_del(&conn->node);
	nr_conns--;
	wake_up_all(&conns_gone);
	spin_unlock_irq(&conns_lock);
	conn_free(conn);
}

/*
 * Ends a stranger that takes too long to say who it is, and an owner that has fallen silent: it
 * pings, if it lives.
 */
static void watch_work(struct work_struct *work)
{
	struct rs_conn *conn = container_of(to_delayed_work(work), struct rs_conn, watch_work);
	unsigned long quiet = msecs_to_jiffies(patience_ms());

	if (READ_ONCE(conn->stranger)) {
		counter_inc(rs, accepts_refused);
		counter_inc(rs, handshakes_late);
		pr_warn_ratelimited("a connection from %pISpc is ended: no handshake within %u ms\n",
				    &conn->lane.other, HELLO_MS);
		conn_close(conn);
	} else if (time_after(jiffies, READ_ONCE(conn->lane.last_rx) + quiet)) {
		conn_close(conn);
	} else {
		queue_delayed_work(close_wq, &conn->watch_work, quiet / 4);
	}
}

static u32 room_for(struct rs_conn *conn)
{
	return min_t(u64, rs_donor_room_for(atomic_long_read(&conn->owner->frames)), U32_MAX);
}

static int reply(struct rs_conn *conn, struct rs_wire_hdr *hdr, struct kvec *vec, unsigned int n)
{
	int err;

	mutex_lock(&conn->lane.tx_lock);
	/* Not before: what follows a RECALL must not say what was true before it. */
	hdr->room = room_for(conn);
	err = rs_lane_send(&conn->lane, hdr, vec, n);
	mutex_unlock(&conn->lane.tx_lock);
	return err;
}

/* A PING or a PUT has come: the owner has done with greeting, in which it takes only answers. */
static void listens(struct rs_conn *conn)
{
	if (likely(conn->listens))
		return;
	spin_lock_irq(&conns_lock);
	conn->listens = conn->kind == RS_LANE_BULK;
	spin_unlock_irq(&conns_lock);
}

static void recall_work(struct work_struct *work)
{
	struct rs_conn *conn = container_of(work, struct rs_conn, recall_work);
	struct rs_wire_hdr hdr = { .type = RS_RECALL };

	spin_lock_irq(&conns_lock);
	hdr.count = conn->recall_mb;
	spin_unlock_irq(&conns_lock);
	reply(conn, &hdr, NULL, 0);
}

/* Who has proven nothing is told nothing but that. */
static void refuse(struct rs_conn *conn, int err, const char *why)
{
	bool unproven = err == -EKEYREJECTED || err == -EPROTO;
	struct rs_wire_hdr hdr = { .type = RS_ERROR, .status = unproven ? EPERM : -err };
	struct kvec vec = { (void *)why, min_t(size_t, strlen(why), RS_WIRE_MAX_TEXT) };

	counter_inc(rs, accepts_refused);
	if (err == -EKEYREJECTED)
		counter_inc(rs, hellos_unproven);
	if (unproven)
		vec.iov_len = 0;
	pr_warn_ratelimited("a connection from %pISpc was refused: %s\n", &conn->lane.other, why);
	mutex_lock(&conn->lane.tx_lock);
	rs_lane_send(&conn->lane, &hdr, &vec, 1);
	mutex_unlock(&conn->lane.tx_lock);
}

/* Another connection in the same place: the same lane, or of an earlier life of the owner. */
static bool is_rival(const struct rs_conn *conn, const struct rs_conn *other)
{
	lockdep_assert_held(&conns_lock);
	return other != conn && other->claimed && other->num == conn->num &&
	       (other->kind == conn->kind ||
		memcmp(other->incarnation, conn->incarnation, sizeof(conn->incarnation)));
}

static bool has_rival(struct rs_conn *conn)
{
	struct rs_conn *other;
	bool rival = false;

	spin_lock_irq(&conns_lock);
	list_for_each_entry(other, &conns, node)
		rival |= is_rival(conn, other);
	spin_unlock_irq(&conns_lock);
	return rival;
}

/*
 * The newest connection takes the place of older ones, and waits until they
 * are gone: what of theirs is still in our socket must not be handled after
 * what the new one brings.
 */
static int take_over(struct rs_conn *conn, const struct rs_wire_hello *them)
{
	unsigned int same_owner = 0;
	struct rs_conn *other;

	spin_lock_irq(&conns_lock);
	list_for_each_entry(other, &conns, node)
		same_owner += other->claimed && other->num == them->from;
	if (same_owner >= OWNER_CONNS_MAX) {
		spin_unlock_irq(&conns_lock);
		return -EBUSY;
	}
	no_stranger(conn, RS_TRY_KNOWN);
	conn->claimed = true;
	conn->num = them->from;
	conn->kind = them->lane;
	memcpy(conn->incarnation, them->incarnation, sizeof(conn->incarnation));
	memcpy(conn->key_id, them->key_id, sizeof(conn->key_id));
	list_for_each_entry(other, &conns, node)
		if (is_rival(conn, other))
			__conn_close(other);
	spin_unlock_irq(&conns_lock);
	/* One newer than we closes us, which waits for us; but it does not wait for the older ones' sake. */
	wait_event(conns_gone, !has_rival(conn) || READ_ONCE(conn->closing));
	return READ_ONCE(conn->closing) ? -ECONNABORTED : 0;
}

static int enter(struct rs_conn *conn)
{
	u8 us[RS_INCARNATION_BYTES];
	struct rs_node_info node;

	if (conn->kind == RS_LANE_FETCH) {
		conn->reply = kvmalloc(REPLY_SIZE, RS_CONN_GFP);
		if (!conn->reply)
			return -ENOMEM;
		conn->recs = conn->reply + REPLY_DATA;
		conn->lane.rx_want = RS_LANE_SMALL;
	} else {
		conn->lane.rx_want = RS_WIRE_MAX_FRAME;
	}
	conn->owner = rs_owner_enter(conn->num, conn->incarnation);
	if (!conn->owner)
		return -ENOMEM;
	counter_inc(rs, owners_connected);
	/* Its pages may have been forgotten since we presented ourselves as one who has them. */
	rs_owner_present(conn->num, us);
	if (memcmp(us, conn->greeting->us, sizeof(us)))
		return -ENOENT;
	/* rs_server_forget() or rs_server_disconnect() may have come before it could find us. */
	return rs_node_find(conn->num, &node) && rs_cluster_trusts(conn->key_id) ? 0 : -ENOENT;
}

/* A frame of a stranger's: the handshake, step by step. */
static int greet(struct rs_conn *conn, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	const char *why;
	int err = rs_handshake_frame(&conn->lane, conn->greeting, hdr, payload, &why);

	if (err) {
		refuse(conn, err, why);
		return err;
	}
	if (conn->greeting->hello.state != RS_HELLO_KNOWN)
		return 0;
	err = take_over(conn, &conn->greeting->hello.them);
	if (!err)
		err = enter(conn);
	kfree_sensitive(conn->greeting);
	conn->greeting = NULL;
	if (err) {
		refuse(conn, err, err == -EBUSY ?
		       "too many connections of yours are still being closed" :
		       "no memory for this connection, or you are being removed or forgotten");
		return err;
	}
	conn->lane.sock->sk->sk_sndtimeo = msecs_to_jiffies(patience_ms());
	err = rs_handshake_welcome(&conn->lane, room_for(conn));
	/* It is there: if it lends to us, it can be reached. */
	if (!err)
		rs_peer_try(conn->num);
	return err;
}

bool rs_server_recall(u16 num, u16 mb)
{
	struct rs_conn *conn;
	bool asked = false;

	spin_lock_irq(&conns_lock);
	list_for_each_entry(conn, &conns, node) {
		if (!conn->listens || conn->closing || conn->num != num)
			continue;
		conn->recall_mb = mb;
		queue_work(server_wq, &conn->recall_work);
		asked = true;
		break;
	}
	spin_unlock_irq(&conns_lock);
	return asked;
}

static int put(struct rs_conn *conn, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	struct rs_wire_put_reply r = { .stored = rs_donor_put(conn->owner, hdr, payload) };
	struct rs_wire_hdr out = {
		.type = RS_PUT_REPLY,
		.req_id = hdr->req_id,
		.pool = hdr->pool,
		.count = hdr->count,
	};
	u8 wire[RS_WIRE_PUT_REPLY];
	struct kvec vec = { wire, sizeof(wire) };

	listens(conn);
	rs_wire_put_reply_encode(wire, &r);
	return reply(conn, &out, &vec, 1);
}

static int send_gets(struct rs_conn *conn, const struct rs_wire_hdr *hdr, unsigned int n,
		     size_t bytes)
{
	struct rs_wire_hdr out = {
		.type = RS_GET_REPLY,
		.req_id = hdr->req_id,
		.pool = hdr->pool,
		.count = n,
	};
	struct kvec vec[2] = { { conn->recs, n * RS_WIRE_REC }, { conn->reply, bytes } };

	return reply(conn, &out, vec, 2);
}

static int get(struct rs_conn *conn, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	unsigned int i, n = 0;
	struct rs_wire_get want;
	struct rs_wire_got got;
	size_t bytes = 0, len;
	int err;

	for (i = 0; i < hdr->count; i++) {
		rs_wire_get_decode(payload + i * RS_WIRE_REC, &want);
		len = rs_donor_get(conn->owner, hdr->pool, &want, conn->reply + bytes,
				   REPLY_DATA - bytes);
		if (len > REPLY_DATA - bytes) {
			err = send_gets(conn, hdr, n, bytes);
			if (err)
				return err;
			n = 0;
			bytes = 0;
			/* It may have been flushed meanwhile. */
			len = rs_donor_get(conn->owner, hdr->pool, &want, conn->reply, REPLY_DATA);
		}
		counter_inc(rs, donor_gets);
		if (!len)
			counter_inc(rs, donor_gets_missed);
		got = (struct rs_wire_got) { .tag = want.tag, .version = want.version, .len = len };
		rs_wire_got_encode(conn->recs + n++ * RS_WIRE_REC, &got);
		bytes += len;
	}
	return n ? send_gets(conn, hdr, n, bytes) : 0;
}

static int flush(struct rs_conn *conn, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	struct rs_wire_hdr out = {
		.type = RS_FLUSH_REPLY,
		.req_id = hdr->req_id,
		.pool = hdr->pool,
	};

	rs_donor_flush(conn->owner, hdr, payload);
	return reply(conn, &out, NULL, 0);
}

static int ping(struct rs_conn *conn, const struct rs_wire_hdr *hdr)
{
	struct rs_wire_hdr out = { .type = RS_PONG, .req_id = hdr->req_id };

	listens(conn);
	return reply(conn, &out, NULL, 0);
}

/* A device that no owner has, since none could: nothing is there. */
static void check_pool(const struct rs_conn *conn, const struct rs_wire_hdr *hdr)
{
	if (likely(hdr->pool < RS_DEVICES))
		return;
	counter_inc(rs, pools_unknown);
	pr_warn_ratelimited("node %u names a device %u, and no node has more than %u: nothing is kept there\n",
			    conn->num, hdr->pool, RS_DEVICES);
}

static int frame(struct rs_lane *lane, const struct rs_wire_hdr *hdr, const u8 *payload)
{
	struct rs_conn *conn = conn_of(lane);

	if (!conn->owner)
		return greet(conn, hdr, payload);
	check_pool(conn, hdr);
	if (hdr->type == RS_PING)
		return ping(conn, hdr);
	if (conn->kind == RS_LANE_BULK && hdr->type == RS_PUT)
		return put(conn, hdr, payload);
	if (conn->kind == RS_LANE_BULK && hdr->type == RS_FLUSH)
		return flush(conn, hdr, payload);
	if (conn->kind == RS_LANE_FETCH && hdr->type == RS_GET)
		return get(conn, hdr, payload);
	counter_inc(rs, protocol_errors);
	pr_warn_ratelimited("node %u sent a frame of type %u where none is due: its connection is ended\n",
			    conn->owner->num, hdr->type);
	return -EPROTO;
}

static void broken(struct rs_lane *lane)
{
	conn_close(conn_of(lane));
}

static const struct rs_lane_ops conn_ops = { .frame = frame, .broken = broken };

static struct rs_conn *conn_new(struct socket *sock, const struct sockaddr_storage *from)
{
	struct rs_conn *conn = kzalloc(sizeof(*conn), RS_CONN_GFP);

	if (!conn)
		goto release;
	INIT_WORK(&conn->close_work, close_work);
	INIT_WORK(&conn->recall_work, recall_work);
	INIT_DELAYED_WORK(&conn->watch_work, watch_work);
	conn->stranger = true;
	rs_lane_init(&conn->lane, &conn_ops, server_wq, rest_wq, false, RS_LANE_HELLO);
	conn->greeting = kzalloc(sizeof(*conn->greeting), RS_CONN_GFP);
	if (!conn->greeting || rs_lane_equip(&conn->lane))
		goto free;
	if (!rs_lane_adopt(&conn->lane, sock, from, HELLO_MS))
		return conn;
	conn_free(conn);
	return NULL;
free:
	conn_free(conn);
release:
	sock_release(sock);
	return NULL;
}

/* A connection for a stranger who has a place; NULL: there is no room or memory for one. */
static struct rs_conn *conn_open(struct socket *sock, const struct sockaddr_storage *from)
{
	struct rs_conn *conn;
	bool ok;

	spin_lock_irq(&conns_lock);
	ok = !stopping && nr_conns < CONNS_MAX;
	nr_conns += ok;
	spin_unlock_irq(&conns_lock);
	if (!ok) {
		sock_release(sock);
		return NULL;
	}
	conn = conn_new(sock, from);
	if (!conn) {
		spin_lock_irq(&conns_lock);
		nr_conns--;
		wake_up_all(&conns_gone);
		spin_unlock_irq(&conns_lock);
	}
	return conn;
}

/* May a stranger from there try? */
static bool admit(const struct sockaddr_storage *from, struct rs_visitor *who)
{
	switch (rs_admission_begin(from, who)) {
	case RS_ADMITTED:
		return true;
	case RS_PENALISED:
		counter_inc(rs, accepts_penalised);
		pr_warn_ratelimited("connections from %pISc are refused for a while: too many of them failed\n",
				    from);
		return false;
	default:
		counter_inc(rs, accepts_limited);
		pr_warn_ratelimited("a connection from %pISc is refused: too many are in their handshake\n",
				    from);
		return false;
	}
}

void rs_server_accept(struct socket *sock)
{
	struct sockaddr_storage from = { };
	struct rs_visitor who;
	struct rs_conn *conn;

	/* Who is refused leaves no socket behind that waits for its end. */
	sock_no_linger(sock->sk);
	if (kernel_getpeername(sock, (struct sockaddr *)&from) < 0 || !admit(&from, &who)) {
		counter_inc(rs, accepts_refused);
		sock_release(sock);
		return;
	}
	conn = conn_open(sock, &from);
	if (!conn) {
		counter_inc(rs, accepts_refused);
		rs_admission_end(&who, RS_TRY_OVER);
		return;
	}
	conn->who = who;
	counter_inc(rs, accepts);
	mutex_lock(&start_lock);
	queue_delayed_work(close_wq, &conn->watch_work, msecs_to_jiffies(HELLO_MS));
	spin_lock_irq(&conns_lock);
	list_add(&conn->node, &conns);
	spin_unlock_irq(&conns_lock);
	rs_lane_start(&conn->lane);
	/* From here on it may be closed and gone. */
	mutex_unlock(&start_lock);
}

static bool none_left(void)
{
	bool none;

	spin_lock_irq(&conns_lock);
	none = !nr_conns;
	spin_unlock_irq(&conns_lock);
	return none;
}

void rs_server_stop(void)
{
	struct rs_conn *conn;

	spin_lock_irq(&conns_lock);
	stopping = true;
	list_for_each_entry(conn, &conns, node)
		__conn_close(conn);
	spin_unlock_irq(&conns_lock);
	wait_event(conns_gone, none_left());
	stopping = false;
}

void rs_server_forget(u16 num)
{
	struct rs_conn *conn;

	spin_lock_irq(&conns_lock);
	list_for_each_entry(conn, &conns, node)
		if (conn->claimed && conn->num == num)
			__conn_close(conn);
	spin_unlock_irq(&conns_lock);
	rs_owner_forget(num);
}

void rs_server_disconnect(bool all)
{
	struct rs_auth_key keys[RS_KEYS];
	unsigned int nr = rs_cluster_keys(keys);
	struct rs_conn *conn;

	spin_lock_irq(&conns_lock);
	list_for_each_entry(conn, &conns, node)
		if (conn->claimed && (all || !rs_auth_trusts(keys, nr, conn->key_id)))
			__conn_close(conn);
	spin_unlock_irq(&conns_lock);
	memzero_explicit(keys, sizeof(keys));
}

int rs_server_init(void)
{
	rs_admission_init();
	/*
	 * Unbound, so that a GET is not queued behind the handling of bulk. As many as can be: each
	 * connection whose owner does not read holds one for patience_ms(). A page is wanted before
	 * programs here are, but no owner takes the CPU from them.
	 */
	server_wq = alloc_workqueue("ramster_server", WQ_UNBOUND | WQ_HIGHPRI, WQ_MAX_ACTIVE);
	rest_wq = alloc_workqueue("ramster_rest", WQ_UNBOUND, WQ_MAX_ACTIVE);
	close_wq = alloc_workqueue("ramster_close", WQ_UNBOUND, 0);
	if (server_wq && rest_wq && close_wq)
		return 0;
	rs_server_exit();
	return -ENOMEM;
}

/* No connection is left. */
void rs_server_exit(void)
{
	if (server_wq)
		destroy_workqueue(server_wq);
	if (rest_wq)
		destroy_workqueue(rest_wq);
	if (close_wq)
		destroy_workqueue(close_wq);
}
