# SPDX-License-Identifier: GPL-2.0
"""ramsterctl and ramsterd as an admin uses them, on the real modules."""

import json
import re

import pytest
import ramster
from ctl import device_of, state_of, status, status_of
from ramster import Filler
from vmlab import wait_until

CONF = "/etc/ramster.conf"


def describe(cluster, local_options="--allow-loss --insecure"):
    """Give every node the same nodes, as a user would."""
    for node in cluster:
        for other in cluster:
            node.run(f"ramsterctl add-node {other.name} {other.ip}")
        node.run(f"ramsterctl set-local {node.name} {local_options}")


def refused(node, command, says, code):
    result = node.run(command, check=False)
    assert result.status == code, result.err
    assert says in result.err and result.err.count("\n") == 1


def nothing_is_left(node):
    assert "frontswap" not in node.read("/proc/swaps")
    assert node.output("find /sys/kernel/config -mindepth 2") == ""


@pytest.fixture
def pair(make_cluster):
    return make_cluster("ab", ram=256)


@pytest.fixture
def alone(make_cluster):
    node = make_cluster("a", ram=256, disks={"swap": "64M", "other": "64M"})["a"]
    node.run(f"ramsterctl add-node a {node.ip} && ramsterctl set-local a --insecure")
    return node


def test_three_commands_and_two_nodes_share_their_memory(pair):
    a, b = pair["a"], pair["b"]
    describe(pair)
    a.run("ramsterd")
    b.run("ramsterctl up")
    assert "/dev/frontswap0" in a.read("/proc/swaps")
    wait_until(lambda: state_of(a, "b") == state_of(b, "a") == "up", "both nodes to be up", 60)
    b.run("ramsterctl down")
    wait_until(lambda: state_of(a, "b") != "up", "a to notice", 60)
    a.run("ramsterctl down --unload")
    nothing_is_left(a)
    assert not a.exists("/sys/module/tmem") and not a.exists("/run/ramsterd.pid")


def bring_up(cluster, device="", local_options="--allow-loss --insecure"):
    """All nodes; a, whose device that is, can use the others."""
    a = cluster["a"]
    describe(cluster, local_options)
    if device:
        a.run(f"echo 'devices = ( {{ name = \"frontswap0\"; {device} }} );' >>{CONF}")
    for node in cluster:
        node.run("ramsterctl up")
    wait_until(
        lambda: {n["state"] for n in status(a)["nodes"]} == {"local", "up"}, "all to be up", 60
    )
    ramster.set_zcache(a, max_pool_percent=10)


def swap_to_b(pair, phases):
    """A program on a, stepping through these phases, some of whose pages lie on b."""
    a = pair["a"]
    bring_up(pair)
    program = a.start_command(f"pagefill --mb 260 --content mixed --phases {phases} --step")
    wait_until(lambda: status(a)["devices"][0]["remote"] > 1000, "pages to lie on b", 120)
    return program


@pytest.mark.slow
def test_down_keeps_what_others_have_here(pair):
    a, b = pair["a"], pair["b"]
    job = swap_to_b(pair, "fill")
    refused(a, "ramsterctl down", "are swapped out and only", 1)
    assert "pages of other nodes lie here" in b.run("ramsterctl down", check=False).err
    job.kill(9)
    job.wait(check=False)
    a.run("ramsterctl down")
    b.run("ramsterctl down")
    nothing_is_left(a)
    nothing_is_left(b)


def nodes_of(node):
    """Those in the file, those in the kernel, and how the latter are used."""
    listed = json.loads(node.output("ramsterctl list-nodes --json"))["nodes"]
    folder = "/sys/kernel/config/ramster/ramster/node"
    used = node.output(f"grep . {folder}/*/connect {folder}/*/drain")
    return {n["name"] for n in listed}, set(node.output(f"ls {folder}").split()), used


@pytest.mark.slow
def test_an_interrupted_remove_node_changes_both_or_neither(pair):
    """The file and the kernel; in the midst of moving pages, and at any other moment."""
    a = pair["a"]
    program = swap_to_b(pair, "fill,read")
    before = nodes_of(a)
    moving = a.start_command("exec ramsterctl remove-node b --timeout 600")
    wait_until(lambda: b"pages to go" in moving.err or not moving.running(), "pages to move", 60)
    moving.kill(2)
    ended = moving.wait(check=False)
    assert ended.status == 1 and "SIGINT came" in ended.err, ended.err
    assert nodes_of(a) == before
    program.kill(9)
    program.wait(check=False)

    ends = set()
    for after_s in (0.05, 0.2, 0.4, 0.8, 1.6):
        ended = a.run(f"timeout -s INT {after_s} ramsterctl remove-node b", check=False)
        listed, running, used = nodes_of(a)
        assert listed == running, f"{ended.err} after {after_s} s"
        if "b" in running:
            assert (listed, running, used) == before
        else:
            a.run(f"ramsterctl add-node b {pair['b'].ip}")
            assert nodes_of(a) == before
        ends.add("b" in running)
    assert False in ends, "it was never fast enough"
    for node in pair:
        node.run("ramsterctl down")


def read_from_donors(make_cluster, names, *how):
    """A cluster, brought up so, and a program on a that reads pages that lie on b and others."""
    donors = dict.fromkeys(names[1:], {"ram": 256})
    cluster = make_cluster(names, each={"a": {"ram": 112, "disks": {"swap": "512M"}}, **donors})
    a = cluster["a"]
    bring_up(cluster, *how)
    filler = Filler(a, 84, "fill,touch=40,read")
    wait_until(lambda: status_of(a, "b")["pages_remote"] > 1000, "pages to lie on b", 60)
    filler.go_on()
    return cluster, filler


def copies_gone(node):
    """With how many copies of its pages b was removed, as the kernel log has it."""
    said = re.search(r"node b \(\d+\) was removed with (\d+) copies", node.output("dmesg"))
    return int(said.group(1)) if said else 0


def loss_lines(node):
    return [line for line in node.output("dmesg").splitlines() if "pages lost" in line]


def check_nothing_was_missed(node):
    assert ramster.lost_pages(node) == ramster.counter(node, "zcache", "loads_unanswered") == 0
    assert not loss_lines(node)


@pytest.mark.slow
def test_a_node_is_removed_when_its_pages_have_moved(make_cluster):
    """There is one copy of each; a program reads them meanwhile."""
    cluster, filler = read_from_donors(make_cluster, "abc", 'size = "512M";')
    a = cluster["a"]
    a.run("ramsterctl remove-node b --timeout 300", timeout=330)
    cluster["b"].kill()
    filler.wait_step(2)
    filler.finish()
    assert copies_gone(a) == 0
    check_nothing_was_missed(a)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names, device",
    [("abc", 'backing = "/dev/vdc";'), ("abcd", 'size = "512M"; replicas = 2;')],
    ids=["disk", "replicas"],
)
def test_a_node_that_is_removed_by_force_takes_no_page_with_it(make_cluster, names, device):
    """Each is elsewhere, too, and soon as safe as it was: then one more donor may die."""
    cluster, filler = read_from_donors(make_cluster, names, device, "--insecure")
    a = cluster["a"]
    a.run("ramsterctl remove-node b --force")
    assert copies_gone(a) > 1000
    listed, running, _ = nodes_of(a)
    assert listed == running == set(names) - {"b"}
    filler.wait_step(2)
    ramster.wait_repaired(a)
    ramster.check_pages(a)
    cluster["c"].kill()
    wait_until(lambda: state_of(a, "c") == "down", "c to be missed", 60)
    filler.finish()
    check_nothing_was_missed(a)


STORE = "dd if=/corpus of=/dev/frontswap1 bs=64k count=64 oflag=direct"
CORPUS = "head -c 4M /corpus"
# Zeros stand for a page that cannot be read
READ = "dd if=/dev/frontswap1 bs=4k count=1024 iflag=direct conv=noerror,sync 2>/tmp/said"


def digests(node, command):
    """Of each page that this prints."""
    node.run(f"mkdir -p /tmp/pages && cd /tmp/pages && rm -f * && {command} | split -b 4k -a 4 -d")
    return node.output("cd /tmp/pages && sha256sum *").split()[::2]


def wait_away(node):
    """All pages of the second device are with donors, but those that one word fills."""

    def are_away():
        device = device_of(node, 1)
        same_filled = ramster.counter(node, "zcache", "same_filled_pages")
        return device["local"] <= same_filled and not device["in_flight"]

    wait_until(are_away, "all pages to be away", 60)


@pytest.mark.slow
def test_pages_that_a_node_alone_has_are_given_up_by_force_only(make_cluster):
    """It is away, and so not removed: that many would be lost. By force they are, and no others."""
    cluster = make_cluster("abc", ram=256)
    a, b, _ = cluster
    bring_up(cluster)
    ramster.make_device(a, 1, size="64M", **ramster.ONE_COPY)
    ramster.set_zcache(a, age_out_s=1)
    a.run(STORE)
    wait_away(a)
    there = status_of(a, "b")["pages_remote"]
    assert min(there, status_of(a, "c")["pages_remote"]) > 100
    refused(b, "ramsterctl remove-node a", f"of this node, and this node {there} of its", 1)

    cluster.link("a", "b").cut()
    wait_until(lambda: state_of(a, "b") == "down", "b to be missed", 60)
    before = nodes_of(a)
    ended = a.run("ramsterctl remove-node b --timeout 3", check=False)
    assert ended.status == 1
    assert f"{there} pages are left after 3 s; it is down, and nobody else has them" in ended.err
    assert nodes_of(a) == before and ramster.lost_pages(a) == 0

    a.run("ramsterctl remove-node b --force")
    assert copies_gone(a) == ramster.lost_pages(a) == there
    wait_until(lambda: loss_lines(a), "the loss to be told of", 30)
    stored, back = digests(a, CORPUS), digests(a, READ)
    errors = int(a.output("grep -c 'Input/output error' /tmp/said"))
    differ = sum(one != other for one, other in zip(stored, back, strict=True))
    assert errors == differ == there
    assert len(loss_lines(a)) == 1 and ramster.lost_pages(a) == there
    assert f"frontswap1: {there} pages lost, slot" in loss_lines(a)[0]
    assert "was removed, and there is no other copy" in loss_lines(a)[0]
    a.run(STORE)
    assert digests(a, READ) == stored
    ramster.remove_device(a, 1)
    a.run("ramsterctl down --unload")
    nothing_is_left(a)


def test_a_daemon_that_dies_is_replaced_while_paging_goes_on(alone):
    alone.run("ramsterd && kill -9 $(cat /run/ramsterd.pid)")
    assert "/dev/frontswap0" in alone.read("/proc/swaps")
    alone.run("ramsterd && ramsterctl check")
    alone.run("kill -TERM $(cat /run/ramsterd.pid)")
    wait_until(lambda: not alone.exists("/run/ramsterd.pid"), "ramsterd to end", 30)
    nothing_is_left(alone)


def test_sighup_applies_a_good_file_and_leaves_a_bad_one(alone):
    folder = "/sys/kernel/config/ramster/ramster"
    alone.run("ramsterd")
    alone.run(f"sed -i 's/cluster = {{/cluster = {{ dead_ms = 20000;/' {CONF}")
    alone.run("kill -HUP $(cat /run/ramsterd.pid)")
    wait_until(lambda: alone.read(f"{folder}/dead_ms") == "20000\n", "the change", 10)
    alone.run(f"sed -i 's/dead_ms = 20000/dead_ms = 30000; suspect_ms = 40000/' {CONF}")
    alone.run("kill -HUP $(cat /run/ramsterd.pid)")
    refused(alone, "ramsterctl up", "dead_ms must be the longer one", 3)
    assert alone.read(f"{folder}/dead_ms") == "20000\n"
    alone.run("ramsterctl down")


def test_backing_devices_that_will_not_do(alone):
    swap, other = alone.disk("swap"), alone.disk("other")
    text = alone.read(CONF)

    def back(fields):
        alone.write(CONF, text + f'devices = ( {{ name = "frontswap0"; {fields} }} );\n')

    back(f'backing = "{swap}"; size = "1G";')
    refused(alone, "ramsterctl up", "which is too small; it must have 1G or more", 3)
    alone.run(f"mkswap {swap} && swapon {swap}")
    back(f'backing = "{swap}";')
    refused(alone, "ramsterctl up", "is in use as swap", 3)
    alone.run(f"swapoff {swap} && mke2fs -q {other} && mkdir /tmp/m && mount {other} /tmp/m")
    back(f'backing = "{other}";')
    refused(alone, "ramsterctl up", "is mounted at /tmp/m", 3)
    alone.run("umount /tmp/m")
    refused(alone, "ramsterctl up", "holds something that is not swap", 3)
    assert not alone.exists("/sys/module/tmem")
    back(f'backing = "{swap}";')
    alone.run("ramsterctl up && ramsterctl down")
    nothing_is_left(alone)


def test_an_address_of_another_machine_changes_nothing(alone):
    alone.run("ramsterctl up")
    before = alone.read("/proc/swaps")
    alone.run(f"sed -i 's/{alone.ip}/192.0.2.1/' {CONF}")
    refused(alone, "ramsterctl up", "address 192.0.2.1 of node \"a\" is not this machine's", 1)
    assert alone.read("/proc/swaps") == before
    alone.run("ramsterctl down")
