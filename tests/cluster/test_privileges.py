# SPDX-License-Identifier: GPL-2.0
"""What it takes to hear of a node, to reach beyond the machine, and to see the daemon's memory.

What is written to configfs without a capability is in test_security.py.
"""

import pytest
import ramster
from vmlab import wait_until

CONF = "/etc/ramster.conf"
WITHOUT = "setpriv --bounding-set -net_admin --"
CORES = "/run/cores"


@pytest.fixture
def alone(make_cluster):
    return make_cluster("a", ram=160)["a"]


def test_netlink_takes_net_admin(alone):
    """Each dump and the events, asked for by a program of root's that lacks it."""
    ramster.load(alone)
    ramster.write(alone, f"{ramster.settings_folder()}/node/a", num=1, address="127.0.0.1", local=1)
    asked = ["nodes", "devices", "counters", "events"]
    assert alone.output("genlprobe").splitlines() == [f"{what} ok" for what in asked]
    refused = alone.output(f"{WITHOUT} genlprobe").splitlines()
    assert refused == [f"{what} EPERM" for what in asked]
    told = alone.run(f"{WITHOUT} ramsterctl status", check=False)
    assert told.status == 1 and told.out == "" and told.err.count("\n") == 1, told.err
    alone.run("ramsterctl status")
    ramster.leave(alone)
    ramster.unload(alone)


def test_a_donor_beyond_loopback_takes_a_key(alone):
    """Told to the kernel or to ramsterctl, it is refused, and nothing has changed."""
    alone.run("ramsterctl add-node a 127.0.0.1 && ramsterctl set-local a --allow-loss && ramsterctl up")
    folder = "/sys/kernel/config/ramster/ramster/node"
    text = alone.read(CONF)
    told = alone.run("ramsterctl add-node b 10.77.0.9", check=False)
    assert told.status == 3 and "no cluster key" in told.err, told.err
    assert alone.read(CONF) == text and not alone.exists(f"{folder}/b")

    mark = alone.log.mark()
    ramster.write(alone, f"{folder}/b", num=2, address="10.77.0.9")
    told = alone.run(f"echo 1 >{folder}/b/connect", check=False)
    assert told.status and alone.read(f"{folder}/b/connect") == "0\n"
    assert "beyond loopback and the cluster has no key" in alone.log.since(mark)
    # With a key it is not the address that matters
    alone.write(f"{folder}/../key", ramster.KEY + "\n")
    alone.write(f"{folder}/b/connect", "1\n")
    alone.write(f"{folder}/b/connect", "0\n")
    alone.run(f"rmdir {folder}/b && ramsterctl down --unload")


def cores(node):
    return node.output(f"ls {CORES}").split()


def test_no_core_of_who_handles_the_key(alone):
    """A core_pattern that is a program is not bound by a core limit of 0."""
    alone.run(
        f"mkdir {CORES}; printf '#!/bin/busybox sh\\ncat >{CORES}/$1\\n' >/run/keep; chmod 755 /run/keep;"
        "echo '|/run/keep %e.%p' >/proc/sys/kernel/core_pattern"
    )
    # That it works at all
    alone.run("ulimit -c 0; sh -c 'kill -ABRT $$'", check=False)
    wait_until(lambda: cores(alone), "a shell's core", 30)
    alone.run(f"rm {CORES}/*")

    alone.run("ramsterctl add-node a 127.0.0.1 && ramsterctl set-local a --allow-loss && ramsterd")
    holder = alone.start_command("exec flock -o /run/ramster.lock sh -c 'echo held; exec sleep 600'")
    holder.wait_for_line("held")
    waiting = alone.start_command("exec ramsterctl up")
    wait_until(lambda: "-> FLOCK" in alone.read("/proc/locks"), "ramsterctl to wait", 30)
    waiting.kill(6)
    assert waiting.wait(check=False).status == -6
    daemon = alone.read("/run/ramsterd.pid").strip()
    alone.run(f"kill -ABRT {daemon}")
    wait_until(lambda: not alone.exists(f"/proc/{daemon}"), "ramsterd to end", 30)
    # What comes after them is dumped, and they are not
    alone.run("sh -c 'kill -ABRT $$'", check=False)
    wait_until(lambda: cores(alone), "a shell's core", 30)
    assert all(core.startswith("sh.") for core in cores(alone)), cores(alone)
    holder.kill(9)
    holder.wait(check=False)
    alone.run("ramsterctl down --unload")
