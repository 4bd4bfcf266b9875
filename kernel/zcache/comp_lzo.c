// SPDX-License-Identifier: GPL-2.0
/*
 * comp_lzo.c - lzo-rle: lzo with run lengths, a little denser than lz4
 */
#include <linux/errno.h>
#include <linux/mm.h>
/* Uses size_t, but includes nothing. */
#include <linux/lzo.h>

#include "comp.h"

static void *create_cws(int node)
{
	return kvmalloc_node(LZO1X_MEM_COMPRESS, GFP_KERNEL, node);
}

/* Not the _safe one, which came late to 6.1: the worst case fits. */
static int compress(void *cws, const void *src, void *dst, size_t *dlen)
{
	static_assert(lzo1x_worst_compress(PAGE_SIZE) <= ZCOMP_DST_SIZE);

	*dlen = ZCOMP_DST_SIZE;
	return lzorle1x_1_compress(src, PAGE_SIZE, dst, dlen, cws) == LZO_E_OK ? 0 : -EINVAL;
}

static int decompress(void *dws, const void *src, size_t slen, void *dst)
{
	size_t dlen = PAGE_SIZE;
	int err = lzo1x_decompress_safe(src, slen, dst, &dlen);

	return err == LZO_E_OK && dlen == PAGE_SIZE ? 0 : -EBADMSG;
}

const struct zcomp_ops zcomp_lzo_rle = {
	.name = "lzo-rle",
	.id = ZCOMP_LZO_RLE,
	.create_cws = create_cws,
	.compress = compress,
	.decompress = decompress,
};
