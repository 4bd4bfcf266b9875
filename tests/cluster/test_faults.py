# SPDX-License-Identifier: GPL-2.0
"""One kind of trouble at a time, and no page is lost or wrong because of it.

    a (owner, with a disk) --- b (donor)        c, d, where they are, are more of each
"""

import json
from contextlib import ExitStack

import pytest
import ramster
import trouble
from ramster import Setup
from soak.member import Member
from soak.plan import POLICIES
from soak.work import Pulse
from vmlab import wait_until

OWNER = {"ram": 128, "disks": {"swap": "512M"}}
DONOR = {"ram": 320}
DISK = {"backing": "/dev/vdc"}
DEAD_S = 2.5
FAST = {
    "heartbeat_ms": 200, "suspect_ms": 800, "dead_ms": int(DEAD_S * 1000), "reconnect_ms": 100,
    "fetch_timeout_ms": 3000,
}


def fetched(node):
    return ramster.counter(node, "ramster", "pages_fetched")


def check_daemon_stays_in_memory(node):
    """It is locked there, soon after it has gone into the background."""

    def kib(field):
        status = node.read(f"/proc/{node.read('/run/ramsterd.pid').strip()}/status")
        return int(dict(line.split(":", 1) for line in status.splitlines())[field].split()[0])

    wait_until(lambda: kib("VmLck") > 0, "ramsterd to be locked in memory", 60)
    assert kib("VmSwap") == 0


class Work:
    """A pagefill that goes on until finish(), which wants every page right."""

    def __init__(self, node, megabytes=130, options="--threads 2"):
        self.node = node
        self.job = node.start_command(
            f"exec pagefill --soak --mb {megabytes} --content mixed "
            f"--phases fill,touch=30,rewrite=20 {options}"
        )
        self.pulse = Pulse(self.job)

    def wait_busy(self):
        """It has filled its memory, and has pages elsewhere."""
        wait_until(lambda: self.pulse.take() and self.pulse.verified > 100, "all to be filled", 240)
        assert ramster.counter(self.node, "ramster", "pages_remotified") > 500
        return self

    def wait_more(self, pages=500):
        """It goes on: so many more pages are verified."""
        self.pulse.take()
        goal = self.pulse.verified + pages
        wait_until(
            lambda: self.pulse.take() and self.pulse.verified >= goal, f"{pages} more pages", 60
        )

    def finish(self):
        self.job.kill(15)
        report = json.loads(self.job.wait(300).out.splitlines()[-1])
        assert report["bad_pages"] == report["sigbus_pages"] == 0
        return report


@pytest.fixture
def setup(make_cluster):
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    return Setup(cluster, {"a": "b"}, device=DISK, pool_percent=5, **FAST).bring_up()


# What the donor sends, and what both do. At 1 Mbit/s requests would wait for seconds behind the
# pages that leave
NETEM = [(what, "b") for what in trouble.NETEM]
NETEM += [(what, "ab") for what in trouble.NETEM if what != "rate"]


@pytest.mark.slow
@pytest.mark.parametrize("what, whose", NETEM)
def test_pages_come_whole_through_a_network_with(setup, what, whose):
    a = setup.cluster["a"]
    senders = [setup.cluster[name] for name in whose]
    # So many pages in a hundred; the donor has about a third. What is late, the disk is read for
    touches, least = (2, 20) if what == "rate" else (12, 200)
    filler = a.start_command(f"pagefill --mb 130 --threads 8 --phases fill,touch={touches},read --step")
    filler.wait_for_line("done fill")
    before = fetched(a), ramster.counter(a, "ramster", "pages_remotified")
    with ExitStack() as bad:
        for node in senders:
            bad.enter_context(trouble.netem(node, what))
        filler.write("go\n")
        filler.wait_for_line("done touch", 120)
        for node in senders:
            assert trouble.netem_frames(node) > 20
    print(f"{fetched(a) - before[0]} pages came from the donor")
    assert fetched(a) > before[0] + least
    assert ramster.counter(a, "ramster", "pages_remotified") > before[1]
    filler.write("go\n")
    filler.wait_for_line("done read", 120)
    filler.write("go\n")
    assert '"bad_pages": 0' in filler.wait().out
    assert ramster.counter(a, "zcache", "loads_unanswered") == 0
    setup.take_down()


@pytest.mark.slow
def test_a_link_that_flaps(setup):
    a, b = setup.cluster
    work = Work(a).wait_busy()
    trouble.flap(setup.cluster.link("a", "b"), times=12)
    ramster.wait_state(a, b, "up")
    work.wait_more()
    work.finish()
    setup.take_down()


@pytest.mark.slow
def test_a_cut_in_one_direction_for_longer_than_the_dead_threshold(setup):
    a, b = setup.cluster
    work = Work(a).wait_busy()
    for source, target in ((a, b), (b, a)):
        link = setup.cluster.link("a", "b")
        link.cut_one_way(source, target)
        ramster.wait_state(a, b, "down")
        work.wait_more()
        link.restore()
        ramster.wait_state(a, b, "up")
    work.finish()
    setup.take_down()


@pytest.mark.slow
def test_a_cluster_in_two_halves(make_cluster):
    cluster = make_cluster("abcd", each={"a": OWNER, "b": OWNER, "c": DONOR, "d": DONOR})
    owners = {"a": "cd", "b": "cd"}
    setup = Setup(cluster, owners, device=DISK, pool_percent=5, **FAST).bring_up()
    a, b, c, d = cluster
    work = [Work(node).wait_busy() for node in (a, b)]
    with trouble.partition(cluster, "ac"):
        ramster.wait_state(a, d, "down")
        ramster.wait_state(b, c, "down")
        for one in work:
            one.wait_more()
        assert ramster.state(a, c) == ramster.state(b, d) == "up"
    ramster.wait_state(a, d, "up")
    ramster.wait_state(b, c, "up")
    for one in work:
        one.wait_more()
        one.finish()
    setup.take_down()


UPGRADED = "/tmp/ramsterd"


def upgrade_daemon(node):
    """Another copy of the program takes the node up as the old one has left it, and is refused before."""
    node.run(f"cp $(command -v ramsterd) {UPGRADED}")
    refused = node.run(UPGRADED, check=False)
    assert refused.status == 1 and "ramsterd runs already" in refused.err
    node.run("pid=$(cat /run/ramsterd.pid); kill -9 $pid; while kill -0 $pid 2>&-; do sleep 0.1; done")
    node.run(UPGRADED)
    assert node.output("readlink /proc/$(cat /run/ramsterd.pid)/exe") == UPGRADED


@pytest.mark.slow
def test_ramsterd_killed_hung_and_restarted_while_pages_move(make_cluster):
    """Another copy of it, as after an upgrade, takes the node up, too."""
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    nodes = list(cluster)
    a, b = (Member(node, nodes, POLICIES["disk"], node.name == "a") for node in nodes)
    for member in (a, b):
        member.set_up()
    wait_until(lambda: a.peers()["b"] == "up", "b to be up", 60)
    work = Work(a.node).wait_busy()
    for member in (a, b):
        member.node.run("kill -9 $(cat /run/ramsterd.pid)")
        work.wait_more()
        member.node.run("ramsterd")
        check_daemon_stays_in_memory(member.node)
        with trouble.hung_daemon(member.node):
            work.wait_more()
            member.apply(zcache__max_pool_percent=3)
        upgrade_daemon(member.node)
        work.wait_more()
        member.apply()
        check_daemon_stays_in_memory(member.node)
    work.finish()
    assert ramster.counter(a.node, "ramster", "disconnects") == 0
    a.stop()
    for member in (a, b):
        member.leave()


@pytest.mark.slow
def test_a_donor_whose_ram_is_eaten_by_a_program_there(setup):
    """All that is free there, and half of what is lent: so that has to come back."""
    a, b = setup.cluster
    work = Work(a, 170).wait_busy()
    lent = ramster.counter(b, "ramster", "foreign_zbytes") >> 20
    megabytes = b.meminfo()["MemAvailable"] // 1024 + lent // 2
    ramster.pagefill(b, megabytes, "--content random --phases fill,read")
    print(f"{megabytes} MB, where {lent} MB were lent")
    assert ramster.counter(b, "ramster", "recalls") > 0
    work.wait_more()
    work.finish()
    assert "Out of memory" not in b.log.text()
    setup.take_down()


@pytest.mark.slow
def test_policy_target_and_limits_change_under_load(setup):
    a, b = setup.cluster
    zcache, device = "/sys/module/zcache/parameters", ramster.device_folder()
    members = ramster.settings_folder()
    work = Work(a).wait_busy()
    changes = [
        (a, zcache, {"max_pool_percent": 30, "compressor": "zstd"}),
        (a, zcache, {"max_pool_percent": 2, "compressor": "lzo-rle", "age_out_s": 1}),
        (a, device, {"allow_loss": 1, "backup": "none", "store_wait_ms": 100}),
        (a, device, {"backup": "disk", "allow_loss": 0, "store_wait_ms": 5000}),
        (a, zcache, {"repair_mb_s": 1, "reject_incompressible": "Y"}),
        (a, members, {"heartbeat_ms": 100, "fetch_timeout_ms": 1000}),
        (b, members, {"keep_free_mb": 64, "heartbeat_ms": 100}),
        (b, members, {"keep_free_mb": 4, "quota_mb": 16}),
        (b, members, {"lend_max_mb": 8}),
    ]
    for node, folder, values in changes:
        ramster.write(node, folder, **values)
        work.wait_more(100)
    wait_until(
        lambda: ramster.counter(b, "ramster", "foreign_zbytes") <= 8 << 20, "the rest to leave b", 60
    )
    ramster.write(b, members, lend_max_mb=0, quota_mb=0)
    ramster.set_zcache(a, repair_mb_s=64)
    ramster.wait_repaired(a)
    work.finish()
    setup.take_down()


@pytest.mark.slow
@pytest.mark.parametrize(
    "donors, device",
    [("b", DISK), ("bc", {"size": "768M", "replicas": 2}), ("b", {"size": "768M", **ramster.ONE_COPY})],
    ids=["disk", "replicas", "network_alone"],
)
def test_an_owner_at_the_edge(make_cluster, donors, device):
    """Many threads in a mapping of four times the RAM: none hangs, and none is killed."""
    owner = {"ram": 128, "disks": {"swap": "768M"}}
    donor = DONOR if device is DISK else {"ram": 640}
    names = "a" + donors
    cluster = make_cluster(names, each={n: owner if n == "a" else donor for n in names})
    setup = Setup(cluster, {"a": donors}, device=device, pool_percent=20, **FAST).bring_up()
    a = cluster["a"]
    ramster.at_the_edge(a)
    threads = 16 * a.machine.cpus
    ramster.pagefill(
        a, 4 * owner["ram"], f"--threads {threads} --content mixed --phases fill,touch=8,rewrite=10"
    )
    assert "oom_kill 0" in a.read("/proc/vmstat")
    setup.take_down()
