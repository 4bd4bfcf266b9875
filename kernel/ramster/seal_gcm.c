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

#include "seal.h"
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

static struct crypto_aead *tfms[RS_SEAL_LIVES];
static mempool_t *ops;	/* NULL: there is no such cipher */

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

static int crypt(unsigned int life, u8 *data, size_t len, const u8 *ad, u64 nonce, bool seal)
{
	struct op *op = mempool_alloc(ops, GFP_NOIO);
	int err;

	memcpy(op->ad, ad, sizeof(op->ad));
	memset(op->iv, 0, sizeof(op->iv));
	put_unaligned_le64(nonce, op->iv + 4);
	fill(op, data, len + TAG);
	crypto_init_wait(&op->wait);
	aead_request_set_tfm(&op->req, tfms[life]);
	aead_request_set_callback(&op->req, CRYPTO_TFM_REQ_MAY_BACKLOG, crypto_req_done, &op->wait);
	aead_request_set_ad(&op->req, sizeof(op->ad));
	aead_request_set_crypt(&op->req, op->sg, op->sg, len + (seal ? 0 : TAG), op->iv);
	err = crypto_wait_req(seal ? crypto_aead_encrypt(&op->req) : crypto_aead_decrypt(&op->req),
			      &op->wait);
	mempool_free(op, ops);
	return err;
}

int rs_gcm_seal(unsigned int life, u8 *data, size_t len, const u8 ad[RS_GCM_AD], u64 nonce)
{
	return crypt(life, data, len, ad, nonce, true);
}

int rs_gcm_unseal(unsigned int life, u8 *data, size_t len, const u8 ad[RS_GCM_AD], u64 nonce)
{
	return crypt(life, data, len, ad, nonce, false);
}

bool rs_gcm_is_available(void)
{
	return ops;
}

/*
 * Is it one piece made for this CPU: generic-gcm-aesni, gcm-aes-ce, gcm-aes-s390? The template
 * gcm_base(ctr,ghash) is not, whatever wraps it (cryptd, pcrypt), nor if its parts are for this CPU:
 * it goes over a page twice, and ChaCha20-Poly1305, which may take longer, at least takes the same
 * time for any page.
 */
bool rs_gcm_is_fast(void)
{
	const char *name = ops ? crypto_tfm_alg_driver_name(crypto_aead_tfm(tfms[0])) : NULL;

	return name && !strstr(name, "gcm_base(") && !strstr(name, "gcm(");
}

static int set_key(struct crypto_aead *tfm)
{
	u8 key[KEY_BYTES];
	int err;

	get_random_bytes(key, sizeof(key));
	err = crypto_aead_setkey(tfm, key, sizeof(key));
	memzero_explicit(key, sizeof(key));
	return err;
}

/* After an errno that life has no key: its tfm refuses to work. */
int rs_gcm_renew(unsigned int life)
{
	return ops ? set_key(tfms[life]) : 0;
}

static void free_tfms(void)
{
	unsigned int i;

	for (i = 0; i < RS_SEAL_LIVES && tfms[i]; i++) {
		crypto_free_aead(tfms[i]);
		tfms[i] = NULL;
	}
}

/* All of the same implementation; the bytes that a request of any of them needs, or an errno. */
static int make_tfms(void)
{
	unsigned int i, size = 0;
	struct crypto_aead *tfm;
	int err;

	for (i = 0; i < RS_SEAL_LIVES; i++) {
		tfm = crypto_alloc_aead(i ? crypto_tfm_alg_driver_name(crypto_aead_tfm(tfms[0])) :
					"gcm(aes)", 0, CRYPTO_ALG_ALLOCATES_MEMORY);
		if (IS_ERR(tfm))
			return PTR_ERR(tfm);
		tfms[i] = tfm;
		err = crypto_aead_setauthsize(tfm, TAG);
		if (err)
			return err;
		size = max(size, crypto_aead_reqsize(tfm));
	}
	return size;
}

void rs_gcm_init(void)
{
	int size = make_tfms();

	if (size >= 0 && !set_key(tfms[0]))
		ops = mempool_create_kmalloc_pool(OPS, sizeof(struct op) + size);
	if (!ops)
		free_tfms();
}

void rs_gcm_exit(void)
{
	mempool_destroy(ops);
	ops = NULL;
	free_tfms();
}
