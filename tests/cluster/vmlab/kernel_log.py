# SPDX-License-Identifier: GPL-2.0
"""A node's kernel log: the serial console, and what must never stand in it."""

import re
from pathlib import Path

from .races import without_those_of_linux

FORBIDDEN = re.compile(
    r"\bBUG\b|\bWARNING\b|\bOops\b|general protection fault|Kernel panic|"
    r"Call Trace:|possible recursive locking|possible circular locking|"
    r"inconsistent lock state|suspicious RCU usage|INFO: possible|"
    r"INFO: task .* blocked for more than|self-detected stall|detected stalls|"
    r"rcu_\w+ kthread (?:starved|timer wakeup)|soft lockup|hard LOCKUP|"
    r"use-after-free|out-of-bounds|double-free|slab-\w+ in|refcount_t:|UBSAN:|"
    r"KASAN|KCSAN:|unreferenced object|list_(?:add|del) corruption|"
    r"Bad page (?:state|map)|bad: scheduling|sleeping function called|"
    r"scheduling while atomic|invalid opcode|unable to handle|"
    r"segfault at|nobody cared|page allocation failure|still has .* objects|"
    r"Object .* already free|Object padding|Redzone|Poison overwritten|"
    r"blk_update_request: critical|Memory cgroup out of memory|Read-error on swap-device|"
    # A checker that has ended finds nothing any more
    r"memory leak detector disabled|ODEBUG disabled|turning off the locking correctness validator"
)

# Lines that a healthy boot prints and that a pattern above happens to match
HARMLESS = re.compile(
    r"Kernel command line:|Unknown kernel command line|lockdep is turned off|"
    r"RCU callback double-/use-after-free debug is enabled"
)


class DirtyLog(AssertionError):
    """A kernel log has lines that no healthy kernel writes."""


class KernelLog:
    """Reads a console file; findings are judged once each."""

    def __init__(self, node_name, path):
        self.node_name = node_name
        self.path = Path(path)
        self.judged = 0

    def text(self):
        return self.path.read_text(errors="replace") if self.path.exists() else ""

    def since(self, mark):
        return self.text()[mark:]

    def mark(self):
        return len(self.text())

    def panicked(self):
        return "Kernel panic - not syncing" in self.text()

    def stalled(self):
        """Has a CPU not come along?"""
        return "detected stalls" in self.text()

    def pass_over(self):
        """What is there is not judged."""
        self.judged = self.mark()

    def findings(self, allowed=()):
        """Forbidden lines since the last time that this was asked."""
        text = self.text()
        lines = without_those_of_linux(text[self.judged :]).splitlines()
        self.judged = len(text)
        allowed = [re.compile(pattern) for pattern in allowed]
        return [
            line
            for line in lines
            if FORBIDDEN.search(line)
            and not HARMLESS.search(line)
            and not any(pattern.search(line) for pattern in allowed)
        ]

    def check(self, allowed=()):
        found = self.findings(allowed)
        if found:
            some = "\n  ".join(found[:20])
            raise DirtyLog(
                f"{self.node_name}: {len(found)} bad lines in the kernel log {self.path}:\n  {some}"
            )
