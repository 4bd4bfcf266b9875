// SPDX-License-Identifier: GPL-2.0
/*
 * books.c - where each page of a device is, counted exactly
 *
 * Each change of an index entry passes through changed(), under the object's lock,
 * and moves the books there.
 */
#include "internal.h"

static atomic_long_t donor_pages[ZCACHE_DONOR_MAX + 1];

u64 zcache_donor_pages(u16 donor)
{
	return donor <= ZCACHE_DONOR_MAX ? atomic_long_read(&donor_pages[donor]) : 0;
}
EXPORT_SYMBOL_GPL(zcache_donor_pages);

/* Each entry that lists a donor counts: whether it holds this version or an older one, it holds one. */
static void account_donors(const u16 *donor, unsigned int n, int sign)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		atomic_long_add(sign, &donor_pages[donor[i]]);
}

static void account_remote(struct zc_dev *dev, void *entry, int sign)
{
	struct tmem_remote r = tmem_remote_unpack(xa_to_value(entry));

	account_donors(r.donor, r.nr_donors, sign);
	atomic_long_add(sign, &dev->remote);
	if (sign > 0)
		zc_remote_pin();
	else
		zc_remote_unpin();
}

static void account_local(struct zc_dev *dev, const struct zc_entry *e, int sign)
{
	u16 list[ZCACHE_COPIES_MAX];

	account_donors(list, zc_donors_list(e->donors, list), sign);
	atomic_long_add(sign, e->flags & ZC_PUSHING ? &dev->in_flight : &dev->local);
}

/**
 * zc_account - an entry comes into its place in the books, or leaves it
 * @dev:   its device
 * @entry: of the index; its donors and flags do not change while it is in the books
 * @sign:  1 or -1
 *
 * Context: under the object's lock.
 */
void zc_account(struct zc_dev *dev, void *entry, int sign)
{
	if (xa_is_value(entry))
		account_remote(dev, entry, sign);
	else
		account_local(dev, entry, sign);
}

/**
 * zc_entry_unlist - take a donor out of a local entry's list
 * @dev:   its device
 * @e:     in the index
 * @donor: whom
 *
 * Context: under the object's lock. Return: true if it was there.
 */
bool zc_entry_unlist(struct zc_dev *dev, struct zc_entry *e, u16 donor)
{
	bool was_there;

	zc_account(dev, e, -1);
	was_there = zc_donors_remove(&e->donors, donor);
	zc_account(dev, e, 1);
	return was_there;
}

/* A new local page takes the version after the older one's, and its duty to tell the donors. */
static void inherit(struct zc_dev *dev, struct zc_entry *e, void *old)
{
	struct zc_entry *old_e = old;
	struct tmem_remote r;
	int i;

	if (!old) {
		e->version = atomic_inc_return(&dev->next_version);
	} else if (xa_is_value(old)) {
		r = tmem_remote_unpack(xa_to_value(old));
		e->version = r.version + 1;
		for (i = 0; i < r.nr_donors; i++)
			zc_donors_add(&e->donors, r.donor[i]);
	} else {
		e->version = old_e->version + 1;
		e->donors = old_e->donors;
	}
}

static void changed(void *host, u64 slot, void *old, void *new)
{
	struct zc_dev *dev = host;

	if (old)
		zc_account(dev, old, -1);
	if (new && !xa_is_value(new))
		inherit(dev, new, old);
	if (new)
		zc_account(dev, new, 1);
	if (!new || !xa_is_value(new))
		zc_freed_clear(dev, slot);
}

static void get(void *host, u64 slot, void *entry)
{
	zc_entry_get(entry);
}

static void drop(void *host, u64 slot, void *entry)
{
	if (!xa_is_value(entry))
		zc_entry_put(host, entry);
}

const struct tmem_pool_ops zc_pool_ops = {
	.get = get,
	.changed = changed,
	.drop = drop,
};

bool zcache_read_books(u32 id, struct zcache_books *books)
{
	struct zc_dev *dev = zc_dev_next(id);
	struct fswap_books fb;
	const char *path;

	if (!dev)
		return false;
	fswap_read_books(dev->fdev, &fb);
	*books = (struct zcache_books) {
		.id = dev->id,
		.slots = fb.slots,
		.used = fb.used,
		.local = atomic_long_read(&dev->local),
		.in_flight = atomic_long_read(&dev->in_flight),
		.remote = atomic_long_read(&dev->remote),
		.backing = fb.used - fb.above,
		.freed = atomic_long_read(&dev->nr_freed),
	};
	path = fswap_backing_path(dev->fdev);
	strscpy(books->backing_path, path ?: "", sizeof(books->backing_path));
	strscpy(books->name, fswap_name(dev->fdev), sizeof(books->name));
	zc_dev_put(dev);
	return true;
}
EXPORT_SYMBOL_GPL(zcache_read_books);
