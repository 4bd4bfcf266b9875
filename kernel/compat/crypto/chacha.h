/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chacha.h - the stream cipher's state as a type of its own
 */
#ifndef _COMPAT_CRYPTO_CHACHA_H
#define _COMPAT_CRYPTO_CHACHA_H

#include_next <crypto/chacha.h>
#include <linux/string.h>
#include <linux/version.h>

/* Linux 6.16: struct chacha_state, before an array of u32; chacha_zeroize_state() */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
struct chacha_state {
	u32 x[CHACHA_STATE_WORDS];
};

#define chacha_init(state, key, iv)		chacha_init((state)->x, key, iv)
#define chacha20_crypt(state, dst, src, bytes)	chacha20_crypt((state)->x, dst, src, bytes)

static inline void chacha_zeroize_state(struct chacha_state *state)
{
	memzero_explicit(state, sizeof(*state));
}
#endif

#endif
