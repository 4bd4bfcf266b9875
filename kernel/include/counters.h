/* SPDX-License-Identifier: GPL-2.0 */
/*
 * counters.h - a module's statistics: one per-CPU struct, one table of names
 *
 * Counters and gauges are s64 fields of a per-CPU struct; a gauge may be
 * negative on one CPU, only its sum means something. Any context may add to
 * them, without a lock. A module writes its list once:
 *
 *	#define ZC_COUNTERS(p, X) X(p, stores) X(p, loads) X(p, pool_pages)
 *	COUNTERS_DECLARE(zc, ZC_COUNTERS);		in a header
 *	COUNTERS_DEFINE(zc, ZC_COUNTERS);		in one .c file
 *	counter_inc(zc, stores);
 *	counters_debugfs(&zc_counters, dentry);
 */
#ifndef _RAMSTER_COUNTERS_H
#define _RAMSTER_COUNTERS_H

#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/percpu.h>

struct counter_row {
	const char *name;
	unsigned int field;
	s64 (*sum)(unsigned int field);
};

struct counters {
	const struct counter_row *rows;
	unsigned int nr;
};

#define __COUNTER_FIELD(p, f) s64 f;
#define COUNTERS_DECLARE(p, LIST)						\
	struct p##_counters_pcpu { LIST(p, __COUNTER_FIELD) };			\
	DECLARE_PER_CPU(struct p##_counters_pcpu, p##_counters_cpu);		\
	s64 p##_counter_sum(unsigned int field);				\
	extern const struct counters p##_counters

#define __COUNTER_INDEX(p, f) offsetof(struct p##_counters_pcpu, f) / sizeof(s64)
#define __COUNTER_ROW(p, f) { #f, __COUNTER_INDEX(p, f), p##_counter_sum },
#define COUNTERS_DEFINE(p, LIST)						\
	DEFINE_PER_CPU(struct p##_counters_pcpu, p##_counters_cpu);		\
	s64 p##_counter_sum(unsigned int field)					\
	{									\
		s64 sum = 0;							\
		int cpu;							\
										\
		for_each_possible_cpu(cpu)					\
			sum += READ_ONCE(((s64 *)per_cpu_ptr(&p##_counters_cpu, cpu))[field]); \
		return sum;							\
	}									\
	static const struct counter_row p##_counter_rows[] = { LIST(p, __COUNTER_ROW) }; \
	const struct counters p##_counters = {					\
		.rows = p##_counter_rows,					\
		.nr = ARRAY_SIZE(p##_counter_rows),				\
	}

#define counter_add(p, f, n) this_cpu_add(p##_counters_cpu.f, (n))
#define counter_inc(p, f) counter_add(p, f, 1)
#define counter_dec(p, f) counter_add(p, f, -1)
/* Not a snapshot: CPUs are read one after the other. Any context. */
#define counter_read(p, f) p##_counter_sum(__COUNTER_INDEX(p, f))

static inline void counters_emit(const struct counters *c,
				 void (*emit)(void *ctx, const char *name, s64 value), void *ctx)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		emit(ctx, c->rows[i].name, c->rows[i].sum(c->rows[i].field));
}

static inline int counter_debugfs_get(void *data, u64 *val)
{
	const struct counter_row *row = data;

	*val = row->sum(row->field);
	return 0;
}

DEFINE_DEBUGFS_ATTRIBUTE(counter_debugfs_fops, counter_debugfs_get, NULL, "%lld\n");

/* One read-only file a counter in @dir. Sleeps. */
static inline void counters_debugfs(const struct counters *c, struct dentry *dir)
{
	unsigned int i;

	for (i = 0; i < c->nr; i++)
		debugfs_create_file_unsafe(c->rows[i].name, 0444, dir, (void *)&c->rows[i],
					   &counter_debugfs_fops);
}

#endif
