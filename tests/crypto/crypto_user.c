// SPDX-License-Identifier: GPL-2.0
/*
 * crypto_user.c - SHA-256, HMAC, ChaCha20 and Poly1305 for tests, plainly
 *
 * For tests only: neither fast nor free of side channels. The modules use the
 * kernel's own. tests/unit/test_auth.c holds it to the vectors of the RFCs.
 */
#include "ramster/auth_user.h"

static u32 rol(u32 v, int n)
{
	return v << n | v >> (32 - n);
}

static u32 ror(u32 v, int n)
{
	return rol(v, 32 - n);
}

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static void put_be32(u32 v, u8 *p)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static const u32 sha_k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void sha_block(struct hmac_sha256_ctx *ctx, const u8 *p)
{
	u32 w[64], v[8];
	int i;

	for (i = 0; i < 16; i++)
		w[i] = be32(p + 4 * i);
	for (; i < 64; i++) {
		u32 a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (ror(a, 7) ^ ror(a, 18) ^ a >> 3) + w[i - 7] +
		       (ror(b, 17) ^ ror(b, 19) ^ b >> 10);
	}
	memcpy(v, ctx->state, sizeof(v));
	for (i = 0; i < 64; i++) {
		u32 t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
			 ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha_k[i] + w[i];
		u32 t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
			 ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (i = 0; i < 8; i++)
		ctx->state[i] += v[i];
}

static void sha_begin(struct hmac_sha256_ctx *ctx)
{
	static const u32 start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
		0x5be0cd19,
	};

	memcpy(ctx->state, start, sizeof(start));
	ctx->bytes = 0;
}

static void sha_end(struct hmac_sha256_ctx *ctx, u8 *out)
{
	u64 bits = ctx->bytes * 8;
	static const u8 pad[64] = { 0x80 };
	u8 len[8];

	hmac_sha256_update(ctx, pad, 1 + (119 - ctx->bytes % 64) % 64);
	put_be32(bits >> 32, len);
	put_be32(bits, len + 4);
	hmac_sha256_update(ctx, len, 8);
	for (int i = 0; i < 8; i++)
		put_be32(ctx->state[i], out + 4 * i);
}

void hmac_sha256_init_usingrawkey(struct hmac_sha256_ctx *ctx, const u8 *raw_key, size_t len)
{
	u8 inner[64];

	for (size_t i = 0; i < 64; i++) {
		u8 k = i < len ? raw_key[i] : 0;

		inner[i] = k ^ 0x36;
		ctx->outer_key[i] = k ^ 0x5c;
	}
	sha_begin(ctx);
	hmac_sha256_update(ctx, inner, 64);
}

void hmac_sha256_update(struct hmac_sha256_ctx *ctx, const u8 *data, size_t len)
{
	while (len--) {
		ctx->block[ctx->bytes++ % 64] = *data++;
		if (ctx->bytes % 64 == 0)
			sha_block(ctx, ctx->block);
	}
}

void hmac_sha256_final(struct hmac_sha256_ctx *ctx, u8 *out)
{
	u8 digest[32];

	sha_end(ctx, digest);
	sha_begin(ctx);
	hmac_sha256_update(ctx, ctx->outer_key, 64);
	hmac_sha256_update(ctx, digest, 32);
	sha_end(ctx, out);
}

void chacha_init(struct chacha_state *state, const u32 *key, const u8 *iv)
{
	static const u32 sigma[4] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(state->x, sigma, sizeof(sigma));
	memcpy(state->x + 4, key, 32);
	for (int i = 0; i < 4; i++)
		state->x[12 + i] = get_unaligned_le32(iv + 4 * i);
}

static void quarter(u32 *x, int a, int b, int c, int d)
{
	x[a] += x[b];
	x[d] = rol(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rol(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rol(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rol(x[b] ^ x[c], 7);
}

static void chacha_block(struct chacha_state *state, u8 *stream)
{
	u32 x[16];
	int i;

	memcpy(x, state->x, sizeof(x));
	for (i = 0; i < 10; i++) {
		quarter(x, 0, 4, 8, 12);
		quarter(x, 1, 5, 9, 13);
		quarter(x, 2, 6, 10, 14);
		quarter(x, 3, 7, 11, 15);
		quarter(x, 0, 5, 10, 15);
		quarter(x, 1, 6, 11, 12);
		quarter(x, 2, 7, 8, 13);
		quarter(x, 3, 4, 9, 14);
	}
	for (i = 0; i < 16; i++)
		put_unaligned_le32(x[i] + state->x[i], stream + 4 * i);
	state->x[12]++;
}

void chacha20_crypt(struct chacha_state *state, u8 *dst, const u8 *src, unsigned int bytes)
{
	u8 stream[64];

	for (unsigned int i = 0; i < bytes; i++) {
		if (i % 64 == 0)
			chacha_block(state, stream);
		dst[i] = src[i] ^ stream[i % 64];
	}
}

/* Limbs of 26 bits. */
void poly1305_init(struct poly1305_desc_ctx *ctx, const u8 *key)
{
	static const u32 mask[5] = { 0x3ffffff, 0x3ffff03, 0x3ffc0ff, 0x3f03fff, 0x00fffff };
	static const u8 at[5] = { 0, 3, 6, 9, 12 };

	memset(ctx, 0, sizeof(*ctx));
	for (int i = 0; i < 5; i++)
		ctx->r[i] = get_unaligned_le32(key + at[i]) >> (2 * i) & mask[i];
	for (int i = 0; i < 4; i++)
		ctx->s[i] = get_unaligned_le32(key + 16 + 4 * i);
}

static void poly_block(struct poly1305_desc_ctx *ctx, const u8 *p, u32 high)
{
	const u32 *r = ctx->r;
	u32 *h = ctx->h;
	u64 d[5], carry = 0;
	int i, j;

	h[0] += get_unaligned_le32(p) & 0x3ffffff;
	h[1] += get_unaligned_le32(p + 3) >> 2 & 0x3ffffff;
	h[2] += get_unaligned_le32(p + 6) >> 4 & 0x3ffffff;
	h[3] += get_unaligned_le32(p + 9) >> 6 & 0x3ffffff;
	h[4] += get_unaligned_le32(p + 12) >> 8 | high << 24;
	for (i = 0; i < 5; i++) {
		d[i] = 0;
		for (j = 0; j < 5; j++)
			d[i] += (u64)h[j] * (j <= i ? r[i - j] : 5 * r[i - j + 5]);
	}
	for (i = 0; i < 5; i++) {
		d[i] += carry;
		carry = d[i] >> 26;
		h[i] = d[i] & 0x3ffffff;
	}
	h[0] += carry * 5;
	h[1] += h[0] >> 26;
	h[0] &= 0x3ffffff;
}

void poly1305_update(struct poly1305_desc_ctx *ctx, const u8 *src, unsigned int len)
{
	while (len--) {
		ctx->block[ctx->have++] = *src++;
		if (ctx->have == 16) {
			poly_block(ctx, ctx->block, 1);
			ctx->have = 0;
		}
	}
}

void poly1305_final(struct poly1305_desc_ctx *ctx, u8 *digest)
{
	u32 *h = ctx->h, g[5], word[4];
	u64 sum = 0;
	u32 carry;
	int i, round;

	if (ctx->have) {
		ctx->block[ctx->have++] = 1;
		memset(ctx->block + ctx->have, 0, 16 - ctx->have);
		poly_block(ctx, ctx->block, 0);
	}
	for (round = 0; round < 2; round++) {
		for (carry = 0, i = 0; i < 5; i++) {
			h[i] += carry;
			carry = h[i] >> 26;
			h[i] &= 0x3ffffff;
		}
		h[0] += carry * 5;
	}
	/* h - p, if h is not less */
	for (carry = 5, i = 0; i < 5; i++) {
		g[i] = h[i] + carry;
		carry = g[i] >> 26;
		g[i] &= 0x3ffffff;
	}
	if (carry)
		memcpy(h, g, sizeof(g));
	word[0] = h[0] | h[1] << 26;
	word[1] = h[1] >> 6 | h[2] << 20;
	word[2] = h[2] >> 12 | h[3] << 14;
	word[3] = h[3] >> 18 | h[4] << 8;
	for (i = 0; i < 4; i++) {
		sum += (u64)word[i] + ctx->s[i];
		put_unaligned_le32(sum, digest + 4 * i);
		sum >>= 32;
	}
}
