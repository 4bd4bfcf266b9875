# SPDX-License-Identifier: GPL-2.0
"""What strangers, thieves and liars get: nothing, a counter, and a line in the log.

    a --- b        a swaps to b, honestly, all the while
    c ---/         has no modules: tests/rogue attacks b, or is a donor of a's
"""

import base64
import itertools
import os
import random
import re
import subprocess
import time
from collections import Counter
from contextlib import contextmanager

import pytest
import ramster
from attack import SEED, rogue, start_donor, start_rogue
from ramster import Setup
from vmlab import Cluster, wait_until
from vmlab.node import CPU
from vmlab.paths import Kernel, default_kernel

# Who is not attacked need not be slowed down by what checks its kernel
PLAIN = default_kernel()
MACHINES = {
    "a": {"ram": 160, "kernel": PLAIN},
    "b": {"ram": 448, "cpus": 2},
    "c": {"ram": 160, "kernel": PLAIN},
}
OTHER = 4  # the number of a node that is not there
READ_BACK = "head -c 2000000 /mnt/file | sha256sum"
SMALL = "/sys/fs/cgroup/small"
IN_SMALL = f"echo $$ >{SMALL}/cgroup.procs"
# Fails if not quite as much can be reclaimed
PUSH_OUT = f"{{ echo 12M >{SMALL}/memory.reclaim || :; }} 2>/dev/null"

# For a long run: RAMSTER_FUZZ_FRAMES=1000000
FUZZ_FRAMES = int(os.environ.get("RAMSTER_FUZZ_FRAMES", "20000"))
FUZZ_ROUND = 25000
FUZZ_TIMEOUT = 300 + FUZZ_FRAMES // 50
# Seconds in which an honest reader leaves the donor's CPU to the frames of a long run
READER_RESTS = max(0, FUZZ_FRAMES - 50000) // 10000


def fast(chosen, values):
    """These values of a parameter, of which only the chosen ones are in the short run."""
    return [v if v in chosen else pytest.param(v, marks=pytest.mark.slow) for v in values]


def secure(node, name):
    return ramster.counter(node, "ramster", name)


def lend(a, b, known_to_a, known_to_b, pool_percent=10, **settings):
    """b lends its RAM to a, whose settings these are."""
    for node in (a, b):
        ramster.load(node)
    ramster.set_zcache(a, max_pool_percent=pool_percent)
    ramster.join(b, known_to_b)
    ramster.join(a, known_to_a, **settings)
    ramster.connect(a, b)
    ramster.wait_state(a, b, "up")


# --- attacks on a donor that serves an honest owner ---


@pytest.fixture(scope="module")
def victim():
    """a swaps to b; c is a member that b knows."""
    with Cluster("abc", name="test_security", each=MACHINES) as cluster:
        cluster.boot()
        a, b, c = cluster
        lend(a, b, known_to_a=[b], known_to_b=[a, c], pool_percent=1)
        ramster.swap_on(a, ramster.make_device(a, size="512M", **ramster.ONE_COPY))
        a.run("mount -t tmpfs -o size=480M none /mnt")
        # In a cgroup, all of which is reclaimed before each time that it is read
        ramster.mount_cgroups(a)
        a.run(f"mkdir {SMALL}; {IN_SMALL}; head -c 12000000 </dev/urandom >/mnt/file", timeout=600)
        cluster.sum = a.output(READ_BACK)
        a.run(PUSH_OUT, timeout=600)
        # Another number for c, as which it attacks what it has stored as itself
        ramster.write(b, f"{ramster.settings_folder()}/node/d", num=OTHER, address="10.77.0.99")
        wait_until(lambda: secure(b, "foreign_pages") > 1000, "pages to come to b", 300)
        yield cluster


@contextmanager
def reading(cluster):
    """a reads its pages back all the while, gets on, and each time they are what they were."""
    a = cluster["a"]
    a.run("rm -f /tmp/stop; : >/tmp/rounds")
    reader = a.start_command(
        f"{IN_SMALL}; until [ -e /tmp/stop ]; do {PUSH_OUT};"
        f" [ \"$({READ_BACK})\" = '{cluster.sum}' ] || exit 1; echo >>/tmp/rounds;"
        f" sleep {READER_RESTS}; done"
    )

    def rounds():
        return a.read("/tmp/rounds").count("\n")

    try:
        wait_until(lambda: rounds() > 0, "a to read its pages once", 120)
        fetched, end = secure(a, "pages_fetched"), time.monotonic() + 120
        yield
        # A short attack may end between two pages of a slow machine
        left = max(1, end - time.monotonic())
        wait_until(lambda: secure(a, "pages_fetched") > fetched, "a page to come meanwhile", left)
        then = rounds()
        wait_until(lambda: rounds() > then, "a to read its pages again", 120)
    finally:
        a.write("/tmp/stop", "")
    assert reader.wait(timeout=120).status == 0


@pytest.fixture
def unharmed(victim):
    """What is honest goes on: a reads, its connections to b stay, and no log has a complaint."""
    a, b, _ = victim
    before = secure(a, "disconnects")
    victim.marks = {node: node.log.mark() for node in victim}
    with reading(victim):
        yield victim
    assert secure(a, "disconnects") == before
    wait_until(lambda: secure(b, "owners_connected") == 2, "only a to be connected", 30)
    assert a.output(READ_BACK) == victim.sum
    assert ramster.lost_pages(a) == 0
    victim.check_logs()


# attack: which counter of the donor's it is, and what its log says
ATTACKS = {
    "wrong-key": ("hellos_unproven", "was refused: it does not prove the cluster key"),
    "wrong-proof": ("hellos_unproven", "was refused: it does not prove the cluster key"),
    "no-key": ("hellos_unproven", "was refused: it does not prove the cluster key"),
    "downgrade": ("hellos_unproven", "was refused: it does not prove the cluster key"),
    "downgrade-to-no-key": ("protocol_errors", "is malformed (-74): the connection is ended"),
    "replayed-hello": ("frames_forged", "is not authentic: the connection is ended"),
    "replayed-frame": ("frames_forged", "is not authentic: the connection is ended"),
    "bit-flip-in-header": ("frames_forged", "is not authentic: the connection is ended"),
    "bit-flip-in-payload": ("frames_forged", "is not authentic: the connection is ended"),
    "spliced-frame": ("frames_forged", "is not authentic: the connection is ended"),
    "cut-frame": ("frames_cut", "hung up in the middle of a frame"),
    "wrong-version": ("protocol_errors", "is malformed (-93): the connection is ended"),
    "no-common-version": ("accepts_refused", "was refused: no common protocol version"),
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
    """Two owners with the same devices, slots and versions: each has its own pages, and only these."""
    _, b, c = unharmed
    before = secure(b, "pools_unknown")
    rogue(c, b, "foreign-pool", OTHER)
    # Devices that cannot be are named six times
    assert secure(b, "pools_unknown") == before + 6
    log = b.log.since(unharmed.marks[b])
    assert f"node {OTHER} names a device 256, and no node has more than 256" in log, log


@pytest.mark.parametrize("attack, costs", [("hoard", 1024), ("hoard-far", 2048)])
def test_quota_counts_what_pages_cost(unharmed, attack, costs):
    """A page of one byte that shares its index with no other costs a kilobyte or two."""
    _, b, c = unharmed
    quota = f"{ramster.settings_folder()}/quota_mb"
    before = secure(b, "donor_puts_refused")
    b.write(quota, "16\n")
    try:
        stored = int(rogue(c, b, attack, 1000000, timeout=300).split("stored ")[1].split()[0])
    finally:
        b.write(quota, "0\n")
    assert 5000 < stored < (16 << 20) // costs
    assert secure(b, "donor_puts_refused") > before


def test_programs_on_the_donor_have_their_share_of_its_cpu(unharmed):
    """However much it is asked by two who do nothing else."""
    _, b, c = unharmed
    hogs = [start_rogue(c, b, "hog", 40, number=n) for n in (c.number, OTHER)]
    loop = "timeout 20 sh -c 'while :; do :; done' &"
    stat = b.output(f"{loop} {loop} wait; cat /proc/$$/stat")
    assert all(hog.running() for hog in hogs)
    # Of its children: user and system time, in hundredths
    used = sum(map(int, stat.rsplit(")", 1)[1].split()[13:15])) / 100
    print(f"{used} of 40 s;", *[hog.wait(120).out for hog in hogs])
    assert used > 12


def test_reconnecting_costs_little(unharmed):
    """What holds the pages of an owner is made once, and not for who has none."""
    _, b, c = unharmed
    made, puts = secure(b, "donor_pools_made"), secure(b, "donor_puts")
    for _ in range(3):
        rogue(c, b, "greet")
    assert secure(b, "donor_pools_made") == made
    rogue(c, b, "reconnect", 50)
    assert secure(b, "donor_puts") >= puts + 50
    assert secure(b, "donor_pools_made") <= made + 1


def test_frames_that_make_no_sense(unharmed):
    """Random and mutated frames with right tags, and some without, from one who has the key; and
    handshakes of which a frame is mutated, or is not the one that is due."""
    a, b, c = unharmed

    def received():
        honest = sum(secure(a, f"{kind}_frames") for kind in ("put", "get", "flush"))
        return secure(b, "frames_received") - honest

    ends = ("protocol_errors", "frames_forged", "hellos_unproven")
    ended = {name: secure(b, name) for name in ends}
    before = received()
    sent = Counter()
    seeds = itertools.count(SEED)
    print(f"RAMSTER_FUZZ_SEED={SEED}")
    # What follows a frame that ends a connection is not received
    while (missing := before + FUZZ_FRAMES - received()) > 0:
        # Two at once, for its two CPUs
        each = min(missing, FUZZ_ROUND) // 2 + 1
        attacks = [
            start_rogue(c, b, "fuzz", each, number=number, seed=seed)
            for number, seed in zip((c.number, OTHER), seeds)
        ]
        for attack in attacks:
            line = attack.wait(1200).out.splitlines()[-2]
            print(line)
            sent.update({what: int(number) for what, number in re.findall(r"(\w+) (\d+)", line)})
        print(f"received in all {received() - before}", flush=True)
    ended = {name: secure(b, name) - ended[name] for name in ends}
    print(f"connections ended, by counter: {ended}")
    print(f"sent, and connections in each state: {dict(sent)}")
    assert sent["mutated"] > sent["sent"] / 500
    assert all(sent[state] for state in ("strange", "greeting", "greeted", "odd", "known"))
    assert ended["protocol_errors"] > 10 and ended["frames_forged"] > 0
    assert ended["hellos_unproven"] > 0


def greets(node, other, number=None):
    """Can somebody at node's address shake hands?"""
    return start_rogue(node, other, "greet", number=number).wait(check=False).status == 0


def test_strangers_leave_places_for_nodes(unharmed):
    """Strangers at several addresses take 48 places, 8 each; no other gets one, and c gets in at once."""
    _, b, c = unharmed
    crowd, first, seventh = "10.77.0.128/25", "10.77.0.130", "10.77.0.136"
    wait_until(lambda: greets(c, b), "an earlier penalty to be over", 60)
    before = secure(b, "accepts_limited")
    # All of them are c's, to ARP and to who binds to one
    c.run(f"ip route add local {crowd} dev lo")
    try:
        out = rogue(c, b, "crowd", source=first)
    finally:
        c.run(f"ip route del local {crowd} dev lo")
    print(out)
    # One too many of each of six addresses, and all nine of the seventh
    assert secure(b, "accepts_limited") >= before + 6 + 9
    log = b.log.since(unharmed.marks[b])
    for address in (first, seventh):
        said = f"a connection from {address} is refused: too many are in their handshake"
        assert said in log, log


def turned_away(node):
    """Connections that were not listened to, since there were too many or too many had failed."""
    return secure(node, "accepts_limited") + secure(node, "accepts_penalised")


@pytest.mark.parametrize("count", fast([500], [500, 10000]))
def test_connection_flood(unharmed, count):
    """All from one address: few are open at a time, and others get in meanwhile."""
    a, b, c = unharmed
    wait_until(lambda: greets(c, b), "an earlier penalty to be over", 60)
    before, start = turned_away(b), time.monotonic()
    flood = start_rogue(c, b, "flood", count)
    flood.wait_for_line("open", timeout=300)
    # c's number, for a's is in use: what matters is the address
    assert greets(a, b, number=c.number)
    assert flood.wait(timeout=120).status == 0
    away, seconds = turned_away(b) - before, time.monotonic() - start
    print(f"{away} were turned away in {seconds:.0f} s")
    # All but those that were listened to: eight at a time, for five seconds each
    assert away > count - 8 * (seconds / 5 + 4)
    said = "is refused: too many are in their handshake"
    wait_until(lambda: said in b.log.since(unharmed.marks[b]), "the log to say so", 30)
    wait_until(lambda: greets(c, b), "a place for somebody honest", 60)


def test_who_fails_often_is_not_listened_to(unharmed):
    """Fifteen handshakes that fail, and the address is refused for a while, and only this one."""
    a, b, c = unharmed
    wait_until(lambda: greets(c, b), "an earlier penalty to be over", 60)
    before = secure(b, "accepts_penalised"), secure(b, "hellos_unproven")
    out = rogue(c, b, "knock", 100)
    assert 15 <= int(out.split("answered ")[1].split()[0]) < 100
    assert secure(b, "accepts_penalised") > before[0]
    assert secure(b, "hellos_unproven") >= before[1] + 15
    log = b.log.since(unharmed.marks[b])
    assert f"connections from {c.ip} are refused for a while" in log, log
    assert greets(a, b, number=c.number)
    wait_until(lambda: greets(c, b), "the penalty to be over", 60)


def comes_from(a, b):
    """The addresses from which a's connections come to b."""
    lines = (line.split() for line in b.read("/proc/net/tcp").splitlines()[1:])
    ends = [(line[1], line[2]) for line in lines if line[3] == "01"]
    theirs = {end.split(":")[0] for ours, end in ends if ours.endswith(f":{7777:04X}")}
    return {".".join(str(byte) for byte in reversed(bytes.fromhex(end))) for end in theirs}


def test_an_owner_is_no_stranger_whatever_other_addresses_it_has(make_cluster):
    """It comes from that by which it is known, but if nothing gets through to there, from another."""
    cluster = make_cluster("ab", ram=160)
    a, b = cluster
    other = "10.77.0.201"
    a.run(f"ip addr add {other}/24 dev eth0 && ip route change 10.77.0.0/24 dev eth0 src {other}")
    lend(a, b, known_to_a=[b], known_to_b=[a])
    assert comes_from(a, b) == {a.ip}
    ramster.write(a, f"{ramster.settings_folder()}/node/b", connect=0)
    b.run(f"ip route add blackhole {a.ip}/32")
    ramster.connect(a, b)
    ramster.wait_state(a, b, "up")
    assert comes_from(a, b) == {other}


def test_ipv6_neighbours_of_a_node_do_not_shut_it_out(make_cluster):
    """Nodes and strangers share a /64 on any network: strangers count as one, nodes each alone."""
    cluster = make_cluster("bc", ram=160)
    b, c = cluster
    listener, node, stranger = "fd00::1", "fd00::2", "fd00::66"
    b.run(f"ip addr add {listener}/64 dev eth0 nodad")
    c.run(f"for ip in {node} {stranger}; do ip addr add $ip/64 dev eth0 nodad; done")
    ramster.load(b)
    ramster.write(b, ramster.settings_folder(), key=ramster.KEY)
    ramster.write(b, f"{ramster.settings_folder()}/node/c", num=2, address=node)
    ramster.write(b, f"{ramster.settings_folder()}/node/b", num=1, address=listener, local=1)
    who = f"rogue --self 2 --to 1 --cluster {ramster.CLUSTER} --key {ramster.KEY}"
    c.run(f"{who} --from {stranger} owner {listener} knock 100")
    assert secure(b, "accepts_penalised") > 0
    assert c.run(f"{who} --from {stranger} owner {listener} greet", check=False).status == 1
    c.run(f"{who} --from {node} owner {listener} greet")


# --- donors that lie ---

LIARS = {
    "a": {"ram": 128, "disks": {"swap": "512M"}},
    "b": {"ram": 256, "kernel": PLAIN},
    "c": {"ram": 320, "kernel": PLAIN},
}
FILL = "--content real --phases fill,read,rewrite=30,touch=20"
FILL_ONCE = "--content real --phases fill,read"


@pytest.fixture(scope="module")
def liars():
    """a swaps to b, and to what a test makes of c; what no two donors take goes to a's disk."""
    with Cluster("abc", name="test_security-liars", each=LIARS) as cluster:
        cluster.boot()
        a, b, c = cluster
        lend(a, b, known_to_a=[b, c], known_to_b=[a], reconnect_ms=50)
        yield cluster


@contextmanager
def swapping_to(cluster, mode, *count):
    """c lends and lies; two copies of each page of a's. In the end a is none the worse."""
    a, b, c = cluster
    cluster.mark = a.log.mark()
    donor = start_donor(c, mode, *count)
    try:
        ramster.connect(a, c)
        for node in (b, c):
            ramster.wait_state(a, node, "up")
        device = ramster.make_device(a, backing="/dev/vdc", backup="none", replicas=2)
        ramster.swap_on(a, device)
        yield donor
        ramster.swap_off(a)
        ramster.remove_device(a)
        assert ramster.lost_pages(a) == 0
        assert ramster.state(a, b) == "up"
        # Forgiven only if it is removed
        ramster.write(a, f"{ramster.settings_folder()}/node/c", connect=0)
    finally:
        donor.kill(9)
        donor.wait(check=False)
    cluster.check_logs()


@contextmanager
def sealed_by(a, b, cipher):
    """Another cipher for a's pages, for a while; to change it no donor may be connected."""

    def change(cipher):
        ramster.write(a, f"{ramster.settings_folder()}/node/{b.name}", connect=0)
        ramster.write(a, ramster.settings_folder(), seal=cipher)
        ramster.connect(a, b)
        ramster.wait_state(a, b, "up")

    if cipher == "on":
        yield
        return
    change(cipher)
    yield
    change("on")


def pages_given(donor, when):
    """How many pages this donor of ours has been given so far, by its own account."""
    donor.write(f"{when}\n")
    return int(donor.wait_for_line(f"{when}: given").split()[-1])


# The VMs' CPUs have nothing for AES, so that `on` is ChaCha20-Poly1305
LIES = {
    "stale": ("stale", "on"), "older": ("older", "on"), "flip": ("flip", "on"),
    "other": ("other", "on"), "flip-aes-gcm": ("flip", "aes-gcm"),
}


@pytest.mark.slow
@pytest.mark.parametrize("lie", LIES)
def test_donor_returns_another_page(liars, lie):
    """With a second copy elsewhere the program sees none of it; the liar gets no more pages."""
    a, b, c = liars
    mode, cipher = LIES[lie]
    before = secure(a, "seal_failures")
    with sealed_by(a, b, cipher), swapping_to(liars, mode) as donor:
        assert a.read(f"{ramster.settings_folder()}/seal").strip() == cipher
        ramster.pagefill(a, 130, FILL)
        assert secure(a, "seal_failures") > before
        assert ramster.state(a, c) == "suspect"
        log = a.log.since(liars.mark)
        assert "node c (3) returned for slot" in log and "up -> suspect" in log
        # Pages leave a again, and the last that were on their way to c when it lied have long come
        given, written = pages_given(donor, "before"), ramster.counter(a, "fswap", "writebacks")
        ramster.pagefill(a, 130, FILL_ONCE)
        assert ramster.counter(a, "fswap", "writebacks") > written + 1000
        assert 0 < given == pages_given(donor, "after")


# What is done on its way to the first page that a donor returns; ATTACKS has the owner's counter and line, too
TAMPERINGS = [
    "replayed-frame", "bit-flip-in-header", "bit-flip-in-payload", "spliced-frame", "cut-frame",
    "oversized-frame", "wrong-version",
]


@pytest.mark.slow
@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_answer_is_tampered_with(liars, tampering):
    """That connection ends, once; the next one is as good as any, and nobody takes the donor for a liar."""
    a, _, c = liars
    counter, line = ATTACKS[tampering]

    def counts():
        names = ("frames_forged", "frames_cut", "protocol_errors", "seal_failures")
        return {name: secure(a, name) for name in names}

    expected, connects = counts(), secure(a, "connects")
    expected[counter] += 1
    with swapping_to(liars, tampering) as donor:
        ramster.pagefill(a, 100, FILL_ONCE)
        donor.wait_for_line("tampered")
        wait_until(lambda: secure(a, "connects") >= connects + 2, "c to be connected anew", 60)
        ramster.wait_state(a, c, "up")
        assert counts() == expected
        log = a.log.since(liars.mark)
        assert f"{c.ip}:7777 {line}" in log, log


@pytest.mark.slow
def test_donor_that_takes_nothing(liars):
    """It says that it has room. Two copies are wanted, so pages go to the disk, not back and forth."""
    a = liars["a"]

    def counts():
        return (ramster.counter(a, "ramster", "pages_remotify_refused"),
                ramster.counter(a, "fswap", "writebacks"))

    refused, written = counts()
    with swapping_to(liars, "refuse"):
        ramster.pagefill(a, 130, FILL)
        refused, written = (now - then for now, then in zip(counts(), (refused, written)))
        print(f"{refused} pages refused, {written} on the disk")
        assert 0 < refused < written / 4


@pytest.mark.slow
def test_donor_that_babbles(liars):
    """Frames with right tags that make no sense, and answers that are not those that are due, of the
    handshake and to requests: connections end, pages stay right."""
    a, _, c = liars
    print(f"RAMSTER_FUZZ_SEED={SEED}")
    before = secure(a, "disconnects"), secure(a, "protocol_errors")
    received = secure(a, "frames_received")
    with swapping_to(liars, "fuzz", FUZZ_FRAMES) as babbler:
        ramster.pagefill(a, 130, FILL)
        print(babbler.wait_for_line("babbled", timeout=FUZZ_TIMEOUT))
        print(f"received {secure(a, 'frames_received') - received}")
        assert secure(a, "disconnects") > before[0] + 2
        assert secure(a, "protocol_errors") > before[1]
        # From now on it is honest, and as good as any,
        # unless one of its answers was to a question, and wrong
        wait_until(lambda: ramster.state(a, c) in ("up", "suspect"), "c to be connected", 120)
        ramster.pagefill(a, 130, FILL_ONCE)


# mode: which counter of the owner's it is, and what its log says
KEYLESS = {
    "unproven": ("hellos_unproven", "at {}:7777, its answer does not prove the cluster key"),
    "no-key": ("hellos_unproven", "at {}:7777, its answer does not prove the cluster key"),
    "replayed": ("hellos_unproven", "at {}:7777, its answer does not prove the cluster key"),
    "eperm": ("connects_failed", "it does not accept our cluster key"),
}


@pytest.mark.parametrize("mode", fast(["no-key", "eperm"], KEYLESS))
def test_donor_without_the_key(liars, mode):
    """It proves nothing, says what an honest one has once said, or that our key is not the right one.
    None of it makes us try without a key."""
    a, _, c = liars
    counter, line = KEYLESS[mode]
    before, connects = secure(a, counter), secure(a, "connects")
    mark = a.log.mark()
    donor = start_donor(c, mode)
    ramster.connect(a, c)
    wait_until(lambda: secure(a, counter) > before + 2, "the handshakes to fail", 60)
    assert secure(a, "connects") == connects
    said = f"node c (3) cannot be used, and is tried again: {line.format(c.ip)}"
    assert said in a.log.since(mark)
    ramster.write(a, f"{ramster.settings_folder()}/node/c", connect=0)
    hellos = [text for text in donor.lines() if text.startswith("hello")]
    assert len(hellos) > 2 and set(hellos) == {"hello with auth 1"}
    donor.kill(9)
    donor.wait(check=False)
    liars.check_logs()


# --- keys ---


def key_ids(node):
    return node.read(f"{ramster.settings_folder()}/key_ids").split()


def set_keys(node, *keys):
    node.write(f"{ramster.settings_folder()}/key", "\n".join(keys) + "\n")


@pytest.mark.slow
def test_key_is_replaced_while_pages_move(make_cluster):
    """New and old accepted, then only the new one: nobody is down, nothing is lost."""
    new = "c4" * 32
    cluster = make_cluster("ab", each={"a": {"ram": 128}, "b": {"ram": 256}})
    a, b = cluster
    setup = Setup(cluster, {"a": "b"}, pool_percent=10).bring_up()
    program = a.start_command(f"pagefill --mb 150 {FILL},touch=60,read")
    wait_until(lambda: secure(a, "pages_fetched") > 100, "pages to go and come", 120)
    for node in cluster:
        set_keys(node, new, ramster.KEY)
        assert len(key_ids(node)) == 2
    assert secure(a, "disconnects") == 0
    for node in cluster:
        set_keys(node, new)
    wait_until(lambda: secure(a, "connects") == 2, "a new connection", 60)
    ramster.wait_state(a, b, "up")
    assert program.running(), "all was over before the key was replaced"
    assert '"bad_pages": 0' in program.wait(timeout=600).out
    assert "node b (2): up -> connecting" in a.log.text()
    assert "-> down" not in a.log.text()
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


def test_root_without_its_capabilities_changes_nothing(make_cluster):
    """Who can write the files of configfs, but has neither capability, is refused."""
    a = make_cluster("a", ram=160, lan=False)["a"]
    ramster.load(a)
    ramster.write(a, f"{ramster.settings_folder()}/node/a", num=1, address="127.0.0.1")
    ramster.write(a, ramster.device_folder(), size="64M", **ramster.ONE_COPY)
    folder = ramster.settings_folder()
    writes = {
        f"{folder}/key": ramster.KEY, f"{folder}/seal": "off", f"{folder}/dead_ms": "9000",
        f"{folder}/insecure": "1", f"{folder}/node/a/num": "2", f"{folder}/node/a/port": "7000",
        f"{folder}/node/a/address": "127.0.0.2", f"{folder}/node/a/local": "1",
        f"{folder}/node/a/connect": "1", f"{folder}/node/a/drain": "1",
        f"{ramster.device_folder()}/live": "1", f"{ramster.device_folder()}/size": "32M",
        f"{ramster.device_folder()}/backing": "none", f"{ramster.device_folder()}/replicas": "2",
    }
    commands = [f"echo {value} >{path}" for path, value in writes.items()]
    commands += [f"mkdir {folder}/node/b", f"mkdir {ramster.device_folder(1)}"]
    for command in commands:
        refused = a.run(
            f"setpriv --bounding-set -net_admin,-sys_admin -- sh -c '{command}'", check=False
        )
        assert refused.status and "not permitted" in refused.err, command
    assert "takes CAP_NET_ADMIN" in a.log.text() and "takes CAP_SYS_ADMIN" in a.log.text()
    assert not key_ids(a)
    for command in commands[:1] + commands[-1:]:
        a.run(command)
    assert key_ids(a)
    assert a.run(f"cat {folder}/key", check=False).status


# --- by which cipher pages are sealed ---

TRACING = "/sys/kernel/tracing"
# a's CPU, and whether it has instructions for AES-GCM, as nearly all real ones have
CIPHERS = {"without-aes": (CPU, False), "with-aes": ("max,-erms", True)}


def count_calls(node, *functions):
    """From now on, of these functions of ramster.ko; calls() tells."""
    for function in functions:
        node.run(f"echo 'p:calls/{function} ramster:{function}' >>{TRACING}/kprobe_events")
    node.write(f"{TRACING}/events/calls/enable", "1\n")


def calls(node, function):
    rows = (line.split() for line in node.read(f"{TRACING}/kprobe_profile").splitlines())
    return next(int(row[1]) for row in rows if row[0] == function)


@pytest.mark.slow
@pytest.mark.parametrize("cpu, by_gcm", CIPHERS.values(), ids=CIPHERS)
def test_pages_are_sealed_by_aes_gcm_where_the_cpu_has_it(make_cluster, cpu, by_gcm):
    """With seal = on. Which cipher that is shows in which functions are called."""
    if not Kernel().has("aesni-intel"):
        pytest.skip("wants a kernel with CRYPTO_AES_NI_INTEL")
    cluster = make_cluster("ab", each={"a": {"ram": 128, "cpu": cpu}, "b": {"ram": 256, "kernel": PLAIN}})
    a, b = cluster
    # As udev would: no such device, if it has none
    assert (a.run("modprobe aesni_intel", check=False).status == 0) == by_gcm
    setup = Setup(cluster, {"a": "b"}, pool_percent=10).bring_up()
    assert a.read(f"{ramster.settings_folder()}/seal") == "on\n"
    count_calls(a, "rs_gcm_seal", "rs_gcm_unseal")
    ramster.pagefill(a, 130, FILL_ONCE)
    out, back = secure(a, "pages_remotified"), secure(a, "pages_fetched")
    assert out > 1000 and back > 1000 and secure(a, "seal_failures") == 0
    if by_gcm:
        assert calls(a, "rs_gcm_seal") >= out and calls(a, "rs_gcm_unseal") >= back
    else:
        assert calls(a, "rs_gcm_seal") == calls(a, "rs_gcm_unseal") == 0
    setup.check_books()


# --- what a listener and the donor see ---

# Two kinds of pages: lines of text, which compress, and pages of digits that do not
TEXT = "swordfish-ostrich-%08.0f"
DIGITS = 16 * 4096


def known_content():
    """Pages of digits that compress to nothing less, and all that is in them of 16 bytes each."""
    digits = base64.b64encode(random.Random(5).randbytes(DIGITS))[:DIGITS]
    text = TEXT.split("%")[0].encode()
    runs = {part[i:i + 16] for part in (digits, text) for i in range(len(part) - 15)}
    return digits, b"\n".join(sorted(runs)) + b"\n"


def holds_one_of(path, runs):
    """Is any of these runs in the file, at whatever place?"""
    search = ["grep", "-q", "-a", "-F", "-f", runs, path]
    return {0: True, 1: False}[subprocess.run(search, env={"LC_ALL": "C"}).returncode]


UNPROTECTED = {"seal": "off", "key": None, "insecure": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{}, {"seal": "aes-gcm"}, UNPROTECTED], ids=["sealed", "aes-gcm", "unprotected"]
)
def test_contents_of_pages_are_on_no_wire_and_at_no_donor(make_cluster, tmp_path, settings):
    """No 16 bytes of them in all of a's frames, nor in b's RAM. Unsealed they are found there."""
    wire, ram, runs = tmp_path / "wire.pcap", tmp_path / "ram.elf", tmp_path / "runs"
    capture = ["-object", f"filter-dump,id=dump,netdev=lan,file={wire}"]
    cluster = make_cluster("ab", each={"a": {"ram": 128, "qemu": capture}, "b": {"ram": 192}})
    a, b = cluster
    digits, all_runs = known_content()
    runs.write_bytes(all_runs)
    setup = Setup(cluster, {"a": "b"}, pool_percent=10, lend_max_mb=110, **settings).bring_up()
    a.run("mount -t tmpfs -o size=200M none /mnt")
    a.write("/mnt/digits", digits.decode())
    a.run(f"while seq -f '{TEXT}' 1 2000 && cat /mnt/digits; do :; done | head -c 110M >/mnt/secret",
          timeout=300)
    a.run("cat /mnt/secret | tail -c 60M >/dev/null", timeout=300)
    assert secure(a, "pages_remotified") > 3000 and secure(a, "pages_fetched") > 1000
    b.qmp("dump-guest-memory", paging=False, protocol=f"file:{ram}")
    assert ram.stat().st_size > 150 << 20 and wire.stat().st_size > 10 << 20
    assert holds_one_of(wire, runs) == (settings is UNPROTECTED)
    assert holds_one_of(ram, runs) == (settings is UNPROTECTED)
    a.run("umount /mnt")
    setup.take_down()
