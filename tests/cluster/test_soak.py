# SPDX-License-Identifier: GPL-2.0
"""The soak's own parts, and its short form; `make soak` is the long one."""

import itertools
from types import SimpleNamespace

import pytest
import trouble
from soak.faults import DO, LeftOut
from soak.plan import ATTACKS, KINDS, POLICIES, make_plan
from soak.run import Options, Soak
from soak.wires import Wires
from soak.work import Pulse

OWNERS, LENDERS = ["a", "b"], ["c", "d"]


def test_a_seed_tells_the_whole_plan():
    plan = make_plan(3, 200, "disk", OWNERS, LENDERS)
    assert plan == make_plan(3, 200, "disk", OWNERS, LENDERS)
    assert plan != make_plan(4, 200, "disk", OWNERS, LENDERS)
    assert plan[:50] == make_plan(3, 50, "disk", OWNERS, LENDERS)


def kinds_of(plan):
    return {fault.kind for fault in plan}


@pytest.mark.parametrize("mode", ["one", "free"])
@pytest.mark.parametrize("policy", POLICIES)
def test_each_kind_comes_in_each_round(policy, mode):
    """One that is rare is not left to chance; 40 faults, as make soak has them, are a round and more."""
    faults = 40 * (len(ATTACKS) // KINDS["impostor"].times + 1)
    for seed in range(20):
        plan = make_plan(seed, faults, policy, OWNERS, LENDERS, mode=mode)
        possible = kinds_of(plan)
        size = sum(KINDS[kind].times for kind in possible)
        assert size <= 40
        for start in range(0, faults - size, size):
            assert kinds_of(plan[start : start + size]) == possible
        attacks = {fault.detail["attack"] for fault in plan if fault.kind == "impostor"}
        assert attacks == set(ATTACKS)


def test_a_disk_fails_altogether_before_a_lender_has_lost_its_memory():
    for seed in range(20):
        plan = make_plan(seed, 3, "disk", OWNERS, LENDERS)
        assert [fault.kind == "disk_errors" for fault in plan] == [True, False, False]


def test_a_kind_that_cannot_be_is_refused():
    for kind, policy, mode in (("disk_slow", "loss", "one"), ("recall", "disk", "free"), ("kil", "disk", "one")):
        with pytest.raises(ValueError, match=kind):
            make_plan(1, 1, policy, OWNERS, LENDERS, ["kill", kind], mode)


def test_faults_that_must_be_alone_are_not_planned_among_others():
    assert kinds_of(make_plan(5, 40, "disk", OWNERS, LENDERS)) == set(KINDS)
    kinds = kinds_of(make_plan(5, 40, "disk", OWNERS, LENDERS, mode="free"))
    assert kinds == {name for name, kind in KINDS.items() if not kind.alone}


@pytest.mark.parametrize("policy", POLICIES)
def test_each_change_of_a_policy_is_planned(policy):
    plan = make_plan(3, 120, policy, OWNERS, LENDERS + ["e"])
    changes = [fault.detail for fault in plan if fault.kind == "policy"]
    assert all(change in changes for change in POLICIES[policy].changes)
    fewer = make_plan(3, 120, "replicas2", OWNERS, LENDERS)
    assert all(fault.detail["cluster.replicas"] < 3 for fault in fewer if fault.kind == "policy")


def test_each_kind_can_be_done():
    assert set(DO) == set(KINDS)


@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_is_planned_that_the_policy_cannot_survive(policy):
    plan = make_plan(5, 400, policy, OWNERS, LENDERS)
    allowed = POLICIES[policy]
    assert all(allowed.forgets or not KINDS[fault.kind].forgets for fault in plan)
    isolating = [fault for fault in plan if KINDS[fault.kind].isolates]
    assert isolating
    assert all(allowed.isolates or fault.kind == "rate" and fault.target in LENDERS for fault in isolating)
    assert any(KINDS[fault.kind].disk for fault in plan) == allowed.disk
    assert all(fault.target in LENDERS for fault in plan if KINDS[fault.kind].who == "lender")


def leave_out(soak, fault):
    raise LeftOut("it is a test")


@pytest.fixture
def without_nodes(monkeypatch, tmp_path):
    """A soak whose faults do nothing; those given as left_out cannot be done."""
    monkeypatch.setattr("soak.journal.BUILD", tmp_path)

    def run(count, left_out=(), **options):
        for kind in DO:
            monkeypatch.setitem(DO, kind, leave_out if kind in left_out else lambda soak, fault: None)
        soak = Soak(Options(1, count, quiet=True, **options))
        owner = SimpleNamespace(name="a")
        soak.workers = [SimpleNamespace(member=owner, verified=1, runs={}, pulse=None)]
        for fault in soak.faults():
            soak.inflict(fault)
        soak.judge()
        return soak

    return run


def test_a_fault_that_is_left_out_is_made_up_for(without_nodes):
    result = without_nodes(40, left_out=["disk_errors"]).result()
    assert result["faults"] == 40 and set(result["left_out"]) == {"disk_errors"}
    assert result["never"] == ["disk_errors"]
    assert result["violations"] == ["never done: disk_errors"]
    assert without_nodes(40).violations == []


def test_a_soak_that_does_less_than_it_was_told_is_none(without_nodes):
    result = without_nodes(5, left_out=["kill", "flap"], kinds=["kill", "flap"]).result()
    assert result["faults"] == 0 and sum(result["left_out"].values()) == 20
    assert result["violations"] == ["0 of 5 faults were done", "never done: flap, kill"]


def test_a_soak_that_time_cuts_off_says_so(without_nodes, monkeypatch):
    monkeypatch.setattr(Soak, "_time_is_up", lambda soak: soak.drawn == 3)
    result = without_nodes(40).result()
    assert result["cut_off"] and result["faults"] == 3 and result["violations"] == []


class FakeLog(str):
    def since(self, mark):
        return self[mark:]


def test_a_page_may_be_gone_only_after_somebody_who_had_it(without_nodes):
    def may_lack(kind, said="", policy="loss"):
        soak = without_nodes(1, kinds=[kind], policy=policy)
        soak.cluster = {"a": SimpleNamespace(log=FakeLog(said)), "b": SimpleNamespace(log=FakeLog())}
        soak.first_marks = {"a": 0, "b": 0}
        return soak.may_lack_pages()

    assert may_lack("reset") and may_lack("freeze_long") and may_lack("rate")
    assert not may_lack("reset", policy="disk")
    assert not may_lack("delay") and not may_lack("delay", "node x (60): connecting -> down: silent")
    assert may_lack("delay", "node c (3): suspect -> down: silent")


class FakeLan:
    def __init__(self):
        self.closed = set()

    def cut(self, *way):
        self.closed.add(way)

    def join(self, *way):
        self.closed.discard(way)


class FakeCluster(dict):
    lan = FakeLan()


def test_a_way_is_open_again_when_the_last_cut_is_undone():
    cluster = FakeCluster(a=SimpleNamespace(number=1), b=SimpleNamespace(number=2))
    wires = Wires(cluster)
    with wires.cut([("a", "b"), ("b", "a")]):
        with wires.cut([("a", "b")]):
            assert cluster.lan.closed == {(1, 2), (2, 1)}
        assert cluster.lan.closed == {(1, 2), (2, 1)}
    assert cluster.lan.closed == set()


def test_a_wrong_page_a_lost_one_and_a_stuck_task_are_seen():
    job = SimpleNamespace(out=bytearray(b"pulse 10 0 0 2000 100 7000\npulse 20 1 2 50 97"))
    pulse = Pulse(job)
    assert pulse.take() == (0, 0, 2)
    job.out += b"000 0\n"
    assert pulse.take() == (1, 2, 97)
    assert pulse.verified == 20 and pulse.slowest_ms == 97 and list(pulse.late_ms) == [7, 0]
    assert pulse.take() == (0, 0, 0)


def test_a_child_of_stress_ng_that_a_signal_ended_is_seen():
    """It starts another one and ends well."""
    said = (
        "stress-ng: debug: [9] vm: started [9] (instance 0)\n"
        "stress-ng: debug: [9] vm: child died: signal 7 'SIGBUS' (instance 0)\n"
        "stress-ng: debug: [9] vm: OOM restarts: 0, SIGSEGV restarts: 0, SIGBUS restarts: 1\n"
    )
    assert trouble.died(said) == said.splitlines()[1:]
    assert trouble.died("vm: OOM restarts: 0, SIGSEGV restarts: 0, SIGBUS restarts: 0") == []


def soak(*kinds, **options):
    """A soak with one fault of each of these kinds, in this order, went well."""
    seeds = (
        seed for seed in itertools.count()
        if [f.kind for f in Options(seed, len(kinds), kinds=kinds, **options).plan()] == list(kinds)
    )
    result = Soak(Options(next(seeds), len(kinds), kinds=kinds, quiet=True, **options)).run()
    assert result["violations"] == []
    assert result["faults"] == len(kinds) and result["pages_verified"] > 5000
    return result


def test_a_short_soak():
    soak("flap", "modules", "freeze_long", "daemon_kill", owners=1, owner_mb=112, work_mb=110)


@pytest.mark.slow
def test_a_soak_with_a_bad_disk_and_bad_company():
    result = soak(
        "disk_errors", "impostor", "disk_slow", "disk_write_errors", "recall", policy="disk", owners=1
    )
    assert result["disk_errors"] > 0


@pytest.mark.slow
def test_a_soak_with_a_full_disk_and_another_policy():
    soak("disk_full", "policy", policy="disk", owners=1)


@pytest.mark.slow
def test_a_soak_with_two_copies():
    soak("reset", "policy", "cut_long", "freeze_long", policy="replicas2", owners=2)


@pytest.mark.slow
def test_a_soak_that_loses_pages():
    result = soak("reset", "cut_short", policy="loss", owners=1)
    assert result["lost_pages"] > 500 < result["gone_pages"]


@pytest.mark.slow
def test_a_soak_at_the_edge():
    soak("freeze_short", "flap", "modules", owners=1, lenders=1, edge=True)
