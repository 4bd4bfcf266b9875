# SPDX-License-Identifier: GPL-2.0
"""What a remote page costs its owner in RAM.

The device is written directly, not swapped to, so that the swap code's own
memory (a radix tree of shadow entries) is not in the figure. Counted are all
slab objects of the kinds that an index is made of, and what our modules hold in
vmalloc, beyond what there was before the pages were written.
"""

import ramster
from vmlab import wait_until

WANTED = 50_000
OURS = ("radix_tree_node", "zc_entry", "fswap_io", "page_load", "rs_", "tmem", "kmalloc-")
LEAST_POOL_PERCENT = 1


def held(node):
    """Bytes in slabs and vmalloc that may be an index of ours."""
    node.run("sync; echo 3 >/proc/sys/vm/drop_caches")
    total = 0
    for line in node.output("cat /proc/slabinfo").splitlines()[2:]:
        name, active, _, size = line.split()[:4]
        if name.startswith(OURS):
            total += int(active) * int(size)
    for line in node.output("grep -E '\\[(tmem|frontswap|zcache|ramster)\\]' /proc/vmallocinfo").splitlines():
        total += int(line.split()[1])
    return total


def owner_bytes_per_remote_page(a, b, ours):
    """Writes real pages until WANTED lie on b; bytes a page on a."""
    device = ours.up(a, b)
    ramster.set_zcache(a, max_pool_percent=LEAST_POOL_PERCENT)
    before = held(a)
    megabytes = WANTED // 256 + 40
    a.run(
        f"for part in $(seq 0 31 {megabytes}); do "
        f"dd if=/corpus of={device} bs=1M count=31 seek=$((part + 1)) iflag=direct oflag=direct "
        "2>/dev/null || exit; done",
        timeout=600,
    )
    pages = wait_until(
        lambda: (n := ramster.counter(b, "ramster", "foreign_pages")) >= WANTED and n,
        f"{WANTED} pages to lie on b", 120,
    )
    local = ramster.counter(a, "zcache", "zpages")
    after = held(a)
    a.run(f"blkdiscard {device}")
    ours.down(a, b)
    return {
        "remote_pages": pages,
        "local_pages": local,
        "owner_bytes": after - before,
        "owner_bytes_per_remote_page": round((after - before) / pages, 2),
    }
