// SPDX-License-Identifier: GPL-2.0
/*
 * recall.c - taking lent RAM back: when, how much, from whom
 *
 * One work looks at memory every POLL_MS while anything is lent. RAM is wanted back when
 * - the reserve is broken, or more is lent than the limit (room.c);
 * - this node's programs thrash: pages that they need again and again are evicted
 *   and read in anew. It is what PSI is made of, which modules cannot ask for. Not on a
 *   node that swaps to donors itself: there it is to be expected, and two
 *   that do would send their pages back and forth;
 * - memory reclaim calls the shrinker while the reserve is near, or comes to its end (OOM);
 * - the administrator drains this node.
 * Else owners may be asked for each other's sake (shares.c).
 *
 * Then nothing more is lent, and each connected owner is asked for its share of what is
 * wanted (RECALL). What has not come back after ROUND is asked for anew. Who needs memory
 * meanwhile waits a moment: in memory reclaim, or it would swap out what programs here use
 * before owners can answer, and before the OOM killer. Both only as long as owners do give back.
 *
 * A page may be an owner's only copy, so none is dropped as long as owners give back, or this
 * node can do without. But when they give back nothing, this node's programs come first: after
 * some patience (the table below), which the need makes short, one owner after the other is
 * forgotten with all its pages, as if this node had restarted: those that are away, who cannot
 * give back, before those that are here. Where the policy of the owner is met, it has other copies.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/shrinker.h>
#include <linux/swap.h>
#include <linux/vmstat.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "donor_internal.h"
#include "netlink.h"
#include "recall.h"
#include "room.h"
#include "server.h"
#include "shares.h"
#include "stats.h"
#include "trace.h"
#include "zcache/zcache.h"

#define POLL		(HZ / 10)
#define ROUND		(2 * HZ)	/* after which it is asked for anew */
#define HOLD		(5 * HZ)	/* without need, after which RAM is lent again */
#define LATE		(30 * HZ)	/* after which the log says so */
#define THRASH_EVERY	HZ		/* the kernel sums its counters up about as often */
#define THRASH_PAGES	256		/* read anew in that time: 1 MiB */
#define RECLAIM_WAIT	(HZ / 2)
#define OWNER_WAIT	(HZ / 20)	/* where two nodes may wait for each other */
#define RECLAIM_HOPE	(ROUND + HZ)
#define OOM_WAIT	(5 * HZ)
#define LATELY		(2 * HZ)	/* what reclaim has needed since, it needs */
#define NEVER		ULONG_MAX
#define ENOUGH		1024		/* frames that who waits is content with */
#define HOPEFUL		256		/* frames that let others wait for more */
#define TIGHT		256		/* frames that an owner may still fill */
#define HOLES		16		/* zpages that left, worth compacting then */

/*
 * What owners that are here give back at least, in LATE: this part of what is lent, up to some 4 Mbit/s,
 * or of what is wanted, up to some 36.
 */
#define PACE_PART	64
#define PACE_MIN	256UL		/* frames; 1 MiB */
#define PACE_MAX_LENT	4096UL
#define PACE_MAX	32768UL

/**
 * struct recall - one from its first need to HOLD after the last; the work's own
 * @since:  jiffies of its begin
 * @frames: lent then
 * @asked_at: jiffies of the last round
 * @asked:  frames wanted in it
 * @lent:   frames lent then
 * @calm_since: jiffies since which nothing is wanted, if @is_calm
 * @paced_at: jiffies since which @pace frames are to come back, on top of @paced_from, within LATE
 * @late:   it was said that it takes long
 */
static struct recall {
	unsigned long since;
	unsigned long frames;
	unsigned long asked_at;
	unsigned long asked;
	unsigned long lent;
	unsigned long calm_since;
	unsigned long paced_at;
	long paced_from;
	long pace;
	bool late;
} recall;

/* The work sets them, all look: */
static bool recalling;
static bool is_calm;		/* recalling, but nothing is wanted */
static bool is_owner;		/* this node swaps to donors itself */
static bool draining;

/* Pages that were read anew after they had been evicted, when the work looked last. */
static struct {
	unsigned long at;	/* jiffies */
	unsigned long pages;
	unsigned long found_at;	/* jiffies at which they were too many */
} thrash;

enum need { NEED_NONE, NEED_RESERVE, NEED_RECLAIM, NEED_KILL };

/* Jiffies for which owners may give nothing back before one is forgotten: away, or here. */
static const struct patience {
	unsigned long away;
	unsigned long here;
} patience[] = {
	[NEED_NONE] = { NEVER, NEVER },		/* a drain, or the limit */
	[NEED_RESERVE] = { LATE, NEVER },	/* it is broken, or programs thrash */
	[NEED_RECLAIM] = { HZ, LATE },		/* next it evicts what programs use */
	[NEED_KILL] = { HZ, OOM_WAIT },
};

static unsigned long reclaimed_at;	/* jiffies at which the shrinker was last in need */
static bool kill_is_next;		/* the OOM notifier waits */

/* Jiffies since which something is wanted, and less than HOPEFUL frames have come back. */
static unsigned long in_vain_since;
static atomic_long_t came;
static atomic_long_t came_ever;

/* At most so many frames are to stay lent; lowered by who needs memory, until the recall's end. */
static atomic_long_t ceiling = ATOMIC_LONG_INIT(LONG_MAX);

static void recall_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(watch, recall_work);
static struct workqueue_struct *recall_wq;
static struct shrinker *shrinker;
static DECLARE_WAIT_QUEUE_HEAD(came_back);

bool rs_is_recalling(void)
{
	return READ_ONCE(recalling) || READ_ONCE(draining);
}

void rs_recall_watch(void)
{
	if (!delayed_work_pending(&watch))
		queue_delayed_work(recall_wq, &watch, POLL);
}

static void look_now(void)
{
	mod_delayed_work(recall_wq, &watch, 0);
}

static void hope_anew(void)
{
	atomic_long_set(&came, 0);
	WRITE_ONCE(in_vain_since, jiffies);
}

void rs_recall_progress(unsigned long frames)
{
	atomic_long_add(frames, &came_ever);
	if (atomic_long_add_return(frames, &came) >= HOPEFUL)
		hope_anew();
	if (wq_has_sleeper(&came_back))
		wake_up_all(&came_back);
}

static void lower_ceiling(unsigned long frames)
{
	long old = atomic_long_read(&ceiling);

	while (old > (long)frames && !atomic_long_try_cmpxchg(&ceiling, &old, frames))
		;
}

/* Lowers the ceiling by an eighth a second while programs here thrash. */
static void watch_thrashing(void)
{
	unsigned long now, lent = rs_donor_frames();

	if (time_before(jiffies, thrash.at + THRASH_EVERY))
		return;
	now = global_node_page_state(WORKINGSET_RESTORE_ANON) +
	      global_node_page_state(WORKINGSET_RESTORE_FILE);
	/* Not from before a time in which nobody looked. */
	if (time_before(jiffies, thrash.at + 3 * THRASH_EVERY) &&
	    now - thrash.pages >= THRASH_PAGES && !is_owner) {
		counter_inc(rs, recall_thrashing);
		thrash.found_at = jiffies;
		lower_ceiling(lent - min(lent, max(lent / 8, now - thrash.pages)));
	}
	thrash.pages = now;
	thrash.at = jiffies;
}

/* Of the @lent frames, those that should come back. */
static unsigned long wanted(unsigned long lent)
{
	unsigned long excess = rs_room_excess(recalling);
	long most = atomic_long_read(&ceiling);

	if (READ_ONCE(draining))
		return lent;
	if ((long)lent > most)
		excess = max(excess, lent - most);
	return min(excess, lent);
}

/**
 * rs_recall_ask - ask an owner for some of what it has here
 * @owner: the owner
 * @want:  page frames
 *
 * Context: process.
 */
void rs_recall_ask(struct rs_owner *owner, unsigned long want)
{
	unsigned long frames = atomic_long_read(&owner->frames);
	unsigned long pages = atomic_long_read(&owner->pages);
	u64 share;
	u16 mb;

	if (!frames || !pages)
		return;
	/* In pages, as many as lie in so many frames. */
	share = mul_u64_u64_div_u64(want, pages, frames);
	mb = clamp_t(u64, DIV_ROUND_UP_ULL(share, PAGES_A_MB), 1, U16_MAX);
	if (!rs_server_recall(owner->num, mb))
		return;
	counter_inc(rs, recalls_sent);
	trace_rs_recall(owner->num, mb);
}

static void ask_all(unsigned long want, unsigned long lent)
{
	struct rs_owner *owner;
	unsigned int num;

	recall.asked_at = jiffies;
	recall.asked = want;
	recall.lent = lent;
	for (num = 0; (owner = rs_owner_next(num)); num++) {
		num = owner->num;
		/* Each for its share. */
		rs_recall_ask(owner, mul_u64_u64_div_u64(want, atomic_long_read(&owner->frames),
							 lent));
		rs_owner_put(owner);
	}
}

/*
 * Pages that left have left holes, hardly ever whole frames. They are to be, or no owner's next page finds
 * room where his last one made some.
 */
static void compact(void)
{
	struct rs_owner *owner;
	unsigned int num;

	for (num = 0; (owner = rs_owner_next(num)); num++) {
		num = owner->num;
		if (recalling)
			rs_owner_compact(owner, 1);
		else if (rs_donor_room_for(atomic_long_read(&owner->frames)) < TIGHT)
			rs_owner_compact(owner, HOLES);
		rs_owner_put(owner);
	}
}

static void set_pace(unsigned long want, unsigned long lent)
{
	unsigned long pace = max(min(lent / PACE_PART, PACE_MAX_LENT), want / PACE_PART);

	recall.paced_at = jiffies;
	recall.paced_from = atomic_long_read(&came_ever);
	recall.pace = clamp(pace, PACE_MIN, PACE_MAX);
}

/* Have owners given back a little now and then, so that the rest would take hours? */
static bool is_too_slow(unsigned long want, unsigned long lent)
{
	bool slow;

	if (time_before(jiffies, recall.paced_at + LATE))
		return false;
	slow = atomic_long_read(&came_ever) - recall.paced_from < recall.pace;
	set_pace(want, lent);
	return slow;
}

__printf(1, 2)
static void tell(const char *fmt, ...)
{
	char text[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pr_info("%s\n", text);
	rs_event(RAMSTER_EVENT_RECALL, -1, NULL, RAMSTER_NODE_UP, text);
}

static void begin(unsigned long want, unsigned long lent)
{
	recall = (struct recall) { .since = jiffies, .frames = lent };
	set_pace(want, lent);
	hope_anew();
	WRITE_ONCE(is_calm, false);
	WRITE_ONCE(recalling, true);
	counter_inc(rs, recalls);
	tell("%s: asking for %lu of %lu MiB that are lent",
	     READ_ONCE(draining) ? "drain" : "memory is short here", want / PAGES_A_MB + 1,
	     lent / PAGES_A_MB + 1);
}

/* @most: the ceiling when the work looked; who has lowered it since wants something. */
static void end(unsigned long lent, long most)
{
	unsigned long back = recall.frames > lent ? recall.frames - lent : 0;
	unsigned int ms = jiffies_to_msecs(recall.calm_since - recall.since);

	atomic_long_cmpxchg(&ceiling, most, LONG_MAX);
	WRITE_ONCE(recalling, false);
	tell("%lu MiB came back in %u.%u s; %lu MiB are lent", back / PAGES_A_MB, ms / 1000,
	     ms % 1000 / 100, lent / PAGES_A_MB);
}

static enum need need_now(void)
{
	if (READ_ONCE(kill_is_next))
		return NEED_KILL;
	/* Who swaps to donors itself always reclaims. */
	if (!is_owner && time_before(jiffies, READ_ONCE(reclaimed_at) + LATELY))
		return NEED_RECLAIM;
	if (rs_room_is_broken() || time_before(jiffies, thrash.found_at + LATELY))
		return NEED_RESERVE;
	return NEED_NONE;
}

/* For so long at least? Pages may come back while we look. */
static bool is_in_vain(unsigned long patience)
{
	unsigned long since = READ_ONCE(in_vain_since);

	return patience != NEVER && time_after_eq(jiffies, since + patience);
}

/* Forgets an owner, if that is the only way left. */
static void give_up(unsigned long want, unsigned long lent)
{
	const struct patience *p = &patience[need_now()];
	bool slow = is_too_slow(want, lent);

	if (is_in_vain(p->away) && rs_owner_give_up(false))
		return;
	if (is_in_vain(p->here) || (slow && p->here != NEVER))
		rs_owner_give_up(true);
}

static void go_on(unsigned long want, unsigned long lent)
{
	if (is_calm) {
		hope_anew();
		set_pace(want, lent);
		/* They have given what they were asked for. */
		recall.asked = 0;
		WRITE_ONCE(is_calm, false);
	}
	if (!recall.asked || lent + recall.asked <= recall.lent ||
	    time_after(jiffies, recall.asked_at + ROUND))
		ask_all(want, lent);
	if (!recall.late && time_after(jiffies, recall.since + LATE)) {
		recall.late = true;
		counter_inc(rs, recalls_late);
		pr_warn("%lu MiB that are wanted back have not come within %u s; owners are asked again\n",
			want / PAGES_A_MB + 1, LATE / HZ);
	}
	give_up(want, lent);
}

static void recall_work(struct work_struct *work)
{
	struct zcache_books books;
	long most = atomic_long_read(&ceiling);
	unsigned long want, lent;

	WRITE_ONCE(is_owner, zcache_read_books(0, &books));
	watch_thrashing();
	compact();
	lent = rs_donor_frames();
	want = wanted(lent);
	if (want) {
		if (!recalling)
			begin(want, lent);
		go_on(want, lent);
	} else if (recalling && !is_calm) {
		WRITE_ONCE(is_calm, true);
		recall.calm_since = jiffies;
	} else if (recalling && ((!lent && READ_ONCE(draining)) ||
				 time_after(jiffies, recall.calm_since + HOLD))) {
		end(lent, most);
	} else if (!recalling) {
		/* It came back by itself. */
		atomic_long_cmpxchg(&ceiling, most, LONG_MAX);
		if (lent)
			rs_shares_look();
	}
	if (lent || recalling)
		queue_delayed_work(recall_wq, &watch, POLL);
}

void rs_donor_drain(bool on)
{
	WRITE_ONCE(draining, on);
	look_now();
}

static unsigned long count(struct shrinker *s, struct shrink_control *sc)
{
	return rs_room_is_short() ? rs_donor_frames() : 0;
}

/* Do owners give back? Of a recall that has begun. */
static bool is_hopeful(unsigned long patience)
{
	return time_before(jiffies, READ_ONCE(in_vain_since) + patience);
}

/* Sleeps until ENOUGH of the @lent frames have come back, or the time is up; how many have. */
static unsigned long wait_for_some(unsigned long lent, long timeout)
{
	unsigned long now;

	wait_event_timeout(came_back, rs_donor_frames() + min(lent, ENOUGH) <= lent, timeout);
	now = rs_donor_frames();
	return now < lent ? lent - now : 0;
}

/* Those who serve owners are not to wait for them, nor who can do without. */
static bool may_wait(const struct shrink_control *sc)
{
	if ((sc->gfp_mask & GFP_KERNEL) != GFP_KERNEL || (sc->gfp_mask & __GFP_NORETRY))
		return false;
	if (current_is_kswapd())
		return !READ_ONCE(is_owner);
	return !(current->flags & PF_KTHREAD);
}

/* Nothing can be freed at once: owners are asked, and who may sleep waits for what comes. */
static unsigned long scan(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long lent = rs_donor_frames();

	if (!lent || !rs_room_is_short())
		return SHRINK_STOP;
	counter_inc(rs, recall_shrinker);
	WRITE_ONCE(reclaimed_at, jiffies);
	lower_ceiling(lent - min(lent, ENOUGH));
	if (!READ_ONCE(recalling) || READ_ONCE(is_calm))
		look_now();
	else if (!is_hopeful(RECLAIM_HOPE))
		return SHRINK_STOP;
	/* So many need not be evicted. */
	if (may_wait(sc))
		mm_account_reclaimed_pages(wait_for_some(lent, READ_ONCE(is_owner) ?
							 OWNER_WAIT : RECLAIM_WAIT));
	return SHRINK_STOP;
}

/*
 * Before a program is killed: what is lent comes back, if not by its owners' doing then by the
 * work's, which needs no memory and is waited for. Under oom_lock: nothing is freed here, for who
 * holds a lock that it takes may be waiting for this one.
 */
static int oom_notify(struct notifier_block *nb, unsigned long unused, void *arg)
{
	unsigned long lent = rs_donor_frames(), back = 0;
	unsigned long *freed = arg;

	if (!lent)
		return NOTIFY_OK;
	lower_ceiling(0);
	if (rs_room_is_gone())
		WRITE_ONCE(kill_is_next, true);
	else if (READ_ONCE(recalling) && !READ_ONCE(is_calm) && !is_hopeful(OOM_WAIT))
		return NOTIFY_OK;
	look_now();
	/* Nobody is killed if others found something. */
	if (!*freed) {
		counter_inc(rs, recall_oom_waits);
		back = wait_for_some(lent, OOM_WAIT);
		/* It is being freed. */
		if (!back && READ_ONCE(kill_is_next))
			back = wait_for_some(lent, OOM_WAIT);
	}
	WRITE_ONCE(kill_is_next, false);
	/* So much is freed that it has not been counted yet. */
	if (!back && !rs_room_is_gone())
		back = 1;
	*freed += back;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = { .notifier_call = oom_notify };

int rs_recall_init(void)
{
	int err = -ENOMEM;

	thrash.at = jiffies;
	thrash.found_at = jiffies - LATELY;
	reclaimed_at = jiffies - LATELY;
	recall_wq = alloc_workqueue("ramster_recall", WQ_MEM_RECLAIM | WQ_UNBOUND, 0);
	if (!recall_wq)
		return -ENOMEM;
	shrinker = shrinker_alloc(0, "ramster-lent");
	if (!shrinker)
		goto err_shrinker;
	err = register_oom_notifier(&oom_notifier);
	if (err)
		goto err_oom;
	shrinker->count_objects = count;
	shrinker->scan_objects = scan;
	/* Called in each round of reclaim, not in one of many: nothing of this node's is lost by it. */
	shrinker->seeks = 0;
	shrinker_register(shrinker);
	return 0;

err_oom:
	shrinker_free(shrinker);
err_shrinker:
	destroy_workqueue(recall_wq);
	return err;
}

/* Nothing more is lent: no connection is left. */
void rs_recall_exit(void)
{
	shrinker_free(shrinker);
	unregister_oom_notifier(&oom_notifier);
	cancel_delayed_work_sync(&watch);
	destroy_workqueue(recall_wq);
}
