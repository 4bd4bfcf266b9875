// SPDX-License-Identifier: GPL-2.0
/*
 * device.c - frontswap devices come and go
 *
 * devs maps an id to its device from attach to the end of detach. Lookups take
 * RCU and a reference; detach kills the references, waits for the last, and only then
 * takes the device out, so that a batch that holds one finds it (zc_dev_held).
 */
#include <linux/completion.h>
#include <linux/slab.h>

#include "internal.h"

static DEFINE_XARRAY(devs);

/* The device with this id, referenced, or NULL. Any context. */
struct zc_dev *zc_dev_get(u32 id)
{
	struct zc_dev *dev;

	rcu_read_lock();
	dev = xa_load(&devs, id);
	if (dev && !percpu_ref_tryget_live(&dev->refs))
		dev = NULL;
	rcu_read_unlock();
	return dev;
}

/* The device with this id, of which the caller holds a reference already. */
struct zc_dev *zc_dev_held(u32 id)
{
	return xa_load(&devs, id);
}

/* The first device with an id of at least @id, referenced, or NULL. Any context. */
struct zc_dev *zc_dev_next(u32 id)
{
	unsigned long index = id;
	struct zc_dev *dev;

	rcu_read_lock();
	xa_for_each_start(&devs, index, dev, id)
		if (percpu_ref_tryget_live(&dev->refs))
			break;
	rcu_read_unlock();
	return dev;
}

void zc_dev_put(struct zc_dev *dev)
{
	percpu_ref_put(&dev->refs);
}

static void refs_gone(struct percpu_ref *refs)
{
	complete(&container_of(refs, struct zc_dev, refs)->refs_gone);
}

static void dev_free(struct zc_dev *dev)
{
	if (dev->pool)
		tmem_pool_destroy(dev->pool);
	zalloc_destroy(dev->zpool);
	zc_freed_exit(dev);
	percpu_ref_exit(&dev->refs);
	kfree_rcu(dev, rcu);
}

static int attach(struct fswap_dev *fdev, u32 id, u32 nr_slots, void **priv)
{
	struct zc_dev *dev;
	int err = -ENOMEM;

	if (id >= ZC_DEVICES_MAX)
		return -EINVAL;
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	dev->fdev = fdev;
	dev->id = id;
	dev->nr_slots = nr_slots;
	spin_lock_init(&dev->lru_lock);
	INIT_LIST_HEAD(&dev->lru);
	INIT_LIST_HEAD(&dev->unsaved);
	zc_save_init(dev);
	init_completion(&dev->refs_gone);
	if (percpu_ref_init(&dev->refs, refs_gone, 0, GFP_KERNEL)) {
		kfree(dev);
		return -ENOMEM;
	}
	if (zc_freed_init(dev))
		goto free;
	dev->zpool = zalloc_create(zc_allocator(), fswap_name(fdev), ZALLOC_PERSISTENT);
	dev->pool = tmem_pool_create(TMEM_PERSISTENT, &zc_pool_ops, dev);
	if (!dev->zpool || !dev->pool)
		goto free;
	err = xa_insert(&devs, id, dev, GFP_KERNEL);
	if (err)
		goto free;
	counter_inc(zc, devices);
	*priv = dev;
	return 0;
free:
	dev_free(dev);
	return err;
}

static void detach(void *priv)
{
	struct zc_dev *dev = priv;
	const struct zcache_remote_ops *ops;
	int idx;

	percpu_ref_kill(&dev->refs);
	wait_for_completion(&dev->refs_gone);
	cancel_work_sync(&dev->freed_work);
	zc_save_exit(dev);
	ops = zc_remote_get(&idx);
	if (ops) {
		ops->flush_device(dev->id);
		zc_remote_put(idx);
	}
	xa_erase(&devs, dev->id);
	counter_dec(zc, devices);
	dev_free(dev);
}

static void policy_changed(void *priv)
{
	zc_lru_resort(priv);
	zc_move_kick();
	zc_evict_kick();
}

const struct fswap_backend_ops zc_backend_ops = {
	.owner = THIS_MODULE,
	.attach = attach,
	.detach = detach,
	.store = zc_store,
	.load = zc_load,
	.loads_end = zc_loads_end,
	.invalidate_page = zc_invalidate_page,
	.invalidate_area = zc_invalidate_area,
	.policy_changed = policy_changed,
	.wants = zc_wants,
	.keep = zc_keep,
};
