# SPDX-License-Identifier: GPL-2.0
"""The cluster key as an admin makes and replaces it; and nothing tells it afterwards."""

import base64
import json

import pytest
import ramster
from ctl import state_of
from vmlab import wait_until

CONF = "/etc/ramster.conf"
KEY_FILE = "/etc/ramster.key"
SETTINGS = (
    "zcache = { max_pool_percent = 10; }; "
    'devices = ( { name = "frontswap0"; size = "512M"; } );'
)


def keys_of(node):
    return node.read(KEY_FILE).split()


def copy_key(source, others):
    text = source.read(KEY_FILE)
    for node in others:
        node.run(f"umask 077; : >{KEY_FILE}")
        node.write(KEY_FILE, text)


def key_ids(node):
    return node.read("/sys/kernel/config/ramster/ramster/key_ids").split()


def reload(node, ids):
    """As systemd does; until the node has so many keys."""
    node.run("kill -HUP $(cat /run/ramsterd.pid)")
    wait_until(lambda: len(key_ids(node)) == ids, f"{node.name} to have {ids} keys", 30)


def spellings(key):
    """Of the key's bytes: hex in both cases, base64 at each alignment, and the bytes themselves."""
    raw = bytes.fromhex(key)
    yield key.lower().encode()
    yield key.upper().encode()
    for shift in range(3):
        # What of base64 does not depend on what stands beside it
        coded = base64.b64encode(bytes(shift) + raw)
        yield coded[4 if shift else 0:-4]
    yield raw


def tells(text, key):
    """Is there a third of the key in it, in any spelling, wherever that begins?"""
    for spelling in spellings(key):
        part = len(spelling) // 3
        if any(spelling[i:i + part] in text for i in range(len(spelling) - part + 1)):
            return True
    return False


def wait_up(a, b):
    wait_until(lambda: state_of(a, "b") == state_of(b, "a") == "up", "both to be up", 60)


def connects(node):
    return ramster.counter(node, "ramster", "connects")


@pytest.fixture
def daemons(make_cluster):
    """Two nodes with a key; what each ramsterd says is its job's."""
    cluster = make_cluster("ab", each={"a": {"ram": 128}, "b": {"ram": 256}})
    a, b = cluster
    a.run("ramsterctl genkey")
    copy_key(a, [b])
    for node in cluster:
        for other in cluster:
            node.run(f"ramsterctl add-node {other.name} {other.ip}")
        node.run(f"ramsterctl set-local {node.name} --allow-loss")
        node.run(f"echo '{SETTINGS}' >>{CONF}")
        node.daemon = node.start_command("exec ramsterd --foreground")
    for node in cluster:
        wait_until(lambda n=node: "/dev/frontswap0" in n.read("/proc/swaps"), "swap", 60)
    wait_up(a, b)
    yield cluster


def rotate(a, b):
    """All that docs/SECURITY.md says, while a program's pages move; all keys there ever were."""
    keys = keys_of(a)
    before = connects(a)
    a.run("ramsterctl rotate-key")
    assert len(keys_of(a)) == 2 and keys_of(a)[1:] == keys
    keys = keys_of(a)
    copy_key(a, [b])
    reload(b, 2)
    reload(a, 2)
    assert connects(a) == before, "a connection ended too soon"
    a.run("ramsterctl rotate-key --finish")
    assert keys_of(a) == keys[:1]
    copy_key(a, [b])
    reload(a, 1)
    reload(b, 1)
    wait_until(lambda: connects(a) > before, "a connection with the new key", 60)
    wait_up(a, b)
    assert key_ids(a) == key_ids(b)
    return keys


@pytest.mark.slow
def test_the_key_is_replaced_while_pages_move_and_nothing_tells_it(daemons):
    a, b = daemons
    program = a.start_command("pagefill --mb 150 --content real --phases fill,rewrite=40,read")
    wait_until(lambda: ramster.counter(a, "ramster", "pages_fetched") > 100 or not program.running(),
               "pages to go and come", 120)
    keys = rotate(a, b)
    assert program.running(), "all was over before the key was replaced"
    fetched = ramster.counter(a, "ramster", "pages_fetched")
    report = json.loads(program.wait(timeout=600).out.splitlines()[-1])
    assert report["bad_pages"] == 0 and report["pages_verified"] > 0
    assert ramster.counter(a, "ramster", "pages_fetched") > fetched
    assert ramster.lost_pages(a) == 0

    said = {node: node.output("ramsterctl status --json && ramsterctl stats --json && ramsterctl list-nodes --json")
            for node in daemons}
    # A node that only has what was the key is not let in
    refused = ramster.counter(b, "ramster", "hellos_unproven")
    a.write(KEY_FILE, keys[1] + "\n")
    reload(a, 1)
    wait_until(lambda: ramster.counter(b, "ramster", "hellos_unproven") > refused, "b to refuse a", 60)
    a.write(KEY_FILE, keys[0] + "\n")
    reload(a, 1)
    wait_up(a, b)

    assert tells(f"key: {keys[1]}\n".encode(), keys[1])
    for node in daemons:
        node.daemon.kill()
    for node in daemons:
        assert node.daemon.wait().status == 0
        output = bytes(node.daemon.out + node.daemon.err)
        assert b"is applied" in output and b"stopped" in output
        log = node.log.path.read_bytes() + node.output("dmesg").encode()
        assert b"ramster: " in log
        for key in keys:
            assert not tells(output, key) and not tells(log, key) and not tells(said[node].encode(), key)
    for node in daemons:
        ramster.unload(node)
