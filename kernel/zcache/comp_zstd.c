// SPDX-License-Identifier: GPL-2.0
/*
 * comp_zstd.c - zstd: densest and slowest
 */
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/zstd.h>

#include "comp.h"

#define LEVEL 3

/* The contexts point into @mem, which the library wants aligned to 8. */
struct cws {
	zstd_cctx *cctx;
	size_t size;
	u64 mem[];
};

struct dws {
	zstd_dctx *dctx;
	size_t size;
	u64 mem[];
};

static zstd_parameters params(void)
{
	return zstd_get_params(LEVEL, PAGE_SIZE);
}

static void *create_cws(int node)
{
	zstd_parameters p = params();
	size_t size = zstd_cctx_workspace_bound(&p.cParams);
	struct cws *ws = kvmalloc_node(sizeof(*ws) + size, GFP_KERNEL, node);

	if (!ws)
		return NULL;
	ws->size = size;
	ws->cctx = zstd_init_cctx(ws->mem, size);
	if (!ws->cctx) {
		kvfree(ws);
		return NULL;
	}
	return ws;
}

static void *create_dws(int node)
{
	size_t size = zstd_dctx_workspace_bound();
	struct dws *ws = kvmalloc_node(sizeof(*ws) + size, GFP_KERNEL, node);

	if (!ws)
		return NULL;
	ws->size = size;
	ws->dctx = zstd_init_dctx(ws->mem, size);
	if (!ws->dctx) {
		kvfree(ws);
		return NULL;
	}
	return ws;
}

/* Literals of the last page lie in both. */
static void destroy_ws(void *cws, void *dws)
{
	struct cws *c = cws;
	struct dws *d = dws;

	if (c)
		kvfree_sensitive(c, sizeof(*c) + c->size);
	if (d)
		kvfree_sensitive(d, sizeof(*d) + d->size);
}

static int compress(void *cws, const void *src, void *dst, size_t *dlen)
{
	struct cws *ws = cws;
	zstd_parameters p = params();
	size_t n = zstd_compress_cctx(ws->cctx, dst, ZCOMP_DST_SIZE, src, PAGE_SIZE, &p);

	if (zstd_is_error(n))
		return -EINVAL;
	*dlen = n;
	return 0;
}

static int decompress(void *dws, const void *src, size_t slen, void *dst)
{
	struct dws *ws = dws;

	/* An error is a huge number, so no page either. */
	return zstd_decompress_dctx(ws->dctx, dst, PAGE_SIZE, src, slen) == PAGE_SIZE ?
	       0 : -EBADMSG;
}

const struct zcomp_ops zcomp_zstd = {
	.name = "zstd",
	.id = ZCOMP_ZSTD,
	.create_cws = create_cws,
	.create_dws = create_dws,
	.destroy_ws = destroy_ws,
	.compress = compress,
	.decompress = decompress,
};
