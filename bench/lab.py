# SPDX-License-Identifier: GPL-2.0
"""The machines that a workload runs on, booted when they are first needed.

One cluster at a time: machines that only wait would still take from the host's CPUs.
"""

from dataclasses import dataclass, field

import ramster
from vmlab import Cluster, DirtyLog

SIZE_MB = 1024  # as swap is in real life, not half full: a clean page need not be written again

# /dev/vdc and on, on node a. QEMU limits requests and bytes a second, and cannot tell
# sequential from random. Nothing is waited for to reach a medium.
DISKS = {"backup": f"{SIZE_MB}M", "ssd": f"{SIZE_MB}M", "hdd": f"{SIZE_MB}M"}
SATA = "throttling.iops-total=75000,throttling.bps-total=530000000"
THROTTLES = {
    "backup": SATA,
    "ssd": SATA,
    "hdd": "throttling.iops-total=180,throttling.bps-total=160000000",
}

# Where instructions are counted, none is too slow; only "rep movsb" counts once a byte.
COUNTED_CPU = "max,-erms"


class CannotRun(Exception):
    """Something that this workload or system needs is not there; says what."""


@dataclass(frozen=True)
class Machines:
    """What a workload wants. more: what else of vmlab's Machine all of them have."""

    names: str = "ab"
    owner_mb: int = 256
    donor_mb: int = 768
    cpus: int = 1
    append: str = ""
    icount: bool = False
    more: dict = field(default_factory=dict, hash=False)


class Lab:
    """get(machines): a booted cluster of these; whichever there was before is switched off."""

    def __init__(self, name):
        self.name = name
        self.machines = None
        self.cluster = None
        self.booted = 0
        self.bad_logs = []

    def get(self, machines):
        if self.machines != machines:
            self.close()
        if self.cluster is None:
            self.machines = machines
            self.booted += 1
            self.cluster = Cluster(
                machines.names, name=f"{self.name}-{self.booted}", ram=machines.donor_mb,
                cpus=machines.cpus, append=machines.append, icount=machines.icount,
                **({"cpu": COUNTED_CPU} if machines.icount else {}),
                each={"a": {"ram": machines.owner_mb, "disks": DISKS, "disk_options": THROTTLES}},
                **machines.more,
            )
            self.cluster.boot()
            ramster.mount_cgroups(self.cluster["a"])
        return self.cluster

    def judge(self):
        """What a healthy kernel does not write, of any machine, since the last time."""
        try:
            if self.cluster is not None:
                self.cluster.check_logs()
            return None
        except DirtyLog as problem:
            self.bad_logs.append(str(problem))
            return str(problem)

    def close(self):
        """Also after a failure: nothing is to be trusted, the next get() begins anew."""
        if self.cluster is not None:
            self.judge()
            self.cluster.close()
        self.cluster = self.machines = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()
