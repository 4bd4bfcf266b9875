// SPDX-License-Identifier: GPL-2.0
/*
 * fair.c - each owner's part of what a donor lends
 *
 * As long as there is room for all, nobody has a limit: an owner that is alone, or whose
 * neighbours need nothing, has everything. When there is little left, an owner that wants more and
 * is far below its share has some of the room kept for it, and who is above its
 * share gets nothing of that, and is asked for as much as is missing there. So pages come back at
 * the pace at which the other takes their place, and nothing is asked for an owner that does
 * not want it.
 *
 * The share is a water level: owners that want no more than they have count with that, and the
 * rest is divided evenly by the others.
 *
 * Far below and far above differ by an eighth of the share each way. In between nobody is asked
 * for anything, or two owners with equal rights would send each other's pages back and forth.
 *
 * What is kept for those who have next to nothing does not depend on what others give back: a
 * KEPT_PART of all.
 */
#include "fair.h"

#define KEPT_PART	32	/* of the capacity: all feet */
#define DOOR_PART	4	/* of a foot */
#define HEAD_PART	16	/* of the capacity: the most that is asked for at a time */
#define SLACK_PART	8	/* of a share */

#define NO_LEVEL	(~0UL)

static unsigned long less(unsigned long a, unsigned long b)
{
	return a > b ? a - b : 0;
}

static unsigned long part(unsigned long all, unsigned long parts)
{
	return all / parts + !!(all % parts);
}

static bool far_below(unsigned long a, unsigned long b)
{
	return a < b && b - a > b / SLACK_PART;
}

/* What is kept for who has @frames, beyond these. */
static unsigned long kept_for(const struct rs_fair *fair, unsigned long frames)
{
	if (frames < fair->foot)
		return fair->foot - frames;
	return far_below(frames, fair->most) ? fair->door : 0;
}

/* How high @pot stands in the owners that are here; one of them wants some. */
static unsigned long level(struct rs_fair_owner *owner, unsigned int nr, unsigned long pot)
{
	unsigned long share;
	unsigned int i, n = 0;
	bool again;

	for (i = 0; i < nr; i++) {
		owner[i].spares = false;
		n += owner[i].here;
	}
	do {
		share = pot / n;
		again = false;
		for (i = 0; i < nr; i++) {
			if (!owner[i].here || owner[i].wants || owner[i].spares ||
			    owner[i].frames > share)
				continue;
			owner[i].spares = true;
			pot -= owner[i].frames;
			n--;
			again = true;
		}
	} while (again);
	return share;
}

/**
 * rs_fair_make - divide what can be lent
 * @fair:     out
 * @owner:    owners; their @spares is written
 * @nr:	      how many
 * @nodes:    that could be owners, these among them
 * @capacity: what they have, and what can be lent beyond that
 *
 * Context: any. Costs a pass over the owners, and another for each height at which some of them stand.
 */
void rs_fair_make(struct rs_fair *fair, struct rs_fair_owner *owner, unsigned int nr,
		  unsigned int nodes, unsigned long capacity)
{
	unsigned long pot = capacity, lacking = 0;
	bool wanted = false;
	unsigned int i;

	if (nodes < nr)
		nodes = nr;
	*fair = (struct rs_fair){ .level = NO_LEVEL };
	if (!nodes)
		return;
	fair->foot = part(part(capacity, KEPT_PART), nodes);
	fair->door = part(fair->foot, DOOR_PART);
	for (i = 0; i < nr; i++)
		if (owner[i].frames > fair->most)
			fair->most = owner[i].frames;
	fair->feet = (nodes - nr) * fair->foot;
	for (i = 0; i < nr; i++) {
		fair->feet += less(fair->foot, owner[i].frames);
		fair->kept += kept_for(fair, owner[i].frames);
		/* Who is away can be asked for nothing, and gets nothing. */
		if (!owner[i].here)
			pot = less(pot, owner[i].frames);
		wanted |= owner[i].here && owner[i].wants;
	}
	fair->kept += (nodes - nr) * fair->foot;
	if (!wanted)
		return;
	fair->level = level(owner, nr, less(pot, fair->kept));
	for (i = 0; i < nr; i++)
		if (owner[i].here && owner[i].wants && far_below(owner[i].frames, fair->level))
			lacking += fair->level - owner[i].frames;
	fair->head = lacking < capacity / HEAD_PART ? lacking : capacity / HEAD_PART;
	if (!fair->head)
		fair->level = NO_LEVEL;
}

/**
 * rs_fair_room - what is left for one owner
 * @fair:   of rs_fair_make()
 * @frames: that it takes up
 * @room:   for all
 *
 * Context: any.
 * Return: frames.
 */
unsigned long rs_fair_room(const struct rs_fair *fair, unsigned long frames, unsigned long room)
{
	/* When there is not even room for the doors, feet come first. */
	unsigned long others = less(frames < fair->foot ? fair->feet : fair->kept,
				    kept_for(fair, frames));

	if (frames >= fair->level)
		others += fair->head;
	return less(room, others);
}

/**
 * rs_fair_wanted - what owners above their share are to give back now
 * @fair: of rs_fair_make()
 * @room: for all
 *
 * Context: any.
 * Return: frames; 0 as long as half of what those below want to find is there.
 */
unsigned long rs_fair_wanted(const struct rs_fair *fair, unsigned long room)
{
	unsigned long there = less(room, fair->kept);

	return there < part(fair->head, 2) ? fair->head - there : 0;
}

/**
 * rs_fair_excess - how much an owner can be asked for
 * @fair:  of rs_fair_make()
 * @owner: the owner
 *
 * Context: any.
 * Return: frames; 0 if it is not far above its share.
 */
unsigned long rs_fair_excess(const struct rs_fair *fair, const struct rs_fair_owner *owner)
{
	if (!owner->here || !far_below(fair->level, owner->frames))
		return 0;
	return owner->frames - fair->level;
}
