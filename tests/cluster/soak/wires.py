# SPDX-License-Identifier: GPL-2.0
"""Cuts that overlap: a way is open again when the last of them is undone."""

import threading
from collections import Counter
from contextlib import contextmanager


class Wires:
    """A way is a pair of names: from whom, to whom."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.lock = threading.Lock()
        self.cuts = Counter()

    def _change(self, ways, by):
        with self.lock:
            for way in ways:
                self.cuts[way] += by
                ends = [self.cluster[name].number for name in way]
                if by == 1 == self.cuts[way]:
                    self.cluster.lan.cut(*ends)
                elif not self.cuts[way]:
                    self.cluster.lan.join(*ends)

    @contextmanager
    def cut(self, ways):
        self._change(ways, 1)
        try:
            yield
        finally:
            self._change(ways, -1)
