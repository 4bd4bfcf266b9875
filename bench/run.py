# SPDX-License-Identifier: GPL-2.0
"""Our swap device against what a user would take instead, on the same VMs.

    node a, 256 MB   the workload, on swap of each system in turn
      |
    node b, 768 MB   its RAM (and node c's, where pages have two replicas)

Systems take turns, --samples times: A B C, A B C; in each round what goals are judged by
comes first. After each sample build/bench/results.json
and table.md say what is known so far. docs/PERFORMANCE.md says how to read them.
"""

import argparse
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "cluster"))

import goals  # noqa: E402
import plots  # noqa: E402
import report  # noqa: E402
from lab import CannotRun, Lab  # noqa: E402
from measure import Cell  # noqa: E402
from plan import WORKLOADS  # noqa: E402
from systems import SYSTEMS  # noqa: E402
from vmlab.paths import kernel_name, script  # noqa: E402


class Bench:
    """One run: which workloads on which systems, and what came of it."""

    def __init__(self, options):
        self.options = options
        self.begun = time.monotonic()
        self.systems = {system.name: system for system in SYSTEMS}
        self.workloads = [w for w in WORKLOADS if w.name in options.workloads]
        self.cells = {
            (workload, name): Cell()
            for workload in self.workloads
            for name in self.systems_of(workload)
            if not options.only_goals or (workload.name, name) in goals.needed()
        }
        self.took = {}
        self.out = TOP / "build" / options.out
        self.lab = Lab(options.out)

    def systems_of(self, workload):
        asked = self.options.systems
        if asked is None:
            return workload.systems
        return [
            name for name, system in self.systems.items()
            if name in asked
            and (name in workload.systems or (workload.any_system and system.swaps))
        ]

    def order(self):
        """Cells in the order of a round: first what goals are judged by."""
        needed = goals.needed()
        return sorted(
            self.cells.items(), key=lambda item: (item[0][0].name, item[0][1]) not in needed
        )

    def seconds(self):
        return time.monotonic() - self.begun

    def say(self, text):
        minutes, seconds = divmod(int(self.seconds()), 60)
        print(f"[{minutes:3d}:{seconds:02d}] {text}", flush=True)

    def run(self):
        with self.lab:
            for turn in range(self.options.samples):
                for (workload, name), cell in self.order():
                    if turn < workload.most_samples and not cell.given_up():
                        self.sample(turn, workload, self.systems[name], cell)

    def sample(self, turn, workload, system, cell):
        about = f"{workload.name} on {system.name}, {turn + 1} of {self.options.samples}"
        left = self.options.minutes * 60 - self.seconds()
        if self.took.get((workload, system), workload.seconds) > left:
            self.say(f"{about}: no time left")
            if not cell.samples:
                cell.cannot = f"no time left of {self.options.minutes:g} minutes"
            return
        begun = time.monotonic()
        try:
            cluster = self.lab.get(workload.machines(self.options))
            figures = workload.run(cluster, system, self.options)
            bad_log = self.lab.judge()
            assert not bad_log, bad_log
        except CannotRun as reason:
            cell.cannot = str(reason)
            self.say(f"{about}: cannot run: {reason}")
        except Exception as problem:  # whatever it was, the others are still worth their figures
            cell.reasons.append(in_short(problem))
            self.say(f"{about}: {cell.reasons[-1]}")
            self.lab.close()
        else:
            load = round(os.getloadavg()[0], 2)
            cell.samples.append({"round": turn + 1, "host_load": load, **figures})
            if workload.spoils:
                self.lab.close()
            head = workload.headline
            self.say(f"{about}: {head} {report.number(figures.get(head))}")
        self.took[(workload, system)] = time.monotonic() - begun
        self.write()

    def results(self):
        workloads = {workload.name: {} for workload in self.workloads}
        for (workload, name), cell in self.cells.items():
            workloads[workload.name][name] = cell.summary()
        memory = workloads.get("memory", {}).get("remote", {}).get("samples") or [{}]
        return {
            "version": script("version"),
            "kernel": kernel_name(),
            "host_cpus": os.cpu_count(),
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "seconds": round(self.seconds()),
            "options": {key: value for key, value in vars(self.options).items()},
            "systems": {name: system.about for name, system in self.systems.items()},
            "workloads": workloads,
            "ratios": goals.ratios(workloads),
            "goals": goals.judge(workloads, {w.name: w.most_samples for w in self.workloads}),
            "memory": memory[-1],
            "owner_bytes_per_remote_page": memory[-1].get("owner_bytes_per_remote_page"),
            "bad_kernel_logs": self.lab.bad_logs,
        }

    def write(self):
        results = self.results()
        self.out.mkdir(parents=True, exist_ok=True)
        for name, text in (
            ("results.json", json.dumps(results, indent=1) + "\n"),
            ("table.md", report.tables(results, self.workloads)),
        ):
            fresh = self.out / f"{name}.new"
            fresh.write_text(text)
            fresh.rename(self.out / name)
        return results

    def failed(self):
        return bool(self.lab.bad_logs) or any(cell.reasons for cell in self.cells.values())


def in_short(problem):
    """What failed, and the last that was said about it."""
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    if not lines:
        last = traceback.extract_tb(problem.__traceback__)[-1]
        lines = [f"{last.filename}:{last.lineno}: {last.line}"]
    text = lines[0][:160] + (" ... " + lines[-1][:240] if len(lines) > 1 else "")
    return f"{type(problem).__name__}: {text}"


def words(known):
    def parse(text):
        found = text.split(",")
        for word in found:
            if word not in known:
                raise argparse.ArgumentTypeError(f"no {word!r}; there are {', '.join(known)}")
        return found

    return parse


def arguments():
    systems = [system.name for system in SYSTEMS]
    workloads = [workload.name for workload in WORKLOADS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--samples", type=int, default=1, help="of each workload on each system (1)")
    add("--minutes", type=float, default=40, help="no sample is begun that would end later (40)")
    add("--systems", type=words(systems), help=f"of {', '.join(systems)}; else what a workload has")
    add("--workloads", type=words(workloads), default=workloads, help=f"of {', '.join(workloads)}")
    add("--only-goals", action="store_true", help="only what goals are judged by")
    add("--fill-mb", type=int, default=320, help="memory of fill_read_touch and incompressible (320)")
    add("--page-in-mb", type=int, default=96, help="memory of page_in (96)")
    add("--count-mb", type=int, default=48, help="memory of instructions (48)")
    add("--many-pages", type=int, default=100_000,
        help="remote pages of many_pages (100,000; its goals want 1,000,000)")
    add("--redis-mb", type=int, default=160, help="values of redis (160)")
    add("--redis-requests", type=int, default=60_000, help="(60,000)")
    add("--memory-pages", type=int, default=50_000, help="remote pages of memory (50,000)")
    add("--out", default="bench", help="folder below build/ (bench)")
    add("--list", action="store_true", help="say what there is, and end")
    return parser.parse_args()


def guess(workloads, cells=None):
    """Minutes that a sample of each takes, or of these cells."""
    return sum(
        workload.seconds for workload in workloads for name in workload.systems
        if cells is None or (workload.name, name) in cells
    ) / 60


def on_sigterm(number, frame):
    raise KeyboardInterrupt


def main():
    options = arguments()
    if options.list:
        for workload in WORKLOADS:
            minutes = workload.seconds * len(workload.systems) / 60
            print(f"{workload.name:20s} {minutes:3.0f} min   {workload.about}")
        print(f"{'all, once':20s} {guess(WORKLOADS):3.0f} min\n{'--only-goals':20s} "
              f"{guess(WORKLOADS, goals.needed()):3.0f} min\n")
        for system in SYSTEMS:
            print(f"{system.name:20s} {system.about}")
        return 0
    signal.signal(signal.SIGTERM, on_sigterm)
    bench = Bench(options)
    try:
        bench.run()
    except KeyboardInterrupt:
        print("stopped")
    results = bench.write()
    print("\n" + report.tables(results, bench.workloads))
    for line in plots.draw(results, bench.out):
        print(line)
    print(f"build/{options.out}/results.json has it all")
    return 1 if bench.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
