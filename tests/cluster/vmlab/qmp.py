# SPDX-License-Identifier: GPL-2.0
"""QEMU's control socket, as far as the tests need it."""

import json
import socket
import threading


class QmpError(RuntimeError):
    """QEMU refused a command."""


class Qmp:
    """One connection; commands from several threads take turns."""

    def __init__(self, path, timeout=30):
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.lines = self.socket.makefile("r")
        self.lines.readline()
        self("qmp_capabilities")

    def __call__(self, command, **arguments):
        with self.lock:
            request = {"execute": command, "arguments": arguments}
            self.socket.sendall(json.dumps(request).encode() + b"\n")
            while True:
                line = self.lines.readline()
                if not line:
                    raise QmpError(f"{command}: QEMU is gone")
                answer = json.loads(line)
                if "error" in answer:
                    raise QmpError(f"{command}: {answer['error']['desc']}")
                if "return" in answer:
                    return answer["return"]

    def close(self):
        self.socket.close()
