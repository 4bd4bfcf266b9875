// SPDX-License-Identifier: GPL-2.0
/*
 * remote.c - the remote tier: who it is, and what keeps it
 *
 * Callers hold SRCU across a use of its ops; unregistering waits for them. Its
 * module is pinned from the first page in flight to the last remote one.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>

#include "internal.h"

static const struct zcache_remote_ops __rcu *tier;
static DEFINE_MUTEX(tier_lock);		/* registering, one at a time */
DEFINE_STATIC_SRCU(tier_srcu);

/* Taken within an object's lock, so with interrupts off; a leaf. Guards pins and pinned. */
static DEFINE_SPINLOCK(pin_lock);
static unsigned long pins;
static struct module *pinned;

/* Sparse is told that the lock is held in any case: it knows no "if". */
const struct zcache_remote_ops *zc_remote_get(int *idx)
	__acquires(&tier_srcu)
{
	const struct zcache_remote_ops *ops;

	*idx = srcu_read_lock(&tier_srcu);
	ops = srcu_dereference(tier, &tier_srcu);
	if (!ops) {
		srcu_read_unlock(&tier_srcu, *idx);
		__acquire(&tier_srcu);
	}
	return ops;
}

void zc_remote_put(int idx)
	__releases(&tier_srcu)
{
	srcu_read_unlock(&tier_srcu, idx);
}

/**
 * zc_remote_flush - tell a donor to forget a page that it may hold
 * @ops:     of the tier, held by the caller, who calls its flush_end(); NULL: there is none
 * @donor:   whom
 * @dev:     device id
 * @slot:    which
 * @version: up to and with which
 *
 * Context: process, under zc_order_lock.
 * Return: as the tier's flush(). -ENOENT: there is nothing to be forgotten. -EAGAIN: this donor
 * has no room for more now; others may.
 */
int zc_remote_flush(const struct zcache_remote_ops *ops, u16 donor, u32 dev, u32 slot, u16 version)
{
	int err;

	lockdep_assert_held(&zc_order_lock);
	err = ops ? ops->flush(donor, dev, slot, version) : -ENOENT;
	if (!err)
		counter_inc(zc, flushes_sent);
	return err;
}

/**
 * zc_remote_wait_room - a flush found no room: wait a little until donors have answered older ones
 * @ops:   of the tier, held by the caller
 * @tries: how often the flush may be tried, with the one that has failed; counted down. Not 0
 *
 * Context: process, sleeps for 10 ms; not under zc_order_lock, for which pushes would wait.
 * Return: false, at once: that was the last try.
 */
bool zc_remote_wait_room(const struct zcache_remote_ops *ops, unsigned int *tries)
{
	lockdep_assert_not_held(&zc_order_lock);
	if (!--*tries)
		return false;
	ops->flush_end();
	msleep(10);
	return true;
}

/* One more page or batch is the tier's business. Any context but hard interrupts. */
void zc_remote_pin(void)
{
	const struct zcache_remote_ops *ops;
	unsigned long flags;

	spin_lock_irqsave(&pin_lock, flags);
	if (!pins++) {
		rcu_read_lock();
		ops = srcu_dereference_check(tier, &tier_srcu, lockdep_is_held(&pin_lock));
		/* Fails while the module is being unloaded, which waits for our callers. */
		if (ops && try_module_get(ops->owner))
			pinned = ops->owner;
		rcu_read_unlock();
	}
	spin_unlock_irqrestore(&pin_lock, flags);
}

void zc_remote_unpin(void)
{
	unsigned long flags;

	spin_lock_irqsave(&pin_lock, flags);
	if (!--pins && pinned) {
		module_put(pinned);
		pinned = NULL;
	}
	spin_unlock_irqrestore(&pin_lock, flags);
}

int zcache_register_remote(const struct zcache_remote_ops *ops)
{
	int err = 0;

	mutex_lock(&tier_lock);
	if (rcu_access_pointer(tier))
		err = -EBUSY;
	else
		rcu_assign_pointer(tier, ops);
	mutex_unlock(&tier_lock);
	if (!err)
		zcache_remote_kick();
	return err;
}
EXPORT_SYMBOL_GPL(zcache_register_remote);

void zcache_unregister_remote(const struct zcache_remote_ops *ops)
{
	mutex_lock(&tier_lock);
	if (rcu_access_pointer(tier) == ops) {
		spin_lock_irq(&pin_lock);
		RCU_INIT_POINTER(tier, NULL);
		spin_unlock_irq(&pin_lock);
		synchronize_srcu(&tier_srcu);
	}
	mutex_unlock(&tier_lock);
}
EXPORT_SYMBOL_GPL(zcache_unregister_remote);
