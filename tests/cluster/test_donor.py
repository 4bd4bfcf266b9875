# SPDX-License-Identifier: GPL-2.0
"""A donor comes first: what it lent it gets back, whatever becomes of the owner.

    a --- b        a swaps to b's RAM; a disk is behind it
    a --- c        c, where there is one, is a second donor, or owner
"""

import json
import time

import pytest
import ramster
import trouble
from attack import start_rogue
from ctl import device_of, status_of
from ramster import Filler, Setup
from vmlab import wait_until

OWNER = {"ram": 160, "disks": {"swap": "512M"}}
DONOR = {"ram": 384}
ON_DISK = {"backing": "/dev/vdc"}
# In which all that is lent is back, docs/FAILURES.md says, if owners can place it
BACK_S = 60
QUICK = {"heartbeat_ms": 300, "suspect_ms": 1000, "dead_ms": 2000, "reconnect_ms": 200}


def lent(node):
    """Pages of others that lie here."""
    return ramster.counter(node, "ramster", "foreign_pages")


def count(node, name):
    return ramster.counter(node, "ramster", name)


def vmstat(node, name):
    return int(dict(line.split() for line in node.read("/proc/vmstat").splitlines())[name])


def two_nodes(make_cluster, device=None, owner=None, **settings):
    cluster = make_cluster("ab", each={"a": owner or OWNER, "b": DONOR})
    setup = Setup(cluster, {"a": "b"}, device=device or ON_DISK, **settings).bring_up()
    return cluster["a"], cluster["b"], setup


@pytest.mark.slow
def test_a_donor_under_pressure_gets_its_ram_back(make_cluster):
    """A program there needs all that is lent, and has it soon: no OOM kill, no page lost."""
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, device=ON_DISK, keep_free_mb=48).bring_up()
    eaten = b.meminfo()["MemAvailable"] // 1024 - 36
    filler = Filler(a, 220)
    before = lent(b)
    assert before > 8000
    start = time.monotonic()
    eater = b.start_command(
        f"cd /tmp && exec stress-ng --vm 1 --vm-bytes {eaten}M --vm-keep --vm-method zero-one --verify"
    )
    wait_until(lambda: count(b, "recalls") == 1, "a recall", 60)
    assert status_of(b, "b")["recalling"] and not status_of(b, "b")["room"]
    wait_until(lambda: lent(b) == 0, "all to be back", start + BACK_S - time.monotonic())
    print(f"{before} pages came back in {time.monotonic() - start:.1f} s; "
          f"{count(b, 'recall_oom_waits')} kills waited")
    assert count(a, "recalls_received") > 0 and count(b, "owners_forgotten") == 0
    wait_until(lambda: b.meminfo()["MemAvailable"] < 48 << 10, "the program to have it", 60)
    eater.kill(15)
    assert eater.wait(check=False).status == 0
    assert vmstat(b, "oom_kill") == 0
    wait_until(lambda: not status_of(b, "b")["recalling"], "b to lend again", 30)
    filler.finish()
    setup.take_down()


@pytest.mark.slow
def test_what_it_costs_a_donor_to_take_its_ram_back(make_cluster):
    """Counted in instructions of the whole node, which do not depend on how busy the host is.

    A program works for a minute, at one a nanosecond, on nearly all memory, so that what is lent has to
    leave meanwhile. That costs something once, for each page: less than 4 % of what the program takes alone.
    """
    cluster = make_cluster("ab", each={"a": OWNER, "b": {"ram": 320, "icount": True}})
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, device=ON_DISK, pool_percent=10).bring_up()
    megabytes = b.meminfo()["MemAvailable"] // 1024 - 36

    def work():
        before, start = ramster.instructions(b), time.monotonic()
        ramster.pagefill(b, megabytes, "--content random --phases fill,rewrite=8000,read", timeout=900)
        done = ramster.instructions(b) - before
        print(f"{done / 1e9:.1f} thousand million instructions in {time.monotonic() - start:.0f} s")
        return done

    b.run(f"pagefill --mb {megabytes} --content random --phases fill")
    alone = work()
    assert 50e9 < alone < 70e9
    filler = Filler(a, 260)
    before = lent(b)
    assert before > 8000
    more = work() - alone
    back = before - lent(b)
    print(f"{back} of {before} pages came back for {more / 1e9:.2f} thousand million instructions: "
          f"{more // back} each, {more / alone:.1%} of the program's")
    assert count(b, "recalls") and back > before // 2 and not count(b, "owners_forgotten")
    assert more < alone * 0.04
    assert vmstat(b, "oom_kill") == 0
    filler.finish()
    setup.take_down()


@pytest.mark.slow
def test_what_it_costs_a_donor_to_lend(make_cluster):
    """An owner uses what lies there all the time, while a program there has all the RAM that it wants.

    So much a page: how much of a program's time that is depends on how many there are a second.
    """
    cluster = make_cluster("ab", each={"a": OWNER, "b": {"ram": 320, "icount": True}})
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, device=ON_DISK, pool_percent=5).bring_up()

    def work():
        before = ramster.instructions(b)
        ramster.pagefill(b, 32, "--content random --phases fill,rewrite=4000,read", timeout=600)
        return ramster.instructions(b) - before

    def served():
        return count(b, "donor_gets") + count(b, "donor_puts")

    alone = work()
    owner = a.start_command("exec pagefill --mb 200 --content mixed --soak --phases fill,touch=100")
    wait_until(lambda: lent(b) > 8000, "pages to lie on b", 120)
    before = served()
    more = work() - alone
    pages = served() - before
    print(f"{pages} pages came or went for {more / 1e9:.2f} thousand million instructions: "
          f"{more // pages} each; 4 % of a CPU are {0.04e9 * pages / more:.0f} a second")
    assert pages > 2000 and not count(b, "recalls")
    assert more / pages < 20000
    owner.kill(15)
    assert json.loads(owner.wait(timeout=200).out.splitlines()[-1])["bad_pages"] == 0
    setup.take_down()


@pytest.mark.slow
@pytest.mark.parametrize("pace, most", [("", 0.01), ("--pace 4", 0)], ids=["at once", "as owners can"])
def test_a_donor_with_swap_takes_its_ram_back_before_it_swaps(make_cluster, pace, most):
    """A program there needs what was free before anything was lent.

    Each round of the kernel's reclaim looks at programs' pages before it asks whoever else has some to
    spare, so a program that is faster than owners can give back costs a few. Then it is reclaim that asks for
    more, not the reserve alone.
    """
    donor = {"ram": 320, "disks": {"swap": "512M"}}
    cluster = make_cluster("ab", each={"a": OWNER, "b": donor})
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, device=ON_DISK, pool_percent=10).bring_up()
    b.run("mkswap /dev/vdc && swapon /dev/vdc")
    megabytes = b.meminfo()["MemAvailable"] // 1024 - 36
    work = f"pagefill --mb {megabytes} --content random --phases fill,rewrite=100,read"
    b.run(work, timeout=300)
    alone = vmstat(b, "pswpout")
    filler = Filler(a, 260)
    before = lent(b)
    assert before > 8000
    b.run(f"{work} {pace}", timeout=300)
    back, swapped = before - lent(b), vmstat(b, "pswpout") - alone
    print(f"{back} of {before} pages came back, {swapped} pages were swapped out ({alone} without)")
    assert count(b, "recalls") and back > before // 2
    assert swapped <= back * most
    assert pace or count(b, "recall_shrinker")
    assert vmstat(b, "oom_kill") == 0
    filler.finish()
    b.run("swapoff /dev/vdc")
    setup.take_down()


FILE = "/tmp/files/file"


def make_file(node, disk, megabytes):
    """A file of so much, all of which is in the cache, read twice."""
    node.run(
        f"mke2fs -q {disk} && mkdir /tmp/files && mount {disk} /tmp/files && truncate -s {megabytes}M {FILE} && "
        f"for i in 1 2; do dd if={FILE} of=/dev/null bs=1M; done"
    )


@pytest.mark.slow
def test_a_donor_whose_programs_thrash_takes_its_ram_back(make_cluster):
    """They use files that fitted into its cache before it lent: no reserve is broken, no reclaim in need."""
    donor = {"ram": 320, "disks": {"files": "512M"}}
    cluster = make_cluster("ab", each={"a": OWNER, "b": donor})
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, device=ON_DISK, pool_percent=2).bring_up()
    make_file(b, b.disk("files"), b.meminfo()["MemAvailable"] // 1024 - 16)
    filler = Filler(a, 260)
    before = lent(b)
    assert before > 8000 and not count(b, "recalls")
    user = b.start_command(
        f"exec pagefill --mb 4 --content real --corpus {FILE} --soak --phases fill,rewrite=1000"
    )
    wait_until(lambda: count(b, "recall_thrashing"), "b to thrash", BACK_S)
    wait_until(lambda: lent(b) < before * 3 // 4, "pages to come back", BACK_S)
    print(f"{before - lent(b)} of {before} pages came back; b thrashed {count(b, 'recall_thrashing')} times")
    assert count(b, "recalls") and not count(b, "recall_shrinker")
    user.kill(15)
    assert json.loads(user.wait().out.splitlines()[-1])["bad_pages"] == 0
    b.run("umount /tmp/files")
    filler.finish()
    setup.take_down()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["killed", "cut off", "frozen"])
def test_an_owner_that_gives_nothing_back_is_forgotten_before_a_program_is_killed(make_cluster, how):
    """The program takes what was lent. The owner hears of it when it is back: it has other copies."""
    nodes, device = ("abc", {"size": "512M", "replicas": 2}) if how == "cut off" else ("ab", ON_DISK)
    donors = dict.fromkeys(nodes[1:], {"ram": 320})
    cluster = make_cluster(nodes, each={"a": OWNER, **donors})
    # Frozen, it is still connected, and known to live
    settings = {"dead_ms": 120000} if how == "frozen" else QUICK
    setup = Setup(cluster, {"a": nodes[1:]}, device=device, pool_percent=10, **settings).bring_up()
    a, b = cluster["a"], cluster["b"]
    megabytes = b.meminfo()["MemAvailable"] // 1024 - 36
    filler = Filler(a, 260)
    before = lent(b)
    assert before > 8000
    {"killed": a.kill, "cut off": cluster.link("a", "b").cut, "frozen": a.freeze}[how]()
    if how != "frozen":
        wait_until(lambda: count(b, "owners_away") == 1, "b to miss a", 60)
    start = time.monotonic()
    ramster.pagefill(b, megabytes, "--content random --phases fill,read")
    print(f"done after {time.monotonic() - start:.1f} s; {count(b, 'recall_oom_waits')} kills waited")
    assert vmstat(b, "oom_kill") == 0 and (how != "frozen" or count(b, "recall_oom_waits"))
    assert lent(b) == 0 and count(b, "owners_forgotten") == 1
    assert count(b, "pages_forgotten") == before and count(b, "owners_expired") == 0
    reason = "gives nothing back" if how == "frozen" else "is away"
    assert f"{reason}, and memory is short here: its {before} pages are freed" in b.output("dmesg")
    if how == "killed":
        ramster.leave(b)
        ramster.check_gauges(b)
        ramster.unload(b)
        return
    {"cut off": cluster.link("a", "b").restore, "frozen": a.thaw}[how]()
    wait_until(lambda: count(a, "incarnations_forgot") == 1, "a to hear of it", 60)
    filler.finish()
    assert count(a, "pages_fetch_missed") == 0
    setup.take_down()


@pytest.mark.slow
def test_an_owner_that_gives_back_a_little_now_and_then_is_forgotten_too(make_cluster):
    """A mebibyte each twenty seconds, of 190: programs there would swap for an hour."""
    cluster = make_cluster("bc", each={"b": {"ram": 448, "disks": {"swap": "512M"}}, "c": {"ram": 96}})
    b, c = cluster
    ramster.swap_on(b, b.disk("swap"))
    ramster.load(b)
    ramster.join(b, [c], dead_ms=120000)
    miser = start_rogue(c, b, "miser", 50000)
    miser.wait_for_line("stored", timeout=200)
    before = lent(b)
    assert before > 45000
    start, megabytes = time.monotonic(), b.meminfo()["MemAvailable"] // 1024 + 150
    program = b.start_command(f"exec pagefill --mb {megabytes} --content random --soak --phases fill,rewrite=100")
    wait_until(lambda: count(b, "owners_forgotten"), "b to have enough of it", 200)
    print(f"after {time.monotonic() - start:.1f} s; {before} frames were lent")
    assert lent(b) == 0 and "gives nothing back, and memory is short here" in b.output("dmesg")
    assert "given back" in miser.wait(timeout=120).out
    program.kill(15)
    assert json.loads(program.wait(timeout=200).out.splitlines()[-1])["bad_pages"] == 0
    ramster.swap_off(b)
    ramster.leave(b)
    ramster.check_gauges(b)
    ramster.unload(b)


@pytest.mark.slow
def test_the_second_owner_gets_its_share(make_cluster):
    """The first has taken all that b lends. It gives back what c wants of it, up to half."""
    cluster = make_cluster("abc", each={"a": OWNER, "b": {"ram": 256}, "c": OWNER})
    a, b, c = cluster
    settings = {"pool_percent": 5, "lend_max_mb": 12, **QUICK}
    setup = Setup(cluster, {"a": "b", "c": "b"}, device=ON_DISK, **settings).bring_up()
    first = Filler(a, 160)
    wait_until(lambda: status_of(a, "b")["room"] == 0, "b to be full", 60)
    alone = lent(b)
    assert alone > 3000 and not count(b, "recall_shares")
    second = c.start_command("exec pagefill --mb 150 --content mixed --soak --phases fill,rewrite=30")
    wait_until(lambda: status_of(b, "c")["pages_lent"] > alone // 3, "c to get its share", 200)
    of_a, of_c = (status_of(b, name)["pages_lent"] for name in "ac")
    print(f"a has {of_a} and c {of_c}, where a had {alone}; asked {count(b, 'recall_shares')} times")
    assert of_a > alone // 3 and count(b, "recall_shares")
    assert "an owner has less than its share of what is lent here" in b.output("dmesg")
    assert count(a, "recalls_received") and not count(c, "recalls_received")
    assert not count(b, "recalls")
    second.kill(15)
    assert json.loads(second.wait(timeout=200).out.splitlines()[-1])["bad_pages"] == 0
    first.finish()
    setup.take_down()


@pytest.mark.slow
def test_an_owner_that_returns_in_time_finds_its_pages(make_cluster):
    a, b, setup = two_nodes(make_cluster, {"size": "512M", **ramster.ONE_COPY}, {"ram": 160}, grace_s=300, **QUICK)
    link = setup.cluster.link("a", "b")
    filler = Filler(a, 220)
    before = lent(b)
    link.cut()
    wait_until(lambda: count(b, "owners_away") == 1, "b to miss a", 60)
    away = status_of(b, "a")
    assert away["away"] and 0 < away["grace_s"] <= 300 and away["pages_lent"] == before
    link.restore()
    ramster.wait_state(a, b, "up")
    assert count(b, "owners_away") == 0 and count(b, "owners_expired") == 0
    filler.finish()
    setup.take_down()


@pytest.mark.slow
def test_an_owner_that_vanished_is_forgotten_after_its_time(make_cluster):
    a, b, _ = two_nodes(make_cluster, grace_s=300, **QUICK)
    Filler(a, 220)
    before = lent(b)
    a.kill()
    wait_until(lambda: count(b, "owners_away") == 1, "b to miss a", 60)
    assert lent(b) == before
    b.write(f"{ramster.settings_folder()}/grace_s", "1")
    wait_until(lambda: lent(b) == 0, "the pages to be freed", 30)
    assert count(b, "owners_expired") == 1 and count(b, "pages_expired") == before
    assert f"did not come back in time: its {before} pages are freed" in b.output("dmesg")
    ramster.leave(b)
    ramster.check_gauges(b)
    ramster.unload(b)


def test_an_owner_that_comes_and_goes_does_not_fill_the_log(make_cluster):
    """Fifty lives of a key-holder's, each of which leaves a page."""
    cluster = make_cluster("ab")
    a, b = cluster
    ramster.load(b)
    ramster.join(b, [a])
    who = f"--self {a.number} --to {b.number} --cluster {ramster.CLUSTER} --key {ramster.KEY}"
    a.run(f"rogue {who} owner {b.ip} reconnect 50")
    assert count(b, "donor_puts") == 50
    lines = b.output("dmesg").count("owner a (1) is away: its 1 pages are kept")
    print(f"{lines} lines")
    assert 5 <= lines <= 20
    ramster.leave(b)
    ramster.check_gauges(b)
    ramster.unload(b)


@pytest.mark.slow
def test_an_owner_that_returns_too_late_hears_of_it(make_cluster):
    """Never an old page: its copies there are gone, and it knows before it asks for one."""
    a, b, setup = two_nodes(make_cluster, grace_s=1, **QUICK)
    link = setup.cluster.link("a", "b")
    filler = Filler(a, 220)
    link.cut()
    wait_until(lambda: count(b, "owners_expired") == 1, "b to forget a", 60)
    wait_until(lambda: lent(b) == 0, "the pages to be freed", 30)
    link.restore()
    ramster.wait_state(a, b, "up")
    assert count(a, "incarnations_forgot") == 1 and count(a, "pages_fetch_missed") == 0
    filler.kill()
    ramster.swap_off(a)
    ramster.remove_device(a)
    for node in (a, b):
        ramster.leave(node)
    for node in (a, b):
        ramster.check_gauges(node)


@pytest.mark.slow
def test_an_owner_that_was_removed_and_added_again_hears_of_it(make_cluster):
    """In one life of both: the donor has freed its pages, and so is as good as a new one."""
    a, b, setup = two_nodes(make_cluster, **QUICK)
    filler = Filler(a, 220)
    assert lent(b) > 8000
    folder = f"{ramster.settings_folder()}/node/a"
    b.run(f"rmdir {folder}")
    wait_until(lambda: lent(b) == 0, "the pages to be freed", 30)
    ramster.write(b, folder, num=a.number, address=a.ip)
    wait_until(lambda: count(a, "incarnations_forgot"), "a to hear of it", 60)
    ramster.wait_state(a, b, "up")
    filler.finish()
    assert count(a, "incarnations_forgot") == 1 and count(a, "pages_fetch_missed") == 0
    setup.take_down()


@pytest.mark.slow
def test_a_donor_is_drained_and_used_again(make_cluster):
    a, b, setup = two_nodes(make_cluster)
    filler = Filler(a, 180, "fill,read,rewrite=60,read")
    assert lent(b) > 5000
    start = time.monotonic()
    b.run("ramsterctl drain b", timeout=180)
    print(f"drained in {time.monotonic() - start:.1f} s")
    assert lent(b) == 0 and status_of(b, "b")["drain"]
    filler.go_on()
    filler.wait_step(2)
    assert lent(b) == 0
    b.run("ramsterctl undrain b")
    wait_until(lambda: status_of(a, "b")["room"], "room", 30)
    filler.go_on()
    filler.wait_step(3)
    assert lent(b) > 1000
    filler.finish()
    setup.take_down()


@pytest.mark.slow
def test_a_donor_that_is_too_slow_is_drained(make_cluster):
    """No page comes from it in time; but the disk has them all, so they need not."""
    cluster = make_cluster("ab", each={"a": OWNER, "b": DONOR})
    setup = Setup(
        cluster, {"a": "b"}, device=ON_DISK, pool_percent=5, fetch_timeout_ms=1200
    ).bring_up()
    a, b = cluster
    filler = Filler(a, 130)
    assert lent(b) > 500
    print(f"{lent(b)} pages lent")
    start = time.monotonic()
    with trouble.netem(b, "delay 700ms"):
        ramster.write(a, f"{ramster.settings_folder()}/node/b", drain=1)
        wait_until(lambda: lent(b) == 0, "the pages to leave", 180)
        print(f"drained in {time.monotonic() - start:.1f} s")
        assert ramster.counter(a, "zcache", "fetch_hedged") > 100
    filler.finish()
    setup.take_down()


def store(node, skip=0):
    """Writes 4 MB of files into the second device, each time other ones. Returns their pages."""
    node.run(f"dd if=/corpus of=/dev/frontswap1 bs=64k count=64 skip={64 * skip} oflag=direct")
    return 1024


def check_stored(node, skip):
    node.run("dd if=/dev/frontswap1 of=/tmp/back bs=64k count=64 iflag=direct")
    node.run(f"busybox cmp -n {1 << 22} /tmp/back /corpus 0 {skip << 22} && rm /tmp/back")


@pytest.mark.slow
def test_a_donor_that_is_drained_forgets_what_was_stored_anew(make_cluster):
    """The newer versions are at home, and stay there."""
    a, b, setup = two_nodes(make_cluster)
    ramster.make_device(a, 1, size="64M", **ramster.ONE_COPY)
    ramster.set_zcache(a, age_out_s=1)
    stored = store(a)
    wait_until(lambda: lent(b) > stored * 0.9, "pages to go to b", 60)
    ramster.set_zcache(a, age_out_s=0)
    store(a, 1)
    assert min(lent(b), device_of(a, 1)["local"]) > stored * 0.9
    moved = ramster.counter(a, "zcache", "moved_pages")
    ramster.write(a, f"{ramster.settings_folder()}/node/b", drain=1)
    wait_until(lambda: lent(b) == 0, "b to forget them", 60)
    wait_until(lambda: status_of(a, "b")["pages_remote"] == 0, "a to have heard of it", 30)
    assert ramster.counter(a, "zcache", "moved_pages") == moved
    check_stored(a, 1)
    ramster.remove_device(a, 1)
    setup.take_down()


@pytest.mark.slow
def test_pages_stored_anew_go_to_other_donors(make_cluster):
    """Those that hold the older versions are full, and too many to be listed beside the new ones."""
    cluster = make_cluster("abcde", each={"a": OWNER, **dict.fromkeys("bcde", {"ram": 128})})
    setup = Setup(cluster, {"a": "bcde"}, lend_max_mb=1).bring_up()
    a, b, c, d, e = cluster
    for donor in (d, e):
        ramster.write(a, f"{ramster.settings_folder()}/node/{donor.name}", connect=0)
        ramster.write(donor, ramster.settings_folder(), lend_max_mb=0)
    ramster.make_device(a, 1, size="64M", replicas=2)
    ramster.set_zcache(a, age_out_s=1)
    stored = store(a)
    wait_until(lambda: lent(b) > 200 and lent(c) > 200, "b and c to be full", 60)
    time.sleep(3)
    assert device_of(a, 1)["local"] > stored / 4
    for donor in (d, e):
        ramster.connect(a, donor)
        ramster.wait_state(a, donor, "up")
    wait_until(lambda: device_of(a, 1)["remote"] > stored * 0.9, "the rest to go to d and e", 60)
    ramster.set_zcache(a, age_out_s=0)
    store(a, 1)
    assert device_of(a, 1)["local"] > stored * 0.9
    ramster.set_zcache(a, age_out_s=1)
    wait_until(lambda: device_of(a, 1)["remote"] > stored * 0.9, "all to go", 60)
    wait_until(lambda: sum(map(lent, (b, c, d, e))) <= 2 * stored, "older versions to go", 30)
    assert ramster.counter(a, "zcache", "stray_copies") == 0
    check_stored(a, 1)
    ramster.remove_device(a, 1)
    setup.take_down()


@pytest.mark.slow
def test_room_that_one_donor_alone_has_is_used(make_cluster):
    """Each page is to have two copies; so pages move to it from those that are full."""
    cluster = make_cluster("abcd", each={"a": OWNER, **dict.fromkeys("bcd", {"ram": 160})})
    cluster.allow("I/O error, dev frontswap1")
    setup = Setup(cluster, {"a": "bcd"}, pool_percent=3).bring_up()
    a, b, c, d = cluster
    ramster.write(a, f"{ramster.settings_folder()}/node/d", connect=0)
    for donor in (b, c):
        ramster.write(donor, ramster.settings_folder(), lend_max_mb=10)
    ramster.make_device(a, 1, size="64M", replicas=2, store_wait_ms=1000)

    def write(done):
        """The corpus from there on; how far it came."""
        ended = a.run(
            f"dd if=/corpus of=/dev/frontswap1 bs=64k skip={done} seek={done} oflag=direct",
            check=False, timeout=200,
        )
        return done + int(ended.err.split("+")[1].split()[-1]), ended.status

    done, status = write(0)
    remote = device_of(a, 1)["remote"]
    assert status and 100 < done < 500 and remote > 2000
    ramster.write(a, ramster.device_folder(1), store_wait_ms=60000)
    ramster.connect(a, d)
    ramster.wait_state(a, d, "up")
    done, status = write(done)
    print(f"{remote} pages before, then {device_of(a, 1)['remote']}; on b, c, d: {[*map(lent, (b, c, d))]}")
    assert not status and done == 512
    assert device_of(a, 1)["remote"] > remote + 500
    wait_until(lambda: not ramster.counter(a, "zcache", "misplaced_pages"), "all to lie well", 60)
    assert ramster.lost_pages(a) == 0
    a.run("busybox cmp -n $((32 << 20)) /corpus /dev/frontswap1")
    ramster.remove_device(a, 1)
    setup.take_down()


@pytest.mark.slow
def test_an_owner_moves_its_pages_off_a_donor(make_cluster):
    cluster = make_cluster("abc", each={"a": OWNER, "b": DONOR, "c": DONOR})
    setup = Setup(cluster, {"a": "bc"}, device=ON_DISK).bring_up()
    a, b, c = cluster
    filler = Filler(a, 220)
    before = lent(c)
    a.run("ramsterctl drain b", timeout=180)
    assert lent(b) == 0 and status_of(a, "b")["pages_remote"] == 0
    assert lent(c) > before
    filler.finish()
    setup.take_down()


@pytest.mark.slow
def test_hundreds_of_absent_nodes_do_not_slow_the_one_that_is_there(make_cluster):
    cluster = make_cluster("ab", each={"a": {"ram": 256, "disks": {"swap": "512M"}}, "b": DONOR})
    a, b = cluster
    nodes = f"{ramster.settings_folder()}/node"
    for node in cluster:
        ramster.load(node)
    ramster.join(b, [a], **QUICK)
    ramster.join(a, [b], **QUICK)
    before = ramster.meminfo(a)
    a.run(
        "for i in $(seq 400); do n=$((i + 623)); "
        f"mkdir {nodes}/x$i && cd {nodes}/x$i && echo $n >num && "
        "echo 10.77.$((1 + i / 200)).$((1 + i % 200)) >address && echo 1 >connect || exit; done"
    )
    now = ramster.meminfo(a)
    each = (before["MemFree"] - now["MemFree"]) / 400
    slabs = {k: (v - before.get(k, 0)) / 400 for k, v in now.items() if k.startswith("slab")}
    print(f"{each:.1f} KiB an absent node: { {k: round(v, 1) for k, v in slabs.items() if v > 0.2} }")
    assert each < 18
    ramster.connect(a, b)
    ramster.wait_state(a, b, "up", 60)
    ramster.set_zcache(a, max_pool_percent=10)
    ramster.swap_on(a, ramster.make_device(a, **ON_DISK))
    ramster.pagefill(a, 300, "--phases fill,read")
    assert count(a, "pages_fetched") > 1000
    link = cluster.link("a", "b")
    link.cut()
    ramster.wait_state(a, b, "down", 60)
    link.restore()
    start = time.monotonic()
    ramster.wait_state(a, b, "up", 60)
    print(f"connected again after {time.monotonic() - start:.1f} s")
    ramster.swap_off(a)
    ramster.remove_device(a)
    start = time.monotonic()
    ramster.leave(a)
    print(f"left in {time.monotonic() - start:.1f} s")
    ramster.leave(b)
    for node in cluster:
        ramster.check_gauges(node)
        ramster.unload(node)


@pytest.mark.slow
def test_mutual_pressure_ends_at_the_disk(make_cluster):
    """Each is the other's donor, and both together want more than both have."""
    cluster = make_cluster("ab", ram=224, disks={"swap": "512M"})
    setup = Setup(cluster, {"a": "b", "b": "a"}, device=ON_DISK, keep_free_mb=16).bring_up()
    command = "pagefill --mb 400 --content random --phases fill,read"
    jobs = [node.start_command(command) for node in cluster]
    for job in jobs:
        assert '"bad_pages": 0' in job.wait(timeout=400).out
    setup.take_down()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["drained", "at once"])
def test_a_donor_is_unloaded_and_loaded_under_traffic(make_cluster, how):
    a, b, setup = two_nodes(make_cluster, **QUICK)
    job = a.start_command("pagefill --mb 150 --content mixed --phases " + "fill,rewrite=40," * 2 + "read")
    for _ in range(3):
        wait_until(lambda: lent(b) > 100 or not job.running(), "pages on b", 120)
        if how == "drained":
            b.run("ramsterctl drain b", timeout=120)
        ramster.leave(b)
        ramster.unload(b)
        ramster.load(b)
        ramster.join(b, [a], **QUICK)
        ramster.wait_state(a, b, "up")
    assert '"bad_pages": 0' in job.wait(timeout=400).out
    assert count(a, "incarnations_forgot") == 3
    setup.take_down()


@pytest.mark.slow
def test_unloading_in_order_works_under_io(make_cluster):
    """down while programs fault: swap goes off, and then each module goes."""
    a, b, setup = two_nodes(make_cluster, owner=OWNER | {"ram": 256})
    for _ in range(3):
        # As long as another program has locked so much, memory is short; then all fits
        other = a.start_command("cd /tmp && exec stress-ng --vm 1 --vm-bytes 96M --vm-locked --vm-keep")
        job = a.start_command("pagefill --mb 130 --threads 4 --phases fill,touch=100,touch=100,read")
        wait_until(lambda: lent(b) > 500 or not job.running(), "pages on b", 120)
        other.kill(2)
        other.wait(check=False)
        ramster.swap_off(a)
        ramster.remove_device(a)
        ramster.leave(a)
        ramster.unload(a)
        assert '"bad_pages": 0' in job.wait(timeout=240).out
        ramster.load(a)
        ramster.set_zcache(a, max_pool_percent=20)
        ramster.join(a, [b])
        ramster.connect(a, b)
        ramster.wait_state(a, b, "up")
        ramster.swap_on(a, ramster.make_device(a, **ON_DISK))
    setup.take_down()
