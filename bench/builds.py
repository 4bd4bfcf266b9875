# SPDX-License-Identifier: GPL-2.0
"""Parallel builds: the workload whose figures the original published."""

from pathlib import Path

from lab import Machines
from measure import COSTS, Meter
from workloads import Workload, on_swap

MAKEFILE = Path(__file__).with_name("stb.mk")
JOBS = (4, 8, 12)
UNPRESSED = "make_unpressed"


class ParallelBuild(Workload):
    """make -jN of stb.mk. The objects must be the same on each system.

    room: on a node that has RAM for all compilers at once.
    """

    columns = ["total", "pages_out", "pages_in", *COSTS]
    seconds = 150
    objects = set()

    def __init__(self, jobs, room=False):
        self.jobs = jobs
        self.room = room
        self.any_system = not room
        self.name = f"make_{jobs}"
        self.systems = ["ours", "nvme_tcp", "zram", "disk_hdd"]
        if room:
            self.name = UNPRESSED
            self.systems = ["none"]
        self.about = f"make -j{jobs} of C libraries, RAM for {'all' if room else 'some'} of it"

    def machines(self, options):
        return Machines("ab", owner_mb=1024 if self.room else 192)

    def run(self, cluster, system, options):
        a = cluster["a"]
        a.run(f"mkdir -p /tmp/stb; cat >/tmp/stb/Makefile <<'EOF'\n{MAKEFILE.read_text()}EOF")

        def work():
            meter = Meter(cluster, system.donors)
            seconds = a.run(
                f"cd /tmp/stb && TIMEFORMAT=%R && {{ time make -s -j{self.jobs} >&2; }} 2>&1",
                timeout=1800,
            ).out.splitlines()[-1]
            return {"total": float(seconds), **meter.costs()}

        result = on_swap(cluster, system, work)
        self.objects.add(a.output("cd /tmp/stb && sha256sum *.o | sha256sum"))
        assert len(self.objects) == 1, "the compilers made different objects of the same sources"
        a.run("rm -r /tmp/stb")
        return result
