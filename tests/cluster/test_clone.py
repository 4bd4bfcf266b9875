# SPDX-License-Identifier: GPL-2.0
"""A machine that goes on from a snapshot, and is told so: its former self had the same keys and counters.

    a --- b        a swaps to b, and all is on a's disk, too
"""

import pytest
import ramster
from ramster import Filler, Setup
from vmlab import wait_until
from vmlab.paths import Kernel

OWNER = {"ram": 112, "disks": {"swap": "512M"}}
DONOR = {"ram": 256}
# That it is a copy shall end its connections, and not that they were silent for a while
PATIENT = {"dead_ms": 120000}
COPIED = "this machine was resumed from a snapshot or cloned: new keys are made"


def generation(number):
    """What tells a machine that it is another one than before."""
    return ["-device", f"vmgenid,guid=00000000-0000-4000-8000-{number:012x}"]


def count(node, name):
    return ramster.counter(node, "ramster", name)


@pytest.mark.slow
def test_a_machine_that_is_resumed_makes_new_keys(make_cluster):
    """In the middle of its work. What was sealed before opens, as does what is sealed from then on."""
    if not Kernel().has("vmgenid"):
        pytest.skip("wants a kernel with CONFIG_VMGENID")
    cluster = make_cluster("ab", each={"a": {**OWNER, "qemu": generation(1)}, "b": DONOR})
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, {"backing": a.disk("swap")}, pool_percent=10, **PATIENT).bring_up()
    program = Filler(a, 84, "fill,rewrite=50,touch=20,read")
    assert count(a, "pages_remotified") > 1000 and count(a, "vm_copies") == 0
    connects, accepts = count(a, "connects"), count(b, "accepts")
    program.go_on()
    wait_until(lambda: count(a, "pages_fetched") > 50, "pages to come back", 120)
    a.save()
    a.machine.qemu = generation(2)
    a.restore()
    wait_until(lambda: COPIED in a.log.text(), "the copy to know what it is", 60)
    wait_until(lambda: count(a, "connects") > connects, "new connections", 60)
    ramster.wait_state(a, b, "up")
    assert count(a, "disconnects") == 1 and count(b, "accepts") >= accepts + 2
    fetched, remotified = count(a, "pages_fetched"), count(a, "pages_remotified")
    program.wait_step(2)
    program.finish()
    assert count(a, "pages_fetched") > fetched + 200 and count(a, "pages_remotified") > remotified + 200
    assert count(a, "seal_failures") == 0 and count(a, "vm_copies") == 1
    setup.take_down()
