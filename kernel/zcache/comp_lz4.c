// SPDX-License-Identifier: GPL-2.0
/*
 * comp_lz4.c - lz4: fastest, the default
 */
#include <linux/errno.h>
#include <linux/lz4.h>
#include <linux/mm.h>

#include "comp.h"

static void *create_cws(int node)
{
	return kvmalloc_node(LZ4_MEM_COMPRESS, GFP_KERNEL, node);
}

static int compress(void *cws, const void *src, void *dst, size_t *dlen)
{
	int n = LZ4_compress_default(src, dst, PAGE_SIZE, ZCOMP_DST_SIZE, cws);

	if (n <= 0)
		return -EINVAL;
	*dlen = n;
	return 0;
}

static int decompress(void *dws, const void *src, size_t slen, void *dst)
{
	return LZ4_decompress_safe(src, dst, slen, PAGE_SIZE) == PAGE_SIZE ? 0 : -EBADMSG;
}

const struct zcomp_ops zcomp_lz4 = {
	.name = "lz4",
	.id = ZCOMP_LZ4,
	.create_cws = create_cws,
	.compress = compress,
	.decompress = decompress,
};
