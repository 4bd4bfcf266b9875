// SPDX-License-Identifier: GPL-2.0
/* The slot map against a plain array that does the same. */
#include <linux/kernel.h>
#include <linux/slab.h>

#include "ram_backend.h"

#include "../slotmap.c"

#define SLOTS	1000
#define STEPS	100000

static u32 next_random(u32 *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static bool books_agree(const struct slotmap *map, const u8 *model)
{
	u64 above = 0, below = 0, used = 0;
	struct fswap_books books;
	u32 slot;

	for (slot = 0; slot < SLOTS; slot++) {
		above += !!(model[slot] & SLOT_ABOVE);
		below += !!(model[slot] & SLOT_BELOW);
		used += !!(model[slot] & (SLOT_ABOVE | SLOT_BELOW));
		if (slotmap_get(map, slot) != model[slot])
			return false;
	}
	slotmap_read_books(map, &books);
	return books.slots == SLOTS && books.above == above && books.below == below &&
	       books.used == used;
}

static bool next_agrees(const struct slotmap *map, const u8 *model, u32 from, unsigned int bits)
{
	u64 slot = from;

	while (slot < SLOTS && !(model[slot] & bits))
		slot++;
	return slotmap_next(map, from, bits) == (slot < SLOTS ? slot : U64_MAX);
}

static const char *run(struct slotmap *map, u8 *model)
{
	u32 seed = 1;
	int step;

	for (step = 0; step < STEPS; step++) {
		u32 slot = next_random(&seed) % SLOTS;
		unsigned int a = next_random(&seed) % 16;
		unsigned int b = next_random(&seed) % 16;

		if (step % 3) {
			if (slotmap_change(map, slot, a, b) != model[slot])
				return "change: old bits";
			model[slot] = (model[slot] & ~a) | b;
		} else {
			if (slotmap_try(map, slot, a, b) != (model[slot] == a))
				return "try";
			if (model[slot] == a)
				model[slot] = b;
		}
		if (step % 1000 == 0 && !books_agree(map, model))
			return "books";
		if (step % 100 == 0 && !next_agrees(map, model, slot, a))
			return "next";
	}
	for (step = 0; step < SLOTS; step++) {
		slotmap_change(map, step, 15, 0);
		model[step] = 0;
	}
	if (!books_agree(map, model) || !next_agrees(map, model, 0, 15))
		return "empty";
	return NULL;
}

/**
 * slotmap_selftest - run the test
 *
 * Return: 0, -EINVAL if the map is wrong, -ENOMEM.
 */
int slotmap_selftest(void)
{
	const char *wrong = NULL;
	struct slotmap map;
	u8 *model;
	int err = -ENOMEM;

	model = kzalloc(SLOTS, GFP_KERNEL);
	if (!model)
		return err;
	err = slotmap_init(&map, SLOTS);
	if (err)
		goto free_model;
	wrong = run(&map, model);
	if (wrong) {
		pr_err("fswap_test: slotmap selftest failed: %s\n", wrong);
		err = -EINVAL;
	}
	slotmap_exit(&map);
free_model:
	kfree(model);
	return err;
}
