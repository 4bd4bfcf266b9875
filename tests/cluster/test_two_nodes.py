# SPDX-License-Identifier: GPL-2.0
"""The main job: a page evicted on one node lives in another node's RAM.

    a --- b        c, where there is one, is a second owner of b's
    c ---/
"""

import pytest
import ramster
from ramster import Setup

OWNER = {"ram": 160}
DONOR = {"ram": 512}
FILL = "pagefill --mb {} --content {} --phases fill,read,rewrite=10"


def remotified(node):
    return ramster.counter(node, "ramster", "pages_remotified")


def fetched(node):
    return ramster.counter(node, "ramster", "pages_fetched")


def test_pages_go_to_a_peer_and_come_back(make_cluster):
    cluster = make_cluster("ab", each={"a": {"ram": 128}, "b": DONOR})
    setup = Setup(cluster, {"a": "b"}, pool_percent=10).bring_up()
    a, b = cluster
    ramster.pagefill(a, 170, "--content mixed --phases fill,read,rewrite=20,touch=20")
    assert remotified(a) > 10000 and fetched(a) > 10000
    assert ramster.counter(b, "ramster", "donor_puts") > 10000
    setup.take_down()


def test_pages_of_a_cgroup_go_to_a_peer_and_come_back(make_cluster):
    """Only the program is short of RAM: what looks for leaks has enough for itself."""
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    a = cluster["a"]
    ramster.mount_cgroups(a)
    setup = Setup(cluster, {"a": "b"}, pool_percent=5).bring_up()
    ramster.pagefill(
        a, 40, "--content mixed --cgroup /sys/fs/cgroup/small --phases fill,out,rewrite=30,out,read",
        timeout=300,
    )
    assert remotified(a) > 4000 and fetched(a) > 4000
    setup.take_down()


@pytest.mark.slow
def test_incompressible_pages_go_to_a_peer_and_come_back(make_cluster):
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    setup = Setup(cluster, {"a": "b"}).bring_up()
    ramster.pagefill(cluster["a"], 180, "--content random --phases fill,read")
    assert remotified(cluster["a"]) > 5000
    setup.take_down()


@pytest.mark.slow
def test_both_directions_at_once(make_cluster):
    cluster = make_cluster("ab", ram=224)
    setup = Setup(cluster, {"a": "b", "b": "a"}, lend_max_mb=120, keep_free_mb=8).bring_up()
    jobs = [node.start_command(FILL.format(210, "real")) for node in cluster]
    for job in jobs:
        assert '"bad_pages": 0' in job.wait(timeout=900).out
    for node in cluster:
        assert remotified(node) > 1000
    setup.take_down()


@pytest.mark.slow
def test_one_donor_with_two_owners(make_cluster):
    cluster = make_cluster("abc", each={"a": OWNER, "b": {"ram": 768}, "c": OWNER})
    setup = Setup(cluster, {"a": "b", "c": "b"}).bring_up()
    owners = [cluster["a"], cluster["c"]]
    jobs = [node.start_command(FILL.format(200, "mixed")) for node in owners]
    for job in jobs:
        assert '"bad_pages": 0' in job.wait(timeout=900).out
    for node in owners:
        assert remotified(node) > 5000 and fetched(node) > 5000
    setup.take_down()


@pytest.mark.slow
def test_many_threads_fault_at_once(make_cluster):
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    setup = Setup(cluster, {"a": "b"}).bring_up()
    ramster.pagefill(cluster["a"], 180, "--threads 16 --phases fill,read,touch=20")
    assert fetched(cluster["a"]) > 5000
    setup.take_down()
