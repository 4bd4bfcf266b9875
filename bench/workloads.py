# SPDX-License-Identifier: GPL-2.0
"""What is run on node a, and which figures it gives.

run() gets a cluster that is as it was after boot, and a system; it leaves the cluster so.
"""

import json

import ramster
from fetch_trace import fetch_times, fetches_traced, read_trace, spread
from lab import Machines
from measure import COSTS, Meter
from memory import memory_per_remote_page
from vmlab import wait_until

MAIN = Machines("abc")
CGROUP = "/sys/fs/cgroup/bench"


def on_swap(cluster, system, work, then=None):
    """Figures of work() with swap on the system's device, and the system's own.

    then: more figures, of what the system's own shall not count.
    """
    a = cluster["a"]
    device = system.up(cluster)
    if device:
        ramster.swap_on(a, device)
    figures = {**work(), **system.facts(cluster)}
    if then:
        figures.update(then())
    if device:
        ramster.swap_off(a)
    system.down(cluster)
    return figures


class Steps:
    """pagefill, in the bench's cgroup, that does its phases one by one when it is told to."""

    def __init__(self, node, options):
        self.job = node.start_command(f"pagefill --cgroup {CGROUP} --step {options}")
        self.done = 0

    def begin(self):
        """Let it do the next phase; the first begins by itself."""
        if self.done:
            self.job.write("\n")

    def wait(self, timeout=300):
        self.done += 1
        self.job.agent.wait(
            lambda: self.so_far() >= self.done or not self.job.running(), timeout,
            f"phase {self.done} of {self.job.command}",
        )

    def so_far(self):
        return sum(line.startswith("done ") for line in self.job.lines())

    def step(self, timeout=300):
        self.begin()
        self.wait(timeout)

    def finish(self):
        """Its report."""
        self.job.write("\n")
        report = json.loads(self.job.wait(60).out.splitlines()[-1])
        assert report["bad_pages"] == 0, "pages were wrong"
        return report


class Workload:
    """systems: on which it is run by default. any_system: it makes sense on others.

    most_samples: as many say all there is to say. seconds: a guess of how long a sample takes.
    spoils: the machines are of no use afterwards.
    headline, columns: which figures the table shows, the first with its spread.
    """

    any_system = True
    spoils = False
    most_samples = 1000
    seconds = 60
    headline = "total"

    def machines(self, options):
        return MAIN


class FillReadTouch(Workload):
    """pagefill fills memory, reads it through and touches a quarter at random; all verified.

    content: as pagefill's --content: real, random, or same (each page one word again and again).
    """

    columns = [
        "total", "fill", "read", "touch", "touch_p50_us", "touch_p99_us", "touch_p999_us",
        *COSTS, "put_frames_per_1000_pages", "get_frames_per_1000_pages",
    ]
    systems = [
        "ours", "ours_unsealed", "ours_in_the_clear", "nvme_tcp", "nbd", "zram", "remote",
        "ours_backup_disk", "ours_replicas2", "zswap", "disk_ssd", "disk_hdd",
    ]

    def __init__(self, name="fill_read_touch", content="real", systems=None):
        self.name = name
        self.content = content
        self.systems = systems or self.systems
        kind = "same-filled pages" if content == "same" else f"{content} contents"
        self.about = f"fill, read, touch 25 % at random; {kind}"

    def run(self, cluster, system, options):
        def work():
            meter = Meter(cluster, system.donors)
            report = ramster.pagefill(
                cluster["a"], options.fill_mb, f"--content {self.content}", timeout=1800
            )
            result = {"total": report["seconds"], **meter.costs()}
            for phase in report["phases"]:
                result[phase["name"]] = phase["seconds"]
                for key in ("major_faults", "p50_us", "p99_us", "p999_us"):
                    result[f"{phase['name']}_{key}"] = phase[key]
            return result

        return on_swap(cluster, system, work)


class PageIn(Workload):
    """All pages of a program out at once, then back one by one, by 1, 4 and 16 threads.

    There is RAM for all of them, so nothing leaves while pages come. Each fault is for one page
    (no read-ahead), and only those are timed that wait for a page. Once more by one thread, apart
    from what is timed, with the kernel's trace events.
    """

    name = "page_in"
    about = "a burst out; single pages in at random by 1, 4 and 16 threads"
    headline = "p50_us"
    columns = [
        "p50_us", "p99_us", "p999_us", "kernel_p50_us", "kernel_p99_us", "kernel_p999_us",
        "page_bytes", "tcp_p50_us", "p50_vs_tcp", "pages_s_1", "pages_s_4", "pages_s_16",
        "out_s", "out_pages_s", *COSTS,
    ]
    seconds = 30
    systems = [
        "remote", "remote_unsealed", "remote_in_the_clear", "nvme_tcp", "nbd", "zram", "ours",
        "remote_backup_disk", "remote_replicas2", "disk_ssd",
    ]
    THREADS = (1, 4, 16)

    def run(self, cluster, system, options):
        a = cluster["a"]

        def work():
            meter = Meter(cluster, system.donors)
            phases = "".join(f",out,touch=20:{n}" for n in self.THREADS)
            program = Steps(
                a, f"--mb {options.page_in_mb} --faults --histogram --phases fill{phases}"
            )
            for _ in ["fill"] + 2 * list(self.THREADS):
                program.step()
            costs = meter.costs()
            limit = round_trip(cluster, system)
            result = {**self.figures(program.finish()["phases"]), **costs, **limit}
            if limit:
                result["p50_vs_tcp"] = round(result["p50_us"] / limit["tcp_p50_us"], 3)
            return result

        def traced():
            program = Steps(a, f"--mb {options.page_in_mb} --phases fill,out,touch=20")
            program.step()
            program.step()
            with fetches_traced(a):
                program.step()
                times = fetch_times(read_trace(a))
            program.finish()
            return spread(*times)

        a.run("echo 0 >/proc/sys/vm/page-cluster")
        result = on_swap(cluster, system, work, traced if system.traced else None)
        a.run(f"echo 3 >/proc/sys/vm/page-cluster; rmdir {CGROUP}")
        return result

    def figures(self, phases):
        out = next(phase for phase in phases if phase["name"] == "out")
        result = {
            "out_pages": out["touches"],
            "out_s": out["seconds"],
            "out_pages_s": round(out["touches"] / out["seconds"]),
        }
        for phase in phases:
            if phase["name"] == "touch":
                result[f"pages_s_{phase['threads']}"] = round(phase["major_faults"] / phase["seconds"])
        one = next(phase for phase in phases if phase["name"] == "touch")
        for key in ("timed", "p50_us", "p90_us", "p99_us", "p999_us", "max_us", "histogram"):
            result[key] = one[key]
        return result


def round_trip(cluster, system):
    """A TCP round trip of as many bytes as a page has on the wire, between the same two kernels."""
    length = system.page_bytes(cluster)
    if not length:
        return {}
    a, b = cluster["a"], cluster["b"]
    server = b.start_command("exec tcprtt serve 9999")
    wait_until(lambda: ":270F" in b.read("/proc/net/tcp"), "tcprtt to listen", 30)
    report = json.loads(a.run(f"tcprtt ask {b.ip} 9999 {length} 1500", timeout=120).out)
    server.kill(9)
    server.wait(check=False)
    return {"page_bytes": length, "tcp_p50_us": report["p50_us"], "tcp_p99_us": report["p99_us"]}


class Memory(Workload):
    """RAM that a remote page takes of its owner, and of its donor beside what it holds."""

    name = "memory"
    about = "RAM per remote page, on owner and donor"
    headline = "owner_bytes_per_remote_page"
    columns = [
        "owner_bytes_per_remote_page", "donor_bytes_beside_zpage", "donor_index_bytes_per_page",
        "donor_frames_beyond_zbytes_per_page", "donor_zbytes_per_page", "remote_pages",
    ]
    systems = ["remote"]
    any_system = False
    most_samples = 1
    seconds = 120

    def machines(self, options):
        return Machines("ab", append="slab_nomerge")

    def run(self, cluster, system, options):
        return memory_per_remote_page(cluster, system, options.memory_pages)
