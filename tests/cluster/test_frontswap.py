# SPDX-License-Identifier: GPL-2.0
"""frontswap.ko alone, with the RAM backend of fswap_test.ko (RAMSTER_DEBUG=y).

    pagefill, fio, dd
        | swap or direct I/O
    /dev/frontswap0 --- fswap_test: copies in RAM, misbehaves on demand
        | refused, written back, drained, slot 0
    /dev/vdc (or nothing: a size of its own)

Programs run in a cgroup with little memory, so that they swap while the node
has RAM for the copies.
"""

import json
import re
import time

import pytest
import ramster
from vmlab import Cluster, wait_until

CONFIG = "/sys/kernel/config/frontswap"
DEV = "/dev/frontswap0"
KNOBS = "/sys/module/fswap_test/parameters"
SMALL = "/sys/fs/cgroup/small"


class Frontswap:
    """A node's frontswap0."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.node = cluster["a"]
        self.backing = self.node.disk("disk")
        self.folder = f"{CONFIG}/frontswap0"
        self.node.run("modprobe frontswap")

    def set(self, **attributes):
        for name, value in attributes.items():
            self.node.run(f"echo {value} >{self.folder}/{name}")

    def try_to_set(self, name, value):
        """Returns what the shell said if it was refused."""
        result = self.node.run(f"printf %s '{value}' >{self.folder}/{name}", check=False)
        return result.err if result.status else None

    def make(self, **attributes):
        self.node.run(f"mkdir {self.folder}")
        self.set(**attributes, live=1)

    def swapon(self, options=""):
        self.node.run(f"mkswap {DEV} && swapon {options} {DEV}")

    def backend(self, **knobs):
        """Load the backend, or turn its knobs."""
        self.node.run("modprobe fswap_test")
        for name, value in knobs.items():
            self.node.run(f"echo {value} >{KNOBS}/{name}")

    def remove_backend(self):
        self.node.run("rmmod fswap_test", timeout=300)

    def books(self):
        words = self.node.read(f"{self.folder}/stats").split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def counter(self, name):
        return int(self.node.read(f"/sys/kernel/debug/fswap/{name}"))

    def start_pagefill(self, phases, options=""):
        """In a cgroup that has room for half of it."""
        return self.node.start_command(
            f"echo $$ >{SMALL}/cgroup.procs; exec pagefill --mb 48 --content random "
            f"--threads 2 --phases {phases} {options}"
        )

    def pagefill(self, phases="fill,read,rewrite=50,read"):
        good_pages(self.start_pagefill(phases))

    def dd(self, options, check=True):
        return self.node.run(f"dd {options}", check=check)

    def swapoff(self):
        """All that is left in use after it is a leak."""
        self.node.run(f"swapoff {DEV}", timeout=300)
        wait_until(lambda: self.books()["used"] == 0, "writebacks under way to end", 5)
        assert self.books() | {"slots": 0} == dict.fromkeys(self.books(), 0)

    def remove(self):
        """Everything goes, without a trace."""
        self.set(live=0)
        self.node.run(f"rmdir {self.folder}")
        self.tidy_up()

    def tidy_up(self):
        self.node.run(
            f"! grep -q ^{DEV} /proc/swaps || swapoff {DEV};"
            f"for d in {CONFIG}/*/; do [ ! -e $d ] || (echo 0 >$d/live; rmdir $d); done;"
            "for m in fswap_test frontswap; do ! grep -q ^$m /proc/modules || rmmod $m; done",
            timeout=300,
        )
        assert "frontswap" not in self.node.read("/proc/modules")


def good_pages(job):
    report = json.loads(job.wait(timeout=300).out.splitlines()[-1])
    assert report["bad_pages"] == 0 and report["sigbus_pages"] == 0
    assert report["pages_verified"] > 0


@pytest.fixture(scope="module")
def machine():
    """A node for all tests; one that a test left in a bad state is replaced."""
    holder = {}

    def get():
        if "cluster" not in holder:
            cluster = holder["cluster"] = Cluster(
                "a", name="test_frontswap", ram=384, cpus=2, disks={"disk": "128M"}, lan=False
            ).boot()
            ramster.mount_cgroups(cluster["a"])
            cluster["a"].run(f"mkdir {SMALL} && echo 24M >{SMALL}/memory.max")
        return holder["cluster"]

    get.holder = holder
    yield get
    if "cluster" in holder:
        holder["cluster"].close()


@pytest.fixture
def fswap(machine, request):
    cluster = machine()
    cluster.allowed = []
    frontswap = Frontswap(cluster)
    yield frontswap
    try:
        frontswap.tidy_up()
        cluster.check_logs()
    except AssertionError:
        machine.holder.pop("cluster").close()
        raise


@pytest.mark.parametrize(
    "load_ms", [-1, pytest.param(0, marks=pytest.mark.slow)], ids=["at once", "in softirq"]
)
def test_swap_on_a_device_with_a_size_of_its_own(fswap, load_ms):
    fswap.backend(load_ms=load_ms)
    fswap.make(size="128M")
    fswap.swapon()
    fswap.pagefill("fill,read,rewrite=20,read")
    assert fswap.counter("stores_taken") > 4000 and fswap.counter("lost_pages") == 0
    fswap.swapoff()
    fswap.remove()


@pytest.mark.slow
def test_the_backend_is_pinned_while_pages_are_only_there(fswap):
    fswap.backend()
    fswap.make(size="128M")
    fswap.swapon()
    job = fswap.start_pagefill("fill,read", "--step")
    ramster.wait_for_step(job, 1)
    assert fswap.books()["above"] > 4000
    assert "in use" in fswap.node.run("rmmod fswap_test", check=False).err
    job.write("\n\n")
    good_pages(job)
    fswap.swapoff()
    fswap.remove_backend()


def test_large_folios_go_out_in_one_bio(fswap):
    fswap.backend(refuse_every=100, again_every=101, load_ms=0)
    fswap.make(backing=fswap.backing)
    fswap.swapon()
    fswap.node.run(
        "for f in enabled defrag; do echo always >/sys/kernel/mm/transparent_hugepage/$f; done;"
        f"cd /tmp; echo $$ >{SMALL}/cgroup.procs; exec stress-ng --vm 1 --vm-bytes 40m "
        "--vm-keep --vm-madvise hugepage --vm-method rand-set --verify --timeout 10", timeout=300
    )
    vmstat = fswap.node.read("/proc/vmstat").split()
    assert int(vmstat[vmstat.index("thp_swpout") + 1]) > 0
    assert fswap.counter("backing_writes") > 0 and fswap.counter("stores_taken") > 0
    fswap.swapoff()
    fswap.remove()


@pytest.mark.slow
def test_pages_pass_through_until_there_is_a_backend_and_after(fswap):
    fswap.make(backing=fswap.backing)
    fswap.swapon()
    job = fswap.start_pagefill("fill,read,rewrite=60,read,rewrite=60,read", "--step")
    ramster.wait_for_step(job, 1)
    assert fswap.books()["above"] == 0 and fswap.books()["below"] > 4000
    fswap.backend(load_ms=1)
    job.write("\n\n\n")
    ramster.wait_for_step(job, 4)
    assert fswap.books()["above"] > 1000
    job.write("\n\n\n")  # the program goes on while the backend goes
    fswap.remove_backend()
    assert fswap.books()["above"] == 0
    assert fswap.counter("drained") > 0 and fswap.counter("drain_failed") == 0
    good_pages(job)
    fswap.swapoff()
    fswap.remove()


@pytest.mark.slow
def test_backends_come_and_go_while_pages_move(fswap):
    fswap.make(backing=fswap.backing)
    fswap.swapon()
    job = fswap.start_pagefill("fill,rewrite=80,read,rewrite=80,read")
    for load_ms in (-1, 0, 2):
        before = fswap.counter("stores_taken")
        fswap.backend(load_ms=load_ms, evict=4, refuse_every=7, wants=1)
        wait_until(lambda n=before: fswap.counter("stores_taken") > n + 300 or not job.running(),
                   "pages above", 60)
        fswap.remove_backend()
        assert fswap.books()["above"] == 0
    good_pages(job)
    fswap.swapoff()


CHAOS = {"refuse_every": 5, "again_every": 7, "again_ms": 5, "load_ms": 0, "miss_every": 11}


@pytest.mark.slow
@pytest.mark.parametrize("wants", [0, 1], ids=["", "and wants back what it let go"])
def test_a_backend_that_does_all_at_once(fswap, wants):
    fswap.backend(**CHAOS, evict=20, wants=wants)
    fswap.make(backing=fswap.backing)
    fswap.swapon()
    for _ in range(5):
        fswap.pagefill()
        names = ("stores_waited", "stores_refused", "loads_missed", "writebacks")
        counts = {name: fswap.counter(name) for name in names}
        # On a busy host eviction may be so far ahead that nothing is read above.
        if all(counts.values()):
            break
    else:
        pytest.fail(f"not all of it has happened: {counts}")
    assert fswap.counter("lost_pages") == 0 and fswap.counter("loads_failed") == 0
    assert (fswap.counter("backing_reads_kept") > 100) == wants
    fswap.swapoff()
    fswap.remove()


def test_a_refused_store_without_a_disk_is_an_error_that_swap_survives(fswap):
    fswap.cluster.allow(r"Write-error on swap-device|Buffer I/O error|I/O error")
    fswap.backend(**CHAOS)
    fswap.make(size="128M")
    fswap.swapon()
    fswap.pagefill("fill,read,touch=20")
    assert fswap.counter("stores_failed") > 100 and fswap.counter("lost_pages") == 0
    fswap.swapoff()
    fswap.remove()


def test_a_refused_write_ends_after_a_pause(fswap):
    """Or swap code would write the page again as fast as it can. Those that pause end together."""
    fswap.cluster.allow("I/O error")
    fswap.backend(refuse_every=1)
    fswap.make(size="16M")
    start = float(fswap.node.read("/proc/uptime").split()[0])
    for slot in range(1, 6):
        assert fswap.dd(f"if=/dev/zero of={DEV} bs=4k count=1 seek={slot} oflag=direct", False).status
    one = float(fswap.node.read("/proc/uptime").split()[0])
    fio(fswap, "--rw=write --bs=4k --iodepth=256 --size=2M", check=False)
    many = float(fswap.node.read("/proc/uptime").split()[0])
    assert fswap.counter("stores_failed") > 5 + 200
    assert one - start > 0.4 and many - one < 20
    fswap.remove()


def test_patience_ends(fswap):
    """A backend that says -EAGAIN and never has room."""
    fswap.backend(again_every=1, again_ms=0)
    fswap.make(backing=fswap.backing, store_wait_ms=300)
    write = f"dd if=/dev/urandom of={DEV} bs=4k count=8 seek=1 oflag=direct"
    fswap.node.run(write)
    assert fswap.counter("stores_impatient") == 8 and fswap.counter("backing_writes") == 8
    fswap.set(store_wait_ms=60000)
    job = fswap.node.start_command(write)
    wait_until(lambda: fswap.books()["waiting"] == 1, "a write to wait", 10)
    fswap.remove_backend()
    job.wait(timeout=10)
    assert fswap.books()["waiting"] == 0 and fswap.books()["below"] == 8


def test_less_patience_is_for_those_who_wait_already(fswap):
    fswap.backend(again_every=1, again_ms=0)
    fswap.make(backing=fswap.backing, store_wait_ms=600000)
    job = fswap.node.start_command(f"dd if=/corpus of={DEV} bs=4k count=8 seek=1 oflag=direct")
    wait_until(lambda: fswap.books()["waiting"] == 1, "a write to wait", 10)
    fswap.set(store_wait_ms=60000)
    time.sleep(1)
    assert fswap.books()["waiting"] == 1 and fswap.counter("stores_impatient") == 0
    fswap.set(store_wait_ms=500)
    job.wait(timeout=50)
    assert fswap.counter("stores_impatient") == 8 and fswap.books()["below"] == 8


@pytest.mark.slow
def test_memory_reclaim_waits_while_writes_do(fswap):
    """A program within a limit, all of whose pages wait for room, is slowed down and not killed."""
    fswap.backend(again_every=1, again_ms=50)
    fswap.make(backing=fswap.backing, store_wait_ms=60000)
    fswap.swapon()
    job = fswap.start_pagefill("fill,read")
    wait_until(lambda: fswap.books()["waiting"] > 500, "many writes to wait", 60)
    time.sleep(6)
    assert job.running() and fswap.books()["waiting"] < 2000
    fswap.backend(again_every=0)
    good_pages(job)
    assert fswap.counter("stores_impatient") == 0
    fswap.swapoff()
    fswap.remove()


def fio(fswap, jobs, check=True):
    return fswap.node.run(
        f"fio --filename={DEV} --direct=1 --ioengine=libaio --iodepth=8 --offset=4k "
        f"--output-format=terse --minimal --name=job {jobs}", timeout=300, check=check
    )


@pytest.mark.slow
def test_pages_that_stay_above_are_written_below_too(fswap):
    fswap.backend(load_ms=0, refuse_every=9, keep=1, evict=1000)
    fswap.make(backing=fswap.backing)
    fio(fswap, "--rw=randwrite --bsrange=4k-64k --size=32m --verify=crc32c --randseed=7")
    wait_until(lambda: fswap.books()["below"] == fswap.books()["used"], "all to be below", 30)
    books = fswap.books()
    assert 0 < books["above"] < books["below"]
    assert fswap.node.output(f"busybox cmp {DEV} {fswap.backing} && echo same") == "same"
    assert fswap.counter("loads") > 0
    writebacks = fswap.counter("writebacks")
    fswap.backend(keep=0)
    wait_until(lambda: fswap.books()["above"] == 0, "all to be dropped", 30)
    assert fswap.counter("writebacks") == writebacks
    assert fswap.books()["below"] == books["below"]


def test_pages_that_are_read_below_come_up_if_they_are_wanted(fswap):
    fswap.backend(load_ms=0, max_pages=1)
    fswap.make(backing=fswap.backing)
    fswap.dd(f"if=/corpus of={DEV} bs=64k count=64 seek=1 oflag=direct")
    assert fswap.books()["above"] == 1 and fswap.books()["used"] == 1024
    fswap.backend(max_pages=0, wants=1, refuse_every=3)

    def read(flags=""):
        """Read it all, right; how many pages came from the disk. Read-ahead may go beyond them."""
        before = fswap.counter("backing_reads")
        fswap.node.run(
            f"dd if={DEV} bs=64k count=64 skip=1 {flags} 2>/dev/null |"
            "busybox cmp -n 4194304 - /corpus"
        )
        return fswap.counter("backing_reads") - before

    # What somebody could change while it is read is not kept
    assert read("iflag=direct") == 1023 and fswap.counter("backing_reads_kept") == 0
    first = read()
    kept = fswap.counter("backing_reads_kept")
    assert first >= 1023 and 400 < kept < 800
    books = fswap.books()
    assert books["above"] == kept + 1 and books["used"] == 1024
    # They are in both places: what is above is read there, and costs nothing to drop
    fswap.backend(refuse_every=0)
    assert read() <= first - kept
    assert fswap.books()["above"] == 1024 and read("iflag=direct") == 0
    writes = fswap.counter("backing_writes")
    fswap.remove_backend()
    assert fswap.counter("drained") == 1024 and fswap.counter("backing_writes") <= writes + 1
    assert read("iflag=direct") == 1024


@pytest.mark.parametrize("backing", [True, False], ids=["with a disk", "without"])
def test_fio_verifies_what_it_wrote(fswap, backing):
    knobs = CHAOS | {"evict": 20, "wants": 1} if backing else CHAOS | {"refuse_every": 0}
    fswap.backend(**knobs)
    fswap.make(**({"backing": fswap.backing} if backing else {"size": "128M"}))
    fio(fswap, "--rw=randrw --bsrange=4k-64k --size=48m --verify=crc32c --randseed=3")
    fio(fswap, "--rw=randtrim --bs=64k --size=48m")
    assert fswap.books()["used"] == 0
    fswap.remove()


def test_racing_writes_reads_and_trims_leave_sane_books(fswap):
    """Several jobs on the same few slots: contents are anybody's, errors are nobody's."""
    fswap.backend(**CHAOS, evict=50, evict_ms=1, wants=1)
    fswap.make(backing=fswap.backing)
    fio(fswap, "--iodepth=16 --size=256k --time_based --runtime=10 --rw=randwrite --bsrange=4k-32k "
        "--numjobs=2 --name=r --rw=randread --numjobs=1 --name=t --rw=randtrim --bs=4k")
    assert fswap.counter("lost_pages") == 0 and fswap.counter("loads_failed") == 0
    fswap.remove_backend()
    books = fswap.books()
    assert books["above"] == 0 and books["waiting"] == 0 and books["used"] <= 64
    fswap.node.run(f"blkdiscard {DEV}")
    assert fswap.books()["used"] == 0


def test_a_drain_brings_the_contents_home(fswap):
    fswap.backend(load_ms=3)
    fswap.make(backing=fswap.backing)
    fswap.node.run(f"dd if=/corpus of={DEV} bs=64k count=400 seek=1 oflag=direct")
    assert fswap.books()["above"] == 6400 and fswap.books()["below"] == 0
    fswap.remove_backend()
    assert fswap.books() | {"slots": 0, "waiting": 0} == {
        "slots": 0, "used": 6400, "above": 0, "below": 6400, "waiting": 0
    }
    fswap.node.run(f"busybox cmp -n {400 * 65536} /corpus {fswap.backing} 0 65536")


def test_a_page_that_the_backend_lost_is_an_error_and_never_stale(fswap):
    fswap.cluster.allow(r"lost page|Buffer I/O error|I/O error")
    fswap.make(backing=fswap.backing)
    fswap.node.run(f"dd if=/dev/zero of={DEV} bs=64k count=2 oflag=direct")
    fswap.backend(lose_every=4)
    fswap.node.run(f"dd if=/corpus of={DEV} bs=4k count=16 seek=1 oflag=direct")
    for slot in range(1, 17):
        result = fswap.node.run(
            f"dd if={DEV} of=/tmp/page bs=4k count=1 skip={slot} iflag=direct &&"
            f"busybox cmp -n 4096 /tmp/page /corpus 0 {(slot - 1) * 4096}", check=False
        )
        assert (result.status == 0) == (slot % 4 != 0), result.err
    assert fswap.counter("lost_pages") == 4
    assert re.search(r"lost page: slot 4 is above", fswap.node.log.text())
    fswap.remove_backend()
    assert "4 pages could not be brought home" in fswap.node.log.text()
    assert fswap.node.run(f"dd if={DEV} of=/tmp/page bs=4k count=1 skip=4 iflag=direct",
                          check=False).status
    fswap.node.run(f"blkdiscard -f {DEV}")
    assert fswap.books()["used"] == 0


def test_a_load_that_fails_is_an_io_error(fswap):
    fswap.cluster.allow(r"Buffer I/O error|I/O error")
    fswap.backend(fail_every=1, load_ms=0)
    fswap.make(size="128M")
    fswap.node.run(f"dd if=/dev/zero of={DEV} bs=4k count=1 seek=1 oflag=direct")
    read = fswap.node.run(f"dd if={DEV} of=/dev/null bs=4k count=1 skip=1 iflag=direct", check=False)
    assert read.status and fswap.counter("loads_failed") == 1 and fswap.counter("lost_pages") == 0


def test_the_signature_survives(fswap):
    fswap.backend()
    fswap.make(backing=fswap.backing)
    fswap.node.run(f"mkswap -L kept {DEV}")
    fswap.remove()
    fswap.node.run("modprobe frontswap")
    fswap.make(backing=fswap.backing)
    assert 'LABEL="kept"' in fswap.node.output(f"blkid -p {DEV}")
    fswap.node.run(f"swapon {DEV}")
    fswap.swapoff()


def test_a_discarded_device_without_a_disk_reads_as_zeroes(fswap):
    fswap.backend()
    fswap.make(size="128M")
    fswap.node.run(f"dd if=/corpus of={DEV} bs=64k count=64 oflag=direct && blkdiscard {DEV}")
    assert fswap.books()["used"] == 0
    assert int(fswap.node.read(f"{KNOBS}/pages")) == 0
    fswap.node.run(f"busybox cmp -n {64 * 65536} {DEV} /dev/zero")


@pytest.mark.slow
def test_swapon_with_discard(fswap):
    fswap.backend()
    fswap.make(backing=fswap.backing)
    fswap.swapon("--discard")
    fswap.pagefill("fill,read")
    assert fswap.counter("discards") > 0
    fswap.swapoff()
    fswap.remove()


@pytest.mark.slow
def test_rmdir_of_a_device_in_use_leaves_it_working(fswap):
    fswap.backend(load_ms=0)
    fswap.make(backing=fswap.backing)
    fswap.swapon()
    job = fswap.start_pagefill("fill,read,read", "--step")
    ramster.wait_for_step(job, 1)
    fswap.node.run(f"rmdir {fswap.folder}")
    job.write("\n")
    ramster.wait_for_step(job, 2)
    assert "in use" in fswap.node.run("rmmod frontswap", check=False).err
    fswap.node.run(f"mkdir {fswap.folder}")
    assert fswap.node.read(f"{fswap.folder}/live") == "1\n"
    assert fswap.node.read(f"{fswap.folder}/backing") == f"{fswap.backing}\n"
    assert fswap.books()["used"] > 0
    job.write("\n\n")
    good_pages(job)
    fswap.swapoff()
    fswap.remove()


def test_an_orphan_goes_with_the_module(fswap):
    fswap.make(backing=fswap.backing)
    fswap.swapon()
    fswap.node.run(f"rmdir {fswap.folder} && swapoff {DEV} && rmmod frontswap")
    fswap.node.run(f"! test -e {DEV} && mkswap {fswap.backing}")


BAD_VALUES = [
    # attribute, value, what the log says is wrong
    ("backing", " ", "absolute path"),
    ("backing", "vdc", "absolute path"),
    ("backing", "/no/such/device", "no such device"),
    ("backing", "/etc/passwd", "not a block device"),
    ("backing", "/dev/null", "not a block device"),
    ("backing", "/dev", "not a block device"),
    ("backing", "/dev/frontswap7", "frontswap device itself"),
    ("backing", "MOUNTED", "mounted or in use"),
    ("backing", "SMALL", "at least 40960"),
    ("backing", "x" * 4000, "absolute path"),
    ("size", " ", "a number of bytes"),
    ("size", "many", "a number of bytes"),
    ("size", "-4096", "a number of bytes"),
    ("size", "0x4000", "a number of bytes"),
    ("size", "1.5G", "a number of bytes"),
    ("size", "4KB", "a number of bytes"),
    ("size", "K", "a number of bytes"),
    ("size", "99999999999999999999", "a number of bytes"),
    ("size", "20000000T", "a number of bytes"),
    ("size", "17T", "not 0 or a multiple"),
    ("size", "4097", "not 0 or a multiple"),
    ("size", "36K", "not 0 or a multiple"),
    ("backup", " ", "neither disk nor none"),
    ("backup", "DISK", "neither disk nor none"),
    ("replicas", "0", "not a number from 1 to 3"),
    ("replicas", "4", "not a number from 1 to 3"),
    ("allow_loss", "yes", "neither 0 nor 1"),
    ("store_wait_ms", "-1", "not a number from 0 to 600000"),
    ("store_wait_ms", "600001", "not a number from 0 to 600000"),
    ("store_wait_ms", "1 2", "not a number from 0 to 600000"),
    ("live", "2", "neither 0 nor 1"),
    ("live", "yes", "neither 0 nor 1"),
    ("live", "1", "a backing device or a size is wanted"),
]

BAD_NAMES = ["frontswap", "frontswap256", "frontswap-1", "frontswap00", "frontswap1x", "swap0", "x" * 200]


def test_bad_values_are_refused_with_a_line_that_says_why(fswap):
    node = fswap.node
    node.run(f"mkdir {fswap.folder} {CONFIG}/frontswap7")
    node.run(f"echo 1M >{CONFIG}/frontswap7/size && echo 1 >{CONFIG}/frontswap7/live")
    node.run("modprobe loop && truncate -s 36K /tmp/small && losetup /dev/loop0 /tmp/small")
    mounted = re.search(r"^(/dev/vd\w+) on", node.output("mount"), re.M).group(1)
    places = {"SMALL": "/dev/loop0", "MOUNTED": mounted}
    attributes = ("backing", "size", "backup", "replicas", "allow_loss", "store_wait_ms", "live")
    before = {a: node.read(f"{fswap.folder}/{a}") for a in attributes}
    for attribute, value, reason in BAD_VALUES:
        mark = node.log.mark()
        assert fswap.try_to_set(attribute, places.get(value, value)), (attribute, value)
        wait_until(lambda m=mark, r=reason: r in node.log.since(m), f"{attribute}: {reason}", 5)
        assert {a: node.read(f"{fswap.folder}/{a}") for a in attributes} == before
    for name in BAD_NAMES:
        assert node.run(f"mkdir {CONFIG}/{name}", check=False).status, name
    node.run("losetup -d /dev/loop0")


def test_what_is_frozen_while_live(fswap):
    fswap.make(backing=fswap.backing)
    node = fswap.node
    for attribute, value in (("backing", "none"), ("size", "1M")):
        assert "busy" in fswap.try_to_set(attribute, value)
    assert "busy" in node.run(f"mkswap {fswap.backing}", check=False).err
    fswap.set(backup="disk", store_wait_ms=1)
    job = node.start_command(f"exec 3<{DEV}; echo open; read line")
    job.wait_for_line("open")
    assert "busy" in fswap.try_to_set("live", 0)
    job.write("\n")
    job.wait()
    fswap.set(live=0, size="64M")
    fswap.set(live=1)
    assert node.output(f"blockdev --getsize64 {DEV}") == str(64 << 20)
    fswap.set(live=0)
    assert fswap.try_to_set("size", "256M")  # more than the disk has
    fswap.set(backing="none")
    assert fswap.try_to_set("live", 1)  # a backup, on nothing


def test_one_failure_may_lose_pages_only_where_it_was_said(fswap):
    node = fswap.node
    node.run(f"mkdir {fswap.folder}")
    fswap.set(size="64M")
    assert node.read(f"{fswap.folder}/replicas") == "2\n"
    fswap.set(replicas=1)
    mark = node.log.mark()
    assert fswap.try_to_set("live", 1)
    wait_until(lambda: "one failing node can lose pages" in node.log.since(mark), "the reason", 5)
    fswap.set(allow_loss=1)
    fswap.set(live=1)
    assert fswap.try_to_set("allow_loss", 0)
    fswap.set(replicas=2)
    fswap.set(allow_loss=0)
    assert fswap.try_to_set("replicas", 1) and fswap.try_to_set("backup", "disk")
    fswap.set(live=0, backing=fswap.backing)
    fswap.set(live=1)
    assert node.read(f"{fswap.folder}/backup") == "disk\n"
    fswap.set(replicas=1)
    assert fswap.try_to_set("backup", "none")
    fswap.set(live=0)


def test_the_limits_of_the_queue(fswap):
    fswap.make(backing=fswap.backing)
    queue = "/sys/block/frontswap0/queue"
    read = {name: fswap.node.read(f"{queue}/{name}").strip() for name in (
        "logical_block_size", "discard_granularity", "rotational", "stable_writes",
        "dma_alignment")}
    assert read == {"logical_block_size": "4096", "discard_granularity": "4096",
                    "rotational": "0", "stable_writes": "1", "dma_alignment": "4095"}
    assert int(fswap.node.read(f"{queue}/discard_max_bytes")) >= 1 << 31


def test_the_trace_events(fswap):
    tracing = "/sys/kernel/tracing"
    fswap.node.run(f"echo 1 >{tracing}/events/fswap/enable")
    fswap.backend(evict=10)
    fswap.make(backing=fswap.backing)
    fswap.node.run(f"dd if=/corpus of={DEV} bs=4k count=1 seek=5 oflag=direct;"
                   f"dd if={DEV} of=/dev/null bs=4k count=1 skip=5 iflag=direct")
    wait_until(lambda: fswap.books()["above"] == 0, "the page to come down", 10)
    fswap.node.run(f"blkdiscard {DEV}")
    trace = fswap.node.read(f"{tracing}/trace")
    for event in ("store", "writeback", "invalidate"):
        assert re.search(rf"fswap_{event}: frontswap0 slot=5 result=0", trace), event
