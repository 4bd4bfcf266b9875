# SPDX-License-Identifier: GPL-2.0
"""What may befall a cluster, one fault a function; each undoes what it did.

The tests of single faults and the soak use the same ones. What a Node or a Link
can suffer by itself (freeze, kill, cut) is in vmlab.
"""

import random
import re
import time
from contextlib import contextmanager

from vmlab import CommandFailed, wait_until

# What Linux' own network emulator does to the frames that a node sends
NETEM = {
    "loss": "loss 5%",
    "delay": "delay 50ms 40ms",
    "duplicate": "duplicate 10%",
    "reorder": "delay 10ms reorder 25% 50%",
    "corrupt": "corrupt 2%",
    "rate": "rate 1mbit",
}


@contextmanager
def netem(node, what):
    """A bad network card: what is one of NETEM, or in tc's own words."""
    how = NETEM.get(what, what)
    node.run(f"modprobe sch_netem && tc qdisc replace dev eth0 root netem {how}")
    try:
        yield
    finally:
        node.run("tc qdisc del dev eth0 root")


def netem_frames(node):
    """How many frames netem has had its hands on."""
    words = node.output("tc -s qdisc show dev eth0").split()
    return int(words[words.index("pkt") - 1])


# What a disk behind device-mapper may do; {} is the real one. All of "errors" fails, reads, too
DISK = {
    "slow": "delay {} 0 100",
    "write_errors": "flakey {} 0 0 3600 1 error_writes",
    "read_errors": "flakey {} 0 0 3600 1 error_reads",
    "errors": "error",
}
DM_DISK = "/dev/dm-0"
DISK_LINES = "I/O error|Write-error on swap-device|could not be written to"  # of the log, meanwhile


def _dm_table(disk, target):
    return f"--table \"0 $(blockdev --getsz {disk}) {target.format(disk)}\""


def make_dm_disk(node, disk):
    """DM_DISK, which is disk as long as nothing befalls it."""
    node.run(
        "modprobe -a dm-mod dm-delay dm-flakey && "
        f"dmsetup create --noudevsync disk {_dm_table(disk, 'linear {} 0')}"
    )


def can_be(node, disk, what):
    """Is there such a disk on this kernel? The oldest cannot fail reads alone."""
    command = f"dmsetup load disk {_dm_table(disk, DISK[what])} && dmsetup clear disk"
    return not node.run(command, check=False).status


def set_dm_disk(node, disk, target="linear {} 0"):
    node.run(
        f"dmsetup load disk {_dm_table(disk, target)} && "
        "dmsetup suspend --noudevsync --noflush disk && dmsetup resume --noudevsync disk"
    )


@contextmanager
def bad_disk(node, disk, what):
    """DM_DISK is a disk such as DISK says."""
    set_dm_disk(node, disk, DISK[what])
    try:
        yield
    finally:
        set_dm_disk(node, disk)


def swaps(node):
    """Of each swap: its MB, and how many of them are used."""
    lines = [line.split() for line in node.read("/proc/swaps").splitlines()[1:]]
    return {path: (int(size) >> 10, int(used) >> 10) for path, _, size, used, _ in lines}


@contextmanager
def full_swap(node, spare):
    """Zeros take all slots that are free, and then some of a spare disk: how many MB of it."""
    node.run(f"mkswap {spare} && swapon -p 1 {spare} && mount -t tmpfs -o size=4G none /mnt")

    def is_full():
        node.run("head -c 16M /dev/zero >>/mnt/zeros")
        return swaps(node)[spare][1]

    try:
        yield wait_until(is_full, "the swap to be full", 300, 0)
    finally:
        node.run(f"umount /mnt && swapoff {spare}", timeout=300)


@contextmanager
def cut(links):
    """These links lose all frames; nobody is told."""
    for link in links:
        link.cut()
    try:
        yield
    finally:
        for link in links:
            link.restore()


def links_across(cluster, half):
    """The links between the nodes named in half and all others."""
    others = [node.name for node in cluster if node.name not in half]
    return [cluster.link(one, other) for one in half for other in others]


def partition(cluster, half):
    """The cluster falls into half (names) and the rest, which do not hear each other."""
    return cut(links_across(cluster, half))


def flap(link, times, seed=1, longest=0.4):
    """A link that comes and goes."""
    dice = random.Random(seed)
    for _ in range(times):
        with cut([link]):
            time.sleep(dice.uniform(0.05, longest))
        time.sleep(dice.uniform(0.05, longest))


@contextmanager
def frozen(node):
    """A node that stands still: its clock, too."""
    node.freeze()
    try:
        yield
    finally:
        node.thaw()


@contextmanager
def paused(node):
    """A node that stands still, but not its clock: its host has no CPU for it."""
    node.pause()
    try:
        yield
    finally:
        node.resume()


@contextmanager
def hung_daemon(node):
    """ramsterd does nothing any more, but is there."""
    node.run("kill -STOP $(cat /run/ramsterd.pid)")
    try:
        yield
    finally:
        node.run("kill -CONT $(cat /run/ramsterd.pid)")


def died(said):
    """The lines of stress-ng --verbose that tell of a child that a signal ended.

    It starts another one then, whatever the signal was, and its status is that of success.
    """
    return [line for line in said.splitlines() if re.search("child died|restarts: .*[1-9]", line)]


def stress(node, options, timeout):
    """Run stress-ng to its end; an error if what it reads is not what it wrote, or a child died."""
    job = node.start_command(f"cd /tmp && exec stress-ng {options} --verify --verbose 2>&1")
    lines = died(job.wait(timeout).out)
    if lines:
        raise CommandFailed(f"{node.name}: stress-ng: {lines}")


def eat_ram(node, megabytes, seconds):
    """A program there takes so much memory, touches all of it and checks it."""
    stress(
        node,
        f"--vm 1 --vm-bytes {megabytes}M --vm-keep --vm-populate --vm-method zero-one "
        f"--timeout {seconds}",
        120,
    )
