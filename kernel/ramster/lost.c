// SPDX-License-Identifier: GPL-2.0
/*
 * lost.c - pages that are lost: a line in the log and an event, with the node and the cause
 *
 * One line for all that are lost within some seconds, and one for all reads that failed, after
 * which the page may still be had. It names what the first of them died of, which is what the
 * others died of, as a rule.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "lost.h"
#include "netlink.h"
#include "node.h"
#include "peer_internal.h"

#define INTERVAL (5 * HZ)

static const char * const causes[] = {
	[ZCACHE_LOSS_RESTARTED] = "has restarted",
	[ZCACHE_LOSS_REMOVED] = "was removed",
	[ZCACHE_LOSS_MISSED] = "does not hold them any more",
	[ZCACHE_LOSS_UNREADABLE] = "sent something else",
	[ZCACHE_LOSS_UNANSWERED] = "did not answer in time",
};

enum kind { LOST, FAILED, __KINDS };

static const char * const what[] = {
	[LOST] = "pages lost",
	[FAILED] = "reads of pages failed",
};

static DEFINE_SPINLOCK(lock);			/* a leaf; guards what follows */
static struct zcache_loss pending[__KINDS];	/* the first; pages: of all */
static unsigned long next_report;		/* jiffies; valid once there was one */
static bool reported;
static struct delayed_work report_work;

static enum kind kind_of(const struct zcache_loss *loss)
{
	return loss->cause == ZCACHE_LOSS_UNANSWERED || loss->cause == ZCACHE_LOSS_UNREADABLE ?
	       FAILED : LOST;
}

static void tell(const struct zcache_loss *loss)
{
	struct rs_node_info node = {};
	char text[200];

	rs_node_find(loss->donor, &node);
	snprintf(text, sizeof(text),
		 "frontswap%u: %llu %s, slot %u first: node %s (%u) %s, and there is no other copy",
		 loss->dev, loss->pages, what[kind_of(loss)], loss->slot,
		 node.name[0] ? node.name : "?", loss->donor, causes[loss->cause]);
	pr_err("%s\n", text);
	rs_event(RAMSTER_EVENT_PAGE_LOST, loss->donor, node.name[0] ? node.name : NULL,
		 rs_peer_state(loss->donor), text);
}

static void report(struct work_struct *work)
{
	struct zcache_loss due[__KINDS];
	unsigned int i;

	spin_lock_bh(&lock);
	memcpy(due, pending, sizeof(due));
	memset(pending, 0, sizeof(pending));
	next_report = jiffies + INTERVAL;
	reported = true;
	spin_unlock_bh(&lock);
	for (i = 0; i < __KINDS; i++)
		if (due[i].pages)
			tell(&due[i]);
}

/**
 * rs_lost - pages cannot be had (the tier's op)
 * @loss: which, and why
 *
 * Context: process; does not sleep.
 */
void rs_lost(const struct zcache_loss *loss)
{
	struct zcache_loss *first = &pending[kind_of(loss)];
	unsigned long delay = 0;

	spin_lock_bh(&lock);
	if (first->pages)
		first->pages += loss->pages;
	else
		*first = *loss;
	if (reported && time_before(jiffies, next_report))
		delay = next_report - jiffies;
	spin_unlock_bh(&lock);
	queue_delayed_work(rs_beat_wq, &report_work, delay);
}

void rs_lost_init(void)
{
	INIT_DELAYED_WORK(&report_work, report);
}

/* The tier is not registered any more. What is pending is told. */
void rs_lost_exit(void)
{
	flush_delayed_work(&report_work);
}
