/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sha2.h - HMAC-SHA256 as a library function
 */
#ifndef _COMPAT_CRYPTO_SHA2_H
#define _COMPAT_CRYPTO_SHA2_H

#include_next <crypto/sha2.h>
#include <linux/string.h>
#include <linux/version.h>

/*
 * Linux 6.17: hmac_sha256_*(). Before there is only the crypto API's hmac(sha256), whose
 * transform and key would have to be guarded by a lock. Here: RFC 2104 on the same sha256
 * library, for keys of at most one block.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
struct hmac_sha256_ctx {
	struct sha256_state inner;
	u8 outer_key[SHA256_BLOCK_SIZE];
};

static inline void hmac_sha256_init_usingrawkey(struct hmac_sha256_ctx *ctx, const u8 *raw_key,
						size_t raw_key_len)
{
	u8 inner_key[SHA256_BLOCK_SIZE];
	size_t i;

	for (i = 0; i < SHA256_BLOCK_SIZE; i++) {
		u8 k = i < raw_key_len ? raw_key[i] : 0;

		inner_key[i] = k ^ 0x36;
		ctx->outer_key[i] = k ^ 0x5c;
	}
	sha256_init(&ctx->inner);
	sha256_update(&ctx->inner, inner_key, sizeof(inner_key));
	memzero_explicit(inner_key, sizeof(inner_key));
}

static inline void hmac_sha256_update(struct hmac_sha256_ctx *ctx, const u8 *data, size_t data_len)
{
	sha256_update(&ctx->inner, data, data_len);
}

/* Wipes @ctx. */
static inline void hmac_sha256_final(struct hmac_sha256_ctx *ctx, u8 *out)
{
	struct sha256_state outer;
	u8 digest[SHA256_DIGEST_SIZE];

	sha256_final(&ctx->inner, digest);
	sha256_init(&outer);
	sha256_update(&outer, ctx->outer_key, sizeof(ctx->outer_key));
	sha256_update(&outer, digest, sizeof(digest));
	sha256_final(&outer, out);
	memzero_explicit(&outer, sizeof(outer));
	memzero_explicit(digest, sizeof(digest));
	memzero_explicit(ctx, sizeof(*ctx));
}
#endif

#endif
