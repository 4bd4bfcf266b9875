/* SPDX-License-Identifier: GPL-2.0 */
/*
 * comp.h - compressors, on the kernel's own libraries
 *
 * A compressor is data: a name, an id that travels with each zpage, and pure
 * functions on a workspace. The workspaces are kept per CPU here:
 *
 *  - compressing takes a context with zcomp_get(), which is a mutex per CPU and
 *    so leaves the caller preemptible; the output lies in the context until
 *    zcomp_put(). Process context only.
 *  - reading a zpage wants a bounce page (see alloc.h): zcomp_bounce_get(), a
 *    mutex per CPU as well, apart from the other so that a load does not wait
 *    for a compression. Process context only.
 *  - decompressing needs no context of the caller's and works in any context up to
 *    softirq, atomic or not. Only zstd has a workspace for it, which is
 *    guarded by a lock per CPU with bottom halves off.
 *
 * Workspaces of a compressor are made by zcomp_enable(), before its first use,
 * and stay until zcomp_exit(): a page stored once can be read without
 * allocating whatever compressor is chosen later. Per CPU online at load: 12 KiB
 * of buffers; lz4 and lzo-rle 16 KiB each; zstd about 240 KiB.
 */
#ifndef _ZCACHE_COMP_H
#define _ZCACHE_COMP_H

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* On the wire and in stored entries: never renumbered, never reused. */
enum zcomp_id {
	ZCOMP_RAW = 0,
	ZCOMP_LZ4 = 1,
	ZCOMP_LZO_RLE = 2,
	ZCOMP_ZSTD = 3,
	ZCOMP_NR
};

/* Every compressor's worst case for one page fits. */
#define ZCOMP_DST_SIZE (2 * PAGE_SIZE)

/**
 * struct zcomp_ops - a compressor; immutable
 * @name:	as the user writes it
 * @id:		as stored with the zpage
 * @create_cws:	a workspace to compress with, near @node; NULL: no memory
 * @create_dws:	a workspace to decompress with; NULL if none is needed
 * @destroy_ws:	wipes and frees both, either may be NULL; NULL if nothing of a page
 *		stays in them, then kvfree() does
 * @compress:	the page @src into @dst (ZCOMP_DST_SIZE bytes). 0, or a negative
 *		errno if the library fails.
 * @decompress:	@slen bytes at @src, 1 to PAGE_SIZE and not to be trusted, into
 *		the page @dst. 0, or -EBADMSG unless it is exactly a page.
 */
struct zcomp_ops {
	const char *name;
	u8 id;
	void *(*create_cws)(int node);
	void *(*create_dws)(int node);
	void (*destroy_ws)(void *cws, void *dws);
	int (*compress)(void *cws, const void *src, void *dst, size_t *dlen);
	int (*decompress)(void *dws, const void *src, size_t slen, void *dst);
};

extern const struct zcomp_ops zcomp_lz4;
extern const struct zcomp_ops zcomp_lzo_rle;
extern const struct zcomp_ops zcomp_zstd;

/**
 * struct zcomp_ctx - one CPU's workspaces
 * @node:	where its memory lies
 * @lock:	held from zcomp_get() to zcomp_put(); guards @dst and @cws
 * @dst:	what zcomp_compress() made, ZCOMP_DST_SIZE bytes
 * @cws:	by compressor id; NULL: not enabled, or RAW
 * @bounce_lock: held from zcomp_bounce_get() to zcomp_bounce_put(); guards what
 *		lies in @bounce
 * @bounce:	a page for zalloc_read_begin()
 * @dlock:	guards @dws. Taken within any other lock, takes none.
 * @dws:	by compressor id; NULL: not enabled, or none needed
 */
struct zcomp_ctx {
	int node;

	struct mutex lock;
	void *dst;
	void *cws[ZCOMP_NR];

	struct mutex bounce_lock;
	void *bounce;

	spinlock_t dlock;
	void *dws[ZCOMP_NR];
};

int zcomp_init(void);
void zcomp_exit(void);

const struct zcomp_ops *zcomp_find(const char *name);
int zcomp_enable(const struct zcomp_ops *ops);

struct zcomp_ctx *zcomp_get(void);
void zcomp_put(struct zcomp_ctx *ctx);
int zcomp_compress(struct zcomp_ctx *ctx, const struct zcomp_ops *ops, const void *src,
		   size_t *dlen);

struct zcomp_ctx *zcomp_bounce_get(void);
void zcomp_bounce_put(struct zcomp_ctx *ctx);

int zcomp_decompress(u8 id, const void *src, size_t slen, void *dst);

#endif
