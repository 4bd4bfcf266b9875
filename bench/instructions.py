# SPDX-License-Identifier: GPL-2.0
"""What the code costs, in instructions.

On these VMs the clock counts instructions, one a nanosecond, while the CPU is not idle
(QEMU's -icount shift=0). So the time that a CPU was not idle is how many it executed, in the
kernel, its interrupts and the program alike. Such figures repeat to a per cent or two, and do
not know what an emulator is slow at; but one instruction is as good as another in them.

Each node's clock runs at a pace of its own, so nothing here says how long something took.
"""

import statistics

import ramster
from lab import Machines
from measure import reading
from ramster import instructions
from workloads import CGROUP, Steps, Workload, on_swap

COUNTING = Machines("ab", icount=True)


class Count:
    """Instructions of each node, and pages moved, from one next() to another."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.last = self._read()

    def _read(self):
        pages = reading(self.nodes[0])
        return {
            "in": pages["pages_in"], "out": pages["pages_out"],
            **{node.name: instructions(node) for node in self.nodes},
        }

    def next(self):
        now = self._read()
        change = {key: now[key] - self.last[key] for key in now}
        self.last = now
        return change


class Instructions(Workload):
    """All pages of a program out, and in again one by one; and once more, read-ahead at its default.

    What the program does with a page that is there is measured, too, and not counted.
    """

    name = "instructions"
    about = "instructions per page out and in, on owner and donor"
    headline = "owner_out_and_in"
    columns = [
        "owner_out", "owner_in", "owner_in_read_ahead", "owner_out_and_in",
        "donor_out", "donor_in", "donor_in_read_ahead", "donor_out_and_in",
    ]
    systems = ["remote", "remote_unsealed", "remote_in_the_clear", "ours", "nvme_tcp", "nbd", "zram"]
    most_samples = 3
    seconds = 90

    def machines(self, options):
        return COUNTING

    def run(self, cluster, system, options):
        a = cluster["a"]
        nodes = [a, *(cluster[name] for name in system.donors)]

        def work():
            program = Steps(a, f"--mb {options.count_mb} --phases fill,out,read,read,out,read")
            program.step()
            count, changes = Count(nodes), {}
            for name in ("out", "in", "there", "again", "ahead"):
                if name in ("in", "ahead"):
                    a.run(f"echo {0 if name == 'in' else 3} >/proc/sys/vm/page-cluster")
                count.next()
                program.step()
                changes[name] = count.next()
            program.finish()
            return self.figures(changes, nodes)

        result = on_swap(cluster, system, work)
        a.run(f"echo 3 >/proc/sys/vm/page-cluster; rmdir {CGROUP}")
        return result

    def figures(self, changes, nodes):
        result = {"pages_out": changes["out"]["out"], "pages_in": changes["in"]["in"]}
        for node, name in zip(nodes, ("owner", "donor")):
            there = changes["there"][node.name] if name == "owner" else 0
            for figure, change, pages in (
                ("out", "out", "out"), ("in", "in", "in"), ("in_read_ahead", "ahead", "in"),
            ):
                less = there if pages == "in" else 0
                moved = changes[change][pages]
                if moved:
                    result[f"{name}_{figure}"] = round((changes[change][node.name] - less) / moved)
            result[f"{name}_out_and_in"] = result.get(f"{name}_out", 0) + result.get(f"{name}_in", 0)
        return result


class NoPressure(Workload):
    """A program that fits in RAM, with and without our device as swap."""

    name = "no_pressure"
    about = "instructions of a program that swaps nothing, heartbeats and all meanwhile"
    headline = "instructions"
    columns = ["instructions", "least", "most"]
    systems = ["none", "ours"]
    any_system = False
    most_samples = 3
    seconds = 40
    RUNS = 5

    def machines(self, options):
        return COUNTING

    def run(self, cluster, system, options):
        a = cluster["a"]

        def work():
            a.run("cat /corpus >/dev/null")  # where pagefill's pages come from
            found = []
            for _ in range(1 + self.RUNS):
                before = instructions(a)
                ramster.pagefill(a, 60, "--phases fill,rewrite=100,read", timeout=300)
                found.append(instructions(a) - before)
            warm = sorted(found[1:])
            return {"instructions": statistics.median(warm), "least": warm[0], "most": warm[-1]}

        return on_swap(cluster, system, work)
