// SPDX-License-Identifier: GPL-2.0
/* seal.c - zpages as donors see them; seal.h has the contract */
#include <crypto/chacha20poly1305.h>
#include <linux/atomic.h>
#include <linux/random.h>
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

static u8 key[CHACHA20POLY1305_KEY_SIZE];
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

static bool by_gcm(enum rs_seal_mode mode)
{
	return mode == RS_SEAL_AES_GCM || (mode == RS_SEAL_ON && rs_gcm_is_fast());
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
	u64 nonce = atomic64_inc_return(&last_nonce);
	u8 ad[AD];
	int err = 0;

	BUILD_BUG_ON(TAG + sizeof(nonce) != RS_WIRE_SEAL);
	describe(ad, page);
	if (by_gcm(mode))
		err = rs_gcm_seal(data, page->len, ad, nonce);
	else
		chacha20poly1305_encrypt(data, data, page->len, ad, sizeof(ad), nonce, key);
	put_unaligned_le64(nonce, data + page->len + TAG);
	return err;
}

/* rs_unseal(), likewise. */
bool rs_unseal_by(enum rs_seal_mode mode, u8 *data, const struct rs_seal_page *page)
{
	u64 nonce = get_unaligned_le64(data + page->len + TAG);
	u8 ad[AD];

	if (nonce <= atomic64_read(&forgotten[page->dev]))
		return false;
	describe(ad, page);
	if (by_gcm(mode))
		return !rs_gcm_unseal(data, page->len, ad, nonce);
	return chacha20poly1305_decrypt(data, data, page->len + TAG, ad, sizeof(ad), nonce, key);
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

void rs_seal_init(void)
{
	get_random_bytes(key, sizeof(key));
	rs_gcm_init();
}

void rs_seal_exit(void)
{
	rs_gcm_exit();
	memzero_explicit(key, sizeof(key));
}
