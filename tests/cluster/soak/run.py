# SPDX-License-Identifier: GPL-2.0
"""One soak: set up, work, faults, judgement.

Two modes. one: the next fault comes when the cluster has healed from the one before.
free: faults overlap, up to TOGETHER at a time, at most one a node.
"""

import re
import threading
import time
from collections import Counter
from dataclasses import dataclass

from vmlab import Cluster, DirtyLog, Timeout, wait_until

import ramster
import trouble

from .faults import DO, LeftOut
from .journal import Journal
from .member import Member, ours
from .plan import POLICIES, make_plan
from .wires import Wires
from .work import PROGRAM_S, Worker

TOGETHER = 4
HEAL_S = 60
REPAIR_S = 240
MANY = 500  # pages
SPARE = 10  # faults, beside as many as are wanted, to be drawn for those that are left out
NAMES = "abcde"

# What is added to the longest wait that an owner's settings allow: that a time is over is seen
# at a beat; and by how much its own clock showed that its CPU did not run, but no more than this
EMULATION_MS = 3000

# How much of an owner's work, in MB, is a pagefill beside programs that do not tell how long they wait
WATCH_MB = 48

# At the edge: so many times the RAM, and threads for each CPU
EDGE = 4
EDGE_THREADS = 16

# Counters that must be zero at all times, and such that tell what a fault did
NEVER = {
    "zcache": ["lost_pages", "loads_corrupt", "loads_unanswered"],
    "fswap": ["lost_pages"],
    "ramster": ["protocol_errors"],
}
TELLING = {
    "zcache": [
        "fetch_next_source", "fetch_retried", "copies_forgotten", "sweeps",
        "push_not_enough_copies", "moved_pages",
    ],
    "ramster": ["pages_remotified", "pages_fetched", "pages_fetch_failed", "disconnects"],
    "fswap": ["backing_reads", "stores_impatient", "stores_failed"],
}


# Such as a policy that allows losses allows to happen
LOSSES = ("lost_pages", "loads_unanswered")

# What is zero when all is whole: pages that lie badly, and changes not yet looked at
DUE = {"zcache": ["misplaced_pages", "moves_due"]}

# What a device holds; the device itself stays until a member leaves
HELD = {
    **ramster.WHILE_CONNECTED,
    "zcache": [name for name in ramster.GAUGES["zcache"] if name != "devices"],
}


@dataclass
class Options:
    seed: int = 1
    faults: int = 20
    policy: str = "disk"
    mode: str = "one"
    owners: int = 2
    lenders: int = 0  # as many as the policy wants
    owner_mb: int = 128
    work_mb: int = 160
    seconds: int = 0  # no new fault after so many; 0: no limit
    kinds: tuple = ()
    edge: bool = False  # the first owner's work is 4 times its RAM, by 16 threads a CPU
    quiet: bool = False

    def nodes(self):
        """Names of owners, of lenders."""
        lenders = self.lenders or POLICIES[self.policy].lenders
        names = list(NAMES[: self.owners + lenders])
        return names[: self.owners], names[self.owners :]

    def plan(self, count=None):
        """So many faults, or as many as are wanted."""
        return make_plan(
            self.seed, count or self.faults, self.policy, *self.nodes(), self.kinds, self.mode
        )

    def name(self):
        return f"{self.policy}-{self.mode}-{self.seed}"


class Broken(AssertionError):
    """Something that must never happen did."""


class Soak:
    def __init__(self, options):
        self.options = options
        self.policy = POLICIES[options.policy]
        self.owner_names, self.lender_names = options.nodes()
        self.plan = options.plan()
        self.journal = Journal(options.name(), options.quiet)
        self.journal.save("plan.json", [fault.record() for fault in self.plan])
        self.violations = []
        self.give_up = threading.Event()
        self.drawn = 0
        self.done = Counter()
        self.left_out = Counter()
        self.cut_off = False  # by time
        self.disk_errors = 0
        self.first_marks = self.marks = {}
        self.before = {}
        self.workers = []
        self.gone_pages = 0  # that lay on lenders when these died
        self.taken = False  # pages may have been, by some fault
        self.being_taken = False  # in mode one: by this fault
        self.lost = {}
        self.slowest_ms = 0
        self.beyond_ms = -1000000  # by how much a wait was longer than the settings allow
        self.next_log_check = 0
        self.cluster = None

    # --- violations ---

    def blame(self, text, fatal=True):
        """Something was wrong; fatal: what comes after it is only its consequence."""
        if self.give_up.is_set():
            return
        self.violations.append(text)
        self.journal.say(f"VIOLATION {text}")
        self.journal.record("violation", text=text)
        if fatal:
            self.give_up.set()

    def hold(self, seconds):
        """A fault lasts; but not longer than the soak."""
        self.give_up.wait(seconds)

    def look(self):
        """Is all as it must be? Asks no node anything, and can be called at any time."""
        for worker in self.workers:
            if not worker.pulse:
                continue
            bad, lost, slowest = worker.pulse.take()
            name = worker.member.name
            self.slowest_ms = max(self.slowest_ms, slowest)
            allowed = self.allowed_ms(worker)
            if bad:
                self.blame(f"{name}: {bad} pages are wrong")
            if lost and not self.may_lack_pages():
                self.blame(f"{name}: {lost} pages cost a SIGBUS")
            if slowest > allowed:
                self.blame(
                    f"{name}: stuck at a page for {slowest} ms, {allowed} are allowed", fatal=False
                )
            self.beyond_ms = max(self.beyond_ms, slowest - worker.member.longest_wait_ms())
        if time.monotonic() > self.next_log_check:
            self.check_logs()

    def _gave_up(self, since):
        """Has an owner declared a node dead, since these marks in the logs? Not the one that never was."""
        said = re.compile(rf"node [{NAMES}] \(\d+\): \w+ -> down")
        return any(
            said.search(self.cluster[name].log.since(since[name])) for name in self.owner_names
        )

    def may_lack_pages(self):
        """May a page be gone by now? Not before somebody who had some has died, or was given up."""
        return self.policy.allow_loss and (self.taken or self._gave_up(self.first_marks))

    def allowed_ms(self, worker):
        """For how long one of its tasks may wait for a page."""
        late = min(EMULATION_MS, sum(worker.pulse.late_ms))
        return worker.member.longest_wait_ms() + worker.member.beat_ms() + late

    def check_logs(self, leaks=False):
        """Leaks only at the end: a scan stops the work for longer than it goes on between two looks."""
        self.next_log_check = time.monotonic() + 2
        try:
            self.cluster.check_logs(leaks)
        except DirtyLog as problem:
            self.blame(str(problem))

    def _check_counters_of(self, member):
        for (group, counter), value in member.counters(NEVER).items():
            if self.policy.allow_loss and counter in LOSSES:
                key = member.name, member.life, group, counter
                if value > self.lost.get(key, 0) and not (
                    self.being_taken or self._gave_up(self.marks)
                ):
                    self.blame(f"{member.name}: {group}/{counter} is {value}, and no node was gone")
                self.lost[key] = value
            elif value > (member.provoked if counter == "protocol_errors" else 0):
                self.blame(f"{member.name}: {group}/{counter} is {value}")

    def check_counters(self):
        """Asks the owners what they count; members that are not ready are passed over."""
        for name in self.owner_names:
            member = self.members[name]
            with member.lock:
                if member.ready.is_set():
                    self._check_counters_of(member)

    def _check_pages_of(self, member):
        if self.give_up.is_set():
            return
        try:
            ramster.check_pages(member.node)
        except AssertionError as problem:
            self.blame(str(problem))

    def check_pages(self):
        """Is each page of the owners somewhere, and once? Programs may go on. How long it took to see."""
        start = time.monotonic()
        for name in self.owner_names:
            self._check_pages_of(self.members[name])
        return round(time.monotonic() - start, 1)

    def last_look(self, member):
        """Before it dies: afterwards it counts from zero."""
        if member.is_owner and member.ready.is_set():
            self._check_counters_of(member)
            self._check_pages_of(member)

    # --- set up ---

    def _boot(self):
        size = f"{max(512, EDGE * self.options.owner_mb * 3 // 2)}M" if self.options.edge else "512M"
        owner = {"ram": self.options.owner_mb}
        if self.policy.disk:
            owner["disks"] = {"swap": size, "more": "256M"}
        each = {name: owner for name in self.owner_names}
        # What two CPUs do at once is to be seen, too
        each[self.owner_names[0]] = {**owner, "cpus": 2}
        names = "".join(self.owner_names + self.lender_names)
        self.cluster = Cluster(
            names, name=f"soak-{self.options.name()}", ram=self.policy.lender_mb, each=each
        )
        if self.policy.allow_loss:
            self.cluster.allow(r"I/O error, dev frontswap|Read-error on swap-device")
        if self.policy.disk:
            self.cluster.allow(trouble.DISK_LINES)
        self.cluster.boot()
        nodes = list(self.cluster)
        self.members = {
            node.name: Member(node, nodes, self.policy, node.name in self.owner_names, size)
            for node in nodes
        }
        self.wires = Wires(self.cluster)

    def set_up(self):
        self.journal.say(f"soak {self.options}")
        self._boot()
        self.journal.say("all have booted")
        for member in self.members.values():
            member.set_up()
        wait_until(lambda: not self.unhealed(), "all nodes to be up", HEAL_S)
        self.journal.say("all see each other up")
        self._mark()
        self.first_marks = self.marks
        for name in self.owner_names:
            self._start_work(self.members[name])
        self._wait_for_remote_pages()
        self.journal.say("the cluster is at work")

    def _start_work(self, member):
        """On each owner a pagefill tells how long it waits; the last of several has programs, too."""
        work = [(self.options.work_mb, ["pagefill"], 2)]
        if self.options.edge and member.name == self.owner_names[0]:
            member.at_the_edge = True
            ramster.at_the_edge(member.node)
            machine = member.node.machine
            work = [(EDGE * machine.ram, ["pagefill"], EDGE_THREADS * machine.cpus)]
        elif (
            len(self.owner_names) > 1 and member.name == self.owner_names[-1]
            and not self.policy.allow_loss
        ):
            programs = self.options.work_mb - WATCH_MB
            work = [(WATCH_MB, ["pagefill"], 2), (programs, ["stress-ng", "redis"], 1)]
        for megabytes, kinds, threads in work:
            self.workers.append(
                Worker(member, megabytes, kinds, self.may_lack_pages, self.blame, threads)
            )

    def _wait_for_remote_pages(self):
        def there():
            self.look()
            return self.give_up.is_set() or (
                all(worker.busy.is_set() for worker in self.workers)
                and all(
                    ramster.counter(self.cluster[name], "ramster", "pages_remotified") > MANY
                    for name in self.owner_names
                )
            )

        wait_until(there, "all owners to have pages elsewhere", 300, 1)

    # --- healing ---

    def unhealed(self):
        """Why the cluster is not whole, if so."""
        reasons = []
        for member in self.members.values():
            if not member.ready.is_set():
                reasons.append(f"{member.name} is not set up")
                continue
            for name, state in member.peers().items():
                if state != "up":
                    reasons.append(f"{member.name} sees {name} {state}")
        return reasons

    def heal(self):
        start = time.monotonic()
        seen = []

        def healed():
            self.look()
            seen[:] = self.unhealed()
            return not seen or self.give_up.is_set()

        try:
            wait_until(healed, "the cluster to heal", HEAL_S, 0.2)
        except Timeout:
            self.blame(f"not healed after {HEAL_S} s: {', '.join(seen)}")
        return round(time.monotonic() - start, 1)

    def _due(self):
        """What owners have to repair."""
        due = {}
        for name in self.owner_names:
            for (_, counter), value in self.members[name].counters(DUE).items():
                if value:
                    due[f"{name}.{counter}"] = value
        return due

    def repair(self):
        """Every page lies where and as often as the policy wants, before anything else fails."""
        start = time.monotonic()

        def repaired():
            self.look()
            return self.give_up.is_set() or not self._due()

        try:
            wait_until(repaired, "pages to be repaired", REPAIR_S, 0.5)
        except Timeout:
            self.blame(f"not repaired after {REPAIR_S} s: {self._due()}")
        return round(time.monotonic() - start, 1)

    # --- faults ---

    def _mark(self):
        self.marks = {node.name: node.log.mark() for node in self.cluster}

    def _seen(self):
        """What the nodes' kernels said since the mark."""
        said = {
            node.name: ours(node.log.since(self.marks[node.name]).splitlines())
            for node in self.cluster
        }
        return {name: lines[:20] for name, lines in said.items() if lines}

    def _changed(self):
        """How far the telling counters of the owners have moved since the last call."""
        moved = {}
        for name in self.owner_names:
            member = self.members[name]
            if not member.ready.is_set():
                continue
            for (group, counter), value in member.counters(TELLING).items():
                key = name, member.life, group, counter
                before = self.before.get(key, 0)
                self.before[key] = value
                if value > before:
                    moved[f"{name}.{counter}"] = value - before
        return moved

    def inflict(self, fault):
        where = f"{fault.kind} {fault.target}"
        more = " ".join(f"{k}={v}" for k, v in fault.detail.items())
        self.journal.say(f"#{fault.number:<3d} {where} {fault.seconds:g} s {more}".rstrip())
        self.journal.record("fault", **fault.record())
        if fault.takes_pages():
            self.taken = self.being_taken = True
        start = time.monotonic()
        try:
            note = DO[fault.kind](self, fault)
        except LeftOut as reason:
            self.left_out[fault.kind] += 1
            self.journal.say(f"#{fault.number:<3d} {where}: left out: {reason}")
            return
        except Exception as problem:  # whatever it is, it is the soak's to report
            self.blame(f"#{fault.number} {where}: {type(problem).__name__}: {problem}")
            return
        self.done[fault.kind] += 1
        self.journal.record(
            "undone", number=fault.number, note=note, took=round(time.monotonic() - start, 1)
        )
        if note:
            self.journal.say(f"#{fault.number:<3d} {where}: {note}")

    def _time_is_up(self):
        return self.options.seconds and self.journal.seconds() > self.options.seconds

    def faults(self):
        """Those of the plan, and another for each that is left out; not for ever."""
        wanted = self.options.faults
        for fault in self.options.plan(2 * wanted + SPARE):
            if self.give_up.is_set() or self.drawn - sum(self.left_out.values()) >= wanted:
                return
            if self._time_is_up():
                self.cut_off = True
                return
            self.drawn += 1
            yield fault

    def one_at_a_time(self):
        self._changed()
        for fault in self.faults():
            self._mark()
            self.slowest_ms = 0
            self.being_taken = False
            self.inflict(fault)
            healed = self.heal()
            repaired = self.repair()
            agreed = self.check_pages()
            self.check_counters()
            self.check_logs()
            seen, moved = self._seen(), self._changed()
            self.journal.record(
                "healed", number=fault.number, after=healed, repaired=repaired,
                books_agreed=agreed, slowest_ms=self.slowest_ms, log=seen, counters=moved,
            )
            states = sum(len(lines) for lines in seen.values())
            self.journal.say(
                f"#{fault.number:<3d}   healed {healed} s later, repaired after {repaired} s; slowest page "
                f"{self.slowest_ms} ms; {states} lines logged; "
                + ", ".join(f"{k} {v}" for k, v in moved.items() if "remotified" not in k)
            )

    def _inflict_alone(self, fault, places):
        locks = [self.members[name].lock for name in sorted(fault.nodes(self.members))]
        for lock in locks:
            lock.acquire()
        try:
            if not self.give_up.is_set():
                self.inflict(fault)
        finally:
            for lock in reversed(locks):
                lock.release()
            places.release()

    def all_at_once(self):
        places = threading.Semaphore(TOGETHER)
        threads = []
        for fault in self.faults():
            while not places.acquire(timeout=0.5):
                self.look()
            thread = threading.Thread(target=self._inflict_alone, args=(fault, places), daemon=True)
            thread.start()
            threads.append(thread)
            self.look()
            self.check_counters()
            self.hold(min(fault.gap, 5))
        for thread in threads:
            thread.join(180)
            if thread.is_alive():
                self.blame("a fault does not end")
        self.check_counters()

    # --- the end ---

    def finish(self):
        """Programs end, swap goes off, and nothing is left on any node."""
        healed, agreed = self.heal(), self.check_pages()
        self.journal.say(
            f"healed after {healed} s, the books agree after {agreed} s; the programs are told to end"
        )
        for worker in self.workers:
            worker.stop()
        for worker in self.workers:
            worker.wait(PROGRAM_S)
        self.journal.say("the programs have ended")
        self.look()
        self.check_counters()
        self.check_pages()
        if self.policy.allow_loss and self.gone_pages > MANY and not sum(self.lost.values()):
            self.blame(f"{self.gone_pages} pages lay on nodes that died, and none is lost")
        self.journal.record("counters", **{
            name: self.members[name].all_counters() for name in self.owner_names
        })
        for name in self.owner_names:
            self.members[name].stop()
        self.journal.say("swap is off")
        self.check_counters()
        for node in self.cluster:
            ramster.check_gauges(node, HELD)
        for name in self.owner_names + self.lender_names:
            self.members[name].leave()
        self._check_memory()
        self.check_logs(leaks=True)

    def _check_memory(self):
        """Of each node as much is free as when it had booted."""
        for member in self.members.values():
            try:
                ramster.check_free_memory(member.node, member.memory_before)
            except Timeout as problem:
                self.blame(str(problem), fatal=False)

    def _verified(self):
        return sum(worker.verified for worker in self.workers)

    def _never(self):
        """Kinds of the plan of which nothing has come."""
        return sorted({fault.kind for fault in self.plan} - set(self.done))

    def judge(self):
        """Has it done what was asked for? That nothing went wrong says little if it has not."""
        done = sum(self.done.values())
        if not self._verified():
            self.blame("no page was verified", fatal=False)
        if self.cut_off:
            self.journal.say(f"cut off by time after {done} of {self.options.faults} faults")
            return
        if done < self.options.faults:
            self.blame(f"{done} of {self.options.faults} faults were done", fatal=False)
        if self._never():
            self.blame(f"never done: {', '.join(self._never())}", fatal=False)

    def result(self):
        return {
            "seed": self.options.seed,
            "policy": self.options.policy,
            "mode": self.options.mode,
            "faults": sum(self.done.values()),
            "wanted": self.options.faults,
            "cut_off": self.cut_off,
            "kinds": dict(sorted(self.done.items())),
            "left_out": dict(sorted(self.left_out.items())),
            "never": self._never(),
            "disk_errors": self.disk_errors,
            "pages_verified": self._verified(),
            "lost_pages": sum(self.lost.values()),
            "gone_pages": self.gone_pages,
            "programs": [[w.member.name, w.runs] for w in self.workers],
            "slowest_page_ms": max((w.pulse.slowest_ms for w in self.workers if w.pulse), default=0),
            "beyond_settings_ms": self.beyond_ms,
            "seconds": self.journal.seconds(),
            "violations": self.violations,
        }

    def run(self):
        """The result; whether it went well stands in its violations."""
        try:
            self.set_up()
            if self.options.mode == "one":
                self.one_at_a_time()
            else:
                self.all_at_once()
            if not self.give_up.is_set():
                self.finish()
                self.judge()
        except Exception as problem:  # a soak that breaks is a soak that failed
            self.blame(f"{type(problem).__name__}: {problem}")
        finally:
            self.give_up.set()
            if self.cluster:
                self.cluster.close()
        result = self.result()
        self.journal.save("result.json", result)
        self.journal.close()
        return result
