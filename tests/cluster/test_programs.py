# SPDX-License-Identifier: GPL-2.0
"""Real programs, in Debian's builds, that need more memory than their node has."""

import json

import pytest
import ramster
from ramster import Setup

OWNER_MB = 112


@pytest.fixture
def setup(make_cluster):
    cluster = make_cluster("ab", each={"a": {"ram": OWNER_MB}, "b": {"ram": 768}})
    return Setup(cluster, {"a": "b"}, pool_percent=5).bring_up()


@pytest.mark.slow
def test_stress_ng_verifies_its_memory(setup):
    a = setup.cluster["a"]
    # How far it comes in its time is the host's business
    for _ in range(5):
        a.run(
            f"cd /tmp && stress-ng --vm 1 --vm-bytes {OWNER_MB * 3 // 2}M --vm-keep --vm-method all "
            "--verify --timeout 40 --metrics-brief",
            timeout=600,
        )
        if ramster.counter(a, "ramster", "pages_fetched") > 1000:
            break
    else:
        pytest.fail("stress-ng fetched next to nothing")
    setup.take_down()


@pytest.mark.slow
def test_redis_with_a_data_set_of_twice_the_ram(setup):
    a = setup.cluster["a"]
    server = a.start_command(
        "exec redis-server --port 0 --unixsocket /tmp/redis --save '' --appendonly no --dir /tmp"
    )
    server.wait_for_line("ready to accept connections", timeout=60)
    out = a.run(f"redisverify /tmp/redis /corpus {2 * OWNER_MB}", timeout=900).out
    result = json.loads(out)
    assert result["right"] == result["keys"] > 50000
    assert ramster.counter(a, "ramster", "pages_fetched") > 10000
    server.kill()
    server.wait(check=False)
    setup.take_down()


@pytest.mark.slow
def test_fio_verifies_the_device_itself(make_cluster):
    """No swap here: the owner has RAM to spare, and its cache next to none."""
    cluster = make_cluster("ab", ram=384)
    setup = Setup(cluster, {"a": "b"}, pool_percent=2).bring_up()
    a = cluster["a"]
    a.run("swapoff -a")
    a.run(
        "cd /tmp && fio --name=verify --filename=/dev/frontswap0 --rw=randrw --bsrange=4k-64k "
        "--offset=1M --size=64M --direct=1 --ioengine=libaio --iodepth=16 --randseed=7 "
        "--verify=crc32c --verify_fatal=1 --do_verify=1 "
        "--buffer_compress_percentage=50 --refill_buffers",
        timeout=600,
    )
    assert ramster.counter(a, "ramster", "pages_remotified") > 1000
    assert ramster.counter(a, "ramster", "pages_fetched") > 1000
    a.run("blkdiscard /dev/frontswap0")
    setup.take_down()
