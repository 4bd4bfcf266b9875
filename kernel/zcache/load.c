// SPDX-License-Identifier: GPL-2.0
/*
 * load.c - a page on its way in: from the local cache, or from a donor
 *
 * A remote load lives in the memory that frontswap keeps for it
 * (fswap_load.priv) from zc_load() to done(). Its device stays: frontswap waits for
 * its loads before it detaches.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>

#include "comp.h"
#include "internal.h"
#include "trace.h"

/* How often a load looks at the index anew because the page has moved meanwhile. */
#define LOOKS_MAX 8

/**
 * struct remote_load - a load that asks donors
 * @fetch: the question
 * @dev:   the device
 * @entry: the index entry (a value) that it goes by
 * @turn:  whose turn it is to be asked, counted round after round
 * @looks: times the index was looked at
 * @asked: which of the entry's donors has the question
 * @missed: bits by donor of the entry: it said that it does not hold the page
 * @corrupt: likewise: it sent something else
 */
struct remote_load {
	struct zcache_fetch fetch;
	struct zc_dev *dev;
	void *entry;
	u8 turn;
	u8 looks;
	u8 asked;
	u8 missed;
	u8 corrupt;
};

static struct remote_load *remote_of(struct fswap_load *load)
{
	BUILD_BUG_ON(sizeof(struct remote_load) > sizeof(load->priv));
	return (struct remote_load *)load->priv;
}

static struct fswap_load *load_of(struct remote_load *rl)
{
	return container_of((unsigned long (*)[16])rl, struct fswap_load, priv);
}

/* The index entry by which a load that went to donors was made. From its done() only. */
void *zc_load_entry(struct fswap_load *load)
{
	return remote_of(load)->entry;
}

/* Can the page be had from the backing device, as far as anyone knows? */
static bool is_below(struct remote_load *rl)
{
	struct fswap_load *load = load_of(rl);

	return !load->below_failed && fswap_slot_has_below(rl->dev->fdev, load->slot);
}

static int load_local(struct zc_dev *dev, struct zc_entry *e, struct page *page)
{
	int err = zc_entry_read(dev, e, page);

	if (zc_entry_is_same(e))
		counter_inc(zc, loads_same_filled);
	else
		counter_inc(zc, loads_local);
	if (err) {
		counter_inc(zc, loads_corrupt);
		pr_err_ratelimited("slot %u of %s: its %u bytes in the local cache do not decompress: memory was damaged\n",
				   e->slot, fswap_name(dev->fdev), e->len);
	}
	trace_zcache_load(dev->id, e->slot, false, err);
	zc_entry_put(dev, e);
	return err;
}

struct lose {
	struct remote_load *rl;
	bool lost;
};

/* Does anybody miss it? Not who stores another page there just now, or frees the slot. */
static bool is_wanted(struct remote_load *rl)
{
	return load_of(rl)->below_failed ||
	       fswap_slot_needs_above(rl->dev->fdev, rl->fetch.slot);
}

static void *lose_entry(void *ctx, u64 slot, void *entry)
{
	struct lose *l = ctx;
	struct tmem_remote r = tmem_remote_unpack(xa_to_value(l->rl->entry));

	if (entry != l->rl->entry || zc_slot_is_freed(l->rl->dev, slot) || !r.nr_donors ||
	    !is_wanted(l->rl))
		return entry;
	r.nr_donors = 0;
	l->lost = true;
	return zc_remote_entry(&r);
}

/* No copy could be had. Where a backing copy exists, frontswap reads it on this errno. */
static int give_up(struct remote_load *rl)
{
	struct tmem_remote r = tmem_remote_unpack(xa_to_value(rl->entry));
	struct zc_dev *dev = rl->dev;
	struct lose l = { .rl = rl };
	u32 slot = rl->fetch.slot;

	if (is_below(rl))
		return -ENODATA;
	if (rl->missed != BIT(r.nr_donors) - 1) {
		zc_lost(dev, slot, 1, rl->fetch.donor,
			rl->corrupt ? ZCACHE_LOSS_UNREADABLE : ZCACHE_LOSS_UNANSWERED);
		return -EIO;
	}
	/* Once: a page that is lost already has been told of. */
	tmem_modify(dev->pool, slot, lose_entry, &l);
	if (l.lost)
		zc_lost(dev, slot, 1, rl->fetch.donor, ZCACHE_LOSS_MISSED);
	return -EIO;
}

static int ask_next(struct remote_load *rl);

/* Looks at the index, and loads or asks accordingly. As fswap's load() returns. */
static int look(struct remote_load *rl)
{
	struct zc_dev *dev = rl->dev;
	struct fswap_load *load = load_of(rl);
	void *entry;

	for (;;) {
		if (zc_slot_is_freed(dev, load->slot))
			return -ENOENT;
		entry = tmem_get(dev->pool, load->slot);
		if (!entry)
			return -ENOENT;
		if (!xa_is_value(entry))
			return load_local(dev, entry, load->page);
		if (entry == rl->entry || rl->looks == LOOKS_MAX)
			return give_up(rl);
		rl->entry = entry;
		rl->turn = 0;
		rl->missed = 0;
		rl->corrupt = 0;
		if (rl->looks++)
			counter_inc(zc, fetch_retried);
		if (ask_next(rl) == -EINPROGRESS)
			return -EINPROGRESS;
	}
}

/* A donor that takes long is left for the next, with more patience each time, for so many rounds. */
#define HEDGED_ROUNDS	3

/*
 * Asks donor @i of the entry @r, unless it has shown that it is of no use. True if it has the
 * question: then the load may be done and gone by now.
 */
static bool ask(struct remote_load *rl, const struct zcache_remote_ops *ops,
		const struct tmem_remote *r, unsigned int i, enum zcache_fetch_if when,
		unsigned int hedge)
{
	if ((rl->missed | rl->corrupt) & BIT(i))
		return false;
	rl->asked = i;
	rl->fetch.dev = rl->dev->id;
	rl->fetch.donor = r->donor[i];
	rl->fetch.version = r->version;
	rl->fetch.len = r->len;
	rl->fetch.comp = r->comp;
	rl->fetch.when = when;
	rl->fetch.hedge = hedge;
	rl->fetch.others = r->nr_donors > 1;
	return !ops->fetch(&rl->fetch);
}

/* Asks those that are up in turn, who have somebody else after them. */
static bool ask_hedged(struct remote_load *rl, const struct zcache_remote_ops *ops,
		       const struct tmem_remote *r, unsigned int rounds)
{
	unsigned int n = r->nr_donors, turn;

	while (rl->turn < rounds * n) {
		turn = rl->turn++;
		if (turn)
			counter_inc(zc, fetch_next_source);
		if (ask(rl, ops, r, turn % n, ZCACHE_IF_UP, turn / n + 1))
			return true;
	}
	return false;
}

/* There is no other copy: asks one that can be asked; if there is none, waits for one to come back. */
static bool ask_patiently(struct remote_load *rl, const struct zcache_remote_ops *ops,
			  const struct tmem_remote *r)
{
	unsigned int n = r->nr_donors, first = rl->turn, when, i;

	if (!n)
		return false;
	if (first)
		counter_inc(zc, fetch_next_source);
	rl->turn = HEDGED_ROUNDS * n + (first + 1) % n;
	for (when = n > 1 ? ZCACHE_IF_UP : ZCACHE_ANYHOW; when <= ZCACHE_ANYHOW; when++)
		for (i = 0; i < n; i++)
			if (ask(rl, ops, r, (first + i) % n, when, 0))
				return true;
	return false;
}

/* Asks the next donor of the entry: -EINPROGRESS, or -ENOENT if there is none to be asked. */
static int ask_next(struct remote_load *rl)
{
	struct tmem_remote r = tmem_remote_unpack(xa_to_value(rl->entry));
	const struct zcache_remote_ops *ops;
	bool below = is_below(rl), asked;
	int idx;

	ops = zc_remote_get(&idx);
	if (!ops)
		return -ENOENT;
	if (below)
		asked = ask_hedged(rl, ops, &r, 1);
	else
		/* With nobody else to ask, there is no reason to hurry. */
		asked = (r.nr_donors > 1 && ask_hedged(rl, ops, &r, HEDGED_ROUNDS)) ||
			ask_patiently(rl, ops, &r);
	zc_remote_put(idx);
	return asked ? -EINPROGRESS : -ENOENT;
}

/* Is the page somewhere else by now, or freed? */
static bool has_moved(struct remote_load *rl)
{
	struct zc_dev *dev = rl->dev;
	u32 slot = rl->fetch.slot;
	void *entry = tmem_get(dev->pool, slot);

	if (entry && !xa_is_value(entry))
		zc_entry_put(dev, entry);
	return entry != rl->entry || zc_slot_is_freed(dev, slot);
}

static int unpack(struct remote_load *rl, const void *data, size_t len)
{
	struct tmem_remote r = tmem_remote_unpack(xa_to_value(rl->entry));
	void *dst;
	int err = 0;

	if (len != r.len || (r.comp == ZCOMP_RAW && len != PAGE_SIZE))
		return -EBADMSG;
	dst = kmap_local_page(load_of(rl)->page);
	if (r.comp == ZCOMP_RAW)
		memcpy(dst, data, PAGE_SIZE);
	else
		err = zcomp_decompress(r.comp, data, len, dst);
	kunmap_local(dst);
	return err;
}

void zcache_fetch_done(struct zcache_fetch *fetch, int err, const void *data, size_t len)
{
	struct remote_load *rl = container_of(fetch, struct remote_load, fetch);
	struct fswap_load *load = load_of(rl);
	u32 dev = rl->dev->id;

	if (!err) {
		err = unpack(rl, data, len);
		if (err) {
			counter_inc(zc, loads_corrupt);
			rl->corrupt |= BIT(rl->asked);
		} else {
			counter_inc(zc, loads_remote);
		}
	} else if (err == -ENOENT) {
		rl->missed |= BIT(rl->asked);
	} else if (err == -ETIME) {
		counter_inc(zc, fetch_hedged);
	}
	if (err) {
		err = has_moved(rl) ? -ENOENT : ask_next(rl);
		if (err != -EINPROGRESS)
			err = look(rl);
		if (err == -EINPROGRESS) {
			zc_loads_end(NULL, true);
			return;
		}
	}
	trace_zcache_load(dev, load->slot, true, err);
	load->done(load, err);
}
EXPORT_SYMBOL_GPL(zcache_fetch_done);

/**
 * zc_load - bring a page back (the backend's load)
 * @priv: the device
 * @load: what is wanted, and room for a remote load
 *
 * Context: process, may sleep for a moment.
 * Return: 0, -EINPROGRESS, -ENOENT, -ENODATA (not to be had above, but below),
 * -EIO.
 */
int zc_load(void *priv, struct fswap_load *load)
{
	struct remote_load *rl = remote_of(load);
	int err;

	*rl = (struct remote_load) {
		.dev = priv,
		.fetch.slot = load->slot,
		.fetch.since = jiffies,
	};
	err = look(rl);
	if (err == -ENOENT)
		counter_inc(zc, loads_missed);
	return err;
}

/* No more loads for now (the backend's loads_end): donors are asked. */
void zc_loads_end(void *priv, bool atomic)
{
	const struct zcache_remote_ops *ops;
	int idx;

	ops = zc_remote_get(&idx);
	if (!ops)
		return;
	ops->fetch_end(atomic);
	zc_remote_put(idx);
}
