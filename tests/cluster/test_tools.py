# SPDX-License-Identifier: GPL-2.0
"""ramsterctl and ramsterd as an admin uses them, on the real modules."""

import json

import pytest
import ramster
from vmlab import wait_until

CONF = "/etc/ramster.conf"


def describe(cluster, local_options="--allow-loss --insecure"):
    """Give every node the same nodes, as a user would."""
    for node in cluster:
        for other in cluster:
            node.run(f"ramsterctl add-node {other.name} {other.ip}")
        node.run(f"ramsterctl set-local {node.name} {local_options}")


def status(node):
    return json.loads(node.output("ramsterctl status --json"))


def state(node, name):
    return next(n["state"] for n in status(node)["nodes"] if n["name"] == name)


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
    wait_until(lambda: state(a, "b") == state(b, "a") == "up", "both nodes to be up", 60)
    b.run("ramsterctl down")
    wait_until(lambda: state(a, "b") != "up", "a to notice", 60)
    a.run("ramsterctl down --unload")
    nothing_is_left(a)
    assert not a.exists("/sys/module/tmem") and not a.exists("/run/ramsterd.pid")


def swap_to_b(pair, phases):
    """A program on a, stepping through these phases, some of whose pages lie on b."""
    a = pair["a"]
    describe(pair)
    for node in pair:
        node.run("ramsterctl up")
    wait_until(lambda: state(a, "b") == "up", "b to be up", 60)
    ramster.set_zcache(a, max_pool_percent=10)
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
