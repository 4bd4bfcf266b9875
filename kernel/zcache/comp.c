// SPDX-License-Identifier: GPL-2.0
/*
 * comp.c - the compressors by name and id, and their workspaces
 *
 * There are as many contexts as CPUs were online at load. A CPU uses the one
 * of its number modulo that, so CPUs may come and go; each context has its
 * locks, so sharing one only costs a wait.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/topology.h>

#include "comp.h"

static const struct zcomp_ops *const compressors[ZCOMP_NR] = {
	[ZCOMP_LZ4] = &zcomp_lz4,
	[ZCOMP_LZO_RLE] = &zcomp_lzo_rle,
	[ZCOMP_ZSTD] = &zcomp_zstd,
};

static struct zcomp_ctx **ctxs;
static unsigned int nr_ctxs;
/* One zcomp_enable() at a time; the outermost of the locks here. */
static DEFINE_MUTEX(enable_lock);

static struct zcomp_ctx *this_ctx(void)
{
	return ctxs[raw_smp_processor_id() % nr_ctxs];
}

static void ctx_destroy(struct zcomp_ctx *ctx)
{
	unsigned int id;

	if (!ctx)
		return;
	for (id = 0; id < ZCOMP_NR; id++) {
		const struct zcomp_ops *ops = compressors[id];

		if (ops && ops->destroy_ws) {
			ops->destroy_ws(ctx->cws[id], ctx->dws[id]);
		} else {
			kvfree(ctx->cws[id]);
			kvfree(ctx->dws[id]);
		}
	}
	/* What was compressed or read last lies there still. */
	kvfree_sensitive(ctx->dst, ZCOMP_DST_SIZE);
	kvfree_sensitive(ctx->bounce, PAGE_SIZE);
	kfree(ctx);
}

static struct zcomp_ctx *ctx_create(int node)
{
	struct zcomp_ctx *ctx = kzalloc_node(sizeof(*ctx), GFP_KERNEL, node);

	if (!ctx)
		return NULL;
	ctx->node = node;
	mutex_init(&ctx->lock);
	mutex_init(&ctx->bounce_lock);
	spin_lock_init(&ctx->dlock);
	ctx->dst = kvmalloc_node(ZCOMP_DST_SIZE, GFP_KERNEL, node);
	ctx->bounce = kvmalloc_node(PAGE_SIZE, GFP_KERNEL, node);
	if (!ctx->dst || !ctx->bounce) {
		ctx_destroy(ctx);
		return NULL;
	}
	return ctx;
}

/* A fellow of the context's CPU may be using it for other compressors meanwhile. */
static int ctx_enable(struct zcomp_ctx *ctx, const struct zcomp_ops *ops)
{
	void *cws, *dws = NULL;

	lockdep_assert_held(&enable_lock);
	if (ctx->cws[ops->id])
		return 0;
	cws = ops->create_cws(ctx->node);
	if (!cws)
		return -ENOMEM;
	if (ops->create_dws) {
		dws = ops->create_dws(ctx->node);
		if (!dws) {
			kvfree(cws);
			return -ENOMEM;
		}
	}

	mutex_lock(&ctx->lock);
	ctx->cws[ops->id] = cws;
	mutex_unlock(&ctx->lock);
	spin_lock_bh(&ctx->dlock);
	ctx->dws[ops->id] = dws;
	spin_unlock_bh(&ctx->dlock);
	return 0;
}

/**
 * zcomp_init - make the contexts, without any compressor's workspace
 *
 * Context: process, may sleep (GFP_KERNEL).
 * Return: 0 or -ENOMEM.
 */
int zcomp_init(void)
{
	unsigned int i = 0;
	int cpu, err = 0;

	cpus_read_lock();
	nr_ctxs = num_online_cpus();
	ctxs = kcalloc(nr_ctxs, sizeof(*ctxs), GFP_KERNEL);
	if (!ctxs)
		err = -ENOMEM;
	for_each_online_cpu(cpu) {
		if (err)
			break;
		ctxs[i] = ctx_create(cpu_to_node(cpu));
		if (!ctxs[i++])
			err = -ENOMEM;
	}
	cpus_read_unlock();
	if (err)
		zcomp_exit();
	return err;
}

/**
 * zcomp_exit - give all memory back
 *
 * Nobody uses a context, and no page remains to be decompressed.
 *
 * Context: process, may sleep.
 */
void zcomp_exit(void)
{
	unsigned int i;

	for (i = 0; ctxs && i < nr_ctxs; i++)
		ctx_destroy(ctxs[i]);
	kfree(ctxs);
	ctxs = NULL;
}

/**
 * zcomp_find - a compressor by name
 * @name: as the user writes it; a newline at its end is passed over
 *
 * Context: any.
 * Return: the compressor, or NULL if there is none of that name.
 */
const struct zcomp_ops *zcomp_find(const char *name)
{
	unsigned int id;

	for (id = 0; id < ZCOMP_NR; id++)
		if (compressors[id] && sysfs_streq(name, compressors[id]->name))
			return compressors[id];
	return NULL;
}

/**
 * zcomp_enable - make the workspaces of a compressor, once
 * @ops: the compressor
 *
 * Must have succeeded before @ops is given to zcomp_compress(), and need not
 * be undone. On an error what was made so far is kept for the next try.
 *
 * Context: process, may sleep (GFP_KERNEL).
 * Return: 0 or -ENOMEM.
 */
int zcomp_enable(const struct zcomp_ops *ops)
{
	unsigned int i;
	int err = 0;

	mutex_lock(&enable_lock);
	for (i = 0; i < nr_ctxs && !err; i++)
		err = ctx_enable(ctxs[i], ops);
	mutex_unlock(&enable_lock);
	return err;
}

/**
 * zcomp_get - take this CPU's context, to compress with
 *
 * Context: process, may sleep. No other zcomp_get() before zcomp_put().
 * Return: the context, locked. The caller may be moved to another CPU and keeps it.
 */
struct zcomp_ctx *zcomp_get(void)
{
	struct zcomp_ctx *ctx = this_ctx();

	mutex_lock(&ctx->lock);
	return ctx;
}

/**
 * zcomp_put - let go of a context and of what lies in its @dst
 * @ctx: from zcomp_get()
 *
 * Context: process.
 */
void zcomp_put(struct zcomp_ctx *ctx)
{
	mutex_unlock(&ctx->lock);
}

/**
 * zcomp_compress - compress a page into the context's @dst
 * @ctx:  from zcomp_get()
 * @ops:  an enabled compressor
 * @src:  the page, mapped. If it changes meanwhile, the output is of no use
 *	but no harm is done.
 * @dlen: the length of the output, in bytes
 *
 * Context: process, takes no lock.
 * Return: 0; -ENOSPC if the output is no smaller than the page; -EINVAL if the
 * library fails or @ops is not enabled.
 */
int zcomp_compress(struct zcomp_ctx *ctx, const struct zcomp_ops *ops, const void *src,
		   size_t *dlen)
{
	int err;

	lockdep_assert_held(&ctx->lock);
	if (!ctx->cws[ops->id])
		return -EINVAL;
	err = ops->compress(ctx->cws[ops->id], src, ctx->dst, dlen);
	if (err)
		return err;
	return *dlen < PAGE_SIZE ? 0 : -ENOSPC;
}

/**
 * zcomp_bounce_get - take this CPU's bounce page
 *
 * Context: process, may sleep. May be taken under zcomp_get(), not before it.
 * Return: the context that holds the page, as @bounce.
 */
struct zcomp_ctx *zcomp_bounce_get(void)
{
	struct zcomp_ctx *ctx = this_ctx();

	mutex_lock(&ctx->bounce_lock);
	return ctx;
}

/**
 * zcomp_bounce_put - let go of a bounce page
 * @ctx: from zcomp_bounce_get()
 *
 * Context: process.
 */
void zcomp_bounce_put(struct zcomp_ctx *ctx)
{
	mutex_unlock(&ctx->bounce_lock);
}

static int decompress_with_workspace(const struct zcomp_ops *ops, const void *src, size_t slen,
				     void *dst)
{
	struct zcomp_ctx *ctx = this_ctx();
	int err = -EBADMSG;

	spin_lock_bh(&ctx->dlock);
	if (ctx->dws[ops->id])
		err = ops->decompress(ctx->dws[ops->id], src, slen, dst);
	spin_unlock_bh(&ctx->dlock);
	return err;
}

/**
 * zcomp_decompress - bring a page back
 * @id:   of the compressor, or ZCOMP_RAW
 * @src:  the zpage; need not be trusted
 * @slen: its length, in bytes
 * @dst:  a page, mapped. Its contents are undefined after an error.
 *
 * Context: any but hard interrupts and interrupts off.
 * Return: 0; -EBADMSG if @id is unknown (or of a compressor that was never
 * enabled here, so that it cannot have made @src) or @src does not make exactly
 * a page.
 */
int zcomp_decompress(u8 id, const void *src, size_t slen, void *dst)
{
	const struct zcomp_ops *ops;

	if (id >= ZCOMP_NR || !slen || slen > PAGE_SIZE)
		return -EBADMSG;
	if (id == ZCOMP_RAW) {
		if (slen != PAGE_SIZE)
			return -EBADMSG;
		memcpy(dst, src, PAGE_SIZE);
		return 0;
	}

	ops = compressors[id];
	if (ops->create_dws)
		return decompress_with_workspace(ops, src, slen, dst);
	return ops->decompress(NULL, src, slen, dst);
}
