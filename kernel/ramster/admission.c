// SPDX-License-Identifier: GPL-2.0
/* admission.c - limits for strangers; admission.h has the contract */
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/jiffies.h>
#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "admission.h"
#include "node.h"

#define PLACES		64	/* handshakes at once */
#define PLACES_OPEN	48	/* of these for any address */
#define PLACES_EACH	8	/* for one address */
/* Within PENALTY_MS; then none for PENALTY_MS. All places, held for as long as one may, are more. */
#define FAILURES_MAX	15
#define PENALTY_MS	10000

#define SETS		64
#define WAYS		4

/* What is known of an address. In use while it has places; else it may be another's. */
struct origin {
	struct rs_visitor who;
	u8 places;
	u8 failures;
	unsigned long since;	/* jiffies of the first of @failures, or when the penalty began */
};

/* Guards all below; a leaf. */
static DEFINE_SPINLOCK(lock);
static struct origin origins[SETS][WAYS];
static unsigned int places_taken;
static siphash_key_t hash_key;	/* so that nobody can choose whom they share a set with */

static struct rs_visitor visitor_of(const struct sockaddr_storage *from, bool is_node)
{
	struct rs_visitor who = { .family = from->ss_family };

	if (from->ss_family == AF_INET)
		who.addr[0] = (__force u32)((const struct sockaddr_in *)from)->sin_addr.s_addr;
	else
		memcpy(who.addr, &((const struct sockaddr_in6 *)from)->sin6_addr,
		       is_node ? sizeof(who.addr) : sizeof(who.addr[0]));
	return who;
}

static bool is_same(const struct rs_visitor *a, const struct rs_visitor *b)
{
	return a->family == b->family && a->addr[0] == b->addr[0] && a->addr[1] == b->addr[1];
}

static bool is_recent(const struct origin *o)
{
	return o->failures && time_before(jiffies, o->since + msecs_to_jiffies(PENALTY_MS));
}

static struct origin *set_of(const struct rs_visitor *who)
{
	return origins[siphash_2u64(who->addr[0], who->addr[1], &hash_key) % SETS];
}

static struct origin *find_origin(const struct rs_visitor *who)
{
	struct origin *set = set_of(who);
	int i;

	lockdep_assert_held(&lock);
	for (i = 0; i < WAYS; i++)
		if (is_same(&set[i].who, who))
			return &set[i];
	return NULL;
}

/*
 * The entry of an address that wants a place, made if it has none, in that case in place of the least
 * known of its set without places. Strangers leave one without: else a few of them could shut out a node.
 */
static struct origin *origin_for(const struct rs_visitor *who, bool is_node)
{
	struct origin *own = find_origin(who);
	struct origin *set = set_of(who);
	struct origin *least = NULL;
	int idle = 0;
	int i;

	lockdep_assert_held(&lock);
	if (own && own->places)
		return own;
	for (i = 0; i < WAYS; i++) {
		struct origin *o = &set[i];

		if (o->places)
			continue;
		idle++;
		if (!least || !is_recent(o) ||
		    (is_recent(least) && o->failures < least->failures))
			least = o;
	}
	if (idle < (is_node ? 1 : 2))
		return NULL;
	if (own)
		return own;
	*least = (struct origin) { .who = *who };
	return least;
}

/**
 * rs_admission_begin - a stranger has connected
 * @from: its address
 * @who:  out: for rs_admission_end()
 *
 * Context: process.
 * Return: whether it may try; if so, rs_admission_end() is due.
 */
enum rs_admission rs_admission_begin(const struct sockaddr_storage *from, struct rs_visitor *who)
{
	bool is_node = rs_node_is_at(from);
	unsigned int open = is_node ? PLACES : PLACES_OPEN;
	enum rs_admission answer = RS_TOO_MANY;
	struct origin *o;

	*who = visitor_of(from, is_node);
	spin_lock_irq(&lock);
	o = origin_for(who, is_node);
	if (o && o->failures >= FAILURES_MAX && is_recent(o)) {
		answer = RS_PENALISED;
	} else if (o && o->places < PLACES_EACH && places_taken < open) {
		o->places++;
		places_taken++;
		answer = RS_ADMITTED;
	}
	spin_unlock_irq(&lock);
	return answer;
}

void rs_admission_end(const struct rs_visitor *who, enum rs_try how)
{
	struct origin *o;
	unsigned long flags;

	spin_lock_irqsave(&lock, flags);
	places_taken--;
	/* It is there: it has a place. */
	o = find_origin(who);
	if (o) {
		o->places--;
		if (how == RS_TRY_KNOWN) {
			o->failures = 0;
		} else if (how == RS_TRY_FAILED) {
			if (!is_recent(o))
				o->failures = 0;
			if (!o->failures || o->failures == FAILURES_MAX - 1)
				o->since = jiffies;
			if (o->failures < FAILURES_MAX)
				o->failures++;
		}
	}
	spin_unlock_irqrestore(&lock, flags);
}

void rs_admission_init(void)
{
	get_random_bytes(&hash_key, sizeof(hash_key));
}
