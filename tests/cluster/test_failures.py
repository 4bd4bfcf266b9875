# SPDX-License-Identifier: GPL-2.0
"""One failure at a time loses no page: with a backup on disk, and with two replicas.

    a (owner, with a disk) --- b, c ... (donors)

A program on a fills more memory than there is; then something fails, and it goes on. It
verifies each page, and a read error would kill it.
"""

import json
import time

import pytest
import ramster
import trouble
from ramster import Setup
from soak.member import Member
from soak.plan import POLICIES as POLICIES_OF_SOAK
from vmlab import wait_until

OWNER = {"ram": 112, "disks": {"swap": "512M"}}
DONOR = {"ram": 256}
FAST = {
    "heartbeat_ms": 200, "suspect_ms": 800, "dead_ms": 2500, "reconnect_ms": 100,
    "fetch_timeout_ms": 4000,
}
DISK = {"backing": "/dev/vdc"}
REPLICAS = {"size": "512M", "replicas": 2}


def policies(*marks_of_replicas):
    return pytest.mark.parametrize(
        "donors, device",
        [("b", DISK), pytest.param("bc", REPLICAS, marks=marks_of_replicas)],
        ids=["disk", "replicas"],
    )


POLICIES = policies()

PAGES_IN_MB = 256

# What it costs who touches a page that cannot be had
UNREADABLE = "I/O error, dev frontswap|Read-error on swap-device"


def zcache(node, name):
    return ramster.counter(node, "zcache", name)


def fswap(node, name):
    return ramster.counter(node, "fswap", name)


class Filled:
    """A set-up, and a program on a that has filled its memory and waits to go on."""

    def __init__(
        self, make_cluster, donors, device, phases="touch=20,rewrite=10,read", options="", cpus=1,
        **settings,
    ):
        names = "a" + donors
        owner = {**OWNER, "cpus": cpus}
        self.cluster = make_cluster(names, each={n: owner if n == "a" else DONOR for n in names})
        self.a = self.cluster["a"]
        self.before(device)
        self.setup = Setup(
            self.cluster, {"a": donors}, device=device, pool_percent=10, **(FAST | settings)
        ).bring_up()
        self.phases = phases.split(",")
        self.job = self.a.start_command(
            f"pagefill --mb 84 --content mixed --threads 2 --step --phases fill,{phases} {options}"
        )
        self.job.wait_for_line("done fill", 400)
        assert ramster.counter(self.a, "ramster", "pages_remotified") > 1000

    def before(self, device):
        """What a device needs that is not there yet."""

    def go(self, *phases, timeout=200):
        """Let it do its next phases."""
        for phase in phases:
            self.job.write("\n")
            self.job.wait_for_line(f"done {phase}", timeout)

    def report(self, timeout=400):
        """Let it do the rest; what it says at its end."""
        for _ in range(len(self.phases) + 1):
            self.job.write("\n")
        return json.loads(self.job.wait(timeout).out.splitlines()[-1])

    def finish(self):
        """Let it do the rest: nothing was lost, nothing was wrong."""
        ramster.check_pages(self.a)
        report = self.report()
        assert report["bad_pages"] == report["sigbus_pages"] == 0 < report["pages_verified"]
        assert ramster.lost_pages(self.a) == zcache(self.a, "loads_unanswered") == 0
        assert zcache(self.a, "loads_corrupt") == 0


class OnDm(Filled):
    """The owner's disk is a device-mapper device, which can be made to fail."""

    def before(self, device):
        self.cluster.allow(trouble.DISK_LINES)
        trouble.make_dm_disk(self.a, "/dev/vdc")

    def bad_disk(self, what):
        return trouble.bad_disk(self.a, "/dev/vdc", what)

    def check_nothing_is_below_alone(self):
        stats = ramster.device_stats(self.a)
        assert stats["used"] == stats["above"]


class OnDmThatFailsReads(OnDm):
    """Reads alone, if the kernel can do that; asked before anything takes time."""

    def before(self, device):
        super().before(device)
        if not trouble.can_be(self.a, "/dev/vdc", "read_errors"):
            pytest.skip("wants a kernel whose dm-flakey has error_reads")


DM = {"backing": trouble.DM_DISK}


@policies(pytest.mark.slow)
def test_a_donor_is_killed(make_cluster, donors, device):
    work = Filled(make_cluster, donors, device, cpus=2)
    work.cluster["b"].kill()
    work.go("touch")
    ramster.wait_state(work.a, work.cluster["b"], "down")
    work.finish()


@pytest.mark.slow
@POLICIES
def test_a_donor_is_rebooted(make_cluster, donors, device):
    work = Filled(make_cluster, donors, device, cpus=2)
    a, b = work.a, work.cluster["b"]
    b.reset()
    ramster.load(b)
    ramster.join(b, work.setup.members, **FAST)
    wait_until(lambda: ramster.counter(a, "ramster", "incarnations_forgot"), "a to notice", 60)
    ramster.wait_state(a, b, "up")
    work.finish()
    if device is REPLICAS:
        ramster.wait_repaired(a)


@pytest.mark.slow
@POLICIES
def test_a_dead_donor_is_drained(make_cluster, donors, device):
    """Nobody waits for it, as all that it has is elsewhere, too; it forgets that when it is back."""
    work = Filled(make_cluster, donors, device)
    a, b = work.a, work.cluster["b"]
    b.freeze()
    ramster.wait_state(a, b, "down")
    print(a.run("ramsterctl drain b", timeout=120).out)
    b.thaw()
    ramster.wait_state(a, b, "up")
    a.run("ramsterctl undrain b")
    work.finish()
    work.setup.take_down()


@pytest.mark.slow
@pytest.mark.parametrize("donors", ["b", "bc"], ids=["it returns", "another has room"])
def test_pages_that_only_the_disk_has_go_to_donors_again(make_cluster, donors):
    """Those that are read once more, that is; from then on they come from donors."""
    work = Filled(make_cluster, donors, DISK, phases="read,read,read", cpus=2)
    a, b = work.a, work.cluster["b"]
    wait_until(lambda: ramster.device_stats(a)["below"] > 4000, "pages to be saved", 120)
    b.reset()
    if donors == "b":
        ramster.load(b)
        ramster.join(b, work.setup.members, **FAST)
        wait_until(lambda: ramster.counter(a, "ramster", "incarnations_forgot"), "a to notice", 60)
        ramster.wait_state(a, b, "up")
    else:
        ramster.wait_state(a, b, "down")
    reads = []
    for step in (2, 3, 4):
        before = fswap(a, "backing_reads")
        work.job.write("\n")
        ramster.wait_for_step(work.job, step)
        reads.append(fswap(a, "backing_reads") - before)
    print("read from the disk:", reads, "kept:", fswap(a, "backing_reads_kept"))
    assert fswap(a, "backing_reads_kept") > 2000
    assert reads[2] < reads[0] / 5
    work.finish()


@pytest.mark.slow
def test_pages_that_one_donor_alone_had_are_lost_with_one_line(make_cluster):
    """Whoever touches one gets an error, and never what the slot held before."""
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    cluster.allow(UNREADABLE)
    nodes = list(cluster)
    a, b = (Member(node, nodes, POLICIES_OF_SOAK["loss"], node.name == "a") for node in nodes)
    for member in (a, b):
        member.set_up()
    wait_until(lambda: a.peers()["b"] == "up", "b to be up", 60)
    a.node.run("kill -9 $(cat /run/ramsterd.pid)")
    # One that says what it hears of the kernel's events
    daemon = a.node.start_command("exec ramsterd --foreground 2>&1")
    job = a.node.start_command("pagefill --mb 100 --survive-sigbus --step --phases fill,read")
    job.wait_for_line("done fill", 120)
    b.node.reset()
    b.set_up()
    wait_until(lambda: ramster.lost_pages(a.node), "a to notice", 60)
    job.write("\n\n")
    report = json.loads(job.wait(120, check=False).out.splitlines()[-1])
    assert report["bad_pages"] == 0 < report["sigbus_pages"] <= ramster.lost_pages(a.node)
    lines = [line for line in a.node.log.since(0).splitlines() if "pages lost" in line]
    assert len(lines) < 5 and "node b (2) has restarted" in lines[0]
    daemon.wait_for_line("pages lost", 30)
    heard = [line for line in daemon.lines() if "pages lost" in line]
    assert [line.split("frontswap0: ")[1] for line in heard] == [
        line.split("frontswap0: ")[1].strip() for line in lines
    ]


@pytest.mark.slow
def test_a_program_whose_pages_lie_elsewhere_goes_on(make_cluster):
    """Of two programs each has its pages on another donor; one of these dies."""
    cluster = make_cluster("abc", each={"a": OWNER, "b": DONOR, "c": DONOR})
    cluster.allow(UNREADABLE)
    a, b, c = cluster
    ramster.mount_cgroups(a)
    setup = Setup(cluster, {"a": "c"}, pool_percent=1, **FAST).bring_up()
    ramster.load(b)
    ramster.join(b, [a], **FAST)

    def start(name):
        job = a.start_command(
            f"pagefill --mb 24 --cgroup /sys/fs/cgroup/{name} --survive-sigbus --step "
            "--phases fill,out,read"
        )
        job.wait_for_line("done fill", 60)
        job.write("\n")
        job.wait_for_line("done out", 120)
        return job

    spared = start("spared")
    # What of it is still in the cache here leaves it before what comes next
    passing = start("passing")
    passing.kill(9)
    passing.wait(check=False)
    link = cluster.link("a", "c")
    link.cut()
    ramster.wait_state(a, c, "down")
    ramster.write(a, f"{ramster.settings_folder()}/node/b", num=b.number, address=b.ip)
    ramster.connect(a, b)
    ramster.wait_state(a, b, "up")
    hit = start("hit")
    assert ramster.counter(b, "ramster", "foreign_pages") > 2000
    link.restore()
    ramster.wait_state(a, c, "up")
    b.reset()
    ramster.load(b)
    ramster.join(b, setup.members, **FAST)
    wait_until(lambda: ramster.lost_pages(a), "a to notice", 60)

    def end(job):
        job.write("\n\n")
        return json.loads(job.wait(120).out.splitlines()[-1])

    report = end(hit)
    assert report["bad_pages"] == 0 < report["sigbus_pages"] <= ramster.lost_pages(a)
    report = end(spared)
    assert report["bad_pages"] == report["sigbus_pages"] == 0
    assert report["pages_verified"] == report["pages"]


def check_rate_of_repair(a, mb_s):
    """Pages are copied anew, and hardly more of them a second than may be."""
    wait_until(lambda: zcache(a, "misplaced_pages"), "pages to be missed", 30)
    start, moved, misplaced = time.monotonic(), zcache(a, "moved_pages"), zcache(a, "misplaced_pages")
    time.sleep(5)
    moved, left = zcache(a, "moved_pages") - moved, zcache(a, "misplaced_pages")
    seconds = time.monotonic() - start
    print(f"{moved} of {misplaced} pages in {seconds:.1f} s; {left} are left")
    assert 0 < moved < seconds * mb_s * PAGES_IN_MB * 1.5
    assert left < misplaced


@pytest.mark.slow
def test_pages_of_a_dead_donor_are_copied_anew(make_cluster):
    """At the rate that is set: who needs the network meanwhile is not to notice."""
    work = Filled(make_cluster, "bcd", REPLICAS)
    a, b, c, _ = work.cluster
    ramster.set_zcache(a, repair_mb_s=1)
    b.kill()
    ramster.wait_state(a, b, "down")
    check_rate_of_repair(a, 1)
    ramster.set_zcache(a, repair_mb_s=64)
    ramster.wait_repaired(a)
    c.kill()
    ramster.wait_state(a, c, "down")
    work.finish()


@pytest.mark.slow
def test_two_of_three_copies_are_enough_to_lose(make_cluster):
    work = Filled(make_cluster, "bcd", {"size": "512M", "replicas": 3})
    for donor in (work.cluster["b"], work.cluster["c"]):
        donor.kill()
    work.go("touch", timeout=120)
    for donor in (work.cluster["b"], work.cluster["c"]):
        ramster.wait_state(work.a, donor, "down")
    work.finish()


@pytest.mark.slow
def test_copies_become_more_under_load(make_cluster):
    """From one to two, to three: then any two donors may die."""
    work = Filled(
        make_cluster, "bcd", {"size": "512M", **ramster.ONE_COPY}, "touch=30,rewrite=10,read"
    )
    a, folder = work.a, ramster.device_folder()
    for phase, changes in (("touch", {"replicas": 2, "allow_loss": 0}), ("rewrite", {"replicas": 3})):
        moved = zcache(a, "moved_pages")
        work.job.write("\n")
        ramster.write(a, folder, **changes)
        work.job.wait_for_line(f"done {phase}", 120)
        ramster.wait_repaired(a)
        assert zcache(a, "moved_pages") > moved + 1000
    for donor in (work.cluster["b"], work.cluster["c"]):
        donor.kill()
        ramster.wait_state(a, donor, "down")
    work.finish()


@pytest.mark.slow
def test_a_donor_that_is_back_forgets_what_was_copied_anew(make_cluster):
    """It is back before all its pages were: so there is much that it is to keep, too."""
    work = Filled(make_cluster, "bcd", REPLICAS)
    a, b = work.a, work.cluster["b"]
    ramster.set_zcache(a, repair_mb_s=1)
    link = work.cluster.link("a", "b")
    link.cut()
    ramster.wait_state(a, b, "down")
    wait_until(lambda: zcache(a, "stray_copies") > 2500, "pages to be copied anew", 120)
    before = ramster.counter(b, "ramster", "foreign_pages")
    link.restore()
    wait_until(lambda: zcache(a, "sweeps"), "b to be swept", 60)
    wait_until(lambda: zcache(a, "stray_copies") < 256, "b to have forgotten", 60)
    assert ramster.counter(b, "ramster", "foreign_pages") < before - 1500
    ramster.set_zcache(a, repair_mb_s=64)
    ramster.wait_repaired(a)
    work.finish()
    work.setup.take_down()


@pytest.mark.slow
def test_a_read_goes_on_with_the_first_donor_that_is_back(make_cluster):
    """Both are cut off: whoever touches a page waits for either, not for one after the other."""
    work = Filled(make_cluster, "bc", REPLICAS, fetch_timeout_ms=40000)
    work.cluster.allow("Write-error on swap-device|I/O error, dev frontswap")
    a, b, c = work.cluster
    for donor in (b, c):
        work.cluster.link("a", donor.name).cut()
    for donor in (b, c):
        ramster.wait_state(a, donor, "down")
    before = zcache(a, "fetch_next_source")
    work.job.write("\n")
    wait_until(lambda: zcache(a, "fetch_next_source") > before, "a page to be missed", 30)
    work.cluster.link("a", "c").restore()
    work.job.wait_for_line("done touch", 25)
    assert ramster.state(a, b) == "down"
    work.cluster.link("a", "b").restore()
    work.finish()


@pytest.mark.slow
def test_a_task_alone_hears_that_its_donor_died(make_cluster):
    """Nobody else asks for anything: its wait for a page that a dead donor alone has ends, too."""
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    cluster.allow(UNREADABLE)
    Setup(cluster, {"a": "b"}, pool_percent=5, **FAST).bring_up()
    a, b = cluster
    a.run("echo 0 >/proc/sys/vm/page-cluster")
    job = a.start_command(
        "exec pagefill --mb 100 --survive-sigbus --progress --step --phases fill,touch=100"
    )
    job.wait_for_line("done fill", 120)
    b.kill()
    job.write("\n")
    wait_until(lambda: zcache(a, "loads_unanswered"), "the wait to end", 60)
    assert ramster.state(a, b) == "down"
    job.kill(9)


@pytest.mark.slow
def test_a_flush_that_could_not_be_told_does_not_meet_the_next_device(make_cluster):
    """Two devices go while the donor is frozen; pages of those made anew stay."""
    device = {"size": "64M", **ramster.ONE_COPY}
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    setup = Setup(cluster, {"a": "b"}, pool_percent=1, **FAST).bring_up()
    a, b = cluster
    folder = ramster.settings_folder()

    def fill():
        for number in (1, 2):
            ramster.make_device(a, number, **device)
            a.run(f"dd if=/corpus of=/dev/frontswap{number} bs=1M count=16 oflag=direct")
        wait_until(
            lambda: ramster.counter(b, "ramster", "foreign_pages") > 6000, "pages to lie on b", 60
        )

    fill()
    ramster.write(a, folder, dead_ms=60000)
    with trouble.frozen(b):
        for number in (1, 2):
            ramster.remove_device(a, number)
    ramster.wait_state(a, b, "up")
    fill()
    link = cluster.link("a", "b")
    link.cut()
    ramster.write(a, folder, dead_ms=FAST["dead_ms"])
    ramster.wait_state(a, b, "down")
    link.restore()
    ramster.wait_state(a, b, "up")
    assert ramster.counter(a, "ramster", "incarnations_forgot") == 0
    for number in (1, 2):
        back = a.output(f"dd if=/dev/frontswap{number} bs=1M count=16 iflag=direct | sha256sum")
        assert back == a.output("head -c 16M /corpus | sha256sum")
        ramster.remove_device(a, number)
    setup.take_down()


@pytest.mark.slow
@POLICIES
def test_a_donor_freezes_for_a_second(make_cluster, donors, device):
    """That is no reason to give it up: nothing is cut, and what waits for it goes on."""
    # So much that a busy host, whose clocks go on, does not make more of that second
    work = Filled(make_cluster, donors, device, dead_ms=5000)
    a, b = work.a, work.cluster["b"]
    mark = a.log.mark()
    work.job.write("\n")
    with trouble.frozen(b):
        time.sleep(1)
    work.job.wait_for_line("done touch", 60)
    ramster.wait_state(a, b, "up")
    assert ramster.counter(a, "ramster", "disconnects") == 0
    assert "-> down" not in a.log.since(mark)
    work.finish()


@pytest.mark.slow
@POLICIES
def test_a_donor_freezes_for_longer_than_the_dead_threshold(make_cluster, donors, device):
    work = Filled(make_cluster, donors, device)
    a, b = work.a, work.cluster["b"]
    with trouble.frozen(b):
        ramster.wait_state(a, b, "down")
        work.go("touch")
        assert ramster.state(a, b) == "down"
    ramster.wait_state(a, b, "up")
    assert ramster.counter(a, "ramster", "incarnations_forgot") == 0
    work.finish()


@pytest.mark.slow
@POLICIES
@pytest.mark.parametrize("how", ["short", "long"])
def test_an_owner_freezes(make_cluster, donors, device, how):
    """Its donors keep its pages, whether they have missed it or not; it has slept, and goes on.

    For a second nothing is cut, and nobody misses it.
    """
    # So much that a busy host, whose clocks go on, does not make more of that second
    work = Filled(make_cluster, donors, device, **({"dead_ms": 5000} if how == "short" else {}))
    a, b = work.a, work.cluster["b"]
    marks = {work.cluster[name]: work.cluster[name].log.mark() for name in donors}
    work.job.write("\n")
    with trouble.frozen(a):
        if how == "long":
            wait_until(lambda: ramster.counter(b, "ramster", "owners_away"), "b to miss a", 30)
        else:
            time.sleep(1)
    work.job.wait_for_line("done touch", 60)
    ramster.wait_state(a, b, "up")
    if how == "short":
        assert ramster.counter(a, "ramster", "disconnects") == 0
        for donor, mark in marks.items():
            assert "owner a (1) is away" not in donor.log.since(mark)
    assert ramster.counter(a, "ramster", "incarnations_forgot") == 0
    assert ramster.counter(b, "ramster", "owners_expired") == 0
    work.finish()


@pytest.mark.slow
def test_an_owner_stands_still_but_not_its_clock(make_cluster):
    """As one that its host has no CPU for. What it waited for is not overdue when it goes on."""
    work = Filled(make_cluster, "bc", REPLICAS)
    a, donors = work.a, [work.cluster[name] for name in "bc"]
    work.job.write("\n")
    for _ in range(3):
        fetched = ramster.counter(a, "ramster", "pages_fetched")
        wait_until(lambda: ramster.counter(a, "ramster", "pages_fetched") > fetched + 20, "reads", 60)
        with trouble.paused(a):
            for donor in donors:
                wait_until(lambda: ramster.counter(donor, "ramster", "owners_away"), "a to be missed")
            # Longer than a page is waited for
            time.sleep(FAST["fetch_timeout_ms"] / 1000 + 1)
        for donor in donors:
            ramster.wait_state(a, donor, "up")
    work.job.wait_for_line("done touch", 120)
    work.finish()


@pytest.mark.slow
@POLICIES
@pytest.mark.parametrize("way", ["both", "there", "back"])
def test_a_link_is_cut(make_cluster, donors, device, way):
    work = Filled(make_cluster, donors, device)
    a, b = work.a, work.cluster["b"]
    link = work.cluster.link("a", "b")
    if way == "both":
        link.cut()
    else:
        link.cut_one_way(*((a, b) if way == "there" else (b, a)))
    work.go("touch")
    ramster.wait_state(a, b, "down")
    link.restore()
    ramster.wait_state(a, b, "up")
    work.finish()


@pytest.mark.slow
@POLICIES
def test_a_link_flaps(make_cluster, donors, device):
    """Neither a read nor a write fails for a silence shorter than the dead threshold."""
    # So much that a busy host, whose clocks go on, sees the silence before it is over
    work = Filled(make_cluster, donors, device, "rewrite=40,touch=20,read", dead_ms=8000)
    link = work.cluster.link("a", "b")
    work.job.write("\n")
    for _ in range(6):
        link.cut()
        ramster.wait_state(work.a, work.cluster["b"], "suspect")
        link.restore()
        ramster.wait_state(work.a, work.cluster["b"], "up")
    work.job.wait_for_line("done rewrite", 90)
    assert ramster.counter(work.a, "ramster", "disconnects") == 0
    assert fswap(work.a, "stores_failed") == 0
    work.finish()


def check_reads_stay_remote(work):
    """While all is well the disk is hardly read, though it has all that the donor has."""
    a = work.a
    work.check_nothing_is_below_alone()
    reads, fetched = fswap(a, "backing_reads"), ramster.counter(a, "ramster", "pages_fetched")
    work.go("touch")
    reads = fswap(a, "backing_reads") - reads
    fetched = ramster.counter(a, "ramster", "pages_fetched") - fetched
    print(f"{fetched} pages came from the donor, {reads} from the disk")
    assert fetched > 500 and reads < fetched / 10


@pytest.mark.slow
def test_the_disk_is_slow(make_cluster):
    work = OnDm(make_cluster, "b", DM, "touch=30,rewrite=10,touch=30,read")
    check_reads_stay_remote(work)
    with work.bad_disk("slow"):
        saved = zcache(work.a, "saved_pages")
        work.go("rewrite")
        wait_until(
            lambda: zcache(work.a, "saved_pages") > saved, "pages to be saved all the same", 30
        )
        work.finish()


@pytest.mark.slow
def test_the_disk_fails_writes(make_cluster):
    work = OnDm(make_cluster, "b", DM, "rewrite=5,read")
    with work.bad_disk("write_errors"):
        work.go("rewrite")
        wait_until(lambda: zcache(work.a, "writeback_failed"), "writes to fail", 30)
    work.finish()


@pytest.mark.slow
def test_the_disk_fails_while_pages_are_to_go_there(make_cluster):
    """They are not forgotten: when it works again, they do."""
    work = OnDm(make_cluster, "b", DM | {"backup": "none", **ramster.ONE_COPY}, "read")
    a = work.a
    with work.bad_disk("write_errors"):
        ramster.write(a, ramster.device_folder(), backup="disk", allow_loss=0)
        wait_until(lambda: zcache(a, "writeback_failed"), "writes to fail", 30)
        wait_until(lambda: not zcache(a, "moves_due"), "all pages to be looked at", 60)
        assert zcache(a, "misplaced_pages")
    ramster.wait_repaired(a)
    work.cluster["b"].kill()
    work.finish()


@pytest.mark.slow
def test_the_disk_fails_altogether(make_cluster):
    """Each page that is not in memory is on the donor, too."""
    work = OnDm(make_cluster, "b", DM, "touch=20,read")
    work.check_nothing_is_below_alone()
    with work.bad_disk("errors"):
        work.go("touch")
    work.finish()


@pytest.mark.slow
def test_the_disk_fails_reads_alone(make_cluster):
    """Pages are written there and go to the donor as ever; and from there they are read."""
    # So much that a busy host never makes the donor suspect: what it is not given, the disk alone would have
    times = {"suspect_ms": 8000, "dead_ms": 20000}
    work = OnDmThatFailsReads(make_cluster, "b", DM, "rewrite=10,touch=20,read", **times)
    a = work.a
    work.check_nothing_is_below_alone()
    saved, fetched = zcache(a, "saved_pages"), ramster.counter(a, "ramster", "pages_fetched")
    with work.bad_disk("read_errors"):
        read = f"dd if={trouble.DM_DISK} of=/dev/null bs=4k count=1 iflag=direct"
        assert a.run(read, check=False).status
        work.go("rewrite", "touch")
        wait_until(lambda: zcache(a, "saved_pages") > saved, "pages to be saved", 30)
        work.check_nothing_is_below_alone()
    assert ramster.counter(a, "ramster", "pages_fetched") > fetched + 500
    assert zcache(a, "writeback_failed") == 0
    work.finish()


@pytest.mark.slow
def test_the_disk_fails_reads_while_the_donor_is_silent(make_cluster):
    """Who does not hear from it in time reads from the disk; that fails, so it waits on."""
    work = OnDm(make_cluster, "b", DM, "touch=10,read", dead_ms=20000, fetch_timeout_ms=8000)
    work.check_nothing_is_below_alone()
    a = work.a
    before = fswap(a, "backing_reads"), fswap(a, "backing_errors")
    with work.bad_disk("errors"):
        with trouble.frozen(work.cluster["b"]):
            work.job.write("\n")
            wait_until(lambda: fswap(a, "backing_errors") > before[1], "a read to fail", 60)
        work.job.wait_for_line("done touch", 90)
    failed = fswap(a, "backing_reads") - before[0]
    assert 0 < failed <= fswap(a, "backing_errors") - before[1]
    assert ramster.counter(a, "ramster", "disconnects") == 0
    work.finish()


@pytest.mark.slow
def test_a_page_that_no_source_has_is_an_error_for_who_touches_it(make_cluster):
    """The donor is dead and the disk fails; nothing is lost, and others go on."""
    work = OnDm(make_cluster, "b", DM, "touch=5,read", options="--survive-sigbus")
    work.cluster.allow(UNREADABLE)
    a, b = work.a, work.cluster["b"]
    b.kill()
    ramster.wait_state(a, b, "down")
    with work.bad_disk("errors"):
        work.job.write("\n")
        wait_until(lambda: zcache(a, "loads_unanswered"), "all sources of a page to fail", 60)
        ramster.pagefill(a, 2, "--phases fill,read")
    report = work.report()
    assert report["bad_pages"] == 0 < report["sigbus_pages"] < report["pages"] // 10
    assert report["pages_verified"] > report["pages"]
    assert ramster.lost_pages(a) == 0


@pytest.mark.slow
def test_the_disk_is_full(make_cluster):
    """A swap with no free slot is no failure: what does not fit goes to the next one."""
    owner = {"ram": 128, "disks": {"swap": "64M", "more": "512M"}}
    cluster = make_cluster("ab", each={"a": owner, "b": DONOR})
    setup = Setup(cluster, {"a": "b"}, device=DISK, pool_percent=10, **FAST).bring_up()
    a, _ = cluster
    a.run("mkswap /dev/vdd && swapon -p 1 /dev/vdd")
    job = a.start_command("pagefill --mb 220 --content mixed --step --phases fill,rewrite=30,read")
    job.wait_for_line("done fill", 120)
    stats = ramster.device_stats(a)
    assert stats["used"] > stats["slots"] * 9 // 10
    job.write("\n\n\n")
    assert '"bad_pages": 0' in job.wait(120).out
    setup.take_down()


@pytest.mark.slow
def test_the_policy_changes_under_load(make_cluster):
    """From pages that one donor alone has, to pages that the disk has, too."""
    work = Filled(make_cluster, "b", DISK | {"backup": "none", **ramster.ONE_COPY})
    a, folder = work.a, ramster.device_folder()
    work.job.write("\n")
    ramster.write(a, folder, backup="disk", allow_loss=0)
    work.job.wait_for_line("done touch", 60)
    ramster.wait_repaired(a)
    assert zcache(a, "moved_pages")
    assert a.run(f"echo none >{folder}/backup", check=False).status
    work.cluster["b"].kill()
    work.finish()
