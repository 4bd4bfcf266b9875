// SPDX-License-Identifier: GPL-2.0
#include "slotmap.h"

#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "frontswap.h"

#define SLOTS_PER_WORD	(BITS_PER_LONG / SLOT_BITS)
#define SLOT_MASK	((1ul << SLOT_BITS) - 1)

/**
 * slotmap_init - make the map of an empty device
 * @map: to be initialised
 * @nr:  number of slots
 *
 * Return: 0 or -ENOMEM.
 */
int slotmap_init(struct slotmap *map, u32 nr)
{
	size_t words = DIV_ROUND_UP_ULL(nr, SLOTS_PER_WORD);

	map->words = kvcalloc(words, sizeof(*map->words), GFP_KERNEL | __GFP_NOWARN);
	if (!map->words)
		return -ENOMEM;
	map->nr = nr;
	atomic64_set(&map->places, 0);
	atomic_long_set(&map->both, 0);
	return 0;
}

/**
 * slotmap_exit - free what slotmap_init() allocated
 * @map: the map
 */
void slotmap_exit(struct slotmap *map)
{
	kvfree(map->words);
	map->words = NULL;
	map->nr = 0;
}

static unsigned int slot_shift(u32 slot)
{
	return slot % SLOTS_PER_WORD * SLOT_BITS;
}

/**
 * slotmap_get - the SLOT_* bits of a slot. Any context.
 * @map:  the map
 * @slot: less than the map's size
 */
unsigned int slotmap_get(const struct slotmap *map, u32 slot)
{
	return READ_ONCE(map->words[slot / SLOTS_PER_WORD]) >> slot_shift(slot) & SLOT_MASK;
}

static void count_change(struct slotmap *map, unsigned int old, unsigned int new)
{
	const unsigned int places = SLOT_ABOVE | SLOT_BELOW;
	s64 above, below_only, both;

	old &= places;
	new &= places;
	if (old == new)
		return;
	above = !!(new & SLOT_ABOVE) - !!(old & SLOT_ABOVE);
	below_only = (new == SLOT_BELOW) - (old == SLOT_BELOW);
	both = (new == places) - (old == places);
	atomic64_add(above + below_only * (1ll << 32), &map->places);
	if (both)
		atomic_long_add(both, &map->both);
}

/**
 * slotmap_try - change the bits of a slot if nobody else did
 * @map:  the map
 * @slot: which
 * @old:  what the bits are expected to be
 * @new:  what they become
 *
 * Fully ordered when it succeeds. Any context. Return: whether it succeeded.
 */
bool slotmap_try(struct slotmap *map, u32 slot, unsigned int old, unsigned int new)
{
	unsigned long *word = &map->words[slot / SLOTS_PER_WORD];
	unsigned int shift = slot_shift(slot);
	unsigned long was = READ_ONCE(*word);
	unsigned long next, seen;

	for (;;) {
		if ((was >> shift & SLOT_MASK) != old)
			return false;
		next = (was & ~(SLOT_MASK << shift)) | (unsigned long)new << shift;
		seen = cmpxchg(word, was, next);
		if (seen == was)
			break;
		was = seen;
	}
	count_change(map, old, new);
	return true;
}

/**
 * slotmap_change - clear and set bits of a slot in one step
 * @map:   the map
 * @slot:  which
 * @clear: SLOT_* bits to clear
 * @set:   SLOT_* bits to set
 *
 * Fully ordered. Any context. Return: the bits as they were.
 */
unsigned int slotmap_change(struct slotmap *map, u32 slot, unsigned int clear, unsigned int set)
{
	unsigned int old;

	do {
		old = slotmap_get(map, slot);
	} while (!slotmap_try(map, slot, old, (old & ~clear) | set));
	return old;
}

/**
 * slotmap_next - the first slot from @slot on that has one of @bits
 * @map:  the map
 * @slot: where to start
 * @bits: SLOT_* bits
 *
 * Return: the slot, or a number beyond the map.
 */
u64 slotmap_next(const struct slotmap *map, u64 slot, unsigned int bits)
{
	while (slot < map->nr) {
		if (slot % SLOTS_PER_WORD == 0 && !READ_ONCE(map->words[slot / SLOTS_PER_WORD])) {
			slot += SLOTS_PER_WORD;
			continue;
		}
		if (slotmap_get(map, slot) & bits)
			return slot;
		slot++;
	}
	return U64_MAX;
}

/**
 * slotmap_read_books - how many slots are where
 * @map:   the map
 * @books: filled; its used and above belong to the same moment
 */
void slotmap_read_books(const struct slotmap *map, struct fswap_books *books)
{
	u64 places = atomic64_read(&map->places);
	u64 above = lower_32_bits(places);
	u64 below_only = upper_32_bits(places);
	long both = atomic_long_read(&map->both);

	/*
	 * A slot changes first and is counted then, so that one CPU may count a
	 * page's way out before another has counted its way in: less than none.
	 */
	if (above > map->nr) {
		above = 0;
		below_only++;
	}
	if (below_only > map->nr)
		below_only = 0;
	books->slots = map->nr;
	books->above = above;
	books->used = above + below_only;
	books->below = below_only + max(both, 0l);
}
