# SPDX-License-Identifier: GPL-2.0
"""The modules come and go, and leave nothing behind."""

import pytest
import ramster

# In each round: all modules, a device with pages in it, a cluster that listens; and back
ROUND = """
set -e
modprobe ramster
mkdir {device}
echo 64M >{device}/size
echo 1 >{device}/live
dd if=/corpus of=/dev/frontswap0 bs=64k count=32 seek=1 oflag=direct 2>/dev/null
mkdir {cluster}
echo {key} >{cluster}/key
mkdir {cluster}/node/a
echo 1 >{cluster}/node/a/num
echo {ip} >{cluster}/node/a/address
echo 1 >{cluster}/node/a/local
echo 0 >{cluster}/node/a/local
rmdir {cluster}/node/a {cluster}
echo 0 >{device}/live
rmdir {device}
rmmod ramster zcache frontswap tmem
"""


@pytest.mark.slow
def test_modules_come_and_go_many_times(make_cluster):
    node = make_cluster("a", ram=256)["a"]
    one_round = ROUND.format(
        device=ramster.device_folder(), cluster=ramster.settings_folder(),
        key=ramster.KEY, ip=node.ip,
    )
    node.run(one_round)
    before = ramster.meminfo(node)
    for _ in range(15):
        node.run(one_round)
    assert "frontswap" not in node.read("/proc/modules")
    ramster.check_free_memory(node, before)
