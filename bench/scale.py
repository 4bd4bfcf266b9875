# SPDX-License-Identifier: GPL-2.0
"""Does a page-in cost more when there are more pages, or more donors?

The device is read directly by fio, one page at a time at random.
"""

import json

import ramster
from lab import Machines
from memory import fill, write_pages
from systems import REMOTE, Ours
from vmlab import wait_until
from workloads import Workload

READS = 3000
FEW = 10_000


def on_donors(cluster, names):
    return sum(ramster.counter(cluster[name], "ramster", "foreign_pages") for name in names)


def read_latency(node, device, megabytes):
    """p50 and p99 of reading single pages of the first so many megabytes, in microseconds."""
    out = node.run(
        f"cd /tmp && fio --name=read --filename={device} --rw=randread --bs=4k --direct=1 "
        f"--ioengine=psync --norandommap --randseed=5 --number_ios={READS} "
        f"--offset=1M --size={megabytes}M --output-format=json",
        timeout=300,
    ).out
    found = json.loads(out[out.index("{"):])["jobs"][0]["read"]["clat_ns"]["percentile"]
    return {"p50_us": found["50.000000"] / 1000, "p99_us": found["99.000000"] / 1000}


class ManyPages(Workload):
    """Page-in with 10,000 remote pages and with many more."""

    name = "many_pages"
    about = "p50 of a read with 10,000 remote pages and with --many-pages of them"
    headline = "ratio"
    columns = ["ratio", "few_p50_us", "many_p50_us", "few_p99_us", "many_p99_us", "pages"]
    systems = ["remote"]
    any_system = False
    most_samples = 3
    seconds = 150

    def machines(self, options):
        return Machines("ab", owner_mb=384, donor_mb=512 + options.many_pages // 256)

    def run(self, cluster, system, options):
        a = cluster["a"]
        few, many = (pages // 256 + 1 for pages in (FEW, options.many_pages))
        system.connect(cluster, {"lend_max_mb": options.many_pages // 256})
        device = fill(a, few, spare=many + 80)
        wait_until(lambda: on_donors(cluster, "b") > FEW // 2, "pages to lie on b", 120)
        first = read_latency(a, device, few)
        write_pages(a, device, few, many)
        wait_until(lambda: on_donors(cluster, "b") > options.many_pages * 9 // 10, "more pages", 120)
        then = read_latency(a, device, many)
        pages = on_donors(cluster, "b")
        facts = system.facts(cluster)
        a.run(f"blkdiscard {device}")
        system.down(cluster)
        return {
            **{f"few_{key}": value for key, value in first.items()},
            **{f"many_{key}": value for key, value in then.items()},
            "ratio": round(then["p50_us"] / first["p50_us"], 3), "pages": pages, **facts,
        }


class ManyDonors(Workload):
    """Page-in from one donor and from eight."""

    name = "many_donors"
    about = "p50 of a read with one donor and with eight"
    headline = "ratio"
    columns = ["ratio", "one_p50_us", "eight_p50_us", "one_p99_us", "eight_p99_us"]
    systems = ["remote"]
    any_system = False
    most_samples = 3
    seconds = 150

    def machines(self, options):
        return Machines("abcdefghi", owner_mb=384, donor_mb=192)

    def run(self, cluster, system, options):
        a = cluster["a"]
        result = {}
        for name, donors in (("one", "b"), ("eight", "bcdefghi")):
            ours = Ours(name, name, donors=donors, **REMOTE)
            ours.connect(cluster)
            device = fill(a, FEW // 256 + 1)
            wait_until(lambda: on_donors(cluster, ours.donors) > FEW // 2, "pages to lie there", 120)
            found = read_latency(a, device, FEW // 256 + 1)
            result.update({f"{name}_{key}": value for key, value in found.items()})
            a.run(f"blkdiscard {device}")
            ours.down(cluster)
        result["ratio"] = round(result["eight_p50_us"] / result["one_p50_us"], 3)
        return result
