# SPDX-License-Identifier: GPL-2.0
"""What strangers, thieves and liars get: nothing, a counter, and a line in the log.

    a --- b        a swaps to b, honestly, all the while
    c ---/         has no modules: tests/rogue attacks b, or is a donor of a's
"""

import mmap

import pytest
import ramster
from ramster import Setup
from vmlab import Cluster, wait_until

MACHINES = {"a": {"ram": 160}, "b": {"ram": 448}, "c": {"ram": 160}}
READ_BACK = "head -c 8000000 /mnt/file | sha256sum"
FILL = "--content real --phases fill,read,rewrite=30,touch=20"


def rogue(node, other, *words, timeout=120):
    """Run an attack from node on other; an error if other did not take it as it should."""
    who = f"--self {node.number} --to {other.number} --cluster {ramster.CLUSTER}"
    return node.run(
        f"rogue {who} --key {ramster.KEY} owner {other.ip} {' '.join(map(str, words))}", timeout
    ).out


def secure(node, name):
    return ramster.counter(node, "ramster", name)


# --- attacks on a donor that serves an honest owner ---


@pytest.fixture(scope="module")
def victim():
    """a swaps to b; c is a member that b knows."""
    with Cluster("abc", name="test_security", each=MACHINES) as cluster:
        cluster.boot()
        a, b, c = cluster
        for node in (a, b):
            ramster.load(node)
        ramster.set_zcache(a, max_pool_percent=10)
        ramster.join(a, [b])
        ramster.join(b, [a, c])
        ramster.connect(a, b)
        ramster.wait_state(a, b, "up")
        ramster.swap_on(a, ramster.make_device(a, size="512M", **ramster.ONE_COPY))
        a.run("mount -t tmpfs -o size=200M none /mnt; head -c 8000000 </dev/urandom >/mnt/file")
        cluster.sum = a.output(READ_BACK)
        a.run("head -c 130000000 </dev/urandom >>/mnt/file", timeout=300)
        assert ramster.counter(b, "ramster", "foreign_pages") > 5000
        yield cluster


@pytest.fixture
def unharmed(victim):
    """What is honest goes on: the connections of a to b stay, and no log has a complaint."""
    a, b, _ = victim
    before = secure(a, "disconnects")
    victim.marks = {node: node.log.mark() for node in victim}
    yield victim
    assert secure(a, "disconnects") == before
    assert secure(b, "owners_connected") == 2
    assert a.output(READ_BACK) == victim.sum
    assert ramster.lost_pages(a) == 0
    victim.check_logs()


# attack: which counter of the donor's it is, and what its log says
ATTACKS = {
    "wrong-key": ("hellos_unproven", "was refused: it does not prove the cluster key"),
    "wrong-proof": ("hellos_unproven", "was refused: it does not prove the cluster key"),
    "no-key": ("hellos_unproven", "was refused: it does not prove the cluster key"),
    "downgrade": ("hellos_unproven", "was refused: it does not prove the cluster key"),
    "replayed-hello": ("frames_forged", "is not authentic: the connection is ended"),
    "replayed-frame": ("frames_forged", "is not authentic: the connection is ended"),
    "bit-flip-in-header": ("frames_forged", "is not authentic: the connection is ended"),
    "bit-flip-in-payload": ("frames_forged", "is not authentic: the connection is ended"),
    "truncated-frame": ("frames_forged", "is not authentic: the connection is ended"),
    "oversized-frame": ("protocol_errors", "is malformed (-90): the connection is ended"),
    "oversized-hello": ("protocol_errors", "is malformed (-90): the connection is ended"),
    "slow-loris": ("handshakes_late", "is ended: no handshake within"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack(unharmed, attack):
    _, b, c = unharmed
    counter, line = ATTACKS[attack]
    before = secure(b, counter)
    rogue(c, b, attack, 60)
    assert secure(b, counter) == before + 1
    log = b.log.since(unharmed.marks[b])
    assert line in log and c.ip in log, log


def test_foreign_pool(unharmed):
    """Another owner's slots are not there for us, and are not flushed by us."""
    _, b, c = unharmed
    before = secure(b, "foreign_pages"), secure(b, "donor_gets_missed")
    assert before[0] > 1000
    rogue(c, b, "foreign-pool", 8192)
    assert secure(b, "donor_gets_missed") == before[1] + 2 * 8192
    assert secure(b, "foreign_pages") > before[0] // 2


def test_frames_that_make_no_sense(unharmed):
    """Random and mutated frames with right tags, and some without, from one who has the key."""
    _, b, c = unharmed
    rogue(c, b, "fuzz", 20000, timeout=300)
    assert secure(b, "protocol_errors") > 10


@pytest.mark.slow
def test_connection_flood(unharmed):
    """Hundreds at once: few are open at a time, then none for a while, and nodes get in."""
    a, b, c = unharmed
    before = {name: secure(b, name) for name in ("accepts_limited", "accepts_penalised")}
    rogue(c, b, "flood", 300)
    assert secure(b, "accepts_limited") > before["accepts_limited"] + 100
    log = b.log.since(unharmed.marks[b])
    assert "is refused: too many are in their handshake" in log
    wait_until(lambda: not try_again(c, b), "the flood to have ended", 60)
    rogue(c, b, "flood", 60)
    assert secure(b, "accepts_penalised") > before["accepts_penalised"]
    assert "are refused for a while" in b.log.since(unharmed.marks[b])
    wait_until(lambda: try_again(c, b), "the penalty to be over", 120)


def try_again(node, other):
    """Can somebody at node's address shake hands again?"""
    who = f"--self {node.number} --to {other.number} --cluster {ramster.CLUSTER}"
    return node.run(
        f"rogue {who} --key {ramster.KEY} owner {other.ip} replayed-frame", check=False
    ).status == 0


# --- donors that lie ---


def start_donor(node, mode):
    who = f"--self {node.number} --cluster {ramster.CLUSTER} --key {ramster.KEY}"
    job = node.start_command(f"rogue {who} donor {mode}")
    job.wait_for_line("ready")
    return job


def bring_up_owner(cluster, donors, **settings):
    """a swaps to these; the kernel's donors and rogue ones alike."""
    a = cluster["a"]
    ramster.load(a)
    ramster.set_zcache(a, max_pool_percent=10)
    ramster.join(a, donors, **settings)
    for donor in donors:
        ramster.connect(a, donor)
        ramster.wait_state(a, donor, "up")
    ramster.swap_on(a, ramster.make_device(a, size="512M", **ramster.ONE_COPY))
    return a


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["stale", "flip", "other"])
def test_donor_returns_another_page(make_cluster, mode):
    """With a second copy elsewhere the program sees none of it; the liar gets no more pages."""
    cluster = make_cluster("abc", each=MACHINES)
    _, b, c = cluster
    ramster.load(b)
    ramster.join(b, [cluster["a"]])
    start_donor(c, mode)
    a = bring_up_owner(cluster, [b, c], replicas=2)
    ramster.pagefill(a, 170, FILL)
    assert secure(a, "seal_failures") > 0
    assert ramster.lost_pages(a) == 0
    assert ramster.state(a, c) == "suspect"
    log = a.log.text()
    assert "node c (3) returned for slot" in log and "up -> suspect" in log


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["unproven", "no-key"])
def test_donor_without_the_key(make_cluster, mode):
    cluster = make_cluster("ac", each=MACHINES)
    a, c = cluster
    start_donor(c, mode)
    ramster.load(a)
    ramster.join(a, [c], reconnect_ms=100)
    ramster.connect(a, c)
    wait_until(lambda: secure(a, "hellos_unproven") > 2, "the handshakes to fail", 60)
    assert secure(a, "connects") == 0
    assert "is not connected to: its answer does not prove the cluster key" in a.log.text()


@pytest.mark.slow
def test_donor_that_babbles(make_cluster):
    """Frames with right tags that make no sense: connections end, pages stay right."""
    cluster = make_cluster("abc", each=MACHINES)
    _, b, c = cluster
    ramster.load(b)
    ramster.join(b, [cluster["a"]])
    start_donor(c, "fuzz")
    a = bring_up_owner(cluster, [b, c], replicas=2, reconnect_ms=100)
    ramster.pagefill(a, 150, FILL)
    assert ramster.lost_pages(a) == 0
    assert secure(a, "disconnects") > 2


# --- keys ---


def key_ids(node):
    return node.read(f"{ramster.settings_folder()}/key_ids").split()


def set_keys(node, *keys):
    node.write(f"{ramster.settings_folder()}/key", "\n".join(keys) + "\n")


@pytest.mark.slow
def test_key_is_replaced_while_pages_move(make_cluster):
    """New and old accepted, then only the new one: nobody is down, nothing is lost."""
    new = "c4" * 32
    cluster = make_cluster("ab", each=MACHINES)
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, pool_percent=10).bring_up()
    program = a.start_command(f"pagefill --mb 170 {FILL},touch=60")
    for node in cluster:
        set_keys(node, new, ramster.KEY)
        assert len(key_ids(node)) == 2
    assert secure(a, "disconnects") == 0
    for node in cluster:
        set_keys(node, new)
    ramster.wait_state(a, b, "up")
    wait_until(lambda: secure(a, "connects") == 2, "a new connection", 60)
    assert '"bad_pages": 0' in program.wait(timeout=600).out
    assert "down" not in [line.split(": ")[-2] for line in a.log.text().splitlines()
                          if "node b (2): " in line]
    assert len(set(key_ids(a) + key_ids(b))) == 1
    setup.take_down()


def test_without_a_key_only_loopback(make_cluster):
    cluster = make_cluster("a", ram=160)
    a = cluster["a"]
    ramster.load(a)
    folder = f"{ramster.settings_folder()}/node/a"
    ramster.write(a, folder, num=1, address=a.ip)
    assert a.run(f"echo 1 >{folder}/local", check=False).status
    assert "beyond loopback and the cluster has no key" in a.log.text()
    a.write(f"{folder}/address", "127.0.0.1\n")
    a.write(f"{folder}/local", "1\n")
    a.write(f"{folder}/local", "0\n")
    a.write(f"{folder}/address", f"{a.ip}\n")
    a.write(f"{ramster.settings_folder()}/insecure", "1\n")
    a.write(f"{folder}/local", "1\n")
    ramster.leave(a)
    ramster.unload(a)


# --- what a listener and the donor see ---

SECRET = b"swordfish-ostrich"


def is_in(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(SECRET) >= 0


@pytest.mark.slow
@pytest.mark.parametrize("seal", ["on", "off"])
def test_contents_of_pages_are_on_no_wire_and_at_no_donor(make_cluster, tmp_path, seal):
    """All of a's frames, and all of b's RAM. Unsealed it is there: that is how we know it would be found."""
    wire, ram = tmp_path / "wire.pcap", tmp_path / "ram.elf"
    capture = ["-object", f"filter-dump,id=dump,netdev=lan,file={wire}"]
    cluster = make_cluster("ab", each={"a": {"ram": 160, "qemu": capture}, "b": {"ram": 256}})
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, pool_percent=10, seal=seal, lend_max_mb=150).bring_up()
    a.run("mount -t tmpfs -o size=200M none /mnt")
    a.run(f"seq -f '{SECRET.decode()} %012.0f' 1 5000000 | head -c 150000000 >/mnt/secret",
          timeout=300)
    assert secure(a, "pages_remotified") > 3000
    b.qmp("dump-guest-memory", paging=False, protocol=f"file:{ram}")
    in_the_clear = seal == "off"
    assert is_in(wire) == in_the_clear
    assert is_in(ram) == in_the_clear
    a.run("umount /mnt")
    setup.take_down()
