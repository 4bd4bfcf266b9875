/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kshim.h - as much of the kernel as zbud, comp and samefill need, in userspace
 *
 * Every <linux/...> header that they include is a line that includes this one
 * (see kernel-unit.mk). One thread, one CPU of @kshim_nr_cpus at a time, locks
 * that abort if they are misused, and allocations that fail on demand.
 */
#ifndef _KSHIM_H
#define _KSHIM_H

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;
typedef unsigned int gfp_t;

#define GFP_KERNEL		0u
#define __GFP_HIGHMEM		2u
#define __GFP_MOVABLE		8u
#define PAGE_SIZE		4096UL
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define BIT_ULL(n)		(1ULL << (n))
#define BITS_PER_TYPE(t)	(sizeof(t) * 8)
#define BUILD_BUG_ON(cond)	_Static_assert(!(cond), #cond)
#define READ_ONCE(x)		(*(volatile __typeof__(x) *)&(x))
#define WARN_ON(cond)		((cond) ? fprintf(stderr, "WARNING: %s\n", #cond) : 0)
#define __ffs64(x)		((unsigned int)__builtin_ctzll(x))

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* Allocations: all can be made to fail, and leaks are AddressSanitizer's to find. */

/* The allocation of this number fails, counted down from here; -1: none does. */
extern long kshim_fail_at;

static inline bool kshim_fails(void)
{
	return kshim_fail_at >= 0 && kshim_fail_at-- == 0;
}

static inline void *kmalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return kshim_fails() ? NULL : malloc(size);
}

static inline void *kzalloc(size_t size, gfp_t gfp)
{
	(void)gfp;
	return kshim_fails() ? NULL : calloc(1, size);
}

#define kcalloc(n, size, gfp)			kzalloc((n) * (size), gfp)
#define kzalloc_node(size, gfp, node)		((void)(node), kzalloc(size, gfp))
#define kvmalloc_node(size, gfp, node)		((void)(node), kmalloc(size, gfp))
#define kfree(p)				free((void *)(p))
#define kvfree(p)				free((void *)(p))

static inline void kvfree_sensitive(void *p, size_t len)
{
	if (p)
		memset(p, 0, len);
	free(p);
}

static inline unsigned long __get_free_page(gfp_t gfp)
{
	(void)gfp;
	return kshim_fails() ? 0 : (unsigned long)aligned_alloc(PAGE_SIZE, PAGE_SIZE);
}

static inline void free_page(unsigned long addr)
{
	free((void *)addr);
}

/* Locks. */

struct kshim_lock {
	bool held;
};

typedef struct kshim_lock spinlock_t;

struct mutex {
	bool held;
};

#define kshim_lock(l)		do { assert(!(l)->held); (l)->held = true; } while (0)
#define kshim_unlock(l)		do { assert((l)->held); (l)->held = false; } while (0)
#define spin_lock_init(l)	((l)->held = false)
#define mutex_init(l)		((l)->held = false)
#define DEFINE_MUTEX(name)	struct mutex name
#define spin_lock(l)		kshim_lock(l)
#define spin_unlock(l)		kshim_unlock(l)
#define spin_lock_bh(l)		kshim_lock(l)
#define spin_unlock_bh(l)	kshim_unlock(l)
#define mutex_lock(l)		kshim_lock(l)
#define mutex_unlock(l)		kshim_unlock(l)
#define lockdep_assert_held(l)	assert((l)->held)

/* CPUs. */

extern unsigned int kshim_cpu;
extern unsigned int kshim_nr_cpus;

#define raw_smp_processor_id()	kshim_cpu
#define num_online_cpus()	kshim_nr_cpus
#define for_each_online_cpu(c)	for ((c) = 0; (c) < (int)kshim_nr_cpus; (c)++)
#define cpu_to_node(c)		((void)(c), 0)
#define cpus_read_lock()	do { } while (0)
#define cpus_read_unlock()	do { } while (0)

/* Lists. */

struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void list_add(struct list_head *node, struct list_head *head)
{
	node->next = head->next;
	node->prev = head;
	head->next->prev = node;
	head->next = node;
}

static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	list_add(node, head->prev);
}

static inline void list_del(struct list_head *node)
{
	assert(node->next->prev == node && node->prev->next == node);
	node->next->prev = node->prev;
	node->prev->next = node->next;
	node->next = NULL;
	node->prev = NULL;
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	list_del(node);
	list_add_tail(node, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_first_entry(head, type, member)	container_of((head)->next, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))

/* Strings. */

static inline void *memset_l(unsigned long *p, unsigned long v, size_t n)
{
	while (n--)
		p[n] = v;
	return p;
}

static inline bool sysfs_streq(const char *a, const char *b)
{
	size_t n = strcspn(a, "\n");

	return n == strlen(b) && !strncmp(a, b, n) && (!a[n] || !a[n + 1]);
}

#endif
