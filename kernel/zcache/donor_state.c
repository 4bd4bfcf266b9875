// SPDX-License-Identifier: GPL-2.0
/*
 * donor_state.c - what placement and repair have to know of each donor
 *
 * dead: it was silent for too long; its copies do not count, though they may be there
 * again when it comes back. leaving: it wants its RAM back. strays: how many copies it may
 * hold that no entry lists, since it could not be told. lives: how often what it
 * held was gone; what it acknowledged in an earlier one is no copy.
 */
#include "internal.h"

#define GIVE_UP_AGE	(5 * HZ)	/* beats of the peers are not that far apart */

static DECLARE_BITMAP(dead, ZCACHE_DONOR_MAX + 1);
static unsigned long died[ZCACHE_DONOR_MAX + 1];	/* jiffies; of those that are dead */
static atomic_t strays[ZCACHE_DONOR_MAX + 1];
static int strays_told[ZCACHE_DONOR_MAX + 1];	/* of these, when a sweep began; the sweeper's */

/* How many more copies are to leave each donor; S64_MAX: all, for good. */
static atomic64_t leaving[ZCACHE_DONOR_MAX + 1];

static atomic_t lives[ZCACHE_DONOR_MAX + 1];

static atomic_t evacuations;		/* calls of zcache_donor_evacuate() */

/* To be read before a pass over all pages, for zc_donors_empty(). */
int zc_evacuations(void)
{
	return atomic_read(&evacuations);
}

/* A pass has found no page to be moved: who was to lose some has none left. Process context. */
void zc_donors_empty(int evacuations_before)
{
	unsigned int donor;
	s64 n;

	for (donor = 0; donor <= ZCACHE_DONOR_MAX; donor++) {
		n = atomic64_read(&leaving[donor]);
		if (n && n != S64_MAX && zc_evacuations() == evacuations_before)
			atomic64_try_cmpxchg(&leaving[donor], &n, 0);
	}
}

/* Any context. */
u32 zc_donor_life(u16 donor)
{
	return atomic_read(&lives[donor]);
}

/*
 * @donor has forgotten all, or is about to. Called before the index is looked through for
 * copies there: a batch that was answered before either is found in it, or finds that
 * its answer is void. Any context.
 */
void zc_donor_new_life(u16 donor)
{
	atomic_inc(&lives[donor]);
}

bool zc_donor_is_dead(u16 donor)
{
	return test_bit(donor, dead);
}

/**
 * zc_donor_next_given_up - find a donor that is dead, and to have no page, for good
 * @first:   number to begin at
 * @waiting: set if there is one that has died too lately: what it died of may have taken others along
 *
 * Context: any. Return: its number, if it has pages; -1: there is none.
 */
int zc_donor_next_given_up(unsigned int first, bool *waiting)
{
	for_each_set_bit_from(first, dead, ZCACHE_DONOR_MAX + 1) {
		smp_rmb();	/* first dead, then since when; pairs with zcache_donor_down() */
		if (atomic64_read(&leaving[first]) != S64_MAX || !zcache_donor_pages(first))
			continue;
		if (time_after(jiffies, READ_ONCE(died[first]) + GIVE_UP_AGE))
			return first;
		*waiting = true;
	}
	return -1;
}

bool zcache_donor_is_leaving(u16 donor)
{
	return donor <= ZCACHE_DONOR_MAX && atomic64_read(&leaving[donor]);
}
EXPORT_SYMBOL_GPL(zcache_donor_is_leaving);

/* One copy less is on @donor. Any context. */
void zc_donor_left(u16 donor)
{
	s64 n = atomic64_read(&leaving[donor]);

	while (n && n != S64_MAX && !atomic64_try_cmpxchg(&leaving[donor], &n, n - 1))
		;
}

/* @donor was not told to forget a page that no entry lists as its any more. Any context. */
void zc_donor_abandoned(u16 donor)
{
	counter_inc(zc, stray_copies);
	atomic_inc(&strays[donor]);
}

static void fewer_strays(u16 donor, int n)
{
	atomic_sub(n, &strays[donor]);
	counter_add(zc, stray_copies, -n);
}

/* Is @donor being told of its strays, or has that failed? Any context. */
bool zc_donor_is_swept(u16 donor)
{
	return READ_ONCE(strays_told[donor]);
}

/* @donor is going to be told of the strays that it has now. */
void zc_donor_sweep_begins(u16 donor)
{
	WRITE_ONCE(strays_told[donor], atomic_read(&strays[donor]));
	zc_donor_new_life(donor);
}

void zcache_donor_evacuate(u16 donor, u64 pages)
{
	if (donor > ZCACHE_DONOR_MAX)
		return;
	atomic_inc(&evacuations);
	atomic64_set(&leaving[donor], min_t(u64, pages, S64_MAX));
	if (pages)
		zc_move_kick();
	else
		zcache_remote_kick();
}
EXPORT_SYMBOL_GPL(zcache_donor_evacuate);

void zcache_donor_down(u16 donor)
{
	if (donor > ZCACHE_DONOR_MAX)
		return;
	if (!zc_donor_is_dead(donor))
		WRITE_ONCE(died[donor], jiffies);
	smp_wmb();	/* pairs with zc_donor_next_given_up() */
	set_bit(donor, dead);
	zc_move_kick();
}
EXPORT_SYMBOL_GPL(zcache_donor_down);

void zcache_donor_up(u16 donor)
{
	if (donor > ZCACHE_DONOR_MAX)
		return;
	clear_bit(donor, dead);
	zc_freed_retell();
	zc_move_kick();
	zcache_remote_kick();
}
EXPORT_SYMBOL_GPL(zcache_donor_up);

struct listing {
	struct zc_dev *dev;
	u16 donor;
};

static bool is_unlisted(void *ctx, u64 slot, void *entry)
{
	struct listing *l = ctx;
	struct tmem_remote r;

	if (!xa_is_value(entry) || zc_slot_is_freed(l->dev, slot))
		return true;
	r = tmem_remote_unpack(xa_to_value(entry));
	return !tmem_remote_remove_donor(&r, l->donor);
}

/* So many strays are left where they are, or a share of what @donor rightly holds. */
#define STRAYS_MIN	256
#define STRAYS_SHARE	8

bool zcache_donor_is_littered(u16 donor)
{
	u64 n = atomic_read(&strays[donor]), pages = zcache_donor_pages(donor);

	return n && (!pages || n > max_t(u64, STRAYS_MIN, pages / STRAYS_SHARE));
}
EXPORT_SYMBOL_GPL(zcache_donor_is_littered);

bool zcache_donor_is_litter(u16 donor)
{
	struct listing l = { .donor = donor };
	bool listed = false;
	u32 id;

	if (!atomic_read(&strays[donor]))
		return false;
	zc_donor_sweep_begins(donor);
	for (id = 0; !listed && (l.dev = zc_dev_next(id)); id++) {
		id = l.dev->id;
		listed = tmem_walk(l.dev->pool, 0, is_unlisted, &l) != ULLONG_MAX;
		zc_dev_put(l.dev);
	}
	if (listed)
		WRITE_ONCE(strays_told[donor], 0);
	return !listed;
}
EXPORT_SYMBOL_GPL(zcache_donor_is_litter);

void zcache_donor_swept(u16 donor)
{
	fewer_strays(donor, READ_ONCE(strays_told[donor]));
	WRITE_ONCE(strays_told[donor], 0);
}
EXPORT_SYMBOL_GPL(zcache_donor_swept);

/* What was known of @donor is not true any more: it has restarted, or was removed. */
void zc_donor_reset(u16 donor, bool removed)
{
	fewer_strays(donor, atomic_read(&strays[donor]));
	WRITE_ONCE(strays_told[donor], 0);
	if (removed) {
		clear_bit(donor, dead);
		atomic64_set(&leaving[donor], 0);
	}
}
