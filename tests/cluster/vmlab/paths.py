# SPDX-License-Identifier: GPL-2.0
"""Where things lie: the source tree, what was built from it, the caches."""

import os
import subprocess
from pathlib import Path

from .waiting import be_patient

TOP = Path(__file__).resolve().parents[3]
BUILD = TOP / "build"
GUEST = TOP / "tests" / "cluster" / "guest"


def script(name, *args):
    """Run one of scripts/ and return what it printed."""
    command = [str(TOP / "scripts" / name), *args]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def default_kernel():
    return script("kernels", "default")


def kernel_name():
    return os.environ.get("KERNEL") or default_kernel()


class Kernel:
    """One kernel of the table: its image and its modules.

    checked: it was built to tell on us (scripts/debug-kernel), and so is slow and
    takes more RAM for itself. can_fail: it has fault injection. finds_leaks: it has kmemleak.
    finds_races: it has KCSAN.
    """

    def __init__(self, name=None):
        self.name = name or kernel_name()
        folder = os.environ.get("RAMSTER_KERNEL_DIR")
        if folder is None:
            script("kernels", "fetch", self.name)
            folder = script("kernels", "path", self.name)
        self.folder = Path(folder)
        self.release = (self.folder / "release").read_text().strip()
        self.vmlinuz = self.folder / "vmlinuz"
        self.modules = self.folder / "modules"
        checkers = self.folder / "checkers"
        self.checked = checkers.exists()
        kind = checkers.read_text().strip() if self.checked else None
        self.can_fail = self.finds_leaks = kind == "debug"
        self.finds_races = kind == "kcsan"
        if self.checked:
            be_patient(8)
        self.ours_debug = BUILD / f"debug-modules-{self.name}"
        # Where those alone were built (make smoke), what lies in the other folder may be old
        only_debug = os.environ.get("RAMSTER_MODULES") == "debug"
        self.ours = self.ours_debug if only_debug else BUILD / f"modules-{self.name}"

    def has(self, driver):
        """Is this driver there, built in or as a module? By the name of its file."""
        tables = [self.modules / name for name in ("modules.builtin", "modules.dep")]
        return any(f"/{driver}.ko" in table.read_text() for table in tables)
