# SPDX-License-Identifier: GPL-2.0
"""The host's end of the channel to a node: commands, their output and status.

The guest's end is tests/programs/agent.c; the frames are described there.
"""

import os
import socket
import struct
import threading
import time

from .waiting import deadline_in

RUN, INPUT, KILL, READ = 1, 2, 3, 4
HELLO, OUTPUT, ERRORS, EXIT, DATA = 16, 17, 18, 19, 20
HEADER = struct.Struct("<III")


class CommandFailed(AssertionError):
    """A command on a node ended otherwise than it had to."""


class Result:
    """How a command ended, and what it printed."""

    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err


class Job:
    """A command that runs on a node."""

    def __init__(self, agent, number, command):
        self.agent = agent
        self.number = number
        self.command = command
        self.out = bytearray()
        self.err = bytearray()
        self.data = []
        self.status = None

    def running(self):
        return self.status is None

    def write(self, text):
        self.agent.send(self.number, INPUT, text.encode())

    def close_input(self):
        self.agent.send(self.number, INPUT, b"")

    def kill(self, signal=15):
        self.agent.send(self.number, KILL, bytes([signal]))

    def lines(self):
        """The complete lines printed so far."""
        text = bytes(self.out).decode(errors="replace")
        return text.split("\n")[:-1]

    def wait_for_line(self, wanted, timeout=120):
        """Wait until it prints a line that contains wanted."""
        self.agent.wait(
            lambda: any(wanted in line for line in self.lines()) or not self.running(),
            timeout,
            f"a line with {wanted!r} from: {self.command}",
        )
        for line in self.lines():
            if wanted in line:
                return line
        raise CommandFailed(f"{self.agent.name}: ended without {wanted!r}: {self.describe()}")

    def describe(self):
        text = f"{self.command!r} ended with {self.status}\n"
        text += bytes(self.out[-4000:]).decode(errors="replace")
        return text + bytes(self.err[-4000:]).decode(errors="replace")

    def wait(self, timeout=120, check=True):
        """Wait for its end; check: any status but 0 is an error."""
        self.agent.wait(lambda: not self.running(), timeout, f"the end of: {self.command}")
        result = Result(
            self.status,
            bytes(self.out).decode(errors="replace"),
            bytes(self.err).decode(errors="replace"),
        )
        if check and self.status != 0:
            raise CommandFailed(f"{self.agent.name}: {self.describe()}")
        return result


class Agent:
    """The channel to one node. alive() is asked while somebody waits."""

    def __init__(self, name, path, alive):
        self.name = name
        self.alive = alive
        self.jobs = {}
        self.next_number = 1
        self.hellos = 0
        self.broken = False
        self.changed = threading.Condition()
        self.sending = threading.Lock()
        self.frame = bytearray()
        self.socket = self.reader = None
        self.connect(path)

    def connect(self, path):
        """Also to another QEMU's end, when that of the last one is closed: jobs go on, if the guest does."""
        if self.reader:
            self.reader.join()
            self.socket.close()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.broken = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        return self

    def _receive(self, length):
        """Until so much of the present frame is there; what has come stays if the channel is closed."""
        while len(self.frame) < length:
            more = self.socket.recv(length - len(self.frame))
            if not more:
                raise ConnectionError
            self.frame += more

    def _next_frame(self):
        self._receive(HEADER.size)
        length, number, kind = HEADER.unpack_from(self.frame)
        self._receive(HEADER.size + length)
        payload, self.frame = bytes(self.frame[HEADER.size :]), bytearray()
        return number, kind, payload

    def _read(self):
        try:
            while True:
                number, kind, payload = self._next_frame()
                with self.changed:
                    self._take(number, kind, payload)
                    self.changed.notify_all()
        except (OSError, ConnectionError):
            with self.changed:
                self.broken = True
                self.changed.notify_all()

    def _take(self, number, kind, payload):
        if kind == HELLO:
            self.hellos += 1
            for job in self.jobs.values():
                job.status = -1
            self.jobs.clear()
            return
        job = self.jobs.get(number)
        if job is None:
            return
        if kind == OUTPUT:
            job.out += payload
        elif kind == ERRORS:
            job.err += payload
        elif kind == DATA:
            job.data.append((struct.unpack("<i", payload[:4])[0], payload[4:]))
        elif kind == EXIT:
            status = struct.unpack("<i", payload)[0]
            job.status = os.waitstatus_to_exitcode(status)
            del self.jobs[number]

    def send(self, number, kind, payload):
        try:
            with self.sending:
                self.socket.sendall(HEADER.pack(len(payload), number, kind) + payload)
        except OSError as problem:
            raise CommandFailed(f"{self.name}: {self.alive() or problem}") from problem

    def wait(self, condition, timeout, what):
        deadline = deadline_in(timeout)
        with self.changed:
            while not condition():
                problem = "the channel is closed" if self.broken else self.alive()
                if problem:
                    raise CommandFailed(f"{self.name}: {problem} while waiting for {what}")
                if time.monotonic() > deadline:
                    raise CommandFailed(f"{self.name}: not within {timeout} s: {what}")
                self.changed.wait(0.5)

    def _new_job(self, command):
        with self.changed:
            job = Job(self, self.next_number, command)
            self.jobs[job.number] = job
            self.next_number += 1
        return job

    def wait_hello(self, count, timeout):
        self.wait(lambda: self.hellos >= count, timeout, "the node to boot")

    def start(self, command):
        job = self._new_job(command)
        self.send(job.number, RUN, command.encode())
        return job

    def read_files(self, paths, timeout=60):
        """Each file's contents, or the errno that reading it gave."""
        job = self._new_job(f"reading {paths}")
        self.send(job.number, READ, b"".join(p.encode() + b"\0" for p in paths))
        self.wait(lambda: len(job.data) == len(paths) or not job.running(), timeout, job.command)
        with self.changed:
            self.jobs.pop(job.number, None)
        if len(job.data) != len(paths):
            raise CommandFailed(f"{self.name}: restarted while {job.command}")
        return [error or data for error, data in job.data]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
