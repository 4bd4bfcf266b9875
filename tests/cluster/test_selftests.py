# SPDX-License-Identifier: GPL-2.0
"""The selftests that a debug build of the modules runs when it is loaded."""


def test_a_debug_build_finds_nothing_wrong_with_itself(make_cluster):
    node = make_cluster("a", lan=False)["a"]
    node.run("modprobe ramster && rmmod ramster zcache frontswap tmem")
    mark = node.log.mark()
    node.run("cd /ramster/debug && for m in tmem frontswap zcache ramster; do insmod $m.ko || exit; done",
             timeout=300)
    said = node.log.since(mark)
    assert "selftest" in said and "FAIL" not in said.upper()
    node.run("rmmod ramster zcache frontswap tmem")
