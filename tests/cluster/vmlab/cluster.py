# SPDX-License-Identifier: GPL-2.0
"""A cluster: nodes on one LAN, booted together, judged together at the end."""

import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from .images import Images, build_programs
from .kernel_log import DirtyLog
from .lan import Lan
from .node import CPU, Node
from .paths import BUILD, Kernel

BOOT_AT_ONCE = 2


@dataclass
class Machine:
    """What a node is made of.

    disks: name -> size, as truncate takes it. disk_options: name -> more of QEMU's -drive.
    cpu: of QEMU's -cpu. icount: its clock counts instructions, one a nanosecond, while it is not idle.
    """

    kernel: Kernel
    images: Images
    ram: int = 256
    cpus: int = 1
    append: str = ""
    disks: dict = field(default_factory=dict)
    disk_options: dict = field(default_factory=dict)
    cpu: str = CPU
    icount: bool = False
    qemu: list = field(default_factory=list)


class Link:
    """What lies between two nodes. A cut loses frames and says nothing."""

    def __init__(self, lan, a, b):
        self.lan = lan
        self.a = a
        self.b = b

    def cut(self):
        self.cut_one_way(self.a, self.b)
        self.cut_one_way(self.b, self.a)

    def cut_one_way(self, source, target):
        self.lan.cut(source.number, target.number)

    def restore(self):
        self.lan.join(self.a.number, self.b.number)
        self.lan.join(self.b.number, self.a.number)

    def frames(self):
        """Frames that passed so far, both ways."""
        there = self.lan.frames(self.a.number, self.b.number)
        return there + self.lan.frames(self.b.number, self.a.number)


class Cluster:
    """Cluster("ab", ram=256): nodes a and b. each: name -> what differs there, even the kernel's name."""

    def __init__(self, names, name="cluster", kernel=None, each=None, lan=True, **machine):
        build_programs()
        kernel = Kernel(kernel)
        common = Machine(kernel, Images(kernel), **machine)
        self.log_folder = BUILD / "logs" / name
        shutil.rmtree(self.log_folder, ignore_errors=True)
        self.log_folder.mkdir(parents=True)
        self.run_folder = Path(tempfile.mkdtemp(prefix="ramster-vm-"))
        self.lan = Lan(self.run_folder, len(names) + 1) if lan else None
        self.allowed = []
        self.nodes = {}
        for number, node_name in enumerate(names, start=1):
            differs = dict((each or {}).get(node_name, {}))
            if "kernel" in differs:
                differs["kernel"] = Kernel(differs["kernel"])
                differs["images"] = Images(differs["kernel"])
            own = replace(common, **differs)
            self.nodes[node_name] = Node(
                node_name, number, own, self.run_folder, self.log_folder, self.lan
            )

    def __getitem__(self, name):
        return self.nodes[name]

    def __iter__(self):
        return iter(self.nodes.values())

    def boot(self, *names):
        """Boot these nodes, or all; a few at a time, since CPUs are few."""
        waiting = [self.nodes[name] for name in names or self.nodes]
        while waiting:
            now, waiting = waiting[:BOOT_AT_ONCE], waiting[BOOT_AT_ONCE:]
            for node in now:
                node.start()
            for node in now:
                node.wait_boot()
        return self

    def link(self, a, b):
        return Link(self.lan, self.nodes[a], self.nodes[b])

    def allow(self, pattern):
        """A kernel log line, or a leak, that this test provokes and that is no fault of ours."""
        self.allowed.append(pattern)

    def check_logs(self, leaks=True):
        """Raise DirtyLog if any node's kernel wrote what a healthy one does not, or forgot memory.

        leaks: kmemleak looks, too, if there is one; that takes it many seconds.
        """
        problems = []
        for node in self:
            for check in [node.log.check, *([node.check_leaks] if leaks else [])]:
                try:
                    check(self.allowed)
                except DirtyLog as problem:
                    problems.append(str(problem))
        if problems:
            raise DirtyLog("\n".join(problems))

    def close(self):
        for node in self:
            node.close()
        if self.lan:
            self.lan.close()
        shutil.rmtree(self.run_folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()
