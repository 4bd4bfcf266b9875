// SPDX-License-Identifier: GPL-2.0
/* donors.c - the short list of donors in an entry */
#include "internal.h"

#define COUNT_SHIFT 30

static unsigned int nr_donors(struct zc_donors d)
{
	return d.packed >> COUNT_SHIFT;
}

static u16 donor_at(struct zc_donors d, unsigned int i)
{
	return d.packed >> (i * TMEM_REMOTE_DONOR_BITS) & TMEM_REMOTE_DONOR_MAX;
}

static struct zc_donors pack(const u16 *list, unsigned int n)
{
	struct zc_donors d = { .packed = n << COUNT_SHIFT };
	unsigned int i;

	for (i = 0; i < n; i++)
		d.packed |= (u32)list[i] << (i * TMEM_REMOTE_DONOR_BITS);
	return d;
}

/**
 * zc_donors_list - unpack
 * @donors: the list
 * @list:   where its members go
 *
 * Context: any. Return: how many.
 */
unsigned int zc_donors_list(struct zc_donors donors, u16 list[ZCACHE_COPIES_MAX])
{
	unsigned int i;

	for (i = 0; i < nr_donors(donors); i++)
		list[i] = donor_at(donors, i);
	return i;
}

/**
 * zc_donors_add - add a donor unless it is there
 * @donors: the list
 * @donor:  whom
 *
 * Context: any; the caller's lock guards the list. Return: false if the list is full.
 */
bool zc_donors_add(struct zc_donors *donors, u16 donor)
{
	u16 list[ZCACHE_COPIES_MAX];
	unsigned int i, n = zc_donors_list(*donors, list);

	for (i = 0; i < n; i++)
		if (list[i] == donor)
			return true;
	if (n == ZCACHE_COPIES_MAX)
		return false;
	list[n++] = donor;
	*donors = pack(list, n);
	return true;
}

/**
 * zc_donors_remove - take a donor out
 * @donors: the list
 * @donor:  whom
 *
 * Context: any; the caller's lock guards the list. Return: true if it was there.
 */
bool zc_donors_remove(struct zc_donors *donors, u16 donor)
{
	u16 list[ZCACHE_COPIES_MAX];
	unsigned int i, kept = 0, n = zc_donors_list(*donors, list);

	for (i = 0; i < n; i++)
		if (list[i] != donor)
			list[kept++] = list[i];
	*donors = pack(list, kept);
	return kept != n;
}

/* Those of a list that can be told something; with @leaving, of these those that leave. Any context. */
struct zc_donors zc_donors_alive(struct zc_donors donors, bool leaving)
{
	u16 list[ZCACHE_COPIES_MAX];
	unsigned int i, n = zc_donors_list(donors, list);

	for (i = 0; i < n; i++)
		if (zc_donor_is_dead(list[i]) || (leaving && !zcache_donor_is_leaving(list[i])))
			zc_donors_remove(&donors, list[i]);
	return donors;
}

/* The index entry that stands for @r. Any context. */
void *zc_remote_entry(const struct tmem_remote *r)
{
	return xa_mk_value(tmem_remote_pack(r));
}

/* A remote page with the given copies. Any context. */
struct tmem_remote zc_donors_remote(struct zc_donors donors, u16 version, u16 len, u8 comp)
{
	struct tmem_remote r = { .version = version, .len = len, .comp = comp };

	r.nr_donors = zc_donors_list(donors, r.donor);
	return r;
}

/* Does an entry of the index list @donor, which so may hold some version of it? Under the object's lock. */
bool zc_entry_lists(void *entry, u16 donor)
{
	struct zc_entry *e = entry;
	struct tmem_remote r;
	struct zc_donors d;

	if (xa_is_value(entry)) {
		r = tmem_remote_unpack(xa_to_value(entry));
		return tmem_remote_remove_donor(&r, donor);
	}
	d = e->donors;
	return zc_donors_remove(&d, donor);
}
