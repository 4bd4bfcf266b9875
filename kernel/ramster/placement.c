// SPDX-License-Identifier: GPL-2.0
/*
 * placement.c - which donors a batch goes to: the better of two at random
 *
 * Always taking the best would send every owner's pages to one donor until its
 * next word about its room. Two draws spread them nearly as evenly as full
 * knowledge would, at a cost that does not grow with the number of donors.
 */
#include "placement.h"

#define DRAWS		8	/* tries before the table is searched */
#define NONE		(~0U)

/*
 * Latencies that differ by less than about this do not outweigh room: a donor on
 * the same switch is not to be filled first for being some microseconds nearer.
 */
#define LATENCY_BASE_US	200
#define LATENCY_MAX_US	10000000

struct draw {
	const struct rs_candidate *cand;
	unsigned int nr;
	unsigned int taken[RS_PLACE_MAX];
	unsigned int nr_taken;
};

static bool eligible(const struct draw *d, unsigned int i)
{
	unsigned int t;

	if (!d->cand[i].usable || !d->cand[i].room)
		return false;
	for (t = 0; t < d->nr_taken; t++)
		if (d->taken[t] == i || d->cand[d->taken[t]].num == d->cand[i].num)
			return false;
	return true;
}

/* 0 to @n - 1. The bias is below 2^-32, without a 64-bit division. */
static unsigned int below(u64 random, unsigned int n)
{
	return (unsigned int)(((random >> 32) * n) >> 32);
}

/* The @skip-th eligible candidate other than @not; NONE if there are fewer, with their number. */
static unsigned int nth(const struct draw *d, unsigned int not, unsigned int skip,
			unsigned int *number)
{
	unsigned int i;

	*number = 0;
	for (i = 0; i < d->nr; i++)
		if (i != not && eligible(d, i) && (*number)++ == skip)
			return i;
	return NONE;
}

/* A random eligible candidate other than @not, or NONE. */
static unsigned int draw_one(const struct draw *d, unsigned int not, rs_random_fn random, void *ctx)
{
	unsigned int i, k, number;

	for (k = 0; k < DRAWS; k++) {
		i = below(random(ctx), d->nr);
		if (i != not && eligible(d, i))
			return i;
	}
	/* Few are eligible: count them. */
	nth(d, not, NONE, &number);
	return number ? nth(d, not, below(random(ctx), number), &number) : NONE;
}

static u64 cost(const struct rs_candidate *c)
{
	u32 latency = c->latency_us < LATENCY_MAX_US ? c->latency_us : LATENCY_MAX_US;

	return (u64)latency + LATENCY_BASE_US;
}

/* Room for each microsecond, compared without a division: 2^32 * 10^7 fits 64 bits. */
static bool better(const struct rs_candidate *a, const struct rs_candidate *b)
{
	return a->room * cost(b) > b->room * cost(a);
}

/**
 * rs_place - choose donors for a batch
 * @cand:   candidates
 * @nr:	    how many
 * @want:   donors wanted, at most RS_PLACE_MAX
 * @random: see rs_random_fn
 * @ctx:    for @random
 * @donor:  out: their node numbers, each different
 *
 * Each donor is the better of two random eligible candidates: the one with more
 * room for its latency. Costs some draws a donor; where few candidates are
 * eligible, at most four passes over the table.
 *
 * Context: any; no allocation.
 * Return: the number of donors found, 0 to @want.
 */
unsigned int rs_place(const struct rs_candidate *cand, unsigned int nr, unsigned int want,
		      rs_random_fn random, void *ctx, u16 donor[RS_PLACE_MAX])
{
	struct draw d = { .cand = cand, .nr = nr };

	if (!nr)
		return 0;
	if (want > RS_PLACE_MAX)
		want = RS_PLACE_MAX;
	while (d.nr_taken < want) {
		unsigned int a = draw_one(&d, NONE, random, ctx);
		unsigned int b;

		if (a == NONE)
			break;
		b = draw_one(&d, a, random, ctx);
		if (b != NONE && better(&cand[b], &cand[a]))
			a = b;
		donor[d.nr_taken] = cand[a].num;
		d.taken[d.nr_taken++] = a;
	}
	return d.nr_taken;
}
