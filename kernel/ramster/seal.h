/* SPDX-License-Identifier: GPL-2.0 */
/*
 * seal.h - zpages as donors see them
 *
 * A zpage is encrypted and authenticated by its owner before it leaves, under a key that
 * was made at load (or later: rs_seal_renew()) and never leaves the module, and bound to where it belongs: device,
 * slot, version, length, compressor. So a donor, or whoever listens, can neither read nor alter it, nor
 * give back another or an older one in its place. On the wire and on a donor it is the
 * ciphertext, a tag of 16 bytes, and the nonce, 8 bytes.
 */
#ifndef _RAMSTER_SEAL_H
#define _RAMSTER_SEAL_H

#include <linux/types.h>

/* Keys that are kept: the machine may be resumed from a snapshot so often, less one. */
#define RS_SEAL_LIVES	4

enum rs_seal_mode {
	RS_SEAL_OFF,
	RS_SEAL_ON,		/* by the better cipher that there is */
	RS_SEAL_AES_GCM,
	RS_SEAL_CHACHA,
	__RS_SEALS,
};

/* Which page it is. */
struct rs_seal_page {
	u32 dev;
	u32 slot;
	u16 version;
	u16 len;	/* of the zpage itself */
	u8 comp;
};

/* As they are in configfs. */
extern const char *const rs_seal_names[__RS_SEALS];

/* Bytes that a zpage is longer when sealed; 0: pages are not sealed. Stays while a donor is connected. */
unsigned int rs_seal_bytes(void);

bool rs_seal_is_available(enum rs_seal_mode mode);

/* No page of the device is at any donor: what was sealed for it so far opens no more. Any context. */
void rs_seal_forget(u32 dev);

void rs_seal_renew(void);

int rs_seal(u8 *data, const struct rs_seal_page *page);
bool rs_unseal(u8 *data, const struct rs_seal_page *page);
int rs_seal_by(enum rs_seal_mode mode, u8 *data, const struct rs_seal_page *page);
bool rs_unseal_by(enum rs_seal_mode mode, u8 *data, const struct rs_seal_page *page);

void rs_seal_init(void);
void rs_seal_exit(void);

#endif
