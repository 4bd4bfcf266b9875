/* SPDX-License-Identifier: GPL-2.0 */
/* trace.h - trace events of ramster.ko: events/ramster/ */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ramster

#if !defined(_RAMSTER_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _RAMSTER_TRACE_H

#include <linux/tracepoint.h>

#include "uapi/ramster_genl.h"

TRACE_DEFINE_ENUM(RAMSTER_NODE_DOWN);
TRACE_DEFINE_ENUM(RAMSTER_NODE_CONNECTING);
TRACE_DEFINE_ENUM(RAMSTER_NODE_UP);
TRACE_DEFINE_ENUM(RAMSTER_NODE_SUSPECT);

#define rs_show_state(state)				\
	__print_symbolic(state,				\
		{ RAMSTER_NODE_DOWN, "down" },		\
		{ RAMSTER_NODE_CONNECTING, "connecting" }, \
		{ RAMSTER_NODE_UP, "up" },		\
		{ RAMSTER_NODE_SUSPECT, "suspect" })

TRACE_EVENT(rs_node_state,
	TP_PROTO(u16 node, u32 from, u32 to),
	TP_ARGS(node, from, to),
	TP_STRUCT__entry(
		__field(u16, node)
		__field(u32, from)
		__field(u32, to)
	),
	TP_fast_assign(
		__entry->node = node;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("node=%u from=%s to=%s", __entry->node, rs_show_state(__entry->from),
		  rs_show_state(__entry->to))
);

/* @owner is asked for @mb MiB of its pages. */
TRACE_EVENT(rs_recall,
	TP_PROTO(u16 owner, u16 mb),
	TP_ARGS(owner, mb),
	TP_STRUCT__entry(
		__field(u16, owner)
		__field(u16, mb)
	),
	TP_fast_assign(
		__entry->owner = owner;
		__entry->mb = mb;
	),
	TP_printk("owner=%u mb=%u", __entry->owner, __entry->mb)
);

/* A batch of @nr zpages, @bytes in all, goes to @donor. */
TRACE_EVENT(rs_push,
	TP_PROTO(u16 donor, u32 dev, unsigned int nr, u32 bytes),
	TP_ARGS(donor, dev, nr, bytes),
	TP_STRUCT__entry(
		__field(u16, donor)
		__field(u32, dev)
		__field(unsigned int, nr)
		__field(u32, bytes)
	),
	TP_fast_assign(
		__entry->donor = donor;
		__entry->dev = dev;
		__entry->nr = nr;
		__entry->bytes = bytes;
	),
	TP_printk("donor=%u dev=%u nr=%u bytes=%u", __entry->donor, __entry->dev, __entry->nr,
		  __entry->bytes)
);

/* @donor answered a batch of @nr zpages: bit i of @stored for the i-th. @err: it did not answer. */
TRACE_EVENT(rs_push_done,
	TP_PROTO(u16 donor, u32 dev, unsigned int nr, u64 stored, int err),
	TP_ARGS(donor, dev, nr, stored, err),
	TP_STRUCT__entry(
		__field(u16, donor)
		__field(u32, dev)
		__field(unsigned int, nr)
		__field(u64, stored)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->donor = donor;
		__entry->dev = dev;
		__entry->nr = nr;
		__entry->stored = stored;
		__entry->err = err;
	),
	TP_printk("donor=%u dev=%u nr=%u stored=%#llx err=%d", __entry->donor, __entry->dev,
		  __entry->nr, __entry->stored, __entry->err)
);

/* A zpage is asked back of @donor. */
TRACE_EVENT(rs_fetch,
	TP_PROTO(u16 donor, u32 dev, u32 slot, u16 version),
	TP_ARGS(donor, dev, slot, version),
	TP_STRUCT__entry(
		__field(u16, donor)
		__field(u16, version)
		__field(u32, dev)
		__field(u32, slot)
	),
	TP_fast_assign(
		__entry->donor = donor;
		__entry->version = version;
		__entry->dev = dev;
		__entry->slot = slot;
	),
	TP_printk("donor=%u dev=%u slot=%u version=%u", __entry->donor, __entry->dev,
		  __entry->slot, __entry->version)
);

/* A fetch has ended: @len bytes, or @err. */
TRACE_EVENT(rs_fetch_done,
	TP_PROTO(u16 donor, u32 dev, u32 slot, u16 version, u16 len, int err),
	TP_ARGS(donor, dev, slot, version, len, err),
	TP_STRUCT__entry(
		__field(u16, donor)
		__field(u16, version)
		__field(u32, dev)
		__field(u32, slot)
		__field(u16, len)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->donor = donor;
		__entry->version = version;
		__entry->dev = dev;
		__entry->slot = slot;
		__entry->len = len;
		__entry->err = err;
	),
	TP_printk("donor=%u dev=%u slot=%u version=%u len=%u err=%d", __entry->donor, __entry->dev,
		  __entry->slot, __entry->version, __entry->len, __entry->err)
);

/* A frame of @nr flushes goes to @donor. @scope: enum rs_flush_scope. */
TRACE_EVENT(rs_flush,
	TP_PROTO(u16 donor, u32 dev, unsigned int nr, u16 scope),
	TP_ARGS(donor, dev, nr, scope),
	TP_STRUCT__entry(
		__field(u16, donor)
		__field(u16, scope)
		__field(u32, dev)
		__field(unsigned int, nr)
	),
	TP_fast_assign(
		__entry->donor = donor;
		__entry->scope = scope;
		__entry->dev = dev;
		__entry->nr = nr;
	),
	TP_printk("donor=%u dev=%u nr=%u scope=%u", __entry->donor, __entry->dev, __entry->nr,
		  __entry->scope)
);

DECLARE_EVENT_CLASS(rs_donor_page,
	TP_PROTO(u16 owner, u32 pool, u32 slot, u16 version, u16 len, int err),
	TP_ARGS(owner, pool, slot, version, len, err),
	TP_STRUCT__entry(
		__field(u16, owner)
		__field(u16, version)
		__field(u32, pool)
		__field(u32, slot)
		__field(u16, len)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->owner = owner;
		__entry->version = version;
		__entry->pool = pool;
		__entry->slot = slot;
		__entry->len = len;
		__entry->err = err;
	),
	TP_printk("owner=%u pool=%u slot=%u version=%u len=%u err=%d", __entry->owner,
		  __entry->pool, __entry->slot, __entry->version, __entry->len, __entry->err)
);

/* An owner's zpage was taken in, or refused with @err. */
DEFINE_EVENT(rs_donor_page, rs_donor_put,
	TP_PROTO(u16 owner, u32 pool, u32 slot, u16 version, u16 len, int err),
	TP_ARGS(owner, pool, slot, version, len, err)
);

/* An owner's zpage was given back, or is not here (@err). */
DEFINE_EVENT(rs_donor_page, rs_donor_get,
	TP_PROTO(u16 owner, u32 pool, u32 slot, u16 version, u16 len, int err),
	TP_ARGS(owner, pool, slot, version, len, err)
);

#endif

/* Found by way of -I of kernel/. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ramster
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
