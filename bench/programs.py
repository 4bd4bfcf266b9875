# SPDX-License-Identifier: GPL-2.0
"""Workloads with a program that people use, and with a failure on the way."""

import json
import time

import ramster
from lab import Machines
from vmlab import wait_until
from workloads import MAIN, Steps, Workload, on_swap

SOCKET = "/tmp/redis"


def share_in_ram(node, process):
    """Which part of a process' memory is not on swap."""
    status = dict(
        line.split(":", 1) for line in node.read(f"/proc/{process}/status").splitlines() if ":" in line
    )
    resident, swapped = (int(status[name].split()[0]) for name in ("VmRSS", "VmSwap"))
    return round(resident / (resident + swapped), 3)


class Redis(Workload):
    """redis-server with so many megabytes of values; 9 GETs to a SET, by the zipf distribution.

    local: the part of them that the node's RAM has room for; a node of another size each,
    by 48 MB a quarter. What is there in the end is share_in_ram.
    """

    headline = "requests_s"
    columns = ["requests_s", "p50_us", "p99_us", "share_in_ram", "fill_s"]
    seconds = 60

    def __init__(self, local, owner_mb, systems):
        self.local = local
        self.name = f"redis_{local}"
        self.about = f"redis under a zipf load, RAM for about {local} % of it"
        self.owner_mb = owner_mb
        self.systems = systems

    def machines(self, options):
        return Machines("ab", owner_mb=self.owner_mb)

    def run(self, cluster, system, options):
        a = cluster["a"]

        def work():
            server = a.start_command(
                f"exec redis-server --port 0 --unixsocket {SOCKET} --save '' --appendonly no --dir /tmp"
            )
            server.wait_for_line("ready to accept connections", timeout=60)
            report = json.loads(a.run(
                f"redisverify {SOCKET} /corpus {options.redis_mb} {options.redis_requests}",
                timeout=1200,
            ).out)
            share = share_in_ram(a, a.output("busybox pidof redis-server"))
            server.kill(9)
            server.wait(check=False)
            return {**{k: report[k] for k in ("keys", "requests_s", "p50_us", "p99_us", "fill_s")},
                    "share_in_ram": share}

        return on_swap(cluster, system, work)


class DonorDies(Workload):
    """One of two donors is switched off while a program faults pages in; each page has two copies.

    dying_...: of page-ins from then until the owner knows that it is dead (or all pages are in).
    """

    name = "donor_dies"
    about = "page-in latency while one of two donors dies"
    headline = "dying_p99_us"
    columns = [
        "dying_p50_us", "dying_p99_us", "dying_max_us", "dying_timed", "dying_s", "p50_us", "p99_us",
        "p999_us", "max_us", "timed", "fetch_hedged",
    ]
    systems = ["remote_replicas2"]
    any_system = False
    spoils = True
    seconds = 60

    def machines(self, options):
        return MAIN

    def run(self, cluster, system, options):
        a, b = cluster["a"], cluster["b"]
        a.run("echo 0 >/proc/sys/vm/page-cluster")
        ramster.swap_on(a, system.up(cluster))
        program = Steps(
            a, f"--mb {options.page_in_mb} --faults --histogram --progress --phases fill,out,touch=60"
        )
        program.step()
        program.step()
        program.begin()
        program.job.wait_for_line("progress touch", 60)
        time.sleep(2)  # it is under way: what is measured is a failure in the midst
        mark = "kill -USR1 $(busybox pidof pagefill)"
        a.run(mark)
        died = time.monotonic()
        b.kill()
        wait_until(
            lambda: ramster.state(a, b) == "down" or program.so_far() == 3, "b to be known dead", 120
        )
        dying_s = time.monotonic() - died
        a.run(mark)
        program.wait()
        touch = program.finish()["phases"][-1]
        assert ramster.lost_pages(a) == 0, "pages were lost"
        keys = ("timed", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "histogram")
        figures = {key: touch[key] for key in (*keys, "seconds")}
        assert "apart" in touch, "no page came in between the donor's end and its being known"
        figures.update({f"dying_{key}": touch["apart"][key] for key in keys})
        return {**figures, "dying_s": round(dying_s, 1), **system.facts(cluster)}

