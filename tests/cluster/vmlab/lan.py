# SPDX-License-Identifier: GPL-2.0
"""The virtual LAN: tests/programs/lanswitch.c and its control socket."""

import socket
import subprocess

from .paths import BUILD


class Lan:
    """A switch with a port for each node; frames can be cut one way."""

    def __init__(self, folder, ports):
        self.folder = folder
        self.process = subprocess.Popen(
            [str(BUILD / "programs" / "lanswitch"), str(folder), str(ports)],
            stdout=subprocess.PIPE, text=True,
        )
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the switch did not start")

    def port(self, number):
        return self.folder / f"port{number}"

    def _command(self, *words):
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(10)
            control.connect(str(self.folder / "control"))
            control.sendall(" ".join(map(str, words)).encode())
            answer = control.recv(64).decode().split()
        if not answer or answer[0] != "ok":
            raise RuntimeError(f"the switch refused {words}")
        return answer[1:]

    def cut(self, source, target):
        self._command("cut", source, target)

    def join(self, source, target):
        self._command("join", source, target)

    def frames(self, source, target):
        return int(self._command("count", source, target)[0])

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
