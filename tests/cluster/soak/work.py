# SPDX-License-Identifier: GPL-2.0
"""What the owners do meanwhile: programs that verify what they get back.

A Worker keeps one node busy in a thread of its own. A program that ends otherwise
than well is a violation, unless its node's life ended, too.
"""

import itertools
import json
import threading
from collections import deque

from vmlab import CommandFailed

import trouble

SOAK_PHASES = "fill,rewrite=60,touch=30,read"
SIGBUS = (-7, 128 + 7)

# For a program that ends by itself; how long it is stuck at a page is not seen, so this is generous
PROGRAM_S = 900

REDIS = """
cd /tmp && rm -f redis.sock
redis-server --port 0 --unixsocket /tmp/redis.sock --save '' --appendonly no --dir /tmp >/dev/null &
while [ ! -S redis.sock ]; do sleep 0.2; done
redisverify /tmp/redis.sock /corpus $(({megabytes} / 2))
status=$?
kill %1; wait
exit $status
"""
STRESS = "--vm 1 --vm-bytes {megabytes}M --vm-keep --vm-method all --timeout 15"

# Pulses, two a second, that a task that is stuck may have been stuck for
PULSES = 24


class Pulse:
    """What a pagefill --soak says while it runs."""

    def __init__(self, job):
        self.job = job
        self.at = 0
        self.verified = 0
        self.slowest_ms = 0
        self.late_ms = deque(maxlen=PULSES)

    def take(self):
        """(bad, lost, the slowest since the last take, in ms)."""
        text = bytes(self.job.out[self.at :])
        end = text.rfind(b"\n") + 1
        self.at += end
        bad = lost = slowest = 0
        for line in text[:end].decode(errors="replace").splitlines():
            words = line.split()
            if len(words) != 7 or words[0] != "pulse":
                continue
            self.verified, bad, lost, touch, stuck, late = map(int, words[1:])
            slowest = max(slowest, touch // 1000, stuck // 1000)
            self.late_ms.append(late // 1000)
        self.slowest_ms = max(self.slowest_ms, slowest)
        return bad, lost, slowest


class Worker:
    """Keeps one owner busy until stop(); blame(text) is told of what went wrong.

    may_lack_pages(): may a task by now meet a page that is lost?
    """

    def __init__(self, member, megabytes, kinds, may_lack_pages, blame, threads=2):
        self.member = member
        self.threads = threads
        self.megabytes = megabytes
        self.may_lack_pages = may_lack_pages
        self.blame = blame
        self.ending = threading.Event()
        self.busy = threading.Event()
        self.pulse = None
        self.verified = 0
        self.runs = dict.fromkeys(kinds, 0)
        self.kinds = itertools.cycle(kinds)
        self.seeds = itertools.count(member.node.number * 100)
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def _live(self):
        while not self.ending.is_set():
            if not self.member.ready.wait(0.2):
                continue
            life = self.member.life
            kind = next(self.kinds)
            try:
                if kind == "pagefill":
                    self._pagefill()
                else:
                    self._program(kind)
                self.runs[kind] += 1
            except (CommandFailed, OSError) as problem:
                self.busy.clear()
                if self.member.life == life:
                    self.blame(f"{self.member.name}: {kind}: {problem}")
                    return
                self.ending.wait(1)

    def _pagefill(self):
        options = "--survive-sigbus" if self.member.policy.allow_loss else ""
        job = self.member.node.start_command(
            f"exec pagefill --mb {self.megabytes} --content mixed --threads {self.threads} --soak "
            f"--phases {SOAK_PHASES} --seed {next(self.seeds)} {options}"
        )
        self.pulse = Pulse(job)
        while job.running() and not self.ending.wait(0.2):
            if self.pulse.verified:
                self.busy.set()
            if self.member.node.agent is not job.agent or job.agent.broken:
                raise CommandFailed("the node restarted")
        if job.running():
            job.kill(15)
        status = job.wait(timeout=300, check=False).status
        if status and not (status in SIGBUS and self.may_lack_pages()):
            raise CommandFailed(job.describe())
        if not status:
            self.verified += json.loads(job.lines()[-1])["pages_verified"]
            return
        # It lost a page of its own: what it had seen until then counts
        if self.pulse.take()[0]:
            self.blame(f"{self.member.name}: wrong pages: {job.describe()}")
        self.verified += self.pulse.verified

    def _program(self, kind):
        self.busy.set()
        if kind == "redis":
            self.member.node.run(REDIS.format(megabytes=self.megabytes), timeout=PROGRAM_S)
        else:
            trouble.stress(self.member.node, STRESS.format(megabytes=self.megabytes), PROGRAM_S)

    def stop(self):
        """Told to end; wait() until what it does is done and verified."""
        self.ending.set()

    def wait(self, timeout):
        self.thread.join(timeout)
        if self.thread.is_alive():
            self.blame(f"{self.member.name}: its program does not end within {timeout} s")
