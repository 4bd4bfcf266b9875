/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frontswap.h - what frontswap.ko offers to a backend
 *
 * A frontswap device is a block device of page-sized slots, stacked over an
 * optional backing device. One backend may register at any time; from then on
 * it is offered each page written, and keeps ("above") those it takes. The
 * device keeps a bit a slot that says whether the page is above, and another
 * that says whether the backing device ("below") holds its current contents.
 */
#ifndef _FRONTSWAP_FRONTSWAP_H
#define _FRONTSWAP_FRONTSWAP_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct fswap_dev;
struct module;
struct page;

/**
 * struct fswap_load - one page on its way back from the backend
 * @page:  where the contents go; no highmem tricks: use kmap_local_page()
 * @slot:  which page is wanted
 * @done:  set by frontswap. The backend calls it exactly once, from any
 *         context up to softirq, if its load() returned -EINPROGRESS. @err is
 *         0, -ENOENT (the slot holds nothing above, look again) or another
 *         negative errno (the page cannot be had: EIO to the reader).
 * @below_failed: the copy on the backing device cannot be read, so do not refer to it
 * @node:  for the backend while it owns the load
 * @priv:  for the backend while it owns the load
 */
struct fswap_load {
	struct page *page;
	u32 slot;
	void (*done)(struct fswap_load *load, int err);
	bool below_failed;
	struct list_head node;
	unsigned long priv[16];
};

/* Pages that go to the backing device in one bio. */
#define FSWAP_RUN_MAX	32

/**
 * struct fswap_writeback - pages that the backend writes to the backing device
 * @slot: of the first; the others are its neighbours
 * @nr:   how many
 * @page: the contents; they stay the backend's
 * @done: called once, in process context, by a worker of frontswap's: not to
 *	  wait there for other writebacks
 * @work: frontswap's, until @done
 * @dev:  frontswap's, until @done
 * @err:  frontswap's, until @done
 */
struct fswap_writeback {
	u32 slot;
	unsigned int nr;
	struct page *page[FSWAP_RUN_MAX];
	void (*done)(struct fswap_writeback *wb, int err);
	struct work_struct work;
	struct fswap_dev *dev;
	int err;
};

/**
 * struct fswap_backend_ops - a backend
 *
 * frontswap runs one of store(), keep(), invalidate_page() and a writeback at a time
 * for a slot; loads of the slot may run beside any of them. All but
 * invalidate_page() run in process context, on behalf of memory reclaim: no
 * GFP_KERNEL, no waiting for I/O to the device itself or to the backing device.
 *
 * @attach: a device appeared (or the backend just registered). @id is the N of
 *	frontswapN. May sleep and use GFP_KERNEL. On an error the device
 *	passes through.
 * @detach: the device goes; no call for @priv is running or will come. All
 *	pages still above are to be forgotten. May sleep.
 * @store: keep a copy of @page. 0: taken; the older contents of @slot are
 *	gone. -EAGAIN: no room now but soon; frontswap keeps the bio and tries
 *	again on fswap_retry(), which the backend then owes it, or when its
 *	patience ends. Any other error: refused. On every error any older
 *	contents of @slot must be gone above.
 * @load: bring back @load->slot. 0: done, @load->page is filled. -EINPROGRESS:
 *	@load->done will be called. -ENOENT: not above. Other errors: the
 *	page is above but cannot be had.
 * @loads_end: optional: no more loads for now, so send off what was asked for.
 *	Follows each load() that returned -EINPROGRESS, once for many. Process
 *	context; @atomic: without sleeping.
 * @invalidate_page: @slot is free. Atomic context, maybe under the swap lock:
 *	only queue. A store() that follows wins over it. Called only for a slot
 *	whose page is above.
 * @invalidate_area: all slots are free. May sleep.
 * @policy_changed: optional: the device has another policy. Process context, must not wait
 *	for I/O.
 * @wants: optional: the page in @slot is about to be read from the backing device: should it be above, too?
 *	A hint: all may have changed by the time of the keep(). Process context, must not wait.
 * @keep: goes with @wants: @page is what the backing device has in @slot, which is locked, and goes on to
 *	have: keep a copy in place of whatever is above. 0: taken. An errno: not, and what
 *	was above still is. As store() else.
 */
struct fswap_backend_ops {
	struct module *owner;
	int (*attach)(struct fswap_dev *dev, u32 id, u32 nr_slots, void **priv);
	void (*detach)(void *priv);
	int (*store)(void *priv, u32 slot, struct page *page);
	int (*load)(void *priv, struct fswap_load *load);
	void (*loads_end)(void *priv, bool atomic);
	void (*invalidate_page)(void *priv, u32 slot);
	void (*invalidate_area)(void *priv);
	void (*policy_changed)(void *priv);
	bool (*wants)(void *priv, u32 slot);
	int (*keep)(void *priv, u32 slot, struct page *page);
};

/**
 * struct fswap_policy - when the backend may let go of its only local copy of a page
 * @backup:     only when it is on the backing device, too
 * @replicas:   only when so many others have acknowledged a copy, 1 to 3, unless it is on the backing
 *		device and nowhere else
 * @allow_loss: whoever set this up knows that one failure may lose pages
 */
struct fswap_policy {
	bool backup;
	u8 replicas;
	bool allow_loss;
};

/* One backend at a time: -EBUSY if there is one. May sleep. */
int fswap_register_backend(const struct fswap_backend_ops *ops);

/*
 * Drains each device (every page above is loaded and written below), detaches
 * it and forgets @ops. A device without a backing device pins @ops->owner while
 * pages are above, so that rmmod says EBUSY instead. May sleep, long.
 */
void fswap_unregister_backend(const struct fswap_backend_ops *ops);

/* There is room above again: bios that wait on -EAGAIN are tried. Any context. */
void fswap_retry(struct fswap_dev *dev);

bool fswap_has_backing(const struct fswap_dev *dev);
const char *fswap_name(const struct fswap_dev *dev);

/*
 * Does the backing device hold the current contents of @slot, so that the page
 * above may be dropped at once? False while the slot is held by whoever writes it, or brings its page
 * up. Any context. To be trusted only under the backend's own lock on the slot, in the
 * same critical section as the drop.
 */
bool fswap_slot_is_below(const struct fswap_dev *dev, u32 slot);

/* The same, whoever holds the slot: to decide where to read, and nothing else. Any context. */
bool fswap_slot_has_below(const struct fswap_dev *dev, u32 slot);

/*
 * Is the page above the only one, and does anybody want it? Not where the backing device has it, too,
 * even while the slot is being written anew; nor while it is being freed. Any context; to be trusted as
 * fswap_slot_is_below().
 */
bool fswap_slot_needs_above(const struct fswap_dev *dev, u32 slot);

/* What holds now; it can change at any moment (policy_changed). Any context. */
struct fswap_policy fswap_policy(const struct fswap_dev *dev);

/*
 * Write pages that are above to the backing device, too; asynchronous.
 *
 * fswap_writeback_begin() locks up to @wb->nr slots from @wb->slot on, as many as are above
 * only and are not being written, and says in @wb->nr how many. -ENODEV: no backing
 * device; -EBUSY: the first is being written by the device's user or by another
 * writeback; -ENOENT: it is not above (any more), or below already.
 *
 * From then on the device's user cannot change those pages (his writes are held
 * back), only free them; so what the backend has in its index is what to write. It puts
 * the contents of as many as it likes into @wb->page[] and calls
 * fswap_writeback_submit(), which unlocks the others. Unless that is none, @done
 * will be called. With no error, each page that was not freed meanwhile is below
 * by then (fswap_slot_is_below()), beside being above.
 *
 * Process context. The backend must have seen the @done of each writeback before its
 * detach() returns.
 */
int fswap_writeback_begin(struct fswap_dev *dev, struct fswap_writeback *wb);
void fswap_writeback_submit(struct fswap_writeback *wb, unsigned int nr);

/*
 * The slot's page is no longer above; below is current iff @below. Called by
 * the backend with its own lock on the slot held, in the same critical section
 * in which it drops its entry, so that a store() cannot come between. Any
 * context. Nothing happens if the slot was invalidated meanwhile. Not for an
 * entry that a store() replaces or fails over, nor for one that is lost: its
 * slot stays "above", so that a reader gets an error and not stale contents.
 */
void fswap_slot_dropped(struct fswap_dev *dev, u32 slot, bool below);

/*
 * Books of a device, for netlink and tests: one snapshot. Slot 0, which holds
 * mkswap's header, is in none of them but slots.
 */
struct fswap_books {
	u64 slots;	/* of the device */
	u64 used;	/* above or below */
	u64 above;
	u64 below;
};

void fswap_read_books(struct fswap_dev *dev, struct fswap_books *books);
const char *fswap_backing_path(const struct fswap_dev *dev); /* NULL: none */

/* Each counter of the module, through @emit; see counters.h. May sleep. */
void fswap_counters_emit(void (*emit)(void *ctx, const char *name, s64 value), void *ctx);

#endif
