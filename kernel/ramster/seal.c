// SPDX-License-Identifier: GPL-2.0
/* seal.c - zpages as donors see them; seal.h has the contract */
#include <crypto/chacha20poly1305.h>
#include <linux/atomic.h>
#include <linux/random.h>
#include <linux/rwsem.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "node.h"
#include "seal.h"
#include "seal_gcm.h"
#include "wire.h"

#define TAG	CHACHA20POLY1305_AUTHTAG_SIZE
#define AD	RS_GCM_AD

const char *const rs_seal_names[__RS_SEALS] = {
	[RS_SEAL_OFF] = "off",
	[RS_SEAL_ON] = "on",
	[RS_SEAL_AES_GCM] = "aes-gcm",
	[RS_SEAL_CHACHA] = "chacha20-poly1305",
};

/**
 * struct life - a key, and what was sealed under it
 * @after: nonces up to this one are of earlier lives; U64_MAX: nothing is sealed under it
 * @gcm:   seal_gcm.c has one for AES-GCM, too
 * @key:   ChaCha20-Poly1305's
 */
struct life {
	u64 after;
	bool gcm;
	u8 key[CHACHA20POLY1305_KEY_SIZE];
};

/* Guards lives and life. Held to read while a page is sealed or opened. */
static DECLARE_RWSEM(lives_lock);
static struct life lives[RS_SEAL_LIVES];
static unsigned int life;	/* the present one */
static atomic64_t last_nonce;	/* 2^64 pages are not sealed in one life of a module */

/*
 * The last nonce of a device's former lives. The versions of a new one begin anew, so that a
 * donor which keeps all it was ever given has one of the same number for each of its first pages.
 */
static atomic64_t forgotten[RS_DEVICES];

unsigned int rs_seal_bytes(void)
{
	return READ_ONCE(rs_settings.seal) == RS_SEAL_OFF ? 0 : RS_WIRE_SEAL;
}

bool rs_seal_is_available(enum rs_seal_mode mode)
{
	return mode != RS_SEAL_AES_GCM || rs_gcm_is_available();
}

static bool by_gcm(enum rs_seal_mode mode, unsigned int l)
{
	return lives[l].gcm &&
	       (mode == RS_SEAL_AES_GCM || (mode == RS_SEAL_ON && rs_gcm_is_fast()));
}

void rs_seal_forget(u32 dev)
{
	atomic64_set(&forgotten[dev], atomic64_read(&last_nonce));
}

/* What is not in the page and must be right all the same. */
static void describe(u8 ad[AD], const struct rs_seal_page *page)
{
	put_unaligned_le32(page->dev, ad);
	put_unaligned_le32(page->slot, ad + 4);
	put_unaligned_le16(page->version, ad + 8);
	put_unaligned_le16(page->len, ad + 10);
	ad[12] = page->comp;
}

/* rs_seal() by a cipher of the caller's choice. */
int rs_seal_by(enum rs_seal_mode mode, u8 *data, const struct rs_seal_page *page)
{
	u8 ad[AD];
	u64 nonce;
	int err = 0;

	BUILD_BUG_ON(TAG + sizeof(nonce) != RS_WIRE_SEAL);
	describe(ad, page);
	down_read(&lives_lock);
	nonce = atomic64_inc_return(&last_nonce);
	if (by_gcm(mode, life))
		err = rs_gcm_seal(life, data, page->len, ad, nonce);
	else
		chacha20poly1305_encrypt(data, data, page->len, ad, sizeof(ad), nonce,
					 lives[life].key);
	up_read(&lives_lock);
	put_unaligned_le64(nonce, data + page->len + TAG);
	return err;
}

/* The life in which a nonce was used; RS_SEAL_LIVES: none that we still know. */
static unsigned int life_of(u64 nonce)
{
	unsigned int i, l;

	lockdep_assert_held(&lives_lock);
	for (i = 0; i < RS_SEAL_LIVES; i++) {
		l = (life + RS_SEAL_LIVES - i) % RS_SEAL_LIVES;
		if (nonce > lives[l].after)
			return l;
	}
	return RS_SEAL_LIVES;
}

/* rs_unseal(), likewise. */
bool rs_unseal_by(enum rs_seal_mode mode, u8 *data, const struct rs_seal_page *page)
{
	u64 nonce = get_unaligned_le64(data + page->len + TAG);
	unsigned int l;
	u8 ad[AD];
	bool ok;

	if (nonce <= atomic64_read(&forgotten[page->dev]))
		return false;
	describe(ad, page);
	down_read(&lives_lock);
	l = life_of(nonce);
	if (l == RS_SEAL_LIVES)
		ok = false;
	else if (by_gcm(mode, l))
		ok = !rs_gcm_unseal(l, data, page->len, ad, nonce);
	else
		ok = chacha20poly1305_decrypt(data, data, page->len + TAG, ad, sizeof(ad), nonce,
					      lives[l].key);
	up_read(&lives_lock);
	return ok;
}

/**
 * rs_seal - seal a zpage in its place
 * @data: @page->len bytes, and room for RS_WIRE_SEAL more
 * @page: which it is
 *
 * Context: process, may sleep for a moment; needs no new memory.
 * Return: 0, or an errno: the page must not leave.
 */
int rs_seal(u8 *data, const struct rs_seal_page *page)
{
	return rs_seal_by(READ_ONCE(rs_settings.seal), data, page);
}

/**
 * rs_unseal - what was sealed, in its place
 * @data: @page->len + RS_WIRE_SEAL bytes; on success the first @page->len are the zpage
 * @page: which it should be
 *
 * On a failure the buffer may hold another page of ours, opened: the caller wipes it.
 *
 * Context: process, may sleep for a moment; needs no new memory.
 * Return: false: it is not what we have sealed for this place.
 */
bool rs_unseal(u8 *data, const struct rs_seal_page *page)
{
	return rs_unseal_by(READ_ONCE(rs_settings.seal), data, page);
}

/**
 * rs_seal_renew - another key from now on
 *
 * For a machine that is a copy: the original seals other pages with the nonces that are next here.
 * What was sealed before still opens, but for what is older than RS_SEAL_LIVES calls.
 *
 * Context: process, may sleep; one at a time. Pages are sealed meanwhile, so no lock of theirs is
 * held while memory is allocated.
 * Should AES-GCM get none, ChaCha20-Poly1305 is used in its place.
 */
void rs_seal_renew(void)
{
	unsigned int next = (life + 1) % RS_SEAL_LIVES;

	down_write(&lives_lock);
	lives[next].after = U64_MAX;
	up_write(&lives_lock);
	get_random_bytes(lives[next].key, sizeof(lives[next].key));
	lives[next].gcm = !rs_gcm_renew(next);
	down_write(&lives_lock);
	lives[next].after = atomic64_read(&last_nonce);
	life = next;
	up_write(&lives_lock);
}

void rs_seal_init(void)
{
	unsigned int i;

	for (i = 1; i < RS_SEAL_LIVES; i++)
		lives[i].after = U64_MAX;
	get_random_bytes(lives[0].key, sizeof(lives[0].key));
	lives[0].gcm = true;
	rs_gcm_init();
}

void rs_seal_exit(void)
{
	rs_gcm_exit();
	memzero_explicit(lives, sizeof(lives));
}
