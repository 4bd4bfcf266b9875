// SPDX-License-Identifier: GPL-2.0
/*
 * zbud.c - an allocator of at most two zpages a page frame, in LRU order
 *
 * Less dense than zsmalloc, but each zpage has one neighbour at most, and the
 * frame knows both by their tags: evicting the oldest frame's two zpages
 * always gives back a page of memory.
 *
 * A frame begins with its header, one chunk. The first zpage lies behind it, the
 * last one ends with the frame; each takes whole chunks. A handle is the
 * address of the frame, plus which of the two it is. Frames never move.
 *
 *	0        64                                               4096
 *	| header | FIRST .... |          free           | .... LAST |
 *
 * A new zpage goes to the frame with one zpage whose room fits it tightest, else to
 * a new frame. An empty frame is freed at once.
 *
 * Locking: @lock of the pool guards the lists and all headers of its frames.
 * It takes no lock within, and is held for a few list operations; memory is
 * allocated and freed outside. The contents of a zpage are its owner's and
 * need no lock.
 */
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "alloc.h"
#include "zbud.h"

#define CHUNK_SIZE	64
#define NR_CHUNKS	(PAGE_SIZE / CHUNK_SIZE - 1)	/* without the header's */
#define LEN_MAX		(NR_CHUNKS * CHUNK_SIZE)

enum {
	FIRST,
	LAST,
	NR_ENDS
};

/**
 * struct pool - frames of one kind
 * @kind:	for the counters
 * @lock:	guards all below, and the headers of the frames
 * @lru:	all frames, the oldest first
 * @unbuddied:	frames with one zpage, by their free chunks
 * @fits:	bit i: @unbuddied[i] is not empty
 * @nr_frames:	on @lru
 */
struct pool {
	enum zalloc_kind kind;
	spinlock_t lock;
	struct list_head lru;
	struct list_head unbuddied[NR_CHUNKS + 1];
	u64 fits;
	unsigned long nr_frames;
};

/**
 * struct frame - the header in a frame
 * @lru:  on the pool's lru
 * @bud:  on an unbuddied list while it has one zpage
 * @tag:  the owner's names of the zpages
 * @len:  their lengths in bytes; 0: there is none at this end
 * @told: oldest() told of the frame, and no zpage came since
 */
struct frame {
	struct list_head lru;
	struct list_head bud;
	u64 tag[NR_ENDS];
	u16 len[NR_ENDS];
	bool told;
};

COUNTERS_DEFINE(zbud, ZBUD_COUNTERS);

#define count(pool, field, n)					\
	do {							\
		if ((pool)->kind == ZALLOC_EPHEMERAL)		\
			counter_add(zbud, eph_##field, n);	\
		else						\
			counter_add(zbud, pers_##field, n);	\
	} while (0)

static unsigned int chunks(size_t len)
{
	return DIV_ROUND_UP(len, CHUNK_SIZE);
}

static unsigned int free_chunks(const struct frame *frame)
{
	return NR_CHUNKS - chunks(frame->len[FIRST]) - chunks(frame->len[LAST]);
}

static struct frame *handle_frame(unsigned long handle)
{
	return (struct frame *)(handle & PAGE_MASK);
}

static unsigned int handle_end(unsigned long handle)
{
	return handle & ~PAGE_MASK;
}

static void *zpage_addr(unsigned long handle)
{
	struct frame *frame = handle_frame(handle);

	if (handle_end(handle) == FIRST)
		return (void *)frame + CHUNK_SIZE;
	return (void *)frame + PAGE_SIZE - chunks(frame->len[LAST]) * CHUNK_SIZE;
}

static void unbuddied_add(struct pool *pool, struct frame *frame)
{
	unsigned int room = free_chunks(frame);

	lockdep_assert_held(&pool->lock);
	list_add(&frame->bud, &pool->unbuddied[room]);
	pool->fits |= BIT_ULL(room);
	count(pool, unbuddied_count, 1);
}

static void unbuddied_del(struct pool *pool, struct frame *frame)
{
	unsigned int room = free_chunks(frame);

	lockdep_assert_held(&pool->lock);
	list_del(&frame->bud);
	if (list_empty(&pool->unbuddied[room]))
		pool->fits &= ~BIT_ULL(room);
	count(pool, unbuddied_count, -1);
}

/* The frame with one zpage that @want chunks fit tightest, or NULL. */
static struct frame *tightest(struct pool *pool, unsigned int want)
{
	u64 fits = pool->fits & (~0ULL << want);

	lockdep_assert_held(&pool->lock);
	if (!fits)
		return NULL;
	return list_first_entry(&pool->unbuddied[__ffs64(fits)], struct frame, bud);
}

/* Put a zpage at the free end of a frame that was taken off its unbuddied list, or is new. */
static unsigned long place(struct pool *pool, struct frame *frame, size_t len, u64 tag)
{
	unsigned int end = frame->len[FIRST] ? LAST : FIRST;

	lockdep_assert_held(&pool->lock);
	frame->tag[end] = tag;
	frame->len[end] = len;
	frame->told = false;
	count(pool, zbytes, len);
	count(pool, cumul_zbytes, len);
	count(pool, zpages, 1);
	count(pool, cumul_zpages, 1);
	return (unsigned long)frame | end;
}

static bool place_as_buddy(struct pool *pool, size_t len, u64 tag, unsigned long *handle)
{
	struct frame *frame;

	spin_lock(&pool->lock);
	frame = tightest(pool, chunks(len));
	if (frame) {
		unbuddied_del(pool, frame);
		*handle = place(pool, frame, len, tag);
		list_move_tail(&frame->lru, &pool->lru);
		count(pool, buddied_count, 1);
	}
	spin_unlock(&pool->lock);
	return frame;
}

static void place_in_new(struct pool *pool, struct frame *frame, size_t len, u64 tag,
			 unsigned long *handle)
{
	frame->len[FIRST] = 0;
	frame->len[LAST] = 0;

	spin_lock(&pool->lock);
	*handle = place(pool, frame, len, tag);
	list_add_tail(&frame->lru, &pool->lru);
	unbuddied_add(pool, frame);
	pool->nr_frames++;
	count(pool, pageframes, 1);
	spin_unlock(&pool->lock);
}

static void *pool_create(const char *name, enum zalloc_kind kind)
{
	struct pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	size_t i;

	BUILD_BUG_ON(sizeof(struct frame) > CHUNK_SIZE);
	BUILD_BUG_ON(NR_CHUNKS >= BITS_PER_TYPE(pool->fits));

	if (!pool)
		return NULL;
	pool->kind = kind;
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->lru);
	for (i = 0; i < ARRAY_SIZE(pool->unbuddied); i++)
		INIT_LIST_HEAD(&pool->unbuddied[i]);
	return pool;
}

static void pool_destroy(void *priv)
{
	struct pool *pool = priv;

	WARN_ON(pool->nr_frames);
	kfree(pool);
}

static int zpage_alloc(void *priv, size_t len, gfp_t gfp, u64 tag, unsigned long *handle)
{
	struct pool *pool = priv;
	struct frame *frame;

	if (!len)
		return -EINVAL;
	if (len > LEN_MAX)
		return -ENOSPC;
	if (place_as_buddy(pool, len, tag, handle))
		return 0;

	frame = (struct frame *)__get_free_page(gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE));
	if (!frame)
		return -ENOMEM;
	place_in_new(pool, frame, len, tag, handle);
	return 0;
}

static void zpage_free(void *priv, unsigned long handle)
{
	struct pool *pool = priv;
	struct frame *frame = handle_frame(handle);
	unsigned int end = handle_end(handle);
	size_t len;
	bool empty;

	spin_lock(&pool->lock);
	len = frame->len[end];
	empty = !frame->len[!end];
	if (empty) {
		unbuddied_del(pool, frame);
		list_del(&frame->lru);
		pool->nr_frames--;
		count(pool, pageframes, -1);
		if (frame->told)
			count(pool, evicted_pageframes, 1);
	} else {
		frame->len[end] = 0;
		unbuddied_add(pool, frame);
		count(pool, buddied_count, -1);
	}
	count(pool, zbytes, -(s64)len);
	count(pool, zpages, -1);
	spin_unlock(&pool->lock);

	if (empty)
		free_page((unsigned long)frame);
}

static void zpage_write(void *priv, unsigned long handle, const void *src, size_t len)
{
	memcpy(zpage_addr(handle), src, len);
}

static const void *zpage_read_begin(void *priv, unsigned long handle, size_t len, void *bounce)
{
	return zpage_addr(handle);
}

static void zpage_read_end(void *priv, unsigned long handle, size_t len, const void *mem)
{
}

static unsigned long pool_pages(void *priv)
{
	struct pool *pool = priv;

	return READ_ONCE(pool->nr_frames);
}

static unsigned int pool_oldest(void *priv, u64 tags[2])
{
	struct pool *pool = priv;
	struct frame *frame;
	unsigned int end, nr = 0;

	spin_lock(&pool->lock);
	frame = list_first_entry_or_null(&pool->lru, struct frame, lru);
	if (frame) {
		for (end = FIRST; end < NR_ENDS; end++)
			if (frame->len[end])
				tags[nr++] = frame->tag[end];
		frame->told = true;
		list_move_tail(&frame->lru, &pool->lru);
	}
	spin_unlock(&pool->lock);
	return nr;
}

const struct zalloc_ops zalloc_zbud = {
	.name = "zbud",
	.create = pool_create,
	.destroy = pool_destroy,
	.alloc = zpage_alloc,
	.free = zpage_free,
	.write = zpage_write,
	.read_begin = zpage_read_begin,
	.read_end = zpage_read_end,
	.pages = pool_pages,
	.oldest = pool_oldest,
};
