// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "frontswap: " fmt

#include "backend.h"

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/wait_bit.h>

#include "device.h"
#include "drain.h"
#include "stats.h"
#include "trace.h"
#include "write.h"

/* One device's attached backend; never changes once it is reachable. */
struct fswap_link {
	const struct fswap_backend_ops *ops;
	void *priv;
};

DEFINE_STATIC_SRCU(fswap_srcu);

static const struct fswap_backend_ops *backend;	/* fswap_lock */
static bool unregistering;			/* fswap_lock */

/*
 * Pins: one for each page above and for each store() under way, on devices
 * without a backing device. The first takes a reference to the backend's
 * module and the last gives it back, so that rmmod says EBUSY in between.
 */
static bool pin(struct fswap_dev *dev, struct module *owner)
{
	unsigned long flags;
	bool pinned = true;

	if (dev->backing || atomic_inc_not_zero(&dev->pins))
		return true;

	spin_lock_irqsave(&dev->pin_lock, flags);
	if (!atomic_read(&dev->pins)) {
		pinned = try_module_get(owner);
		if (pinned)
			dev->pinned = owner;
	}
	if (pinned)
		atomic_inc(&dev->pins);
	spin_unlock_irqrestore(&dev->pin_lock, flags);
	return pinned;
}

/**
 * fswap_backend_unpin - a page has left, or a store() failed
 * @dev: the device
 *
 * Any context.
 */
void fswap_backend_unpin(struct fswap_dev *dev)
{
	unsigned long flags;

	if (dev->backing || atomic_add_unless(&dev->pins, -1, 1))
		return;

	spin_lock_irqsave(&dev->pin_lock, flags);
	if (atomic_dec_and_test(&dev->pins)) {
		module_put(dev->pinned);
		dev->pinned = NULL;
	}
	spin_unlock_irqrestore(&dev->pin_lock, flags);
}

/* Pages that an earlier backend lost keep their pins: let them pin @owner, or nobody. */
static int repin(struct fswap_dev *dev, struct module *owner)
{
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&dev->pin_lock, flags);
	module_put(dev->pinned);
	dev->pinned = NULL;
	if (owner && atomic_read(&dev->pins)) {
		if (try_module_get(owner))
			dev->pinned = owner;
		else
			err = -ENODEV;
	}
	spin_unlock_irqrestore(&dev->pin_lock, flags);
	return err;
}

/**
 * fswap_backend_store - offer a page
 * @dev:  the device
 * @slot: held by the caller
 * @page: the contents
 *
 * Return: 0, and the caller has a pin to hand to fswap_slot_taken(); -ENODEV:
 * nobody was asked, and older contents may still be above; else what the
 * backend said.
 */
int fswap_backend_store(struct fswap_dev *dev, u32 slot, struct page *page)
{
	struct fswap_link *link;
	int err = -ENODEV;
	int idx;

	idx = srcu_read_lock(&fswap_srcu);
	link = srcu_dereference(dev->link, &fswap_srcu);
	if (link && READ_ONCE(dev->accepting) && pin(dev, link->ops->owner)) {
		err = link->ops->store(link->priv, slot, page);
		if (err) {
			fswap_backend_unpin(dev);
			if (err == -ENODEV)
				err = -EIO;
		}
		trace_fswap_store(dev->id, slot, err);
	}
	srcu_read_unlock(&fswap_srcu, idx);
	return err;
}

/**
 * fswap_backend_wants - should a page that is read from below be above, too?
 * @dev:  the device; has a backing device
 * @slot: which
 *
 * Process context. Return: whether it is worth while to lock it and to offer it.
 */
bool fswap_backend_wants(struct fswap_dev *dev, u32 slot)
{
	struct fswap_link *link;
	bool wants = false;
	int idx;

	idx = srcu_read_lock(&fswap_srcu);
	link = srcu_dereference(dev->link, &fswap_srcu);
	if (link && link->ops->wants && READ_ONCE(dev->accepting))
		wants = link->ops->wants(link->priv, slot);
	srcu_read_unlock(&fswap_srcu, idx);
	return wants;
}

/**
 * fswap_backend_keep - offer a page that is below, and stays there
 * @dev:  the device
 * @slot: held by the caller since before the page was read
 * @page: its contents
 *
 * Return: 0; -ENODEV: nobody was asked; else what the backend said.
 */
int fswap_backend_keep(struct fswap_dev *dev, u32 slot, struct page *page)
{
	struct fswap_link *link;
	int err = -ENODEV;
	int idx;

	idx = srcu_read_lock(&fswap_srcu);
	link = srcu_dereference(dev->link, &fswap_srcu);
	if (link && link->ops->keep && READ_ONCE(dev->accepting))
		err = link->ops->keep(link->priv, slot, page);
	srcu_read_unlock(&fswap_srcu, idx);
	return err;
}

/**
 * fswap_backend_load - ask for a page
 * @dev:  the device
 * @load: page, slot and done are set. done() begins with
 *	  fswap_backend_load_ended().
 *
 * Return: as the backend's load(); -ENOENT without a backend.
 */
int fswap_backend_load(struct fswap_dev *dev, struct fswap_load *load)
{
	u32 id = dev->id, slot = load->slot;
	struct fswap_link *link;
	int err = -ENOENT;
	int idx;

	atomic_inc(&dev->loads);
	idx = srcu_read_lock(&fswap_srcu);
	link = srcu_dereference(dev->link, &fswap_srcu);
	if (link)
		err = link->ops->load(link->priv, load);
	srcu_read_unlock(&fswap_srcu, idx);

	/* If it is on its way, it may be over already, and @load gone. */
	trace_fswap_load(id, slot, err);
	if (err != -EINPROGRESS)
		fswap_backend_load_ended(dev);
	return err;
}

/**
 * fswap_backend_loads_end - no more loads for now: the backend may send its questions
 * @dev:    the device
 * @atomic: the caller must not sleep
 */
void fswap_backend_loads_end(struct fswap_dev *dev, bool atomic)
{
	struct fswap_link *link;
	int idx;

	idx = srcu_read_lock(&fswap_srcu);
	link = srcu_dereference(dev->link, &fswap_srcu);
	if (link && link->ops->loads_end)
		link->ops->loads_end(link->priv, atomic);
	srcu_read_unlock(&fswap_srcu, idx);
}

/**
 * fswap_backend_load_ended - one load less within the backend
 * @dev: the device
 *
 * Any context.
 */
void fswap_backend_load_ended(struct fswap_dev *dev)
{
	if (atomic_dec_and_test(&dev->loads))
		wake_up_var(&dev->loads);
}

/**
 * fswap_backend_invalidate - tell the backend that a slot is free
 * @dev:  the device
 * @slot: held by the caller
 *
 * Not from hard interrupts; spinlocks may be held, and interrupts be off.
 */
void fswap_backend_invalidate(struct fswap_dev *dev, u32 slot)
{
	struct fswap_link *link;
	int idx;

	idx = srcu_read_lock(&fswap_srcu);
	link = srcu_dereference(dev->link, &fswap_srcu);
	if (link)
		link->ops->invalidate_page(link->priv, slot);
	srcu_read_unlock(&fswap_srcu, idx);
}

static struct fswap_link *current_link(struct fswap_dev *dev)
{
	return rcu_dereference_protected(dev->link, lockdep_is_held(&fswap_lock));
}

/**
 * fswap_backend_policy_changed - tell the backend, if there is one
 * @dev: the device
 */
void fswap_backend_policy_changed(struct fswap_dev *dev)
{
	struct fswap_link *link = current_link(dev);

	if (link && link->ops->policy_changed)
		link->ops->policy_changed(link->priv);
}

/**
 * fswap_backend_attach - let the registered backend, if any, have a device
 * @dev: live or about to be, without a backend
 *
 * If the backend does not want it, the device passes through.
 */
void fswap_backend_attach(struct fswap_dev *dev)
{
	struct fswap_link *link;
	int err;

	lockdep_assert_held(&fswap_lock);
	if (!backend || unregistering)
		return;

	err = -ENOMEM;
	link = kzalloc(sizeof(*link), GFP_KERNEL);
	if (!link)
		goto passes_through;
	link->ops = backend;
	err = backend->attach(dev, dev->id, dev->map.nr, &link->priv);
	if (err)
		goto free_link;
	err = repin(dev, backend->owner);
	if (err)
		goto detach;

	WRITE_ONCE(dev->accepting, true);
	rcu_assign_pointer(dev->link, link);
	return;

detach:
	backend->detach(link->priv);
free_link:
	kfree(link);
passes_through:
	pr_warn("%s: no backend (%d), %s\n", dev->name, err,
		dev->backing ? "passing through" : "writes will fail");
}

/*
 * No store() or keep() is running afterwards, and none will come; whose page was taken may not have said so
 * yet, but holds its slot until then. Waiting bios go below.
 */
static void stop_accepting(struct fswap_dev *dev)
{
	WRITE_ONCE(dev->accepting, false);
	synchronize_srcu(&fswap_srcu);
	fswap_write_kick(dev);
}

/**
 * fswap_backend_detach - take a device from its backend, if it has one
 * @dev: the device. What is above now is forgotten by the backend.
 */
void fswap_backend_detach(struct fswap_dev *dev)
{
	struct fswap_link *link = current_link(dev);

	lockdep_assert_held(&fswap_lock);
	if (!link)
		return;

	stop_accepting(dev);
	RCU_INIT_POINTER(dev->link, NULL);
	synchronize_srcu(&fswap_srcu);
	/* Whose reader has not come to that yet, and now finds no backend to tell. */
	if (link->ops->loads_end)
		link->ops->loads_end(link->priv, false);
	/* A fetch may have minutes; in slices, so as not to look like a hung task. */
	while (!wait_var_event_timeout(&dev->loads, !atomic_read(&dev->loads), 30 * HZ))
		;
	link->ops->invalidate_area(link->priv);
	link->ops->detach(link->priv);
	repin(dev, NULL);
	kfree(link);
}

/**
 * fswap_register_backend - offer pages to @ops from now on
 * @ops: the backend; each live device is attached to it
 *
 * May sleep. Return: 0, -EBUSY if there is a backend, -EINVAL.
 */
int fswap_register_backend(const struct fswap_backend_ops *ops)
{
	struct fswap_dev *dev;
	int err = 0;

	if (!ops || !ops->attach || !ops->detach || !ops->store || !ops->load ||
	    !ops->invalidate_page || !ops->invalidate_area || !ops->wants != !ops->keep)
		return -EINVAL;

	mutex_lock(&fswap_lock);
	if (backend) {
		err = -EBUSY;
		goto unlock;
	}
	backend = ops;
	list_for_each_entry(dev, &fswap_devices, node) {
		if (dev->live)
			fswap_backend_attach(dev);
	}
unlock:
	mutex_unlock(&fswap_lock);
	return err;
}
EXPORT_SYMBOL_GPL(fswap_register_backend);

static struct fswap_dev *next_attached(void)
{
	struct fswap_dev *dev;

	lockdep_assert_held(&fswap_lock);
	list_for_each_entry(dev, &fswap_devices, node) {
		if (current_link(dev))
			return dev;
	}
	return NULL;
}

/* Takes its time, so fswap_lock is not held; dev->draining keeps the device from going. */
static void drain(struct fswap_dev *dev)
{
	lockdep_assert_held(&fswap_lock);
	dev->draining = true;
	mutex_unlock(&fswap_lock);

	stop_accepting(dev);
	fswap_drain(dev);

	mutex_lock(&fswap_lock);
	dev->draining = false;
}

/**
 * fswap_unregister_backend - bring everything home and forget @ops
 * @ops: the registered backend
 *
 * See frontswap.h. May sleep, long.
 */
void fswap_unregister_backend(const struct fswap_backend_ops *ops)
{
	struct fswap_books books;
	struct fswap_dev *dev;

	mutex_lock(&fswap_lock);
	if (backend != ops || unregistering)
		goto unlock;
	unregistering = true;
	while ((dev = next_attached())) {
		drain(dev);
		fswap_read_books(dev, &books);
		if (books.above)
			pr_err("%s: %llu pages could not be brought home and are lost\n",
			       dev->name, books.above);
		fswap_backend_detach(dev);
	}
	unregistering = false;
	backend = NULL;
unlock:
	mutex_unlock(&fswap_lock);
}
EXPORT_SYMBOL_GPL(fswap_unregister_backend);
