# SPDX-License-Identifier: GPL-2.0
"""The kinds of goals, and how one is judged by the medians of a run."""

from builds import JOBS, UNPRESSED

NOT_ASKED_FOR = "was not asked for"

# Samples that a judgement takes, but of workloads that have fewer to give
ENOUGH = 5


class NoData(Exception):
    """Why a figure cannot be told."""


class Figures:
    """The medians of a run. most_samples: of each workload that has a limit."""

    def __init__(self, workloads, most_samples=None):
        self.workloads = workloads
        self.most_samples = most_samples or {}

    def median(self, workload, system, key):
        if workload not in self.workloads:
            raise NoData(f"{workload} {NOT_ASKED_FOR}")
        entry = self.workloads[workload].get(system)
        if entry is None:
            raise NoData(f"{workload} on {system} {NOT_ASKED_FOR}")
        if "median" not in entry:
            raise NoData(f"{workload} on {system}: {entry['reason']}")
        if key not in entry["median"]:
            raise NoData(f"{workload} on {system} gives no {key}")
        return entry["median"][key]

    def count(self, workload, system):
        return len(self.workloads.get(workload, {}).get(system, {}).get("samples", []))

    def wanted(self, workload):
        """Samples that a judgement takes."""
        return min(ENOUGH, self.most_samples.get(workload, ENOUGH))

    def ratio(self, workload, ours, theirs, key):
        value = self.median(workload, ours, key)
        other = self.median(workload, theirs, key)
        if not other:
            raise NoData(f"{workload} on {theirs}: {key} is 0")
        return value / other


class Goal:
    """key of a workload on ours over the same on theirs (or alone), at most or at least this.

    size: (key, least): what else the workload has to give for the goal to be judged.
    """

    def __init__(self, name, goal, workload, ours, theirs=None, key="total", at_least=False, text="",
                 size=None):
        self.name = name
        self.goal = goal
        self.at_least = at_least
        self.workload = workload
        self.ours = ours
        self.theirs = theirs
        self.key = key
        self.text = text
        self.size = size

    def cells(self):
        """(workload, system) of all that it may be judged by."""
        return [(self.workload, system) for system in (self.ours, self.theirs) if system]

    def judged(self, figures):
        """Which of them it is judged by in this run."""
        return self.cells()

    def value(self, figures):
        if self.theirs is None:
            return figures.median(self.workload, self.ours, self.key)
        return figures.ratio(self.workload, self.ours, self.theirs, self.key)

    def too_small(self, figures):
        """What its size lacks, or None."""
        if self.size is None:
            return None
        key, least = self.size
        found = figures.median(self.workload, self.ours, key)
        return f"{found:,.0f} {key} of {least:,} at least" if found < least else None

    def judge(self, figures):
        """met is None, and there is a reason, if the run does not suffice to say."""
        entry = {"text": self.text, "goal": self.goal, "value": None, "met": None}
        entry["better"] = "higher" if self.at_least else "lower"
        try:
            value, cells = self.value(figures), self.judged(figures)
            small = self.too_small(figures)
        except NoData as reason:
            return {**entry, "reason": str(reason)}
        within = value >= self.goal if self.at_least else value <= self.goal
        samples = min(figures.count(*cell) for cell in cells)
        wanted = max(figures.wanted(workload) for workload, _ in cells)
        enough = all(figures.count(*cell) >= figures.wanted(cell[0]) for cell in cells)
        entry.update(value=round(value, 3), within=within, samples=samples, samples_wanted=wanted,
                     enough=enough, large=not small)
        if small:
            return {**entry, "reason": f"too small: {small}"}
        if not enough:
            return {**entry, "reason": f"too few samples: {samples} of {wanted}"}
        return {**entry, "met": within}


class AcrossWorkloads(Goal):
    """The same key of two workloads."""

    def __init__(self, *args, other, **more):
        super().__init__(*args, **more)
        self.other = other

    def cells(self):
        return [(self.workload, self.ours), (self.other, self.theirs)]

    def value(self, figures):
        below = figures.median(self.other, self.theirs, self.key)
        return figures.median(self.workload, self.ours, self.key) / below


class OverTheSum(Goal):
    """Ours over several others' together."""

    def cells(self):
        return [(self.workload, system) for system in (self.ours, *self.theirs)]

    def value(self, figures):
        others = sum(figures.median(self.workload, system, self.key) for system in self.theirs)
        return figures.median(self.workload, self.ours, self.key) / others


class MakeVsDisk(Goal):
    """The disk's time over ours, with as few jobs as take twice as long on the disk as unpressed."""

    def cells(self):
        return [(UNPRESSED, "none"), *of_makes(self.ours, self.theirs)]

    def workload_of(self, figures):
        unpressed = figures.median(UNPRESSED, "none", self.key)
        for jobs in JOBS:
            if figures.median(f"make_{jobs}", self.ours, self.key) >= 2 * unpressed:
                return f"make_{jobs}"
        raise NoData(f"with {JOBS[-1]} jobs the disk is not twice as slow as unpressed")

    def judged(self, figures):
        workload = self.workload_of(figures)
        return [(UNPRESSED, "none"), (workload, self.ours), (workload, self.theirs)]

    def value(self, figures):
        return figures.ratio(self.workload_of(figures), self.ours, self.theirs, self.key)


class WorstMake(Goal):
    """Our time over another's, with as many jobs as that is worst with."""

    def cells(self):
        return of_makes(self.ours, self.theirs)

    def value(self, figures):
        return max(figures.ratio(f"make_{jobs}", self.ours, self.theirs, self.key) for jobs in JOBS)


def of_makes(*systems):
    return [(f"make_{jobs}", system) for jobs in JOBS for system in systems]
