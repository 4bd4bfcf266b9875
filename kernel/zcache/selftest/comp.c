// SPDX-License-Identifier: GPL-2.0
/*
 * comp.c - the kernel's compression libraries: pages come back, garbage is refused
 *
 * Sources and destinations are allocated to the byte, so that KASAN sees any
 * overrun.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": comp selftest: " fmt

#include <linux/bottom_half.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../comp.h"
#include "selftest.h"

#define GARBAGE_ROUNDS 2000

/* @page is a byte longer than a page, for the end of a string. */
struct trial {
	u8 *page;
	u8 *zpage;
	u8 *dst;
};

static void make_zeroes(u8 *page)
{
	memset(page, 0, PAGE_SIZE);
}

static void make_text(u8 *page)
{
	size_t at = 0;

	while (at < PAGE_SIZE)
		at += scnprintf(page + at, PAGE_SIZE - at + 1, "%zu bottles of %x on the wall\n",
				at, get_random_u32() % 100);
}

static void make_sparse(u8 *page)
{
	size_t i;

	memset(page, 0, PAGE_SIZE);
	for (i = 0; i < 200; i++)
		page[get_random_u32() % PAGE_SIZE] = get_random_u32();
}

static void make_random(u8 *page)
{
	get_random_bytes(page, PAGE_SIZE);
}

static void (*const makers[])(u8 *page) = { make_zeroes, make_text, make_sparse, make_random };

/* A copy of its own, as long as it is: reading past its end is seen. */
static int decompress_exact(u8 id, const void *src, size_t len, void *dst)
{
	void *copy = kmemdup(src, len, GFP_KERNEL);
	int err;

	if (!copy)
		return -ENOMEM;
	err = zcomp_decompress(id, copy, len, dst);
	kfree(copy);
	return err;
}

/* A part of a zpage is refused; a changed one may be a page, but harms nothing. */
static bool corrupted_is_survived(const struct zcomp_ops *ops, const u8 *zpage, size_t len,
				  void *dst)
{
	u8 *bad = kmemdup(zpage, len, GFP_KERNEL);
	bool ok = true;
	size_t cut;
	int i;

	if (!bad)
		return false;
	for (cut = 1; cut < len; cut += 1 + len / 64)
		if (decompress_exact(ops->id, zpage, cut, dst) != -EBADMSG)
			ok = false;
	for (i = 0; i < 500; i++) {
		size_t at = get_random_u32() % len;

		bad[at] ^= BIT(get_random_u32() % 8);
		decompress_exact(ops->id, bad, len, dst);
		if (i % 8 == 7)
			memcpy(bad, zpage, len);
	}
	kfree(bad);
	if (!ok)
		pr_err("%s made a page of a part of one\n", ops->name);
	return ok;
}

static bool garbage_is_survived(const struct zcomp_ops *ops, u8 *garbage, void *dst)
{
	int i, err;

	for (i = 0; i < GARBAGE_ROUNDS; i++) {
		size_t len = 1 + get_random_u32() % PAGE_SIZE;

		get_random_bytes(garbage, len);
		err = decompress_exact(ops->id, garbage, len, dst);
		if (err && err != -EBADMSG && err != -ENOMEM) {
			pr_err("%s said %d to garbage\n", ops->name, err);
			return false;
		}
		cond_resched();
	}
	return true;
}

/* Decompression has to work where no sleep is allowed. */
static int decompress_atomic(u8 id, const void *src, size_t len, void *dst)
{
	int err;

	local_bh_disable();
	err = zcomp_decompress(id, src, len, dst);
	local_bh_enable();
	return err;
}

/* Out of the context: nothing may be allocated while that is held, as reclaim wants it. */
static int compress_page(const struct zcomp_ops *ops, struct trial *t, size_t *len)
{
	struct zcomp_ctx *ctx = zcomp_get();
	int err = zcomp_compress(ctx, ops, t->page, len);

	if (!err)
		memcpy(t->zpage, ctx->dst, *len);
	zcomp_put(ctx);
	return err;
}

static bool page_comes_back(const struct zcomp_ops *ops, struct trial *t)
{
	size_t len;
	int err = compress_page(ops, t, &len);

	if (err == -ENOSPC)
		return true;
	if (err) {
		pr_err("%s: compress: %d\n", ops->name, err);
		return false;
	}
	if (decompress_exact(ops->id, t->zpage, len, t->dst) ||
	    memcmp(t->page, t->dst, PAGE_SIZE)) {
		pr_err("%s: %zu bytes did not come back as the page\n", ops->name, len);
		return false;
	}
	memset(t->dst, 0, PAGE_SIZE);
	if (decompress_atomic(ops->id, t->zpage, len, t->dst) ||
	    memcmp(t->page, t->dst, PAGE_SIZE)) {
		pr_err("%s: no decompression with bottom halves off\n", ops->name);
		return false;
	}
	return corrupted_is_survived(ops, t->zpage, len, t->dst);
}

static bool compressor_works(const char *name, struct trial *t)
{
	const struct zcomp_ops *ops = zcomp_find(name);
	size_t i;

	if (!ops || zcomp_enable(ops)) {
		pr_err("%s cannot be had\n", name);
		return false;
	}
	for (i = 0; i < ARRAY_SIZE(makers); i++) {
		makers[i](t->page);
		if (!page_comes_back(ops, t))
			return false;
	}
	return garbage_is_survived(ops, t->page, t->dst);
}

bool zcomp_selftest(void)
{
	struct trial t = {
		.page = kmalloc(PAGE_SIZE + 1, GFP_KERNEL),
		.zpage = kmalloc(PAGE_SIZE, GFP_KERNEL),
		.dst = kmalloc(PAGE_SIZE, GFP_KERNEL),
	};
	bool ok = t.page && t.zpage && t.dst && compressor_works("lz4", &t) &&
		  compressor_works("lzo-rle", &t) && compressor_works("zstd", &t);

	kfree(t.page);
	kfree(t.zpage);
	kfree(t.dst);
	pr_info("%s\n", ok ? "passed" : "failed");
	return ok;
}
