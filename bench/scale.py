# SPDX-License-Identifier: GPL-2.0
"""Does a page cost more when there are more of them, or more donors?

The device is read directly by fio, one page at a time at random. What the index
takes a page is counted as in memory.py.
"""

import json

import ramster
from lab import Machines
from memory import OF_PAGES, OwnersIndex, fill, warm_up, write_pages
from systems import REMOTE, Ours
from vmlab import wait_until
from workloads import Workload

READS = 3000
FEW = 10_000
APART = "slab_nomerge"  # each kind of object in slabs of its own


def on_donors(cluster, names):
    return sum(ramster.counter(cluster[name], "ramster", "foreign_pages") for name in names)


def settled(cluster, names, least):
    """Pages on these donors, once there are at least so many and no more come."""
    seen = [0]

    def no_more():
        seen.append(on_donors(cluster, names))
        return seen[-1] if seen[-1] == seen[-2] >= least else 0

    return wait_until(no_more, f"{least} pages to lie on {names}", 180, 1)


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
    """Page-in, and the owner's index, with 10,000 remote pages and with many more."""

    name = "many_pages"
    about = "p50 of a read, and bytes of index, with 10,000 remote pages and with --many-pages of them"
    headline = "ratio"
    columns = [
        "ratio", "few_p50_us", "many_p50_us", "few_p99_us", "many_p99_us", "index_ratio",
        "few_index_bytes_per_page", "many_index_bytes_per_page", "pages",
    ]
    systems = ["remote"]
    any_system = False
    most_samples = 3
    seconds = 180

    def machines(self, options):
        return Machines(
            "ab", owner_mb=384, donor_mb=512 + options.many_pages // 256, append=APART
        )

    def run(self, cluster, system, options):
        a = cluster["a"]
        few, many = (pages // 256 + 1 for pages in (FEW, options.many_pages))
        system.connect(cluster, {"lend_max_mb": options.many_pages // 256})
        warm_up(a, [cluster["b"]])
        index = OwnersIndex(a, OF_PAGES)
        device = fill(a, few, spare=many + 80)
        settled(cluster, "b", FEW // 2)
        few_bytes = index.bytes_per_page()
        first = read_latency(a, device, few)
        write_pages(a, device, few, many)
        pages = settled(cluster, "b", options.many_pages * 9 // 10)
        many_bytes = index.bytes_per_page()
        then = read_latency(a, device, many)
        facts = system.facts(cluster)
        a.run(f"blkdiscard {device}")
        system.down(cluster)
        return {
            **{f"few_{key}": value for key, value in first.items()},
            **{f"many_{key}": value for key, value in then.items()},
            "ratio": round(then["p50_us"] / first["p50_us"], 3),
            **index_figures("few", few_bytes, "many", many_bytes), "pages": pages, **facts,
        }


def index_figures(few_name, few, many_name, many):
    """few, many: bytes of index a page."""
    return {
        f"{few_name}_index_bytes_per_page": round(few, 2),
        f"{many_name}_index_bytes_per_page": round(many, 2),
        "index_ratio": round(many / few, 3),
    }


class ManyDonors(Workload):
    """Page-in, and the owner's index, with one donor and with eight."""

    name = "many_donors"
    about = "p50 of a read, and bytes of index, with one donor and with eight"
    headline = "ratio"
    columns = [
        "ratio", "one_p50_us", "eight_p50_us", "one_p99_us", "eight_p99_us", "index_ratio",
        "one_index_bytes_per_page", "eight_index_bytes_per_page",
    ]
    systems = ["remote"]
    any_system = False
    most_samples = 3
    seconds = 180

    def machines(self, options):
        return Machines("abcdefghi", owner_mb=384, donor_mb=192, append=APART)

    def run(self, cluster, system, options):
        a = cluster["a"]
        result, index_bytes = {}, {}
        for name, donors in (("one", "b"), ("eight", "bcdefghi")):
            ours = Ours(name, name, donors=donors, **REMOTE)
            ours.connect(cluster)
            warm_up(a, [cluster[donor] for donor in donors])
            index = OwnersIndex(a, OF_PAGES)
            device = fill(a, FEW // 256 + 1)
            settled(cluster, donors, FEW // 2)
            index_bytes[name] = index.bytes_per_page()
            found = read_latency(a, device, FEW // 256 + 1)
            result.update({f"{name}_{key}": value for key, value in found.items()})
            a.run(f"blkdiscard {device}")
            ours.down(cluster)
        result["ratio"] = round(result["eight_p50_us"] / result["one_p50_us"], 3)
        return {**result, **index_figures("one", index_bytes["one"], "eight", index_bytes["eight"])}
