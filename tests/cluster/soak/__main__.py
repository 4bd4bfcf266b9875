# SPDX-License-Identifier: GPL-2.0
"""make soak: one soak from the command line; the status says how it went."""

import argparse
import sys
import time

from .plan import KINDS, POLICIES
from .run import Options, Soak


def arguments():
    standard = Options()
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 1000000)
    parser.add_argument("--faults", type=int, default=standard.faults)
    parser.add_argument("--policy", choices=POLICIES, default=standard.policy)
    parser.add_argument("--mode", choices=["one", "free"], default=standard.mode)
    parser.add_argument("--owners", type=int, default=standard.owners)
    parser.add_argument("--lenders", type=int, default=standard.lenders)
    parser.add_argument("--seconds", type=int, default=0, help="no new fault after so many")
    parser.add_argument("--edge", action="store_true", help="the first owner is at the edge")
    parser.add_argument("--kinds", default="", help="only these, with commas: " + ", ".join(KINDS))
    parser.add_argument("--plan", action="store_true", help="show the plan and do nothing")
    return parser.parse_args()


def replay(options):
    """What else a replay has to say."""
    standard = Options()
    words = [
        f"--{name} {getattr(options, name)}"
        for name in ("owners", "lenders")
        if getattr(options, name) != getattr(standard, name)
    ]
    if options.edge:
        words.append("--edge")
    if options.kinds:
        words.append(f"--kinds {','.join(options.kinds)}")
    return f" SOAK='{' '.join(words)}'" if words else ""


def main():
    wanted = arguments()
    options = Options(
        seed=wanted.seed, faults=wanted.faults, policy=wanted.policy, mode=wanted.mode,
        owners=wanted.owners, lenders=wanted.lenders, seconds=wanted.seconds, edge=wanted.edge,
        kinds=tuple(filter(None, wanted.kinds.split(","))),
    )
    try:
        plan = options.plan()
    except ValueError as problem:
        sys.exit(f"soak: {problem}")
    if wanted.plan:
        for fault in plan:
            print(fault)
        return 0
    soak = Soak(options)
    result = soak.run()
    cut_off = ", cut off by time" if result["cut_off"] else ""
    print(f"\n  {result['faults']} of {result['wanted']} faults in {result['seconds']:.0f} s{cut_off} "
          f"({options.policy}, {options.mode}, seed {options.seed}); "
          f"{result['pages_verified']:,} pages verified; slowest page "
          f"{result['slowest_page_ms']} ms, {result['beyond_settings_ms']:+} ms to what its owner's settings allow")
    for kind in sorted({*result["kinds"], *result["left_out"], *result["never"]}):
        left_out = result["left_out"].get(kind)
        print(f"    {result['kinds'].get(kind, 0):4d} {kind}" + (f", left out {left_out} times" if left_out else ""))
    for text in result["violations"]:
        print(f"  VIOLATION: {text}")
    print(f"  {soak.journal.folder} has the plan, the journal and the result.\n"
          f"  Replay: make soak SEED={options.seed} FAULTS={options.faults} "
          f"POLICY={options.policy} MODE={options.mode}{replay(options)}")
    return 1 if result["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
