# SPDX-License-Identifier: GPL-2.0
"""Allocations fail, of ours and of nobody else. On the debug kernel only.

    /sys/kernel/debug/fail*   which allocations fail: those with a module in their
                              stack, and on that kernel only ours are modules
    failnth                   each allocation of one task's action, in turn

Workers and the network's receivers are nobody's action: there one in so many fails, at random, while a
program that verifies its memory goes on; so do requests to the disk.

After each test kmemleak looks for what an error path forgot (vmlab.cluster).
"""

from contextlib import contextmanager

import pytest
import ramster
from ramster import Filler, Setup
from vmlab import wait_until
from vmlab.paths import Kernel

pytestmark = pytest.mark.slow

FAULTS = "/sys/kernel/debug"
MODULES_AT = "0xffffffffa0000000"  # the modules' part of x86-64's address space
MODULES_END = "0xffffffffff000000"

# What the kernel says of memory that it does not get
SHORT_OF_MEMORY = r"vmalloc error|Call Trace:|no backend|[Ww]rite-error on swap-device|I/O error"


@pytest.fixture(autouse=True)
def fault_injection():
    if not Kernel().can_fail:
        pytest.skip("wants a kernel with fault injection: KERNEL=debug")


def aim_at_our_modules(node):
    """Only what they allocate, or have allocated for them, fails, whatever may wait or not."""
    node.run(
        f"cd {FAULTS}; for kind in fail*; do cd $kind; echo 0 >verbose; echo 0 >probability;"
        f"echo 1 >interval; echo 0 >space; echo {MODULES_AT} >require-start;"
        f"echo {MODULES_END} >require-end; echo 32 >stacktrace-depth; cd ..; done;"
        "echo N >failslab/ignore-gfp-wait; echo N >fail_page_alloc/ignore-gfp-wait;"
        "echo N >fail_page_alloc/ignore-gfp-highmem; echo 0 >fail_page_alloc/min-order"
    )


class FailNth:
    """Every allocation of an action fails in turn, on one node."""

    def __init__(self, node):
        self.node = node
        self.points = 0

    def __call__(self, action, undo=None):
        """The action is done at the end, without a failure."""
        command = f"failnth {action}" + (f" -- {undo}" if undo else "")
        points = int(self.node.output(command, timeout=600).split()[0])
        self.points += points
        return points


def test_every_allocation_of_loading_fails_in_turn(make_cluster):
    cluster = make_cluster("a", lan=False, ram=320)
    cluster.allow(SHORT_OF_MEMORY)
    # Linux 6.12 forgets the name of a slab cache that it cannot show in sysfs
    cluster.allow(r"sysfs_slab_add")
    node = cluster["a"]
    aim_at_our_modules(node)
    fail_nth = FailNth(node)
    folder = f"/lib/modules/{node.machine.kernel.release}/updates"
    for module in ["tmem", "frontswap", "zcache", "ramster"]:
        assert fail_nth(f"insmod {folder}/{module}.ko", f"rmmod {module}") > 0
    assert fail_nth.points > 30
    ramster.unload(node)


def test_every_allocation_of_configuring_fails_in_turn(make_cluster):
    cluster = make_cluster("ab", ram=320)
    cluster.allow(SHORT_OF_MEMORY)
    a, b = cluster
    for node in (a, b):
        ramster.load(node)
    ramster.join(b, [a])
    aim_at_our_modules(a)
    fail_nth = FailNth(a)
    folder = ramster.device_folder()
    fail_nth(f"mkdir {folder}", f"rmdir {folder}")
    fail_nth(f"write {folder}/size 64M", f"write {folder}/size 0")
    fail_nth(f"write {folder}/live 1", f"write {folder}/live 0")
    fail_nth(f"mkdir {ramster.settings_folder()}", f"rmdir {ramster.settings_folder()}")
    ramster.write(a, ramster.settings_folder(), key=ramster.KEY)
    for node in (a, b):
        folder = f"{ramster.settings_folder()}/node/{node.name}"
        fail_nth(f"mkdir {folder}", f"rmdir {folder}")
        fail_nth(f"write {folder}/num {node.number}")
        fail_nth(f"write {folder}/address {node.ip}")
    folder = f"{ramster.settings_folder()}/node"
    fail_nth(f"write {folder}/a/local 1", f"write {folder}/a/local 0")
    fail_nth(f"write {folder}/b/connect 1", f"write {folder}/b/connect 0")
    assert fail_nth.points > 40
    ramster.wait_state(a, b, "up")
    ramster.remove_device(a)
    for node in (a, b):
        ramster.leave(node)
    for node in (a, b):
        ramster.check_gauges(node)
        ramster.unload(node)


@pytest.mark.parametrize("allocator", ["zsmalloc", "zbud"])
def test_every_allocation_of_a_store_and_a_load_fails_in_turn(make_cluster, allocator):
    cluster = make_cluster("a", lan=False, ram=320, disks={"disk": "64M"})
    cluster.allow(SHORT_OF_MEMORY)
    node = cluster["a"]
    ramster.load(node, "zcache")
    ramster.set_zcache(node, allocator=allocator)
    aim_at_our_modules(node)
    fail_nth = FailNth(node)
    for number, attributes in enumerate([{"size": "64M"}, {"backing": node.disk("disk")}]):
        device = ramster.make_device(node, number, **attributes)
        points = 0
        for slot in (1, 2, 63, 64, 5000):  # the first of an object, and others
            points += fail_nth(f"store {device} {slot}")
            fail_nth(f"load {device} {slot}")
        assert points > 5
        assert ramster.lost_pages(node) == 0
        ramster.remove_device(node, number)
    ramster.check_gauges(node)
    ramster.unload(node)


NEVER_SO_MANY = 1000000


class Random:
    """So many in a hundred fail on some nodes, whoever's they are: Random(nodes, failslab=1)."""

    def __init__(self, nodes, **percent):
        self.nodes = nodes
        self.percent = percent

    def _set(self, kind, **values):
        for node in self.nodes:
            for name, value in values.items():
                node.write(f"{FAULTS}/{kind}/{name}", f"{value}\n")

    @contextmanager
    def failures(self):
        for node in self.nodes:
            aim_at_our_modules(node)
        for kind, percent in self.percent.items():
            self._set(kind, times=NEVER_SO_MANY, probability=percent)
        yield self
        for kind in self.percent:
            self._set(kind, probability=0)

    def points(self):
        """How many have failed so far."""
        times = (node.read(f"{FAULTS}/{kind}/times") for node in self.nodes for kind in self.percent)
        return sum(NEVER_SO_MANY - int(left) for left in times)


def two_nodes(make_cluster):
    each = {"a": {"ram": 320, "disks": {"swap": "256M"}}, "b": {"ram": 512}}
    cluster = make_cluster("ab", each=each)
    cluster.allow(SHORT_OF_MEMORY)
    ramster.mount_cgroups(cluster["a"])
    setup = Setup(cluster, {"a": "b"}, device={"backing": "/dev/vdc"}, pool_percent=1)
    return setup.bring_up()


def counts(node, *names):
    """To open a counter takes memory, too: until there is some."""

    def read():
        try:
            return {name: ramster.counter(node, "ramster", name) for name in names}
        except OSError:
            return None

    return wait_until(read, "the counters")


def grown(before, now):
    return {name: now[name] - count for name, count in before.items()}


def work(setup, options="", more_than=1000):
    """A program goes out to the donor and comes back, more than so many pages each way, and looks at each."""
    a, ways = setup.cluster["a"], ("pages_remotified", "pages_fetched")
    before = counts(a, *ways)
    ramster.pagefill(
        a, 30, "--content mixed --cgroup /sys/fs/cgroup/small "
        f"--phases fill,out,rewrite=30,out,read {options}", timeout=900,
    )
    moved = grown(before, counts(a, *ways))
    print(moved)
    assert min(moved.values()) > more_than


def test_allocations_fail_at_random_while_pages_move(make_cluster):
    """On owner and donor. Each page is on the owner's disk, too, so that none is lost."""
    setup = two_nodes(make_cluster)
    points = 0
    with Random(list(setup.cluster), failslab=1, fail_page_alloc=1).failures() as random:
        for _ in range(20):
            work(setup)
            points = random.points()
            print(f"{points} allocations have failed", flush=True)
            if points > 3000:
                break
    assert points > 1000
    assert ramster.lost_pages(setup.cluster["a"]) == 0
    setup.take_down()


CONNECT = f"{ramster.settings_folder()}/node/b/connect"
TRIES = 30


def tries(node):
    return sum(counts(node, "connects", "connects_failed").values())


def part_and_try(a):
    """Until the first try to connect anew has worked or failed."""
    a.run(f"echo 0 >{CONNECT}")
    before = tries(a)
    # May lack the memory to begin, which it says
    if not a.run(f"echo 1 >{CONNECT}", check=False).status:
        wait_until(lambda: tries(a) > before, "a try to end")


def fail_while_connecting(a, b, percent):
    """How many connections came up meanwhile, and how many did not."""
    before = counts(a, "connects", "connects_failed")
    with Random([a, b], failslab=percent, fail_page_alloc=percent).failures() as random:
        for _ in range(TRIES):
            part_and_try(a)
        points = random.points()
    came = grown(before, counts(a, *before))
    print(f"{percent} %: {points} allocations have failed; {came}", flush=True)
    assert points > 100
    ramster.connect(a, b)
    ramster.wait_state(a, b, "up")
    return came


def go_out(filler, a, step):
    """Its pages go to the donor."""
    before = counts(a, "pages_remotified")
    filler.go_on()
    filler.wait_step(step)
    assert grown(before, counts(a, *before))["pages_remotified"] > 500


def test_allocations_fail_at_random_while_nodes_connect(make_cluster):
    """Connecting, accepting, both handshakes and parting, while a program reads and changes its pages.

    Of three in a hundred some tries survive, of twenty hardly one.
    """
    setup = two_nodes(make_cluster)
    a, b = setup.cluster
    phases = "fill,out,rewrite=100,out,rewrite=100,read"
    filler = Filler(a, 30, phases, "--cgroup /sys/fs/cgroup/kept")
    for step, percent in ((2, 3), (4, 20)):
        go_out(filler, a, step)
        filler.go_on()
        came = fail_while_connecting(a, b, percent)
        filler.wait_step(step + 1)
        assert came["connects_failed"] > 0
        assert came["connects"] > 0 or percent > 3
    filler.finish()
    work(setup)
    assert ramster.lost_pages(a) == 0
    setup.take_down()


def test_requests_to_the_disk_fail_at_random_while_pages_move(make_cluster):
    """A page that is nowhere else may cost a SIGBUS; none is wrong."""
    setup = two_nodes(make_cluster)
    setup.cluster.allow("Read-error on swap-device")
    a = setup.cluster["a"]
    a.write("/sys/block/vdc/make-it-fail", "1\n")
    with Random([a], fail_make_request=5).failures() as random:
        for _ in range(3):
            work(setup, "--survive-sigbus", more_than=0)
        points = random.points()
    print(f"{points} requests have failed")
    assert points > 20
    assert ramster.counter(a, "fswap", "backing_errors") > 0
    setup.take_down()
