/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM fswap

#if !defined(_FRONTSWAP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _FRONTSWAP_TRACE_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(fswap_slot,
	TP_PROTO(u32 dev, u32 slot, int result),
	TP_ARGS(dev, slot, result),
	TP_STRUCT__entry(
		__field(u32, dev)
		__field(u32, slot)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->dev = dev;
		__entry->slot = slot;
		__entry->result = result;
	),
	TP_printk("frontswap%u slot=%u result=%d", __entry->dev, __entry->slot, __entry->result)
);

/* store, load: what the backend said */
DEFINE_EVENT(fswap_slot, fswap_store,
	TP_PROTO(u32 dev, u32 slot, int result), TP_ARGS(dev, slot, result));
DEFINE_EVENT(fswap_slot, fswap_load,
	TP_PROTO(u32 dev, u32 slot, int result), TP_ARGS(dev, slot, result));
/* invalidate: whether the page was above; writeback: how it ended */
DEFINE_EVENT(fswap_slot, fswap_invalidate,
	TP_PROTO(u32 dev, u32 slot, int result), TP_ARGS(dev, slot, result));
DEFINE_EVENT(fswap_slot, fswap_writeback,
	TP_PROTO(u32 dev, u32 slot, int result), TP_ARGS(dev, slot, result));

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
