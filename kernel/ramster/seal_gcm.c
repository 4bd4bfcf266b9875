// SPDX-License-Identifier: GPL-2.0
/*
 * seal_gcm.c - AES-256-GCM for seal.c, by the crypto API
 *
 * The API wants scatterlists and a request of the algorithm's own size, so each page in
 * work takes an operation from a pool that was made at load: nothing is allocated on
 * the way out but when all of them are in use, and then it waits for one.
 */
#include <crypto/aead.h>
#include <linux/crypto.h>
#include <linux/mempool.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "seal_gcm.h"
#include "wire.h"

#define KEY_BYTES	32
#define TAG		16
#define IV		12
#define OPS		16
#define PAGES		3	/* that a zpage may lie across */

struct op {
	struct scatterlist sg[1 + PAGES];
	u8 ad[RS_GCM_AD];
	u8 iv[IV];
	struct crypto_wait wait;
	struct aead_request req;	/* and what the algorithm has behind it */
};

static struct crypto_aead *tfm;
static mempool_t *ops;

/* The additional data, then @len bytes at @data, wherever in the kernel's memory they are. */
static void fill(struct op *op, u8 *data, size_t len)
{
	unsigned int n = 1, off, part;

	sg_init_table(op->sg, ARRAY_SIZE(op->sg));
	sg_set_buf(&op->sg[0], op->ad, sizeof(op->ad));
	while (len) {
		off = offset_in_page(data);
		part = min_t(size_t, len, PAGE_SIZE - off);
		sg_set_page(&op->sg[n++], is_vmalloc_addr(data) ? vmalloc_to_page(data) :
						virt_to_page(data), part, off);
		data += part;
		len -= part;
	}
	sg_mark_end(&op->sg[n - 1]);
}

static int crypt(u8 *data, size_t len, const u8 *ad, u64 nonce, bool seal)
{
	struct op *op = mempool_alloc(ops, GFP_NOIO);
	int err;

	memcpy(op->ad, ad, sizeof(op->ad));
	memset(op->iv, 0, sizeof(op->iv));
	put_unaligned_le64(nonce, op->iv + 4);
	fill(op, data, len + TAG);
	crypto_init_wait(&op->wait);
	aead_request_set_tfm(&op->req, tfm);
	aead_request_set_callback(&op->req, CRYPTO_TFM_REQ_MAY_BACKLOG, crypto_req_done, &op->wait);
	aead_request_set_ad(&op->req, sizeof(op->ad));
	aead_request_set_crypt(&op->req, op->sg, op->sg, len + (seal ? 0 : TAG), op->iv);
	err = crypto_wait_req(seal ? crypto_aead_encrypt(&op->req) : crypto_aead_decrypt(&op->req),
			      &op->wait);
	mempool_free(op, ops);
	return err;
}

int rs_gcm_seal(u8 *data, size_t len, const u8 ad[RS_GCM_AD], u64 nonce)
{
	return crypt(data, len, ad, nonce, true);
}

int rs_gcm_unseal(u8 *data, size_t len, const u8 ad[RS_GCM_AD], u64 nonce)
{
	return crypt(data, len, ad, nonce, false);
}

bool rs_gcm_is_available(void)
{
	return tfm;
}

/* The generic template is built of a block cipher and a hash, and is named after them. */
bool rs_gcm_is_fast(void)
{
	return tfm && strncmp(crypto_tfm_alg_driver_name(crypto_aead_tfm(tfm)), "gcm", 3);
}

void rs_gcm_init(void)
{
	struct crypto_aead *new = crypto_alloc_aead("gcm(aes)", 0, CRYPTO_ALG_ALLOCATES_MEMORY);
	u8 key[KEY_BYTES];
	int err;

	if (IS_ERR(new))
		return;
	get_random_bytes(key, sizeof(key));
	err = crypto_aead_setkey(new, key, sizeof(key)) ?: crypto_aead_setauthsize(new, TAG);
	memzero_explicit(key, sizeof(key));
	if (!err)
		ops = mempool_create_kmalloc_pool(OPS, sizeof(struct op) + crypto_aead_reqsize(new));
	if (!ops) {
		crypto_free_aead(new);
		return;
	}
	tfm = new;
}

void rs_gcm_exit(void)
{
	if (!tfm)
		return;
	crypto_free_aead(tfm);
	mempool_destroy(ops);
}
