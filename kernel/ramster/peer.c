// SPDX-License-Identifier: GPL-2.0
/* peer.c - the table of donors: how they come and go */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "lost.h"
#include "peer_internal.h"

struct workqueue_struct *rs_link_wq;
struct workqueue_struct *rs_beat_wq;
struct workqueue_struct *rs_send_wq;
struct workqueue_struct *rs_client_wq;

/* By number. Looked up under RCU; changed by the node manager only. */
static DEFINE_XARRAY(peers);

static void free_work(struct work_struct *work)
{
	struct rs_peer *peer = container_of(to_rcu_work(work), struct rs_peer, free_work);
	int i;

	/* Queued by the last who had a reference, with the connection long gone: they do nothing. */
	cancel_work_sync(&peer->bulk_work);
	cancel_work_sync(&peer->fetch_work);
	for (i = 0; i < __RS_LANES; i++)
		rs_lane_exit(&peer->lane[i]);
	rs_flush_exit(peer);
	kvfree(peer);
}

/* In a work: who lets go last may be about to sleep (rs_fetch_end()), and vfree() may sleep. */
static void peer_free(struct kref *refs)
{
	queue_rcu_work(rs_link_wq, &container_of(refs, struct rs_peer, refs)->free_work);
}

/* The peer, referenced, or NULL. Any context. */
struct rs_peer *rs_peer_get(u16 num)
{
	struct rs_peer *peer;

	rcu_read_lock();
	peer = xa_load(&peers, num);
	if (peer && !kref_get_unless_zero(&peer->refs))
		peer = NULL;
	rcu_read_unlock();
	return peer;
}

/* The first peer with a number of at least @num, referenced, or NULL. Any context. */
struct rs_peer *rs_peer_next(u16 num)
{
	unsigned long index = num;
	struct rs_peer *peer;

	rcu_read_lock();
	xa_for_each_start(&peers, index, peer, num)
		if (kref_get_unless_zero(&peer->refs))
			break;
	rcu_read_unlock();
	return peer;
}

void rs_peer_put(struct rs_peer *peer)
{
	kref_put(&peer->refs, peer_free);
}

static struct rs_peer *peer_new(const struct rs_node_info *node)
{
	struct rs_peer *peer = kvzalloc(sizeof(*peer), GFP_KERNEL);
	int i;

	if (!peer)
		return NULL;
	kref_init(&peer->refs);
	peer->info = *node;
	mutex_init(&peer->tell_lock);
	spin_lock_init(&peer->lock);
	init_completion(&peer->settled);
	INIT_LIST_HEAD(&peer->bulk);
	INIT_LIST_HEAD(&peer->gets_waiting);
	INIT_DELAYED_WORK(&peer->link_work, rs_link_work);
	INIT_DELAYED_WORK(&peer->beat_work, rs_beat_work);
	INIT_DELAYED_WORK(&peer->hedge_work, rs_fetch_hedge_work);
	INIT_WORK(&peer->bulk_work, rs_bulk_work);
	INIT_WORK(&peer->fetch_work, rs_fetch_work);
	INIT_WORK(&peer->sweep_work, rs_sweep_work);
	INIT_RCU_WORK(&peer->free_work, free_work);
	peer->state = RAMSTER_NODE_DOWN;
	peer->last_heard = jiffies;
	peer->puts_from = jiffies;
	peer->beat_at = jiffies;
	peer->recalled_at = jiffies - RS_RECALL_MIN;
	peer->recall_told = jiffies - RS_RECALL_TELL;
	for (i = 0; i < __RS_LANES; i++)
		rs_lane_init(&peer->lane[i], &rs_peer_lane_ops[i], rs_client_wq, NULL, true,
			     i == RS_LANE_FETCH ? RS_WIRE_MAX_FRAME : RS_LANE_SMALL);
	return peer;
}

int rs_peer_add(const struct rs_node_info *node)
{
	struct rs_peer *peer = peer_new(node);
	int err;

	if (!peer)
		return -ENOMEM;
	err = xa_insert(&peers, node->num, peer, GFP_KERNEL);
	if (err) {
		rs_peer_put(peer);
		return err == -EBUSY ? -EEXIST : err;
	}
	queue_delayed_work(rs_link_wq, &peer->link_work, 0);
	if (node->drain)
		rs_peer_drain(node->num, true);
	return 0;
}

void rs_peer_drain(u16 num, bool on)
{
	struct rs_peer *peer = rs_peer_get(num);

	if (!peer)
		return;
	spin_lock(&peer->lock);
	peer->draining = on;
	spin_unlock(&peer->lock);
	zcache_donor_evacuate(num, on || READ_ONCE(peer->lied) ? U64_MAX : 0);
	rs_peer_put(peer);
}

void rs_peer_try(u16 num)
{
	struct rs_peer *peer = rs_peer_get(num);

	if (!peer)
		return;
	spin_lock(&peer->lock);
	if (!peer->linked && !peer->removing && !rs_link_is_new(peer)) {
		WRITE_ONCE(peer->is_there, true);
		mod_delayed_work(rs_link_wq, &peer->link_work, 0);
	}
	spin_unlock(&peer->lock);
	rs_peer_put(peer);
}

void rs_peer_remove(u16 num)
{
	struct rs_peer *peer = xa_erase(&peers, num);
	unsigned long copies;
	int i;

	if (!peer)
		return;
	rs_peer_make_unusable(peer, true);
	rs_fetch_expire(peer, RS_EXPIRE_ALL);
	for (i = 0; i < __RS_LANES; i++)
		rs_lane_abort(&peer->lane[i]);
	mod_delayed_work(rs_link_wq, &peer->link_work, 0);
	wait_for_completion(&peer->settled);
	cancel_delayed_work_sync(&peer->link_work);
	cancel_delayed_work_sync(&peer->beat_work);
	cancel_work_sync(&peer->sweep_work);
	rs_push_settle(peer);
	rs_fetch_expire(peer, RS_EXPIRE_ALL);
	cancel_delayed_work_sync(&peer->hedge_work);
	rs_peer_change_state(peer, ~0UL, RAMSTER_NODE_DOWN, "removed");
	zcache_donor_evacuate(num, 0);
	copies = zcache_donor_forgot(num, ZCACHE_LOSS_REMOVED);
	if (copies)
		pr_warn("node %s (%u) was removed with %lu copies of our pages\n", peer->info.name,
			num, copies);
	rs_peer_put(peer);
}

void rs_peers_reconnect(bool all)
{
	struct rs_peer *peer;
	u8 key_id[RS_WIRE_KEY_ID];
	unsigned int num;
	bool linked;

	for (num = 0; (peer = rs_peer_next(num)); num++) {
		num = peer->info.num;
		spin_lock(&peer->lock);
		linked = peer->linked;
		memcpy(key_id, peer->key_id, sizeof(key_id));
		spin_unlock(&peer->lock);
		if (linked && (all || !rs_cluster_trusts(key_id)))
			rs_lane_break(&peer->lane[RS_LANE_BULK]);
		rs_peer_put(peer);
	}
}

bool rs_peer_read(u16 num, struct rs_peer_info *info)
{
	struct rs_peer *peer = rs_peer_get(num);

	if (!peer)
		return false;
	spin_lock(&peer->lock);
	info->state = peer->state;
	info->has_incarnation = peer->has_incarnation;
	memcpy(info->incarnation, peer->incarnation, sizeof(info->incarnation));
	info->room = peer->room;
	/* Until all has left that it has asked for. */
	info->recalling = peer->recalling && zcache_donor_is_leaving(num);
	spin_unlock(&peer->lock);
	info->pages_remote = zcache_donor_pages(num);
	rs_peer_put(peer);
	return true;
}

static const struct zcache_remote_ops remote_ops = {
	.owner = THIS_MODULE,
	.roomy = rs_roomy,
	.push_begin = rs_push_begin,
	.push_add = rs_push_add,
	.push_submit = rs_push_submit,
	.fetch = rs_fetch,
	.fetch_end = rs_fetch_end,
	.flush = rs_flush,
	.flush_end = rs_flush_end,
	.flush_device = rs_flush_device,
	.lost = rs_lost,
};

static void destroy_queues(void)
{
	struct workqueue_struct *queues[] = { rs_beat_wq, rs_client_wq, rs_send_wq, rs_link_wq };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++)
		if (queues[i])
			destroy_workqueue(queues[i]);
}

/* Unbound, so that a fetch is not queued behind the handling of bulk. */
static int create_queues(void)
{
	rs_link_wq = alloc_workqueue("ramster_link", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	rs_send_wq = alloc_workqueue("ramster_send", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	rs_client_wq = alloc_workqueue("ramster_client",
				       WQ_MEM_RECLAIM | WQ_UNBOUND | WQ_HIGHPRI, 0);
	rs_beat_wq = alloc_workqueue("ramster_beat", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (rs_link_wq && rs_send_wq && rs_client_wq && rs_beat_wq)
		return 0;
	destroy_queues();
	return -ENOMEM;
}

/* Workqueues and batches, and the registration as zcache's remote tier. */
int rs_peers_init(void)
{
	int err = create_queues();

	if (err)
		return err;
	err = rs_push_init();
	if (err)
		goto err_push;
	rs_lost_init();
	err = zcache_register_remote(&remote_ops);
	if (err)
		goto err_register;
	return 0;

err_register:
	rs_push_exit();
err_push:
	destroy_queues();
	return err;
}

/* No peer is left. */
void rs_peers_exit(void)
{
	zcache_unregister_remote(&remote_ops);
	/* Peers that wait for a grace period come to their queue before it is drained. */
	rcu_barrier();
	rs_lost_exit();
	destroy_queues();
	rs_push_exit();
}
