/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM zcache

#if !defined(_ZCACHE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _ZCACHE_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(zcache_store,
	TP_PROTO(u32 dev, u32 slot, unsigned int len, int err),
	TP_ARGS(dev, slot, len, err),
	TP_STRUCT__entry(
		__field(u32, dev)
		__field(u32, slot)
		__field(unsigned int, len)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->slot = slot;
		__entry->len = len;
		__entry->err = err;
	),
	TP_printk("dev=%u slot=%u len=%u err=%d", __entry->dev, __entry->slot, __entry->len,
		  __entry->err)
);

TRACE_EVENT(zcache_load,
	TP_PROTO(u32 dev, u32 slot, bool remote, int err),
	TP_ARGS(dev, slot, remote, err),
	TP_STRUCT__entry(
		__field(u32, dev)
		__field(u32, slot)
		__field(bool, remote)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->slot = slot;
		__entry->remote = remote;
		__entry->err = err;
	),
	TP_printk("dev=%u slot=%u %s err=%d", __entry->dev, __entry->slot,
		  __entry->remote ? "remote" : "local", __entry->err)
);

TRACE_EVENT(zcache_push,
	TP_PROTO(u32 dev, u16 donor, unsigned int nr),
	TP_ARGS(dev, donor, nr),
	TP_STRUCT__entry(
		__field(u32, dev)
		__field(u16, donor)
		__field(unsigned int, nr)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->donor = donor;
		__entry->nr = nr;
	),
	TP_printk("dev=%u donor=%u pages=%u", __entry->dev, __entry->donor, __entry->nr)
);

TRACE_EVENT(zcache_writeback,
	TP_PROTO(u32 dev, u32 slot, int err),
	TP_ARGS(dev, slot, err),
	TP_STRUCT__entry(
		__field(u32, dev)
		__field(u32, slot)
		__field(int, err)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->slot = slot;
		__entry->err = err;
	),
	TP_printk("dev=%u slot=%u err=%d", __entry->dev, __entry->slot, __entry->err)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH zcache
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
