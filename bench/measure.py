# SPDX-License-Identifier: GPL-2.0
"""Samples and what is made of them; and what work costs, by the nodes' own counts."""

import statistics

HZ = 100  # of /proc/stat

# Columns of a table: what a page costs that goes out or comes in
COSTS = [
    "owner_cpu_us_per_page", "donor_cpu_us_per_page", "owner_switches_per_page",
    "donor_switches_per_page", "rx_wakeups_per_page", "donor_rx_wakeups_per_page",
    "wire_bytes_per_page", "wire_frames_per_1000_pages",
]


def numbers(sample):
    return {k: v for k, v in sample.items() if isinstance(v, (int, float)) and k != "round"}


class Cell:
    """What one workload gave on one system."""

    FAILURES = 2  # so many, and it is not tried again

    def __init__(self):
        self.samples = []
        self.reasons = []
        self.cannot = None

    def summary(self):
        """Medians with their spread, or the reason why there are none."""
        entry = {"samples": self.samples}
        if self.samples:
            keys = [k for k in numbers(self.samples[0]) if all(k in s for s in self.samples)]
            of = {key: [s[key] for s in self.samples] for key in keys}
            entry["median"] = {k: round(statistics.median(v), 3) for k, v in of.items()}
            entry["low"] = {k: round(min(v), 3) for k, v in of.items()}
            entry["high"] = {k: round(max(v), 3) for k, v in of.items()}
        if self.cannot:
            entry["reason"] = self.cannot
        elif self.reasons:
            entry["failures"] = self.reasons
            entry["reason"] = f"failed: {self.reasons[-1]}"
        elif not self.samples:
            entry["reason"] = "not begun"
        return entry

    def given_up(self):
        return self.cannot is not None or len(self.reasons) >= self.FAILURES


def reading(node):
    """A node's counts so far."""
    texts = node.read_many(["/proc/stat", "/proc/net/dev", "/proc/vmstat"])
    stat = dict(line.split(" ", 1) for line in texts["/proc/stat"].splitlines())
    user, nice, system, _, _, irq, softirq = map(int, stat["cpu"].split()[:7])
    vmstat = dict(line.split() for line in texts["/proc/vmstat"].splitlines())
    card = next(
        (line.split(":")[1].split() for line in texts["/proc/net/dev"].splitlines() if "eth0:" in line),
        ["0"] * 16,
    )
    return {
        "cpu_s": (user + nice + system + irq + softirq) / HZ,
        "switches": int(stat["ctxt"]),
        "wire_bytes": int(card[0]) + int(card[8]),
        "frames": int(card[1]) + int(card[9]),
        "pages_in": int(vmstat["pswpin"]),
        "pages_out": int(vmstat["pswpout"]),
    }


class Meter:
    """Costs of what happens between its making and costs()."""

    def __init__(self, cluster, donors):
        self.owner = cluster["a"]
        self.donors = [cluster[name] for name in donors]
        self.before = self._read()

    def _read(self):
        return [reading(node) for node in (self.owner, *self.donors)]

    def costs(self):
        changes = [
            {key: after[key] - before[key] for key in after}
            for before, after in zip(self.before, self._read())
        ]
        owner, donors = changes[0], changes[1:]
        pages = owner["pages_in"] + owner["pages_out"]
        costs = {"pages_in": owner["pages_in"], "pages_out": owner["pages_out"]}
        if pages:
            costs["owner_cpu_us_per_page"] = round(owner["cpu_s"] * 1e6 / pages, 1)
            costs["owner_switches_per_page"] = round(owner["switches"] / pages, 2)
        if pages and donors:
            costs["donor_cpu_us_per_page"] = round(sum(d["cpu_s"] for d in donors) * 1e6 / pages, 1)
            costs["donor_switches_per_page"] = round(sum(d["switches"] for d in donors) / pages, 2)
            costs["wire_bytes_per_page"] = round(owner["wire_bytes"] / pages, 1)
            costs["wire_frames_per_1000_pages"] = round(1000 * owner["frames"] / pages)
        return costs
