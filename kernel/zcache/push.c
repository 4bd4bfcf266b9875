// SPDX-License-Identifier: GPL-2.0
/*
 * push.c - cold zpages go to donors
 *
 * A page in a batch is off the LRU and flagged ZC_PUSHING, and its entry lists the
 * batch's donors before the first byte leaves, so that a store or an
 * invalidate that comes meanwhile inherits the duty to tell them. When the
 * answer is there the entry is replaced iff it is still the one that was
 * pushed.
 *
 * zc_order_lock: pushes and flushes of a slot are sent in the order in which its entry
 * went through the states that they stand for. A donor keeps what comes last: of two versions pushed
 * out of order the older one, and of a flush before a push of what it should forget, that.
 */
#include "internal.h"
#include "trace.h"

/* Held from the first change of an entry to when what it says is queued for the donors. */
DEFINE_MUTEX(zc_order_lock);

atomic_long_t zc_copies_made;	/* on donors, of pages that have become remote, ever */

struct mark {
	struct zc_dev *dev;
	struct zc_entry *e;
	const struct zcache_push *push;
	struct zc_donors refused;
	struct zc_donors before;	/* the batch */
	bool pushed_before;
	bool unsent;	/* it did not fit: the batch's donors hold nothing of it */
	bool ok;
	bool full;	/* of donors that may hold older versions */
	bool freed;
};

/* Dead donors make room in a list for those that are to get the page. */
static void drop_dead(struct zc_donors *donors)
{
	u16 list[ZCACHE_COPIES_MAX];
	unsigned int i, n = zc_donors_list(*donors, list);

	for (i = 0; i < n; i++) {
		if (!zc_donor_is_dead(list[i]))
			continue;
		zc_donors_remove(donors, list[i]);
		zc_donor_abandoned(list[i]);
	}
}

static bool add_donors(struct zc_donors *donors, const struct zcache_push *push)
{
	int i;

	for (i = 0; i < push->nr_donors; i++)
		if (!zc_donors_add(donors, push->donor[i]))
			return false;
	return true;
}

/* Local, in use, saved if need be, and with room in its list for the donors: it may go. */
static void *mark_pushing(void *ctx, u64 slot, void *entry)
{
	struct mark *m = ctx;
	struct zc_donors donors;

	if (entry != m->e || zc_slot_is_freed(m->dev, slot) || !zc_is_saved(m->dev, slot))
		return entry;
	donors = m->e->donors;
	zc_account(m->dev, entry, -1);
	m->ok = add_donors(&donors, m->push);
	if (!m->ok) {
		drop_dead(&m->e->donors);
		donors = m->e->donors;
		m->ok = add_donors(&donors, m->push);
	}
	m->full = !m->ok;
	m->before = m->e->donors;
	m->pushed_before = m->e->flags & ZC_PUSHED;
	if (m->ok) {
		m->e->donors = donors;
		m->e->flags |= ZC_PUSHING | ZC_PUSHED;
	}
	zc_account(m->dev, entry, 1);
	return entry;
}

static void *unmark_pushing(void *ctx, u64 slot, void *entry)
{
	struct mark *m = ctx;
	u16 list[ZCACHE_COPIES_MAX];
	unsigned int i, n = zc_donors_list(m->refused, list);

	m->ok = entry == m->e;
	if (m->ok)
		zc_account(m->dev, entry, -1);
	for (i = 0; i < n; i++)
		if (zc_donors_remove(&m->e->donors, list[i]) && m->ok)
			zc_donor_left(list[i]);
	/* Nobody else has changed its list meanwhile. */
	if (m->unsent)
		m->e->donors = m->before;
	if (m->unsent && !m->pushed_before)
		m->e->flags &= ~ZC_PUSHED;
	m->e->flags &= ~ZC_PUSHING;
	if (m->ok) {
		zc_account(m->dev, entry, 1);
		m->freed = zc_slot_is_freed(m->dev, slot);
	}
	return entry;
}

/* Back among the local pages, if it still is one. */
static void take_back(struct mark *m)
{
	tmem_modify(m->dev->pool, m->e->slot, unmark_pushing, m);
	if (m->freed)
		zc_freed_again(m->dev, m->e->slot);
	else if (m->ok && (m->unsent || m->e->flags & ZC_SPREAD))
		zc_lru_add_oldest(m->dev, m->e);
	else if (m->ok)
		zc_lru_add(m->dev, m->e);
}

/* Adds one page to the batch; false when it is full. */
static bool add(struct zc_dev *dev, const struct zcache_remote_ops *ops,
		struct zcache_push *push, struct zc_entry *e)
{
	struct mark m = { .dev = dev, .e = e, .push = push };
	void *dst;

	tmem_modify(dev->pool, e->slot, mark_pushing, &m);
	if (!m.ok) {
		/* They make room in the list when they have answered, and kick eviction. */
		if (m.full)
			zc_tell_outdated(dev, ops, e->slot, false);
		/* Else it is replaced, or freed: gone soon. */
		if (!zc_slot_is_freed(dev, e->slot))
			zc_lru_add(dev, e);
		zc_entry_put(dev, e);
		return true;
	}
	dst = ops->push_add(push, e->slot, e->version, e->comp, e->len);
	if (!dst) {
		m.unsent = true;
		take_back(&m);
		zc_entry_put(dev, e);
		return false;
	}
	push->rec[push->nr - 1].entry = e;
	zc_entry_copy(dev, e, dst);
	zc_leaving_add(e->len);
	return true;
}

/**
 * zc_push_batch - send the oldest zpages of a device to donors
 * @dev:     whose; the caller holds a reference
 * @min_age: only those at least so many seconds old
 *
 * Context: process, under memalloc_noreclaim.
 * Return: how many are on their way; 0 if no donor takes any now.
 */
unsigned int zc_push_batch(struct zc_dev *dev, unsigned int min_age)
{
	const struct zcache_remote_ops *ops;
	struct zcache_push *push;
	struct zc_entry *e;
	unsigned int n, looked, i;
	int idx;

	ops = zc_remote_get(&idx);
	if (!ops)
		return 0;
	zc_remote_pin();
	push = ops->push_begin(dev->id, fswap_policy(dev->fdev).replicas);
	if (!push) {
		zc_remote_unpin();
		zc_remote_put(idx);
		return 0;
	}
	for (i = 0; i < push->nr_donors; i++)
		push->life[i] = zc_donor_life(push->donor[i]);
	percpu_ref_get(&dev->refs);
	mutex_lock(&zc_order_lock);
	/* Some may not go now; those are passed over, but not for ever. */
	for (looked = 0; looked < 4 * ZCACHE_PUSH_MAX; looked++) {
		e = zc_lru_isolate(dev, min_age);
		if (!e || !add(dev, ops, push, e))
			break;
		cond_resched();
	}
	n = push->nr;
	if (n) {
		counter_inc(zc, pushed_batches);
		trace_zcache_push(dev->id, push->donor[0], n);
	}
	/* What was queued before is sent before. */
	ops->flush_end();
	ops->push_submit(push);
	mutex_unlock(&zc_order_lock);
	if (!n) {
		zc_dev_put(dev);
		zc_remote_unpin();
	}
	zc_remote_put(idx);
	return n;
}

struct commit {
	struct zc_dev *dev;
	struct zc_entry *e;
	const struct zcache_push *push;
	struct tmem_remote r;
	struct zc_donors leftover;	/* may hold an older version, and are not in @r */
	bool ordered;	/* zc_order_lock is held */
	bool wants_order;	/* there are some to be told: nothing was done without it */
	bool done;
	bool not_durable;
};

/* One has answered and then lost its memory, while the others took their time. */
static bool is_void(const struct zcache_push *push)
{
	int i;

	for (i = 0; i < push->nr_donors; i++)
		if (zc_donor_life(push->donor[i]) != push->life[i])
			return true;
	return false;
}

static void *commit_entry(void *ctx, u64 slot, void *entry)
{
	struct commit *c = ctx;
	int i;

	if (entry != c->e)
		return entry;
	/* The policy may have changed meanwhile. */
	c->not_durable = is_void(c->push) ||
			 (!zc_slot_is_freed(c->dev, slot) &&
			  (!zc_is_saved(c->dev, slot) ||
			   c->r.nr_donors < fswap_policy(c->dev->fdev).replicas));
	if (c->not_durable)
		return entry;
	c->leftover = c->e->donors;
	for (i = 0; i < c->r.nr_donors; i++)
		zc_donors_remove(&c->leftover, c->r.donor[i]);
	c->wants_order = c->leftover.packed && !c->ordered;
	if (c->wants_order)
		return entry;
	c->done = true;
	return zc_remote_entry(&c->r);
}

/*
 * No entry lists these donors any more: once the slot is free, nothing keeps a page of whatever version
 * from being stored there and pushed to them. So the flush is queued before it can be.
 */
static void tell_leftover(struct commit *c, const struct zcache_remote_ops *ops)
{
	u16 list[ZCACHE_COPIES_MAX];
	unsigned int i, n = zc_donors_list(c->leftover, list);
	int err;

	lockdep_assert_held(&zc_order_lock);
	for (i = 0; i < n; i++) {
		zc_donor_left(list[i]);
		err = zc_remote_flush(ops, list[i], c->dev->id, c->e->slot, c->r.version);
		if (err && err != -ENOENT)
			zc_donor_abandoned(list[i]);
	}
}

/*
 * The page is on all its donors: its entry becomes theirs. False if that is not enough. Not under
 * zc_order_lock.
 */
static bool commit(struct zc_dev *dev, const struct zcache_remote_ops *ops,
		   const struct zcache_push *push, const struct zcache_push_rec *rec)
{
	struct zc_entry *e = rec->entry;
	struct commit c = { .dev = dev, .e = e, .push = push };

	c.r = (struct tmem_remote) {
		.nr_donors = push->nr_donors,
		.version = rec->version,
		.len = rec->len,
		.comp = rec->comp,
	};
	memcpy(c.r.donor, push->donor, sizeof(c.r.donor));
	tmem_modify(dev->pool, e->slot, commit_entry, &c);
	if (c.wants_order) {
		mutex_lock(&zc_order_lock);
		c.ordered = true;
		tmem_modify(dev->pool, e->slot, commit_entry, &c);
		if (c.done)
			tell_leftover(&c, ops);
		mutex_unlock(&zc_order_lock);
	}
	if (c.not_durable)
		return false;
	if (!c.done) {
		counter_inc(zc, push_lost_race);
		return true;
	}
	counter_inc(zc, pushed_pages);
	atomic_long_add(c.r.nr_donors, &zc_copies_made);
	if (zc_slot_is_freed(dev, e->slot))
		zc_freed_again(dev, e->slot);
	return true;
}

void zcache_push_done(struct zcache_push *push)
{
	const struct zcache_remote_ops *ops;
	struct zcache_push_rec *rec;
	struct zc_dev *dev;
	struct mark m;
	unsigned int i, d;
	int idx;

	/* The batch holds a reference: the device is there. */
	dev = zc_dev_held(push->dev);
	ops = zc_remote_get(&idx);
	for (i = 0; i < push->nr; i++) {
		rec = &push->rec[i];
		zc_leaving_add(-(long)rec->len);
		/* A batch that ends within push_submit(), under zc_order_lock, was not acknowledged by all. */
		if (rec->acked != (1 << push->nr_donors) - 1 || !commit(dev, ops, push, rec)) {
			counter_inc(zc, push_not_enough_copies);
			m = (struct mark) { .dev = dev, .e = rec->entry };
			for (d = 0; d < push->nr_donors; d++)
				if (rec->refused & (1 << d))
					zc_donors_add(&m.refused, push->donor[d]);
			take_back(&m);
		}
		zc_entry_put(dev, rec->entry);
		cond_resched();
	}
	if (ops) {
		ops->flush_end();
		zc_remote_put(idx);
	}
	/* It was on its way when they were told to leave. */
	for (d = 0; d < push->nr_donors; d++)
		if (zcache_donor_is_leaving(push->donor[d]))
			zc_move_kick();
	fswap_retry(dev->fdev);
	zc_dev_put(dev);
	zc_remote_unpin();
	zc_evict_kick();
}
EXPORT_SYMBOL_GPL(zcache_push_done);
