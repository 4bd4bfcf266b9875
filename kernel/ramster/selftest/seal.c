// SPDX-License-Identifier: GPL-2.0
/*
 * seal.c - what is sealed opens in its own place, unchanged, and nowhere else; no nonce is used
 * twice; and what it costs
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": seal selftest: " fmt

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/random.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/unaligned.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "../seal.h"
#include "../wire.h"
#include "selftest.h"

#define ROUNDS	200

/* Several seal at the same time, each so many pages in each of some lives. */
#define SEALERS	4
#define SEALED	50
#define LIVES	(RS_SEAL_LIVES + 1)

/* Pages lie anywhere in a batch: at odd addresses, across frames of vmalloc's. */
struct trial {
	u8 before[PAGE_SIZE];
	u8 data[3 * PAGE_SIZE];
};

static bool opens(enum rs_seal_mode mode, struct trial *t, u8 *at, struct rs_seal_page page)
{
	u8 copy[64];
	bool ok;

	memcpy(copy, at, sizeof(copy));
	ok = rs_unseal_by(mode, at, &page);
	/* A cipher may decrypt before it has verified. */
	if (!ok)
		memcpy(at, copy, sizeof(copy));
	return ok;
}

/* One byte shorter, with its tag and nonce where they then belong. */
static bool opens_cut(enum rs_seal_mode mode, struct trial *t, u8 *at, struct rs_seal_page page)
{
	u8 copy[64 + RS_WIRE_SEAL];
	size_t all = page.len + RS_WIRE_SEAL;
	bool ok;

	memcpy(copy, at, all);
	page.len--;
	memmove(at + page.len, copy + page.len + 1, RS_WIRE_SEAL);
	ok = opens(mode, t, at, page);
	memcpy(at, copy, all);
	return ok;
}

static bool sealed_well(enum rs_seal_mode mode, struct trial *t, struct rs_seal_page page, u8 *at)
{
	struct rs_seal_page other = page;
	unsigned int i;

	memcpy(at, t->before, page.len);
	if (rs_seal_by(mode, at, &page) || (page.len >= 16 && !memcmp(at, t->before, page.len)))
		return false;
	if (page.len <= 64) {
		other.dev++;
		if (opens(mode, t, at, other))
			return false;
		if (opens_cut(mode, t, at, page))
			return false;
		other = page;
		other.slot++;
		if (opens(mode, t, at, other))
			return false;
		other = page;
		other.version--;
		if (opens(mode, t, at, other))
			return false;
		other = page;
		other.comp ^= 1;
		if (opens(mode, t, at, other))
			return false;
		for (i = 0; i < page.len + RS_WIRE_SEAL; i++) {
			at[i] ^= 1;
			if (opens(mode, t, at, page))
				return false;
			at[i] ^= 1;
		}
	}
	return rs_unseal_by(mode, at, &page) && !memcmp(at, t->before, page.len);
}

/* A page of the device's former life has the right slot and version, and must not open. */
static bool forgets(enum rs_seal_mode mode, struct trial *t)
{
	struct rs_seal_page page = { .dev = 9, .slot = 1, .version = 1, .len = 64 };
	struct rs_seal_page other = { .dev = 10, .slot = 1, .version = 1, .len = 64 };
	u8 *old = t->data, *elsewhere = old + 128, *new = elsewhere + 128;

	if (rs_seal_by(mode, old, &page) || rs_seal_by(mode, elsewhere, &other))
		return false;
	rs_seal_forget(page.dev);
	memcpy(new, t->before, page.len);
	return !rs_seal_by(mode, new, &page) && !rs_unseal_by(mode, old, &page) &&
	       rs_unseal_by(mode, new, &page) && !memcmp(new, t->before, page.len) &&
	       rs_unseal_by(mode, elsewhere, &other);
}

/* A copy of the machine has another key; what was sealed before still opens, for a while. */
static bool renews(enum rs_seal_mode mode, struct trial *t)
{
	struct rs_seal_page page = { .dev = 11, .slot = 1, .version = 1, .len = 64 };
	u8 *at[RS_SEAL_LIVES], *oldest = t->data + 128 * RS_SEAL_LIVES;
	unsigned int i;

	memcpy(oldest, t->before, page.len);
	if (rs_seal_by(mode, oldest, &page))
		return false;
	for (i = 0; i < RS_SEAL_LIVES; i++) {
		at[i] = t->data + 128 * i;
		memcpy(at[i], t->before, page.len);
		rs_seal_renew();
		if (rs_seal_by(mode, at[i], &page))
			return false;
	}
	/* Its key is the one that is no more. */
	if (opens(mode, t, oldest, page))
		return false;
	for (i = 0; i < RS_SEAL_LIVES; i++)
		if (!rs_unseal_by(mode, at[i], &page) || memcmp(at[i], t->before, page.len))
			return false;
	return true;
}

/* One who seals the same bytes again and again. */
struct sealer {
	struct work_struct work;
	enum rs_seal_mode mode;
	u64 *nonces;		/* where those of the present life are put */
	unsigned int failed;
	u8 data[64 + RS_WIRE_SEAL];
};

struct sealers {
	struct sealer each[SEALERS];
	u64 nonces[LIVES * SEALERS * SEALED];
};

/* A sealed page ends in its nonce. */
static void seal_some(struct work_struct *work)
{
	struct sealer *s = container_of(work, struct sealer, work);
	struct rs_seal_page page = { .dev = 12, .slot = 1, .version = 1, .len = 64 };
	unsigned int i;

	for (i = 0; i < SEALED; i++) {
		s->failed += !!rs_seal_by(s->mode, s->data, &page);
		s->nonces[i] = get_unaligned_le64(s->data + sizeof(s->data) - sizeof(u64));
		cond_resched();
	}
}

/* In each life all of them at once, while the next one begins. The number of errors. */
static unsigned int seal_through_lives(enum rs_seal_mode mode, struct sealers *all)
{
	unsigned int life, i, failed = 0;
	struct sealer *s;

	for (i = 0; i < SEALERS; i++) {
		INIT_WORK(&all->each[i].work, seal_some);
		all->each[i].mode = mode;
	}
	for (life = 0; life < LIVES; life++) {
		for (i = 0; i < SEALERS; i++) {
			s = &all->each[i];
			s->nonces = all->nonces + (life * SEALERS + i) * SEALED;
			queue_work(system_dfl_wq, &s->work);
		}
		rs_seal_renew();
		for (i = 0; i < SEALERS; i++)
			flush_work(&all->each[i].work);
	}
	for (i = 0; i < SEALERS; i++)
		failed += all->each[i].failed;
	return failed;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* Two pages under one key and nonce give each other away, and with AES-GCM they let others be forged. */
static bool uses_nonces_once(enum rs_seal_mode mode)
{
	struct sealers *all = vzalloc(sizeof(*all));
	unsigned int i, wrong;

	if (!all)
		return false;
	wrong = seal_through_lives(mode, all);
	sort(all->nonces, ARRAY_SIZE(all->nonces), sizeof(all->nonces[0]), compare, NULL);
	for (i = 1; i < ARRAY_SIZE(all->nonces); i++)
		wrong += all->nonces[i] == all->nonces[i - 1];
	vfree(all);
	return !wrong;
}

static void measure(enum rs_seal_mode mode, struct trial *t)
{
	struct rs_seal_page page = { .slot = 1, .len = 2048 };
	u64 start = ktime_get_ns(), mid;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		rs_seal_by(mode, t->data, &page);
	mid = ktime_get_ns();
	rs_unseal_by(mode, t->data, &page);
	for (i = 1; i < ROUNDS; i++) {
		rs_seal_by(mode, t->data, &page);
		rs_unseal_by(mode, t->data, &page);
	}
	pr_info("%s: %llu ns to seal 2048 bytes, %llu ns to seal and open them\n",
		rs_seal_names[mode], (mid - start) / ROUNDS, (ktime_get_ns() - mid) / ROUNDS);
}

static bool cipher_works(enum rs_seal_mode mode, struct trial *t)
{
	static const u16 lens[] = { 1, 15, 16, 17, 64, 1000, 2047, 4096 };
	struct rs_seal_page page = { .dev = 7, .slot = 100, .version = 3, .comp = 1 };
	unsigned int i, off;

	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		page.len = lens[i];
		for (off = 0; off < 2 * PAGE_SIZE - 5 - RS_WIRE_SEAL; off += 1021) {
			if (!sealed_well(mode, t, page, t->data + off)) {
				pr_err("%s: failed at %u bytes\n", rs_seal_names[mode], lens[i]);
				return false;
			}
		}
	}
	if (!forgets(mode, t)) {
		pr_err("%s: a device that is gone is not forgotten\n", rs_seal_names[mode]);
		return false;
	}
	if (!renews(mode, t)) {
		pr_err("%s: a copy of the machine has no key of its own\n", rs_seal_names[mode]);
		return false;
	}
	if (!uses_nonces_once(mode)) {
		pr_err("%s: a nonce was used twice, or sealing failed\n", rs_seal_names[mode]);
		return false;
	}
	measure(mode, t);
	return true;
}

bool rs_seal_selftest(void)
{
	struct trial *t = vmalloc(sizeof(*t));
	bool ok = false;

	if (t) {
		get_random_bytes(t->before, sizeof(t->before));
		ok = cipher_works(RS_SEAL_CHACHA, t) &&
		     (!rs_seal_is_available(RS_SEAL_AES_GCM) || cipher_works(RS_SEAL_AES_GCM, t));
	}
	vfree(t);
	pr_info("%s\n", ok ? "passed" : "failed");
	return ok;
}
