# SPDX-License-Identifier: GPL-2.0
"""Order does not matter: swapon, each module and the peer, in every order.

frontswap comes first, since swapon needs its device; it passes through to the
disk until zcache is there, and zcache keeps all here until ramster is.
"""

import itertools

import pytest
import ramster

STEPS = ["swapon", "zcache", "ramster", "peer"]
ORDERS = [
    order
    for order in itertools.permutations(STEPS)
    if order.index("zcache") < order.index("ramster")
]


class Steps:
    """What each step is, on node a; the peer is b."""

    def __init__(self, cluster):
        self.a, self.b = cluster["a"], cluster["b"]

    def swapon(self):
        self.a.run("swapon -p 100 /dev/frontswap0")

    def zcache(self):
        ramster.load(self.a, "zcache")
        ramster.set_zcache(self.a, max_pool_percent=10)

    def ramster(self):
        ramster.load(self.a, "ramster")
        ramster.join(self.a, [self.b], reconnect_ms=200)
        ramster.connect(self.a, self.b)

    def peer(self):
        self.b.boot()
        ramster.load(self.b)
        ramster.join(self.b, [self.a])

    def run(self, order):
        ramster.load(self.a, "frontswap")
        device = ramster.make_device(self.a, backing=self.a.disk("swap"))
        self.a.run(f"mkswap {device}")
        for step in order:
            getattr(self, step)()
            self.page(40)
        ramster.wait_state(self.a, self.b, "up")
        self.page(130)
        assert ramster.counter(self.a, "ramster", "pages_remotified") > 1000

    def page(self, megabytes):
        """Use memory; little of it as long as there may be no swap."""
        ramster.pagefill(self.a, megabytes, "--phases fill,touch=10,read")

    def undo(self):
        ramster.swap_off(self.a)
        assert ramster.lost_pages(self.a) == 0
        ramster.remove_device(self.a)
        for node in (self.a, self.b):
            ramster.leave(node)
        for node in (self.a, self.b):
            ramster.check_gauges(node)
            ramster.unload(node)
        self.b.kill()


@pytest.mark.slow
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_order(make_cluster, order):
    each = {"a": {"ram": 128, "disks": {"swap": "512M"}}, "b": {"ram": 384}}
    cluster = make_cluster("ab", boot=False, each=each)
    cluster.boot("a")
    steps = Steps(cluster)
    steps.run(order)
    steps.undo()
