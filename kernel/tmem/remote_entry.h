/* SPDX-License-Identifier: GPL-2.0 */
/*
 * remote_entry.h - a page that lies on donors, in the 63 bits of an xarray value
 *
 *	bits  0-29  up to three donors, 10 bits each, the first nearest to bit 0
 *	bits 30-31  how many of them, 0 to 3; 0: every copy is lost
 *	bits 32-43  length of the zpage in bytes, less one
 *	bits 44-59  version
 *	bits 60-61  compressor id
 *	bit     62  a flush is on its way to the donors
 *
 * Pure: compiles in userspace for the unit tests.
 */
#ifndef _TMEM_REMOTE_ENTRY_H
#define _TMEM_REMOTE_ENTRY_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
#endif

#define TMEM_REMOTE_DONORS	3
#define TMEM_REMOTE_DONOR_BITS	10
#define TMEM_REMOTE_DONOR_MAX	((1 << TMEM_REMOTE_DONOR_BITS) - 1)

struct tmem_remote {
	u16 donor[TMEM_REMOTE_DONORS];
	u8 nr_donors;
	u8 comp;
	u16 len;	/* 1 to 4096 */
	u16 version;
	bool flushing;
};

static inline u64 tmem_remote_pack(const struct tmem_remote *r)
{
	u64 v = 0;
	int i;

	for (i = 0; i < r->nr_donors; i++)
		v |= (u64)(r->donor[i] & TMEM_REMOTE_DONOR_MAX) << (i * TMEM_REMOTE_DONOR_BITS);
	v |= (u64)(r->nr_donors & 3) << 30;
	v |= (u64)((r->len - 1) & 0xfff) << 32;
	v |= (u64)r->version << 44;
	v |= (u64)(r->comp & 3) << 60;
	v |= (u64)r->flushing << 62;
	return v;
}

static inline struct tmem_remote tmem_remote_unpack(u64 v)
{
	struct tmem_remote r = {
		.nr_donors = (v >> 30) & 3,
		.len = ((v >> 32) & 0xfff) + 1,
		.version = (v >> 44) & 0xffff,
		.comp = (v >> 60) & 3,
		.flushing = (v >> 62) & 1,
	};
	int i;

	for (i = 0; i < r.nr_donors; i++)
		r.donor[i] = (v >> (i * TMEM_REMOTE_DONOR_BITS)) & TMEM_REMOTE_DONOR_MAX;
	return r;
}

/* Takes @donor out of @r's list; true if it was in it. */
static inline bool tmem_remote_remove_donor(struct tmem_remote *r, u16 donor)
{
	int i, n = 0;

	for (i = 0; i < r->nr_donors; i++)
		if (r->donor[i] != donor)
			r->donor[n++] = r->donor[i];
	if (n == r->nr_donors)
		return false;
	r->nr_donors = n;
	return true;
}

#endif
