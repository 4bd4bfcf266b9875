# SPDX-License-Identifier: GPL-2.0
"""How long the kernel waits for a page that a donor has, by its own trace events.

rs_fetch is when a zpage is asked for, rs_fetch_done when it is there and unsealed. What
the fault has besides (finding the page, decompression, waking the task) is not in it.
"""

import math
import re
from contextlib import contextmanager

TRACING = "/sys/kernel/tracing"
EVENTS = ("rs_fetch", "rs_fetch_done")
BUFFER_KB = 4096
STEPS = 32  # of the histogram, to each power of two

LINE = re.compile(
    r" (?P<at>\d+\.\d+): (?P<event>rs_fetch|rs_fetch_done): "
    r"(?P<zpage>donor=\d+ dev=\d+ slot=\d+ version=\d+)(?: len=\d+ err=(?P<err>-?\d+))?"
)
KEPT = re.compile(r"entries-in-buffer/entries-written: (\d+)/(\d+)")


@contextmanager
def fetches_traced(node):
    """While this goes on, the node's fetches are traced; read_trace() gets them."""
    enable = "".join(f"echo {{on}} >{TRACING}/events/ramster/{event}/enable; " for event in EVENTS)
    node.run(
        f"set -e; cd {TRACING}; echo mono >trace_clock; echo {BUFFER_KB} >buffer_size_kb; "
        f"echo >trace; {enable.format(on=1)}"
    )
    try:
        yield
    finally:
        node.run(f"{enable.format(on=0)} cd {TRACING}; echo >trace; echo 4 >buffer_size_kb")


def read_trace(node):
    return node.run(f"cat {TRACING}/trace").out


def fetch_times(text):
    """Microseconds of each fetch that got its page, and how many did not, of the text of a trace."""
    kept, written = map(int, KEPT.search(text).groups())
    assert kept == written, f"the trace lost {written - kept} of {written} events"
    begun, times, failed = {}, [], 0
    for line in LINE.finditer(text):
        at, zpage = float(line["at"]) * 1e6, line["zpage"]
        if line["event"] == "rs_fetch":
            begun[zpage] = at
        elif zpage in begun:
            took = at - begun.pop(zpage)
            if int(line["err"]):
                failed += 1
            else:
                times.append(round(took, 1))
    return times, failed


def bucket_us(us):
    """The end of the bucket that so many microseconds are in."""
    power = 2.0 ** math.floor(math.log2(us))
    return power * (1 + (math.floor((us / power - 1) * STEPS) + 1) / STEPS)


def spread(times, failed):
    """Percentiles of fetches, and a histogram: [microseconds up to which, how many]."""
    result = {"kernel_timed": len(times), "kernel_failed": failed}
    if not times:
        return result
    times = sorted(times)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p999", 0.999)):
        result[f"kernel_{name}_us"] = times[min(int(len(times) * share), len(times) - 1)]
    result["kernel_max_us"] = times[-1]
    buckets = {}
    for us in times:
        end = round(bucket_us(max(us, 1)), 2)
        buckets[end] = buckets.get(end, 0) + 1
    result["kernel_histogram"] = [[end, count] for end, count in buckets.items()]
    return result
