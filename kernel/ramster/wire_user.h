/* SPDX-License-Identifier: GPL-2.0 */
/* wire_user.h - the little of the kernel that wire.c needs, for unit tests and fuzzers */
#ifndef _RAMSTER_WIRE_USER_H
#define _RAMSTER_WIRE_USER_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static inline u16 get_unaligned_le16(const void *p)
{
	const u8 *b = p;

	return (u16)(b[0] | b[1] << 8);
}

static inline u32 get_unaligned_le32(const void *p)
{
	const u8 *b = p;

	return get_unaligned_le16(b) | (u32)get_unaligned_le16(b + 2) << 16;
}

static inline u64 get_unaligned_le64(const void *p)
{
	const u8 *b = p;

	return get_unaligned_le32(b) | (u64)get_unaligned_le32(b + 4) << 32;
}

static inline void put_unaligned_le16(u16 v, void *p)
{
	u8 *b = p;

	b[0] = v & 0xff;
	b[1] = v >> 8;
}

static inline void put_unaligned_le32(u32 v, void *p)
{
	u8 *b = p;

	put_unaligned_le16(v & 0xffff, b);
	put_unaligned_le16(v >> 16, b + 2);
}

static inline void put_unaligned_le64(u64 v, void *p)
{
	u8 *b = p;

	put_unaligned_le32(v & 0xffffffff, b);
	put_unaligned_le32(v >> 32, b + 4);
}

/* CRC-32C (Castagnoli), reflected, without the final inversion: as the kernel's crc32c(). */
static inline u32 rs_crc32c(u32 seed, const void *p, size_t len)
{
	const u8 *b = p;

	while (len--) {
		seed ^= *b++;
		for (int bit = 0; bit < 8; bit++)
			seed = (seed >> 1) ^ (seed & 1 ? 0x82f63b78 : 0);
	}
	return seed;
}

#endif
