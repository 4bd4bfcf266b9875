# SPDX-License-Identifier: GPL-2.0
"""RAMster on the nodes of a cluster, by the kernel's own interfaces.

What is written here where is said in docs/INTERFACES.md. The tests of the tools
and the demo do the same as a user would, by ramsterctl.
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor

from ctl import status
from vmlab import Timeout, wait_until

FRONTSWAP = "/sys/kernel/config/frontswap"
RAMSTER = "/sys/kernel/config/ramster"
DEBUG = "/sys/kernel/debug"
MODULES = ["ramster", "zcache", "frontswap", "tmem"]  # in an order to unload them
CLUSTER = "test"
KEY = "9f" * 32

# Counters that are gauges of pages or memory: nothing is held once all is home
GAUGES = {
    "tmem": ["pools", "objects", "entries"],
    "zcache": [
        "devices", "zpages", "zbytes", "same_filled_pages",
        "outstanding_writeback_pages",
    ],
    "ramster": ["foreign_pages", "foreign_zbytes"],
}

# A donor keeps an empty pool for as long as its owner is connected
WHILE_CONNECTED = {**GAUGES, "tmem": ["entries"]}


def write(node, folder, **attributes):
    """Make a configfs folder, unless it is there, and write its attributes."""
    lines = ["set -e", f"mkdir -p {folder}"]
    lines += [f"echo '{value}' >{folder}/{name}" for name, value in attributes.items()]
    node.run("\n".join(lines))


# --- modules and counters ---


def load(node, *modules):
    node.run(f"modprobe -a {' '.join(modules or ['ramster'])}")


def unload(node):
    """Unload all of ours that are there; an error if one does not go."""
    node.run(f"for m in {' '.join(MODULES)}; do [ ! -d /sys/module/$m ] || rmmod $m || exit; done")


def set_zcache(node, **parameters):
    write(node, "/sys/module/zcache/parameters", **parameters)


def counters(node, group):
    """Each counter of a debugfs folder, by name."""
    folder = f"{DEBUG}/{group}"
    paths = node.output(f"find {folder} -maxdepth 1 -type f 2>/dev/null || true").split()
    values = node.read_many(paths)
    return {path.rsplit("/", 1)[1]: int(value) for path, value in values.items()}


def counter(node, group, name):
    return int(node.read(f"{DEBUG}/{group}/{name}"))


def wait_repaired(node, timeout=240):
    """Every page lies where and as often as the policy wants."""
    gauges = ("moves_due", "misplaced_pages")
    wait_until(
        lambda: not any(counter(node, "zcache", name) for name in gauges), "repair", timeout
    )


def lost_pages(node):
    return counter(node, "zcache", "lost_pages")


# --- the device ---

# One donor is enough for a page, and may lose it
ONE_COPY = {"allow_loss": 1, "replicas": 1}



def device_folder(number=0):
    return f"{FRONTSWAP}/frontswap{number}"


def make_device(node, number=0, **attributes):
    """Make /dev/frontswapN; size="1G", backing="/dev/vdc", backup="disk", replicas=2..."""
    folder = device_folder(number)
    write(node, folder, **attributes, live=1)
    return f"/dev/frontswap{number}"


def remove_device(node, number=0):
    folder = device_folder(number)
    if node.exists(folder):
        node.write(f"{folder}/live", "0\n")
        node.run(f"rmdir {folder}")


def device_stats(node, number=0):
    lines = node.read(f"{device_folder(number)}/stats").split("\n")
    return {name: int(value) for name, value in (line.split() for line in lines if line)}


def check_pages(node):
    """What frontswap says is above its disk is what zcache counts here, on its way and with donors, as soon
    as slots that were freed are forgotten and nothing moves."""

    def drift():
        devices = status(node)["devices"]
        return {
            d["name"]: d for d in devices
            if d["local"] + d["in_flight"] + d["remote"] - d["freed"] != d["used"] - d["backing"]
        }

    try:
        wait_until(lambda: not drift(), f"the books of {node.name} to agree", 60, 1)
    except Timeout:
        raise AssertionError(f"{node.name}: {drift()}") from None


def swap_on(node, device):
    node.run(f"mkswap {device} && swapon -p 100 {device}")


def swap_off(node, timeout=300):
    node.run("swapoff -a", timeout=timeout)


# --- the cluster ---


def settings_folder():
    return f"{RAMSTER}/{CLUSTER}"


def join(node, others=(), **settings):
    """Make node a member that listens and knows these others. key=None: without a key."""
    settings = {"key": KEY, **settings}
    write(node, settings_folder(), **{k: v for k, v in settings.items() if v is not None})
    for other in {node, *others}:
        folder = f"{settings_folder()}/node/{other.name}"
        more = {"local": 1} if other is node else {}
        write(node, folder, num=other.number, address=other.ip, **more)


def connect(node, peer):
    """Make peer a donor of node's; wait_state() waits until it is."""
    write(node, f"{settings_folder()}/node/{peer.name}", connect=1)


def state(node, peer):
    return node.read(f"{settings_folder()}/node/{peer.name}/state").strip()


def wait_state(node, peer, wanted, timeout=60):
    wait_until(lambda: state(node, peer) == wanted, f"{node.name} to see {peer.name} {wanted}", timeout)


def leave(node):
    """Undo join(): disconnect, stop listening, forget the cluster."""
    folder = settings_folder()
    node.run(
        f"[ -d {folder} ] || exit 0; set -e; cd {folder}/node; "
        f"for n in *; do if [ $n != {node.name} ]; then echo 0 >$n/connect; fi; done; "
        f"echo 0 >{node.name}/local; rmdir *; rmdir {folder}",
        timeout=60,
    )


# --- a whole set-up, and its end ---


def slabs(node):
    """KiB that each slab cache takes."""
    text = node.read_many(["/proc/slabinfo"]).get("/proc/slabinfo", "")
    rows = (line.split() for line in text.splitlines() if line.count(":") == 2)
    return {f"slab {row[0]}": 4 * int(row[5]) * int(row[14]) for row in rows if row[14].isdigit()}


def meminfo(node):
    """/proc/meminfo with nothing in caches that could be dropped, and the slabs.

    Slabs without an object are given back: a cache of ours may be merged with one
    of the kernel's own, which keeps some. Free pages on the CPUs' own lists, which
    may hold tens of MB, are not in MemFree; here they are.
    """
    node.run(
        "sync; echo 3 >/proc/sys/vm/drop_caches;"
        "for c in /sys/kernel/slab/*; do [ -L $c ] || echo 1 >$c/shrink; done"
    )
    listed = sum(
        int(line.split()[1])
        for line in node.read("/proc/zoneinfo").splitlines()
        if line.split()[0] == "count:"
    )
    info = {**node.meminfo(), **slabs(node)}
    info["MemFree"] += 4 * listed
    return info


def warm_up(node):
    """meminfo() of a node without our modules, when a first use has allocated what it does for good."""
    load(node)
    unload(node)
    return meminfo(node)


def instructions(node):
    """Executed since boot, where the clock counts them (icount): the time that was not idle."""
    text = node.read("/proc/timer_list")
    now = int(re.search(r"^now at (\d+) nsecs", text, re.MULTILINE).group(1))
    idle = re.findall(r"\.(?:idle|iowait)_sleeptime\s*: (\d+) nsecs", text)
    return now - sum(map(int, idle))


class Setup:
    """Owners that swap to donors; take_down() checks that nothing is left.

    owners: {"a": "b", "b": "a"}: whose donors are whom.
    """

    def __init__(self, cluster, owners, device=None, pool_percent=20, **settings):
        self.cluster = cluster
        self.owners = {cluster[o]: [cluster[d] for d in donors] for o, donors in owners.items()}
        self.members = {*self.owners, *(d for donors in self.owners.values() for d in donors)}
        self.device = device or {"size": "1G", **ONE_COPY}
        self.pool_percent = pool_percent
        self.settings = settings
        self.memory_before = {}

    def _prepare(self, node):
        self.memory_before[node] = warm_up(node)
        load(node)
        set_zcache(node, max_pool_percent=self.pool_percent)
        join(node, self.members, **self.settings)

    def bring_up(self):
        with ThreadPoolExecutor(len(self.members)) as pool:
            list(pool.map(self._prepare, self.members))
        for node, donors in self.owners.items():
            for donor in donors:
                connect(node, donor)
            for donor in donors:
                wait_state(node, donor, "up")
            swap_on(node, make_device(node, **self.device))
        return self

    def check_books(self):
        """At any moment, nothing was lost and every gauge makes sense."""
        for node in self.members:
            assert lost_pages(node) == 0, f"{node.name} lost pages"
            for name in ("loads_corrupt",):
                assert counter(node, "zcache", name) == 0, f"{node.name}: {name}"
            assert counter(node, "ramster", "protocol_errors") == 0

    def take_down(self):
        """Swap off, and everything is home, free, and as it was before."""
        for node in self.owners:
            check_pages(node)
            swap_off(node)
            stats = device_stats(node)
            assert {k: v for k, v in stats.items() if k != "slots" and v} == {}, stats
        self.check_books()
        for node in self.owners:
            remove_device(node)
        for node in self.members:
            check_gauges(node, WHILE_CONNECTED)
        for node in self.members:
            leave(node)
        for node in self.members:
            check_gauges(node)
            unload(node)
        for node in self.members:
            check_free_memory(node, self.memory_before[node])


def check_gauges(node, gauges=None):
    """Every gauge becomes zero: freeing and telling donors takes a moment."""

    def held():
        return {
            f"{group}/{name}": value
            for group, names in (gauges or GAUGES).items()
            for name, value in counters(node, group).items()
            if name in names and value
        }

    wait_until(lambda: not held(), f"the gauges of {node.name} to be zero, not {held()}", 30)


def check_free_memory(node, before):
    """Free memory is within 1 % of RAM of what meminfo() said before.

    A kernel with KASAN keeps a part of what was freed; kmemleak looks there.
    """
    allowed = before["MemTotal"] // (10 if node.machine.kernel.checked else 100)
    try:
        wait_until(
            lambda: meminfo(node)["MemFree"] >= before["MemFree"] - allowed, "free memory", 20, 1
        )
    except Timeout as problem:
        now = meminfo(node)
        more = {k: v - before.get(k, 0) for k, v in now.items()
                if abs(v - before.get(k, 0)) > allowed // 8}
        raise Timeout(f"{node.name}: not all memory came back; in KiB, since before: {more}") from problem


# --- workloads ---


def mount_cgroups(node):
    """For memory, below /sys/fs/cgroup."""
    node.run(
        "mount -t cgroup2 none /sys/fs/cgroup && "
        "echo +memory >/sys/fs/cgroup/cgroup.subtree_control"
    )


def at_the_edge(node):
    """Nothing helps it but the swap: a task that waits for a minute is the end of it."""
    node.run(
        "cd /proc/sys && echo 0 >vm/panic_on_oom && echo 60 >kernel/hung_task_timeout_secs && "
        "echo 1 >kernel/hung_task_panic"
    )


def wait_for_step(job, number, timeout=120):
    """Wait until a pagefill --step has done so many of its phases, or has ended."""

    def steps():
        return len([line for line in job.lines() if line.startswith("done")])

    wait_until(lambda: steps() >= number or not job.running(), f"step {number}", timeout)


class Filler:
    """A program that holds more than its node's RAM, and checks all of it at the end."""

    def __init__(self, node, megabytes, phases="fill,read", options=""):
        self.job = node.start_command(
            f"pagefill --mb {megabytes} --content mixed --phases {phases} --step {options}"
        )
        self.steps = len(phases.split(","))
        self.wait_step(1)

    def wait_step(self, number):
        wait_for_step(self.job, number, 180)
        assert self.job.running(), self.job.err

    def go_on(self):
        self.job.write("\n")

    def finish(self):
        self.job.write("\n" * self.steps)
        report = json.loads(self.job.wait(timeout=240).out.splitlines()[-1])
        assert report["bad_pages"] == 0 and report["sigbus_pages"] == 0
        assert report["pages_verified"] > 0
        return report

    def kill(self):
        self.job.kill(9)
        self.job.wait(check=False)


def pagefill(node, megabytes, options="", timeout=600):
    """Run pagefill to its end; its report. An error if a page was wrong."""
    out = node.run(f"pagefill --mb {megabytes} {options}", timeout=timeout).out
    report = json.loads(out.splitlines()[-1])
    assert report["bad_pages"] == 0 and report["pages_verified"] > 0
    return report
