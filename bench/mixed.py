# SPDX-License-Identifier: GPL-2.0
"""Pages go out while others come in: what one way costs the other."""

from measure import COSTS, Meter
from workloads import CGROUP, MAIN, Steps, Workload, on_swap


class Mixed(Workload):
    """Pages of a working set larger than RAM are rewritten at random by four threads.

    A page that comes in is written to, so another one has to go out for it. Each fault is for one page
    (no read-ahead), so what comes in is what was waited for. The time to fill memory does not count.
    """

    name = "mixed"
    about = "pages out while others come in: a rewrite at random by 4 threads"
    headline = "moved_pages_s"
    columns = [
        "moved_pages_s", "in_pages_s", "out_pages_s", "p50_us", "p99_us", "p999_us", *COSTS,
    ]
    systems = ["ours", "nvme_tcp", "nbd", "zram"]
    THREADS = 4
    SHARE = 40  # percent of the pages are rewritten

    def machines(self, options):
        return MAIN

    def run(self, cluster, system, options):
        a = cluster["a"]

        def work():
            program = Steps(
                a, f"--mb {options.fill_mb} --faults "
                f"--phases fill,rewrite={self.SHARE}:{self.THREADS}"
            )
            program.step()
            meter = Meter(cluster, system.donors)
            program.step()
            costs = meter.costs()
            return {**figures(costs, program.finish()["phases"][-1]), **costs}

        a.run("echo 0 >/proc/sys/vm/page-cluster")
        result = on_swap(cluster, system, work)
        a.run(f"echo 3 >/proc/sys/vm/page-cluster; rmdir {CGROUP}")
        return result


def figures(costs, rewrite):
    """Pages a second, each way and both, while memory was rewritten; and how long faults took."""
    seconds = rewrite["seconds"]
    result = {f"{way}_pages_s": round(costs[f"pages_{way}"] / seconds) for way in ("in", "out")}
    result["moved_pages_s"] = round((costs["pages_in"] + costs["pages_out"]) / seconds)
    for key in ("timed", "p50_us", "p99_us", "p999_us", "seconds"):
        result[key] = rewrite[key]
    return result
