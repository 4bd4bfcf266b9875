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
 * @tried: times that a donor of the entry was asked, round after round
 * @asked: donors of it that were asked so far
 * @looks: times the index was looked at
 * @missed: each donor so far said that it does not hold the page
 * @corrupt: one sent something else
 */
struct remote_load {
	struct zcache_fetch fetch;
	struct zc_dev *dev;
	void *entry;
	u8 tried;
	u8 asked;
	u8 looks;
	bool missed;
	bool corrupt;
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

	return !load->below_failed && fswap_slot_is_below(rl->dev->fdev, load->slot);
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

static void *lose_entry(void *ctx, u64 slot, void *entry)
{
	struct lose *l = ctx;
	struct tmem_remote r = tmem_remote_unpack(xa_to_value(l->rl->entry));

	if (entry != l->rl->entry || zc_slot_is_freed(l->rl->dev, slot) || !r.nr_donors)
		return entry;
	r.nr_donors = 0;
	l->lost = true;
	return zc_remote_entry(&r);
}

/* No copy could be had. Where a backing copy exists, frontswap reads it on this errno. */
static int give_up(struct remote_load *rl)
{
	struct zc_dev *dev = rl->dev;
	struct lose l = { .rl = rl };
	u32 slot = rl->fetch.slot;

	if (is_below(rl))
		return -ENODATA;
	if (!rl->missed) {
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
		rl->tried = 0;
		rl->asked = 0;
		rl->missed = true;
		if (rl->looks++)
			counter_inc(zc, fetch_retried);
		if (ask_next(rl) == -EINPROGRESS)
			return -EINPROGRESS;
	}
}

/*
 * In the first rounds, a donor that takes long is left for the next, with more patience each
 * time; then each has until the deadline; then even those that are down.
 */
#define ROUND_FULL	3
#define ROUND_PATIENT	4

/* Asks the next donor of the entry: -EINPROGRESS, or -ENOENT after the last. */
static int ask_next(struct remote_load *rl)
{
	struct tmem_remote r = tmem_remote_unpack(xa_to_value(rl->entry));
	const struct zcache_remote_ops *ops;
	bool below = is_below(rl);
	unsigned int n = r.nr_donors, round;
	int idx, err = -ENOENT;

	ops = zc_remote_get(&idx);
	if (!ops)
		return -ENOENT;
	while (n) {
		/* With nobody else to ask, there is no reason to hurry. */
		if (!rl->tried && n == 1 && !below)
			rl->tried = ROUND_FULL;
		round = rl->tried / n;
		if (round > ROUND_PATIENT || (rl->asked >= n && (rl->missed || below)))
			break;
		if (rl->asked)
			counter_inc(zc, fetch_next_source);
		if (rl->asked < n)
			rl->asked++;
		rl->fetch.dev = rl->dev->id;
		rl->fetch.version = r.version;
		rl->fetch.len = r.len;
		rl->fetch.comp = r.comp;
		rl->fetch.hedge = round < ROUND_FULL ? round + 1 : 0;
		rl->fetch.patient = round == ROUND_PATIENT;
		rl->fetch.donor = r.donor[rl->tried++ % n];
		if (!ops->fetch(&rl->fetch)) {
			/* The load may be done and gone by now. */
			err = -EINPROGRESS;
			break;
		}
		rl->missed = false;
	}
	zc_remote_put(idx);
	return err;
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
		rl->corrupt |= !!err;
		if (err)
			counter_inc(zc, loads_corrupt);
		else
			counter_inc(zc, loads_remote);
	}
	if (err) {
		if (err != -ENOENT)
			rl->missed = false;
		if (err == -ETIME)
			counter_inc(zc, fetch_hedged);
		err = ask_next(rl);
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

	*rl = (struct remote_load) { .dev = priv, .fetch.slot = load->slot };
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
