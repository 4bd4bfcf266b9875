# SPDX-License-Identifier: GPL-2.0
"""Our device against what a user would take instead, on the same two VMs.

    node a, 256 MB   pagefill: fills 320 MB of real pages, reads them through,
      |              touches a quarter at random; all pages verified
    node b, 768 MB   its RAM, by each system in turn

Prints a table and writes build/bench/results.json. Systems take turns, --samples
times each; the figures are medians.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests" / "cluster"))

import ramster  # noqa: E402
from memory import owner_bytes_per_remote_page  # noqa: E402
from systems import SYSTEMS  # noqa: E402
from vmlab import Cluster, CommandFailed  # noqa: E402

OUT = TOP / "build" / "bench"
OWNER_MB = 256
DONOR_MB = 768


def sample(cluster, system, fill_mb):
    """One run of the workload on one system."""
    a, b = cluster["a"], cluster["b"]
    device = system.up(a, b)
    ramster.swap_on(a, device)
    report = ramster.pagefill(a, fill_mb, "--phases fill,read,touch=25", timeout=900)
    facts = system.facts(a)
    ramster.swap_off(a)
    system.down(a, b)
    result = {"total": report["seconds"], **facts}
    for phase in report["phases"]:
        result[phase["name"]] = phase["seconds"]
        result[f"{phase['name']}_p50_us"] = phase["p50_us"]
        result[f"{phase['name']}_p99_us"] = phase["p99_us"]
    return result


def median(samples):
    return {key: round(statistics.median(s[key] for s in samples), 3) for key in samples[0]}


def ratio(results, system):
    theirs = results["systems"].get(system, {}).get("median")
    ours = results["systems"].get("ours", {}).get("median")
    return round(ours["total"] / theirs["total"], 3) if ours and theirs else None


def table(results):
    print(f"\n{'system':10s} {'total s':>8s} {'fill s':>8s} {'read s':>8s} {'touch s':>8s} {'ours/it':>8s}")
    for name, entry in results["systems"].items():
        if "median" not in entry:
            print(f"{name:10s} could not run: {entry['reason']}")
            continue
        m = entry["median"]
        share = results["ratios"].get(f"total_vs_{name}")
        print(f"{name:10s} {m['total']:8.1f} {m['fill']:8.1f} {m['read']:8.1f} {m['touch']:8.1f} "
              f"{share if share else '':>8}")
    if results.get("owner_bytes_per_remote_page") is not None:
        print(f"\nowner's RAM per remote page: {results['owner_bytes_per_remote_page']} bytes "
              f"at {results['memory']['remote_pages']} remote pages")


def measure(systems, samples, fill_mb):
    results = {"owner_mb": OWNER_MB, "fill_mb": fill_mb, "systems": {}, "ratios": {}}
    taken = {system.name: [] for system in systems}
    broken = {}
    with Cluster("ab", append="slab_nomerge", name="bench", ram=OWNER_MB, each={"b": {"ram": DONOR_MB}},
                 append="slab_nomerge") as cluster:
        cluster.boot()
        for turn in range(samples):
            for system in systems:
                if system.name in broken:
                    continue
                print(f"{system.name}, {turn + 1} of {samples} ...", end=" ", flush=True)
                try:
                    taken[system.name].append(sample(cluster, system, fill_mb))
                    print(f"{taken[system.name][-1]['total']:.1f} s", flush=True)
                except (CommandFailed, AssertionError) as problem:
                    broken[system.name] = str(problem).strip().splitlines()[-1]
                    print(broken[system.name], flush=True)
                    restart(cluster)
        if any(system.name == "ours" for system in systems) and "ours" not in broken:
            memory = owner_bytes_per_remote_page(cluster["a"], cluster["b"], systems[0])
            results["memory"] = memory
            results["owner_bytes_per_remote_page"] = memory["owner_bytes_per_remote_page"]
        cluster.check_logs()
    for name, runs in taken.items():
        entry = {"samples": runs, "median": median(runs)} if runs else {"reason": broken[name]}
        results["systems"][name] = entry
    for name in taken:
        if name != "ours":
            results["ratios"][f"total_vs_{name}"] = ratio(results, name)
    return results


def restart(cluster):
    """After a failure nothing is to be trusted: both nodes begin anew."""
    for node in cluster:
        node.kill()
    cluster.boot()


def main():
    names = [system.name for system in SYSTEMS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=1)
    parser.add_argument("--systems", default=",".join(names), help=f"of {', '.join(names)}")
    parser.add_argument("--fill-mb", type=int, default=320)
    options = parser.parse_args()
    wanted = [system for system in SYSTEMS if system.name in options.systems.split(",")]
    results = measure(wanted, options.samples, options.fill_mb)
    table(results)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    print("\nbuild/bench/results.json has it all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
