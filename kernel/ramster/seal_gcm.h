/* SPDX-License-Identifier: GPL-2.0 */
/* seal_gcm.h - AES-256-GCM for seal.c, by the crypto API */
#ifndef _RAMSTER_SEAL_GCM_H
#define _RAMSTER_SEAL_GCM_H

#include <linux/types.h>

#define RS_GCM_AD	13	/* bytes of additional data */

/* Without it, or without memory, there is none; that is no error. Process context. */
void rs_gcm_init(void);
void rs_gcm_exit(void);

bool rs_gcm_is_available(void);
bool rs_gcm_is_fast(void);	/* by instructions for it */

/* A random key for @life, of which nobody makes use now. 0 or an errno. Process context. */
int rs_gcm_renew(unsigned int life);

/*
 * @len bytes at @data, with a tag of 16 behind them, in their place, under the key of @life. 0 or an
 * errno. May sleep.
 */
int rs_gcm_seal(unsigned int life, u8 *data, size_t len, const u8 ad[RS_GCM_AD], u64 nonce);
int rs_gcm_unseal(unsigned int life, u8 *data, size_t len, const u8 ad[RS_GCM_AD], u64 nonce);

#endif
