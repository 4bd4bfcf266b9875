# SPDX-License-Identifier: GPL-2.0
"""frontswap and zcache on one node, with no remote tier."""

import pytest
import ramster
from vmlab import wait_until


def boot(make_cluster, ram, *allowed):
    cluster = make_cluster("a", lan=False, ram=ram, disks={"swap": "1G"})
    for pattern in allowed:
        cluster.allow(pattern)
    node = cluster["a"]
    node.run("modprobe zcache && rmmod zcache frontswap tmem")
    node.memory_before = ramster.meminfo(node)
    return node


@pytest.fixture
def node(make_cluster):
    return boot(make_cluster, 128)


def clean_up(node):
    ramster.swap_off(node)
    assert ramster.lost_pages(node) == 0
    ramster.remove_device(node)
    ramster.check_gauges(node)
    ramster.unload(node)
    ramster.check_free_memory(node, node.memory_before)


@pytest.mark.parametrize(
    "compressor", ["lz4", *(pytest.param(c, marks=pytest.mark.slow) for c in ("lzo-rle", "zstd"))]
)
def test_pages_survive_the_cache(node, compressor):
    ramster.load(node, "zcache")
    ramster.set_zcache(node, compressor=compressor, max_pool_percent=60)
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    ramster.pagefill(node, 110, "--content mixed --phases fill,rewrite=25,read")
    assert ramster.counter(node, "zcache", "loads_local") > 1000
    clean_up(node)


@pytest.mark.slow
def test_zbud_keeps_pages_too(node):
    ramster.load(node, "zcache")
    ramster.set_zcache(node, allocator="zbud", max_pool_percent=60)
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    ramster.pagefill(node, 110, "--phases fill,read")
    assert ramster.counter(node, "zcache", "loads_local") > 1000
    clean_up(node)


def test_a_full_pool_writes_back_to_the_backing_device(node):
    ramster.load(node, "zcache")
    ramster.set_zcache(node, max_pool_percent=10)
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    ramster.pagefill(node, 150, "--phases fill,read,touch=10")
    assert ramster.counter(node, "zcache", "written_back_pages") > 1000
    clean_up(node)


def disk_writes(node):
    """Requests that the disk has had, and pages written by them."""
    words = node.read(f"/sys/block/{node.disk('swap').split('/')[-1]}/stat").split()
    return int(words[4]), int(words[6]) // 8


@pytest.mark.slow
def test_pages_are_saved_in_long_runs(node):
    """What is swapped out at one time lies side by side, and so goes to the disk together."""
    ramster.load(node, "zcache")
    ramster.set_zcache(node, max_pool_percent=60)
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    requests, pages = disk_writes(node)
    ramster.pagefill(node, 150, "--content random --phases fill,read")
    requests, pages = (now - then for now, then in zip(disk_writes(node), (requests, pages)))
    runs = ramster.counter(node, "zcache", "writeback_runs")
    written = ramster.counter(node, "fswap", "writebacks")
    print(f"{written} pages in {runs} runs; at the disk {pages} in {requests} requests")
    assert ramster.counter(node, "zcache", "saved_pages") > 2000
    assert written >= 8 * runs and pages >= 8 * requests
    clean_up(node)


@pytest.mark.slow
def test_pages_that_are_not_saved_yet_leave_before_a_kill(make_cluster):
    """Below half of the pool none is saved; but it goes to the disk when memory is short."""
    node = boot(make_cluster, 128, "Call Trace:")  # where the kernel kills
    ramster.load(node, "zcache")
    ramster.set_zcache(node, max_pool_percent=90)
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    job = node.start_command(
        "echo -1000 >/proc/self/oom_score_adj && "
        "exec pagefill --mb 65 --phases fill,read --step"
    )
    job.wait_for_line("done fill", 120)
    assert ramster.counter(node, "zcache", "zpages") > 1000
    assert ramster.counter(node, "zcache", "saved_pages") == 0
    victim = node.start_command("echo 1000 >/proc/self/oom_score_adj && exec sleep 1000")
    node.run("echo f >/proc/sysrq-trigger")
    wait_until(lambda: ramster.counter(node, "zcache", "written_back_pages") > 100, "room", 20)
    assert victim.wait(timeout=30, check=False).status
    job.write("\n\n")
    assert '"bad_pages": 0' in job.wait(timeout=120).out
    clean_up(node)


@pytest.mark.slow
def test_zbud_writes_back_whole_frames(node):
    ramster.load(node, "zcache")
    ramster.set_zcache(node, allocator="zbud", max_pool_percent=10)
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    ramster.pagefill(node, 150, "--phases fill,read,touch=10")
    zpages = ramster.counter(node, "zcache", "written_back_pages")
    frames = ramster.counter(node, "zbud", "pers_evicted_pageframes")
    assert zpages > 1000
    # Most frames fall empty by eviction, and some by being read and freed in between
    assert frames > zpages / 4
    clean_up(node)


@pytest.mark.slow
def test_incompressible_pages_survive(node):
    ramster.load(node, "zcache")
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    ramster.pagefill(node, 120, "--content random --phases fill,read")
    clean_up(node)


def test_same_filled_pages_cost_no_storage(node):
    ramster.load(node, "zcache")
    ramster.swap_on(node, ramster.make_device(node, size="1G"))
    ramster.pagefill(node, 200, "--content same --phases fill,read")
    assert ramster.counter(node, "zcache", "loads_same_filled") > 10000
    clean_up(node)


@pytest.mark.slow
def test_a_device_without_backend_passes_through(node):
    ramster.load(node, "frontswap")
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    ramster.pagefill(node, 110, "--phases fill,read")
    ramster.swap_off(node)
    ramster.remove_device(node)
    ramster.unload(node)


@pytest.mark.slow
def test_a_backend_may_come_and_go_while_swap_is_on(node):
    ramster.load(node, "frontswap")
    ramster.swap_on(node, ramster.make_device(node, backing=node.disk("swap")))
    job = node.start_command("pagefill --mb 120 --phases fill,read,rewrite=30,read --step")
    job.wait_for_line("done fill")
    ramster.load(node, "zcache")
    job.write("\n")
    job.wait_for_line("done read", timeout=300)
    job.write("\n")
    job.wait_for_line("done rewrite", timeout=300)
    assert ramster.counter(node, "zcache", "stores") > 1000
    node.run("rmmod zcache", timeout=300)
    job.write("\n\n")
    assert '"bad_pages": 0' in job.wait(timeout=300).out
    ramster.load(node, "zcache")
    clean_up(node)


@pytest.mark.slow
def test_swap_survives_a_reset(node):
    """mkswap's signature lies on the backing device, not in RAM."""
    ramster.load(node, "zcache")
    device = ramster.make_device(node, backing=node.disk("swap"))
    node.run(f"mkswap -L here {device}")
    node.reset()
    ramster.load(node, "zcache")
    device = ramster.make_device(node, backing=node.disk("swap"))
    assert node.output(f"blkid -o value -s LABEL {device}") == "here"
    node.run(f"swapon {device}")
    ramster.pagefill(node, 110, "--phases fill,read")
    clean_up(node)


def test_verified_random_io_on_the_device(make_cluster):
    node = boot(make_cluster, 384)  # fio and its libraries want more than a paging node has
    ramster.load(node, "zcache")
    device = ramster.make_device(node, backing=node.disk("swap"))
    node.run(
        f"cd /tmp && fio --name=v --filename={device} --rw=randrw --bsrange=4k-64k --size=96M "
        "--direct=1 --ioengine=libaio --iodepth=16 --verify=crc32c --verify_fatal=1 "
        "--io_size=48M --randseed=7 --offset=1M",
        timeout=300,
    )
    node.run(f"blkdiscard {device}", check=False)
    assert ramster.lost_pages(node) == 0
    ramster.remove_device(node)
    ramster.check_gauges(node)
    ramster.unload(node)
