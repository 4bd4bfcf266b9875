# SPDX-License-Identifier: GPL-2.0
"""What happened in a soak: a line a fault for people, JSON lines for programs."""

import json
import threading
import time

from vmlab.paths import BUILD


class Journal:
    """build/soak/NAME/: plan.json, journal.txt, journal.jsonl, result.json."""

    def __init__(self, name, quiet=False):
        self.folder = BUILD / "soak" / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.quiet = quiet
        self.start = time.monotonic()
        self.lock = threading.Lock()
        self.text = open(self.folder / "journal.txt", "w")
        self.lines = open(self.folder / "journal.jsonl", "w")

    def seconds(self):
        return round(time.monotonic() - self.start, 1)

    def say(self, line):
        with self.lock:
            line = f"{self.seconds():7.1f}  {line}"
            print(line, file=self.text, flush=True)
            if not self.quiet:
                print(line, flush=True)

    def record(self, what, **fields):
        with self.lock:
            entry = {"at": self.seconds(), "what": what, **fields}
            print(json.dumps(entry), file=self.lines, flush=True)

    def save(self, name, value):
        (self.folder / name).write_text(json.dumps(value, indent=1) + "\n")

    def close(self):
        self.text.close()
        self.lines.close()
