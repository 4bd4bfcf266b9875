# SPDX-License-Identifier: GPL-2.0
"""The bench itself: what it promises to the tests, and that it can say no."""

import os
import re
from types import SimpleNamespace

import pytest
from vmlab import Cluster, CommandFailed, DirtyLog, Node, Result, wait_until
from vmlab.agent import Agent
from vmlab.kernel_log import KernelLog

pytest_plugins = ["pytester"]


@pytest.fixture(scope="module")
def pair(request):
    with Cluster("ab", name="harness", disks={"data": "64M"}) as cluster:
        yield cluster.boot()


def test_a_command_returns_its_output_errors_and_status(pair):
    result = pair["a"].run("echo out; echo err >&2; exit 3", check=False)
    assert (result.out, result.err, result.status) == ("out\n", "err\n", 3)


def test_a_failing_command_is_an_error_that_shows_what_it_said(pair):
    with pytest.raises(CommandFailed, match="no such luck"):
        pair["a"].run("echo no such luck >&2; false")


def test_a_killed_command_is_not_a_success(pair):
    job = pair["a"].start_command("echo started; exec sleep 1000")
    job.wait_for_line("started")
    job.kill(9)
    assert job.wait(check=False).status == -9


def test_a_command_that_does_not_end_runs_into_its_deadline(pair):
    job = pair["a"].start_command("sleep 1000")
    with pytest.raises(CommandFailed, match="not within 1 s"):
        job.wait(timeout=1)
    job.kill(9)
    job.wait(check=False)


def test_much_output_arrives_whole(pair):
    out = pair["a"].run("seq 200000").out
    assert out.splitlines()[-1] == "200000" and len(out) == len("\n".join(map(str, range(200001)))) - 1


def test_input_reaches_a_command(pair):
    job = pair["b"].start_command("read line; echo got $line; cat")
    job.write("one\ntwo\n")
    job.close_input()
    assert job.wait().out == "got one\ntwo\n"


def test_files_are_read_without_a_process(pair):
    assert pair["b"].read("/etc/hostname") == "b\n"
    with pytest.raises(OSError):
        pair["b"].read("/no/such/file")


def test_a_disk_of_its_own_is_there(pair):
    assert pair["a"].output(f"blockdev --getsize64 {pair['a'].disk('data')}") == str(64 << 20)


def test_a_cut_link_passes_nothing_until_it_is_restored(pair):
    link = pair.link("a", "b")
    ping = f"ping -c 1 -W 1 {pair['b'].ip}"
    pair["a"].run(ping)
    link.cut()
    assert pair["a"].run(ping, check=False).status == 1
    link.restore()
    wait_until(lambda: pair["a"].run(ping, check=False).status == 0, "the link to work again", 20)


def test_a_one_way_cut_lets_the_other_way_pass(pair):
    a, b, link = pair["a"], pair["b"], pair.link("a", "b")
    a.run(f"ping -c 1 {b.ip}")
    link.cut_one_way(b, a)
    before = pair.lan.frames(a.number, b.number), pair.lan.frames(b.number, a.number)
    assert a.run(f"ping -c 1 -W 1 {b.ip}", check=False).status == 1
    assert pair.lan.frames(a.number, b.number) > before[0]
    assert pair.lan.frames(b.number, a.number) == before[1]
    link.restore()


def test_an_unplugged_cable_is_seen_by_the_card(pair):
    node = pair["b"]
    node.unplug_cable()
    wait_until(lambda: node.read("/sys/class/net/eth0/operstate") == "down\n", "no carrier")
    node.plug_cable()
    wait_until(lambda: node.read("/sys/class/net/eth0/operstate") == "up\n", "a carrier")


def test_a_frozen_node_goes_on_where_it_was(pair):
    node = pair["b"]
    job = node.start_command("sleep 1; echo awake")
    node.freeze()
    with pytest.raises(CommandFailed, match="not within"):
        job.wait(timeout=3)
    node.thaw()
    assert job.wait(timeout=30).out == "awake\n"


def test_a_saved_node_goes_on_in_another_qemu(pair):
    node, count = pair["b"], 20000
    job = node.start_command(f"i=0; while [ $i -lt {count} ]; do echo $((i += 1)); done; read word; echo $word")
    job.wait_for_line("100")
    node.save()
    assert not node.alive() and job.running()
    node.restore()
    job.write("end\n")
    assert job.wait().out.split() == [*map(str, range(1, count + 1)), "end"]
    pair["a"].run(f"ping -c 1 -W 5 {node.ip}")


def test_a_reset_node_has_forgotten_its_ram(pair):
    node = pair["b"]
    node.run("echo here >/tmp/mark")
    node.reset()
    assert not node.exists("/tmp/mark")


def test_a_killed_node_can_be_booted_again(pair):
    node = pair["b"]
    node.kill()
    with pytest.raises(CommandFailed, match="the VM ended"):
        pair["b"].run("true")
    node.boot()
    assert node.read("/etc/hostname") == "b\n"
    pair["a"].run(f"ping -c 1 -W 5 {node.ip}")


def test_a_program_out_of_memory_leaves_the_agent_working(pair):
    assert pair["a"].run("pagefill --mb 400 --content same", check=False).status == -9
    assert pair["a"].output("echo fine") == "fine"
    pair.allow(r"Call Trace:|Out of memory")
    pair.check_logs()


@pytest.mark.parametrize("stalls", [1, 2])
def test_a_machine_that_stalls_before_it_is_up_is_switched_on_once_more(monkeypatch, stalls):
    wait_hello, left = Agent.wait_hello, iter(range(stalls))

    def stall(agent, *hello):
        if next(left, None) is None:
            return wait_hello(agent, *hello)
        with open(cluster["a"].log.path, "a", encoding="utf-8") as log:
            log.write("rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n")
        raise CommandFailed("a: not within 90 s: the node to boot")

    monkeypatch.setattr(Agent, "wait_hello", stall)
    with Cluster("a", name="harness-stalls", lan=False, cpus=2) as cluster:
        if stalls == 1:
            cluster.boot()["a"].run("true")
            cluster.check_logs()
            return
        with pytest.raises(CommandFailed, match="not within 90 s"):
            cluster.boot()
        with pytest.raises(DirtyLog):
            cluster.check_logs()


def test_a_kernel_panic_is_an_error_at_once(make_cluster):
    cluster = make_cluster("a", lan=False)
    with pytest.raises(CommandFailed, match="kernel panic"):
        cluster["a"].run("echo c >/proc/sysrq-trigger", timeout=60)
    with pytest.raises(DirtyLog):
        cluster.check_logs()


BAD_LINES = [
    "[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000010",
    "[    1.0] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:1 foo+0x1/0x2",
    "[    1.0] WARNING: possible circular locking dependency detected",
    "[    1.0] INFO: task kswapd0:30 blocked for more than 60 seconds.",
    "[    1.0] rcu: INFO: rcu_preempt self-detected stall on CPU",
    "[    1.0] BUG: KASAN: slab-use-after-free in foo+0x1/0x2",
    "[    1.0] refcount_t: underflow; use-after-free.",
    "[    1.0] Kernel panic - not syncing: Fatal exception",
    "[    1.0] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!",
    "[    1.0] list_del corruption, ffff888 is LIST_POISON1",
    "[    1.0] kworker/0:1: page allocation failure: order:0, mode:0x0",
    "[    1.0] =============================\n[    1.0] WARNING: suspicious RCU usage",
    "[    1.0] unreferenced object 0xffff888 (size 64):",
    "[    1.0] pagefill[117]: segfault at 0 ip 0 sp 0 error 4 in pagefill",
    "[    1.0] UBSAN: array-index-out-of-bounds in foo.c:1:1",
    "[    1.0] kmemleak: Kernel memory leak detector disabled",
    "[    1.0] ODEBUG: Out of memory. ODEBUG disabled",
    "[    1.0] turning off the locking correctness validator.",
]


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_in_a_log_is_found(tmp_path, line):
    path = tmp_path / "log"
    path.write_text("[    0.5] all is well\n" + line + "\n[    1.5] all is well\n")
    with pytest.raises(DirtyLog):
        KernelLog("a", path).check()


def test_a_clean_log_passes_and_an_allowed_line_too(tmp_path):
    path = tmp_path / "log"
    path.write_text("[ 0.0] Kernel command line: debug BUG\n[ 0.5] all is well\n")
    KernelLog("a", path).check()
    path.write_text("[ 1.0] WARNING: this is what the test provokes\n")
    KernelLog("a", path).check(allowed=["what the test provokes"])


def race(*sides):
    """KCSAN's report of one, by the frames of either side."""
    lines = ["=" * 66, f"BUG: KCSAN: data-race in {' / '.join(side[0] for side in sides)}", ""]
    for access, frames in zip(("write", "read (marked)"), sides):
        lines += [f"{access} to 0xffff888012345678 of 8 bytes by task 77 on cpu 1:"]
        lines += [" " + re.sub(r"^\S+", r"\g<0>+0x12/0x34", frame) for frame in frames] + [""]
    lines += ["value changed: 0x1 -> 0x2", "", "Reported by Kernel Concurrency Sanitizer on:"]
    lines += ["CPU: 1 UID: 0 PID: 77 Comm: pagefill", "=" * 66]
    return "".join(f"[    1.500000] {line}\n" for line in lines)


OUR_SIDE = ("zc_store [zcache]", "submit_bio")
THEIR_SIDE = ("tcp_sendmsg", "rs_send [ramster]")
IN_A_LIST_OF_OURS = ("__list_add_valid", "zc_note [zcache]", "submit_bio")


@pytest.mark.parametrize("sides, ours", [
    ((OUR_SIDE, OUR_SIDE), True),
    ((THEIR_SIDE, OUR_SIDE), True),
    ((IN_A_LIST_OF_OURS, THEIR_SIDE), True),
    ((THEIR_SIDE, THEIR_SIDE), False),
    ((("__list_add_valid", "tcp_sendmsg", "rs_send [ramster]"), THEIR_SIDE), False),
])
def test_of_two_that_race_one_is_ours(tmp_path, sides, ours):
    path = tmp_path / "log"
    path.write_text(race(THEIR_SIDE, THEIR_SIDE) + race(*sides) + race(THEIR_SIDE, THEIR_SIDE))
    found = KernelLog("a", path).findings()
    assert len(found) == ours and all(sides[0][0] in line for line in found)


def test_what_stands_between_two_races_is_judged(tmp_path):
    path = tmp_path / "log"
    path.write_text(race(THEIR_SIDE, THEIR_SIDE) + "WARNING: bad\n" + race(THEIR_SIDE, THEIR_SIDE))
    assert len(KernelLog("a", path).findings()) == 1


@pytest.fixture
def examined(monkeypatch, tmp_path):
    """What a node says when it is asked for leaks."""

    def examine(kernel, *answer, allowed=()):
        node = Node("a", 1, SimpleNamespace(kernel=kernel), tmp_path, tmp_path, None)
        monkeypatch.setattr(node, "alive", lambda: True)
        monkeypatch.setattr(node, "qmp", lambda command: {"status": "running"})
        monkeypatch.setattr(node, "run", lambda command, check: Result(*answer))
        try:
            return node.check_leaks(allowed)
        except DirtyLog as problem:
            return str(problem)

    return examine


def test_a_leak_is_found_and_so_is_that_nobody_looks_for_it(examined):
    with_kmemleak, without = SimpleNamespace(finds_leaks=True), SimpleNamespace(finds_leaks=False)
    leaks = "unreferenced object 0x1:\n  ours\nunreferenced object 0x2:\n  theirs\n"
    assert examined(with_kmemleak, 0, "", "") is None
    assert "ours" in examined(with_kmemleak, 0, leaks, "", allowed=["theirs"])
    assert "theirs" not in examined(with_kmemleak, 0, leaks, "", allowed=["theirs"])
    assert examined(with_kmemleak, 0, leaks, "", allowed=["ours", "theirs"]) is None
    assert "not permitted" in examined(with_kmemleak, 1, "", "Operation not permitted")
    assert examined(without, 2, "", "no such file") is None


@pytest.fixture(scope="session")
def cache():
    return os.environ.get("RAMSTER_CACHE", os.path.expanduser("~/.cache/ramster"))


PLANTED = """
def test_with_a_planted_warning(make_cluster):
    cluster = make_cluster("a", lan=False)
    cluster["a"].run("echo 'WARNING: planted' >/dev/kmsg")

def test_without(make_cluster):
    make_cluster("a", lan=False)["a"].run("echo 'nothing planted' >/dev/kmsg")
"""


def test_a_planted_warning_fails_the_test_that_ran_meanwhile(cache, pytester, request, monkeypatch):
    monkeypatch.setenv("RAMSTER_CACHE", cache)  # pytester has a home of its own
    folder = request.path.parent
    pytester.makeconftest((folder / "conftest.py").read_text())
    pytester.makepyfile(PLANTED)
    pytester.syspathinsert(str(folder))
    pytester.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)
