# SPDX-License-Identifier: GPL-2.0
"""A node that breaks the rules: tests/rogue in the guest."""

import os
import random

import ramster

# The same again, as far as the machines take the same time: RAMSTER_FUZZ_SEED as it was printed
SEED = int(os.environ.get("RAMSTER_FUZZ_SEED", random.randrange(1 << 30)))


def start_rogue(node, other, *words, source=None, number=None, seed=SEED):
    """Start an attack from node on other; it fails if other does not take it as it should."""
    who = f"--self {number or node.number} --to {other.number} --cluster {ramster.CLUSTER}"
    who += f" --key {ramster.KEY} --seed {seed}" + (f" --from {source}" if source else "")
    return node.start_command(f"rogue {who} owner {other.ip} {' '.join(map(str, words))}")


def rogue(node, other, *words, source=None, timeout=120):
    """The same to its end: what it has printed."""
    return start_rogue(node, other, *words, source=source).wait(timeout).out


def start_donor(node, mode, *count):
    """Node lends, in its own way, to who connects."""
    who = f"--self {node.number} --cluster {ramster.CLUSTER} --key {ramster.KEY} --seed {SEED}"
    job = node.start_command(f"rogue {who} donor {mode} {' '.join(map(str, count))}")
    job.wait_for_line("ready")
    return job
