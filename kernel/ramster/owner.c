// SPDX-License-Identifier: GPL-2.0
/*
 * owner.c - owners of what is kept here: they come, leave, and are forgotten
 *
 * An owner without a connection keeps its pages for grace_s: a broken network, or a
 * donor that restarts its listener, is no reason to lose them. An owner that comes back
 * in the same incarnation finds all; one that has restarted has forgotten its pages,
 * and they are freed at once. When we forget first, the owner must hear of it: from
 * then on we present ourselves to it in another incarnation (rs_owner_present()).
 *
 * We forget who does not come back in time, and, before this node suffers for what it lends,
 * whoever leaves us no other way (recall.c; rs_owner_give_up()). That may be when there is not
 * a page left and a kill waits for us. So nothing is allocated under owners_lock, and what holds
 * the pages, whose end may wait for others who do, is left to the grace work.
 *
 * What holds an owner's pages is made for its first one, and then used on: by its next life, and
 * for EMPTY_GRACE_S if it leaves without pages. It registers slab caches and a shrinker, so to
 * have that done anew for each connection would be too cheap a way to keep a donor busy.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/ratelimit.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>
#include <linux/zsmalloc.h>

#include "donor_internal.h"
#include "lane.h"
#include "netlink.h"
#include "recall.h"
#include "room.h"
#include "server.h"
#include "stats.h"

#define EMPTY_GRACE_S	30U
#define WANTS_S		30	/* since a PUT: there may be more to come */
#define TELL_S		60	/* in which an owner is worth so many lines in the log: */
#define TELL_LINES	10

/* Guards owners, the table's references, lives, given_up, and each owner's conns, left and away. */
static DEFINE_MUTEX(owners_lock);
static struct rs_owner *owners[RS_NODE_MAX + 1];
static DEFINE_IDA(pool_ids);

#define for_each_owner(owner, num)			\
	for ((num) = 0; (num) <= RS_NODE_MAX; (num)++)	\
		if (!((owner) = owners[num])) {} else

/* Those whose pages were given up, each with a reference, for the grace work to free. */
static LIST_HEAD(given_up);

/* How often what a node had here was forgotten though it lives. */
static u32 lives[RS_NODE_MAX + 1];

/* Page frames that all owners take up. */
static atomic_long_t all_frames;

static void grace_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(grace, grace_work);

unsigned long rs_donor_frames(void)
{
	return atomic_long_read(&all_frames);
}

static void count_frames(struct rs_owner *owner, long now)
{
	long before = atomic_long_xchg(&owner->frames, now);

	atomic_long_add(now - before, &all_frames);
	if (now < before)
		rs_recall_progress(before - now);
}

/* What a zpage costs beside itself: its struct and zsmalloc's handle. */
#define LENT_BYTES 32

/*
 * The owner's pages may have become more or fewer. Counted is all that they cost, their index
 * too: it is many times as much as the pages if these are tiny and far apart. Process context.
 */
void rs_owner_count(struct rs_owner *owner)
{
	unsigned long more = atomic_long_read(&owner->pages) * LENT_BYTES;
	struct zs_pool *zs = smp_load_acquire(&owner->zs);	/* rs_owner_equip() */
	struct tmem_pool *pool;
	int i;

	for (i = 0; i < RS_DEVICES; i++) {
		pool = READ_ONCE(owner->pools[i]);
		if (pool)
			more += tmem_pool_bytes(pool);
	}
	count_frames(owner, (zs ? zs_get_total_pages(zs) : 0) + PFN_UP(more));
}

/**
 * rs_owner_compact - free the frames that an owner's holes add up to
 * @owner: whose
 * @holes: if it has so many new ones at least
 *
 * Context: process.
 */
void rs_owner_compact(struct rs_owner *owner, long holes)
{
	struct zs_pool *zs = smp_load_acquire(&owner->zs);	/* rs_owner_equip() */

	if (zs && atomic_long_read(&owner->holes) >= holes) {
		atomic_long_set(&owner->holes, 0);
		zs_compact(zs);
	}
	rs_owner_count(owner);
}

static void owner_free(struct kref *refs)
{
	struct rs_owner *owner = container_of(refs, struct rs_owner, refs);
	int i;

	for (i = 0; i < RS_DEVICES; i++)
		if (owner->pools[i])
			tmem_pool_destroy(owner->pools[i]);
	count_frames(owner, 0);
	if (owner->zs) {
		zs_destroy_pool(owner->zs);
		ida_free(&pool_ids, owner->pool_id);
	}
	kfree(owner);
}

void rs_owner_put(struct rs_owner *owner)
{
	kref_put(&owner->refs, owner_free);
}

/*
 * A pool names slab caches, and no two at a time may have one name: the pool of the owner's last
 * life may still be there. Nor may names be ever new, for sysfs keeps those of merged caches.
 */
static int pool_create(struct rs_owner *owner)
{
	struct zs_pool *zs;
	char name[24];

	lockdep_assert_held(&owner->pools_lock);
	owner->pool_id = ida_alloc(&pool_ids, RS_CONN_GFP);
	if (owner->pool_id < 0)
		return owner->pool_id;
	snprintf(name, sizeof(name), "ramster-%d", owner->pool_id);
	zs = zs_create_pool(name);
	if (!zs) {
		ida_free(&pool_ids, owner->pool_id);
		return -ENOMEM;
	}
	counter_inc(rs, donor_pools_made);
	/* rs_owner_count() looks without the lock. */
	smp_store_release(&owner->zs, zs);
	return 0;
}

/**
 * rs_owner_equip - make what holds an owner's pages, if it is not there yet
 * @owner: whose; the caller is one of its connections
 *
 * Memory reclaim on its behalf starts no I/O: that may end at an owner who waits for us.
 *
 * Context: process, sleeps.
 * Return: 0, or -ENOMEM.
 */
int rs_owner_equip(struct rs_owner *owner)
{
	unsigned int noio;
	int err = 0;

	if (smp_load_acquire(&owner->zs))	/* pairs with pool_create() */
		return 0;
	noio = memalloc_noio_save();
	mutex_lock(&owner->pools_lock);
	if (!owner->zs)
		err = pool_create(owner);
	mutex_unlock(&owner->pools_lock);
	memalloc_noio_restore(noio);
	return err;
}

static struct rs_owner *owner_new(u16 num, const u8 incarnation[RS_INCARNATION_BYTES])
{
	struct rs_owner *owner = kzalloc(sizeof(*owner), RS_CONN_GFP);

	if (!owner)
		return NULL;
	kref_init(&owner->refs);
	owner->num = num;
	memcpy(owner->incarnation, incarnation, sizeof(owner->incarnation));
	mutex_init(&owner->pools_lock);
	ratelimit_state_init(&owner->told, TELL_S * HZ, TELL_LINES);
	owner->put_at = jiffies - WANTS_S * HZ;
	return owner;
}

/* All its pages are freed, but not what holds them. It is in no table. Takes no lock that sleeps. */
static void empty(struct rs_owner *owner)
{
	struct tmem_pool *pool;
	int i;

	for (i = 0; i < RS_DEVICES; i++) {
		pool = READ_ONCE(owner->pools[i]);
		if (pool)
			tmem_flush_pool(pool);
	}
	rs_owner_count(owner);
}

/* An owner's next life. It is in no table. */
static void renew(struct rs_owner *owner, const u8 incarnation[RS_INCARNATION_BYTES])
{
	empty(owner);
	owner->away = false;
	owner->put_at = jiffies - WANTS_S * HZ;
	memcpy(owner->incarnation, incarnation, sizeof(owner->incarnation));
}

/*
 * One line in the log, and an event, for a change of an owner's state; but not each time that one
 * comes or goes who does so all the time. Process context.
 */
__printf(3, 4)
static void tell(struct rs_owner *owner, enum ramster_event event, const char *fmt, ...)
{
	struct rs_node_info node = { .name = "?" };
	char what[96], text[192];
	va_list args;

	if (event != RAMSTER_EVENT_OWNER_EXPIRED && !___ratelimit(&owner->told, "ramster: owner"))
		return;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	rs_node_find(owner->num, &node);
	snprintf(text, sizeof(text), "owner %s (%u) %s", node.name, owner->num, what);
	pr_info("%s\n", text);
	rs_event(event, owner->num, node.name, RAMSTER_NODE_DOWN, text);
}

/* Takes what the table has for @num out of it. */
static struct rs_owner *table_remove(u16 num)
{
	struct rs_owner *owner = owners[num];

	lockdep_assert_held(&owners_lock);
	owners[num] = NULL;
	if (owner && owner->away)
		counter_dec(rs, owners_away);
	return owner;
}

/* What the table has for @num, if it is of this life. */
static struct rs_owner *table_find(u16 num, const u8 incarnation[RS_INCARNATION_BYTES])
{
	struct rs_owner *owner = owners[num];

	lockdep_assert_held(&owners_lock);
	if (owner && memcmp(owner->incarnation, incarnation, sizeof(owner->incarnation)))
		return NULL;
	return owner;
}

/**
 * rs_owner_enter - an owner has connected
 * @num:         its node number
 * @incarnation: its life; another one's pages are forgotten
 *
 * Context: process, sleeps.
 * Return: the owner, referenced for the caller until rs_owner_leave(), or NULL: no memory.
 */
struct rs_owner *rs_owner_enter(u16 num, const u8 incarnation[RS_INCARNATION_BYTES])
{
	struct rs_owner *owner, *made = NULL, *old = NULL, *late = NULL;

	mutex_lock(&owners_lock);
	owner = table_find(num, incarnation);
	if (!owner) {
		/* With connections it is on its way out, and takes its pages along. */
		old = table_remove(num);
		if (old && !old->conns)
			swap(made, old);
		mutex_unlock(&owners_lock);
		if (made)
			renew(made, incarnation);
		else
			made = owner_new(num, incarnation);
		mutex_lock(&owners_lock);
		owner = table_find(num, incarnation);
	}
	if (!owner) {
		late = table_remove(num);
		swap(owner, made);
		owners[num] = owner;
	} else if (owner->away) {
		owner->away = false;
		counter_dec(rs, owners_away);
		tell(owner, RAMSTER_EVENT_OWNER_BACK, "is back: its %ld pages were kept",
		     atomic_long_read(&owner->pages));
	}
	if (owner) {
		owner->conns++;
		kref_get(&owner->refs);
	}
	mutex_unlock(&owners_lock);
	if (old)
		rs_owner_put(old);
	if (late)
		rs_owner_put(late);
	if (made)
		rs_owner_put(made);
	return owner;
}

/**
 * rs_owner_leave - a connection of an owner's has ended
 * @owner: of rs_owner_enter()
 *
 * With the last one the grace time of its pages begins. Who has none is forgotten soon, and who
 * has had none at once.
 *
 * Context: process.
 */
void rs_owner_leave(struct rs_owner *owner)
{
	struct rs_owner *gone = NULL;
	long pages;

	mutex_lock(&owners_lock);
	if (!--owner->conns && owners[owner->num] == owner) {
		pages = atomic_long_read(&owner->pages);
		owner->left = jiffies;
		if (pages) {
			owner->away = true;
			counter_inc(rs, owners_away);
			tell(owner, RAMSTER_EVENT_OWNER_AWAY,
			     "is away: its %ld pages are kept for %u s", pages,
			     READ_ONCE(rs_settings.grace_s));
		}
		if (owner->zs)
			mod_delayed_work(system_dfl_wq, &grace, 0);
		else
			gone = table_remove(owner->num);
	}
	mutex_unlock(&owners_lock);
	if (gone)
		rs_owner_put(gone);
	rs_owner_put(owner);
}

/*
 * What is kept for the node goes, as soon as none of its connections is left. Until
 * then more may come and be acknowledged, so the node hears of it even if nothing is here now.
 * Process context.
 */
void rs_owner_forget(u16 num)
{
	struct rs_owner *owner;

	mutex_lock(&owners_lock);
	owner = table_remove(num);
	if (owner)
		lives[num]++;
	mutex_unlock(&owners_lock);
	if (owner)
		rs_owner_put(owner);
}

/* The one that has been away for longest or, if @here, of those that are here the one that has most. */
static struct rs_owner *take_for_need(bool here)
{
	struct rs_owner *owner, *found = NULL;
	unsigned int num;

	lockdep_assert_held(&owners_lock);
	for_each_owner(owner, num) {
		if (here ? !owner->conns || !atomic_long_read(&owner->frames) : !owner->away)
			continue;
		if (!found || (here ? atomic_long_read(&owner->frames) > atomic_long_read(&found->frames) :
				      time_before(owner->left, found->left)))
			found = owner;
	}
	if (found) {
		lives[found->num]++;
		table_remove(found->num);
	}
	return found;
}

/**
 * rs_owner_give_up - this node needs its memory: forget an owner, with its pages
 * @here: one that is connected; else one that is away
 *
 * Its connections end, and it hears of it at the next one.
 *
 * Context: process. Waits for no memory, nor for who does.
 * Return: was there one?
 */
bool rs_owner_give_up(bool here)
{
	struct rs_owner *owner;
	long pages;

	mutex_lock(&owners_lock);
	owner = take_for_need(here);
	mutex_unlock(&owners_lock);
	if (!owner)
		return false;
	if (here)
		rs_server_forget(owner->num);
	pages = atomic_long_read(&owner->pages);
	empty(owner);
	counter_inc(rs, owners_forgotten);
	counter_add(rs, pages_forgotten, pages);
	tell(owner, RAMSTER_EVENT_OWNER_EXPIRED, "%s, and memory is short here: its %ld pages are freed",
	     here ? "gives nothing back" : "is away", pages);
	mutex_lock(&owners_lock);
	list_add_tail(&owner->node, &given_up);
	mutex_unlock(&owners_lock);
	mod_delayed_work(system_dfl_wq, &grace, 0);
	return true;
}

/**
 * rs_owner_present - the incarnation that an owner sees of us
 * @num:         its number
 * @incarnation: out
 *
 * It changes when this node restarts, and when it has forgotten this owner's pages.
 *
 * Context: process.
 */
void rs_owner_present(u16 num, u8 incarnation[RS_INCARNATION_BYTES])
{
	memcpy(incarnation, rs_incarnation, RS_INCARNATION_BYTES);
	mutex_lock(&owners_lock);
	put_unaligned_le32(get_unaligned_le32(incarnation) + lives[num], incarnation);
	mutex_unlock(&owners_lock);
}

/* The first owner with a number of at least @num, referenced, or NULL. Process context. */
struct rs_owner *rs_owner_next(u16 num)
{
	struct rs_owner *owner = NULL;
	unsigned int i;

	mutex_lock(&owners_lock);
	for (i = num; i <= RS_NODE_MAX && !owner; i++)
		owner = owners[i];
	if (owner)
		kref_get(&owner->refs);
	mutex_unlock(&owners_lock);
	return owner;
}

/**
 * rs_owners_read - what owners have, and who wants more
 * @info: out
 * @max:  how many of them there is place for
 *
 * An owner near its quota wants nothing: it cannot have it.
 *
 * Context: process.
 * Return: how many there are.
 */
unsigned int rs_owners_read(struct rs_fair_owner *info, unsigned int max)
{
	unsigned long quota = rs_room_quota(), put_at;
	struct rs_owner *owner;
	unsigned int num, nr = 0;

	mutex_lock(&owners_lock);
	for_each_owner(owner, num) {
		if (nr == max)
			break;
		put_at = READ_ONCE(owner->put_at);
		info[nr] = (struct rs_fair_owner) {
			.frames = atomic_long_read(&owner->frames),
			.num = num,
			.here = owner->conns,
			.wants = time_before(jiffies, put_at + WANTS_S * HZ),
		};
		info[nr].wants &= info[nr].frames < quota - quota / 8;
		nr++;
	}
	mutex_unlock(&owners_lock);
	return nr;
}

/* Seconds until an owner without a connection is forgotten, with its pages, rounded up. */
static u32 grace_left(const struct rs_owner *owner)
{
	unsigned long away = (jiffies - owner->left) / HZ;
	u32 grace_s = READ_ONCE(rs_settings.grace_s);

	lockdep_assert_held(&owners_lock);
	if (!owner->away)
		grace_s = min(grace_s, EMPTY_GRACE_S);
	return away < grace_s ? grace_s - away : 0;
}

/* Takes an owner whose grace time is over out of the table; else says in @next when one's will be. */
static struct rs_owner *take_expired(u32 *next)
{
	struct rs_owner *owner;
	unsigned int num;
	u32 left;

	lockdep_assert_held(&owners_lock);
	*next = U32_MAX;
	for_each_owner(owner, num) {
		if (owner->conns)
			continue;
		left = grace_left(owner);
		if (!left) {
			lives[num] += owner->away;
			return table_remove(num);
		}
		*next = min(*next, left);
	}
	return NULL;
}

/* What held the pages that were given up. */
static void free_given_up(void)
{
	struct rs_owner *owner, *next;
	LIST_HEAD(list);

	mutex_lock(&owners_lock);
	list_splice_init(&given_up, &list);
	mutex_unlock(&owners_lock);
	list_for_each_entry_safe(owner, next, &list, node)
		rs_owner_put(owner);
}

static void grace_work(struct work_struct *work)
{
	struct rs_owner *owner;
	long pages;
	u32 next;

	free_given_up();
	do {
		mutex_lock(&owners_lock);
		owner = take_expired(&next);
		mutex_unlock(&owners_lock);
		if (!owner)
			break;
		if (owner->away) {
			pages = atomic_long_read(&owner->pages);
			counter_inc(rs, owners_expired);
			counter_add(rs, pages_expired, pages);
			tell(owner, RAMSTER_EVENT_OWNER_EXPIRED,
			     "did not come back in time: its %ld pages are freed", pages);
		}
		rs_owner_put(owner);
	} while (true);
	if (next != U32_MAX)
		mod_delayed_work(system_dfl_wq, &grace, (unsigned long)next * HZ);
}

void rs_owner_grace_changed(void)
{
	mod_delayed_work(system_dfl_wq, &grace, 0);
}

void rs_owner_read(u16 num, struct rs_owner_info *info)
{
	struct rs_owner *owner;

	*info = (struct rs_owner_info) {};
	mutex_lock(&owners_lock);
	owner = owners[num];
	if (owner) {
		info->pages = atomic_long_read(&owner->pages);
		info->away = owner->away;
		if (info->away)
			info->grace_s = grace_left(owner);
	}
	mutex_unlock(&owners_lock);
}

void rs_owners_exit(void)
{
	unsigned int num;

	cancel_delayed_work_sync(&grace);
	for (num = 0; num <= RS_NODE_MAX; num++)
		rs_owner_forget(num);
	free_given_up();
}
