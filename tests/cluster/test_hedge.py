# SPDX-License-Identifier: GPL-2.0
"""A read does not wait for a donor that takes long, if the page can be had elsewhere, too.

    a (owner, with a disk) --- b (donor)
                           --- c (donor, where two have a copy)
"""

import pytest
import ramster
import trouble
from ramster import Filler, Setup
from vmlab import wait_until

OWNER = {"ram": 160, "disks": {"swap": "512M"}}
DONOR = {"ram": 256}
DISK = {"backing": "/dev/vdc"}
REPLICAS = {"size": "512M", "replicas": 2}

# So late comes what a donor sends, for which it is not suspected yet. The longest time comes first:
# each has to be longer than the next all the while
LATE_S = 30
PATIENT = {
    "dead_ms": 600000, "suspect_ms": 300000, "heartbeat_ms": 200, "fetch_timeout_ms": 2000,
}
HOW = {
    "late": lambda donor: trouble.netem(donor, f"delay {LATE_S}s limit 100000"),
    "frozen": trouble.frozen,
}


def gets(donor):
    return ramster.counter(donor, "ramster", "donor_gets")


def hedged(owner):
    return ramster.counter(owner, "zcache", "fetch_hedged")


def spread(phase):
    """How long its reads took."""
    return ", ".join(f"{k} {phase[f'{k}_us'] / 1000:.0f} ms" for k in ("p50", "p99", "max"))


def start(a, donors):
    """A program whose pages are with donors, and that has read some of them.

    Each by itself, and with so much memory free that nothing is stored meanwhile.
    """
    ramster.mount_cgroups(a)
    a.run("echo 0 >/proc/sys/vm/page-cluster")
    options = "--cgroup /sys/fs/cgroup/work --faults"
    filler = Filler(a, 24, "fill,out,touch=4,touch=4", options)
    filler.go_on()
    filler.wait_step(2)
    for donor in donors:
        wait_until(
            lambda d=donor: ramster.counter(d, "ramster", "foreign_pages") > 2000,
            f"pages to lie on {donor.name}", 60,
        )
    filler.go_on()
    filler.wait_step(3)
    return filler


@pytest.mark.slow
@pytest.mark.parametrize(
    "names, device", [("b", DISK), ("bc", REPLICAS)], ids=["disk", "replicas"]
)
@pytest.mark.parametrize("how", HOW)
def test_reads_go_elsewhere_while_a_donor_is(make_cluster, how, names, device):
    """Hardly one of them takes a tenth of the time that its answer would."""
    cluster = make_cluster("a" + names, each={"a": OWNER, **dict.fromkeys(names, DONOR)})
    Setup(cluster, {"a": names}, device=device, pool_percent=1, **PATIENT).bring_up()
    a, *donors = cluster
    filler = start(a, donors)
    slow = max(donors, key=gets)  # whom most reads ask first
    others = [donor for donor in donors if donor is not slow]

    def elsewhere():
        return sum(map(gets, others)) if others else ramster.counter(a, "fswap", "backing_reads")

    before = hedged(a), elsewhere()
    with HOW[how](slow):
        filler.go_on()
        filler.wait_step(4)
        assert ramster.state(a, slow) == "up"
        given_up, reads = hedged(a) - before[0], elsewhere() - before[1]
    *_, usual, meanwhile = filler.finish()["phases"]
    print(f"{given_up} of {meanwhile['timed']} reads were given up, and took {spread(meanwhile)}; "
          f"before that {spread(usual)}")
    assert given_up > 50 and reads > 50
    assert meanwhile["p99_us"] < LATE_S * 1e6 / 10
    assert ramster.counter(a, "ramster", "disconnects") == 0
    assert ramster.lost_pages(a) == ramster.counter(a, "zcache", "loads_unanswered") == 0
