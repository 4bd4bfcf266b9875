/* SPDX-License-Identifier: GPL-2.0 */
/* auth_user.h - the kernel's crypto as auth.c uses it, for unit tests, fuzzers and test nodes */
#ifndef _RAMSTER_AUTH_USER_H
#define _RAMSTER_AUTH_USER_H

#include "wire_user.h"

/* tests/crypto/crypto_user.c has these. */
struct hmac_sha256_ctx {
	u32 state[8];
	u64 bytes;
	u8 block[64];
	u8 outer_key[64];
};

void hmac_sha256_init_usingrawkey(struct hmac_sha256_ctx *ctx, const u8 *raw_key, size_t len);
void hmac_sha256_update(struct hmac_sha256_ctx *ctx, const u8 *data, size_t len);
void hmac_sha256_final(struct hmac_sha256_ctx *ctx, u8 *out);

struct chacha_state {
	u32 x[16];
};

void chacha_init(struct chacha_state *state, const u32 *key, const u8 *iv);
void chacha20_crypt(struct chacha_state *state, u8 *dst, const u8 *src, unsigned int bytes);

struct poly1305_desc_ctx {
	u32 r[5], h[5], s[4];
	u8 block[16];
	unsigned int have;
};

void poly1305_init(struct poly1305_desc_ctx *ctx, const u8 *key);
void poly1305_update(struct poly1305_desc_ctx *ctx, const u8 *src, unsigned int len);
void poly1305_final(struct poly1305_desc_ctx *ctx, u8 *digest);

static inline void memzero_explicit(void *p, size_t len)
{
	memset(p, 0, len);
	__asm__ volatile("" : : "r"(p) : "memory");
}

static inline void chacha_zeroize_state(struct chacha_state *state)
{
	memzero_explicit(state, sizeof(*state));
}

static inline int crypto_memneq(const void *a, const void *b, size_t len)
{
	return memcmp(a, b, len) != 0;
}

#endif
