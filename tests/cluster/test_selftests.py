# SPDX-License-Identifier: GPL-2.0
"""The selftests that a debug build of the modules runs when it is loaded."""

from vmlab import wait_until


def test_a_debug_build_finds_nothing_wrong_with_itself(make_cluster):
    node = make_cluster("a", lan=False)["a"]
    node.run("modprobe ramster && rmmod ramster zcache frontswap tmem")
    mark = node.log.mark()
    node.run("cd /ramster/debug && for m in tmem frontswap zcache ramster; do insmod $m.ko || exit; done",
             timeout=300)
    for test in ("zcache: alloc", "zcache: comp", "ramster: seal"):
        passed = f"{test} selftest: passed"
        wait_until(lambda p=passed: p in node.log.since(mark), passed, 10)
    assert "FAIL" not in node.log.since(mark).upper()
    node.run("rmmod ramster zcache frontswap tmem")
