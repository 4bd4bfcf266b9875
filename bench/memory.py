# SPDX-License-Identifier: GPL-2.0
"""What a remote page costs its owner in RAM.

The device is written directly, not swapped to, so that the swap code's own
memory (a radix tree of shadow entries) is not in the figure. Counted are all
slab objects of the kinds that an index is made of, beyond what there was before
the device was made, and its maps of slots by their size (they may lie anywhere);
the entries of the few pages that are still local do not count. A first, small device warms up what the
connection needs, which does not grow with the pages. The owner must have been
booted with slab_nomerge, so that each kind has a line of its own.
"""

import ramster
from vmlab import wait_until

WANTED = 50_000
INDEX = ("radix_tree_node", "zc_entry", "fswap_io", "page_load", "rs_", "tmem", "kmalloc-")
LEAST_POOL_PERCENT = 1

# Bits a slot: frontswap's map, zcache's map of freed slots and of objects with any.
MAP_BITS = 4 + 1 + 1 / 64


def held(node):
    """Bytes that may be an index of ours, by slab."""
    node.run("sync; echo 3 >/proc/sys/vm/drop_caches")
    by = {}
    for line in node.output("cat /proc/slabinfo").splitlines()[2:]:
        name, active, _, size = line.split()[:4]
        if name.startswith(INDEX):
            by[name] = int(active) * int(size)
    return by


def entry_bytes(node):
    """Bytes of one local page's entry."""
    return int(node.output("grep ^zc_entry /proc/slabinfo").split()[3])


def fill(node, megabytes, spare):
    """A device with so many megabytes of real pages written to it."""
    device = ramster.make_device(node, size=f"{megabytes + spare}M", **ramster.ONE_COPY)
    node.run(
        f"for part in $(seq 0 31 {megabytes}); do "
        f"dd if=/corpus of={device} bs=1M count=31 seek=$((part + 1)) iflag=direct oflag=direct "
        "2>/dev/null || exit; done",
        timeout=600,
    )
    return device


def owner_bytes_per_remote_page(a, b, ours):
    """Writes real pages until WANTED lie on b; bytes a page on a."""
    megabytes = WANTED // 256 + 40
    ours.connect(a, b)
    ramster.set_zcache(a, max_pool_percent=LEAST_POOL_PERCENT)
    fill(a, 31, 40)
    ramster.remove_device(a)
    wait_until(lambda: not ramster.counter(b, "ramster", "foreign_pages"), "b to forget", 120)
    before = held(a)
    device = fill(a, megabytes, 40)
    pages = wait_until(
        lambda: (n := ramster.counter(b, "ramster", "foreign_pages")) >= WANTED and n,
        f"{WANTED} pages to lie on b", 120,
    )
    local = ramster.counter(a, "zcache", "zpages")
    after = held(a)
    after["zc_entry"] -= local * entry_bytes(a)
    a.run(f"blkdiscard {device}")
    ours.down(a, b)
    more = {name: value - before.get(name, 0) for name, value in after.items()}
    more["maps of slots"] = round((megabytes + 40) * 256 * MAP_BITS / 8)
    return {
        "remote_pages": pages,
        "local_pages": local,
        "owner_bytes": sum(more.values()),
        "by": {name: value for name, value in more.items() if value},
        "owner_bytes_per_remote_page": round(sum(more.values()) / pages, 2),
    }
