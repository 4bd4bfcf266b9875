# SPDX-License-Identifier: GPL-2.0
"""What a remote page costs in RAM: its owner, and its donor beside the zpage.

The device is written directly, not swapped to, so that the swap code's own
memory (a radix tree of shadow entries) is not in the figure. Counted are all
slab objects of the kinds that an index is made of, beyond what there was before
the device was made, and the owner's maps of slots by their size (they may lie anywhere);
the entries of the few pages that are still local do not count. A first, small device warms up what the
connection needs, which does not grow with the pages. The nodes must have been
booted with slab_nomerge, so that each kind has a line of its own.
"""

import ramster
from vmlab import wait_until

INDEX = ("radix_tree_node", "zc_entry", "fswap_io", "page_load", "rs_", "tmem", "kmalloc-")
# Of these, what has objects for pages only; "kmalloc-" has also what connections come to need
OF_PAGES = ("radix_tree_node", "zc_entry", "tmem")
ALLOCATOR = ("zs_handle", "zspage")  # what zsmalloc needs to find a zpage

# Bits a slot: frontswap's map, zcache's map of freed slots and of objects with any.
MAP_BITS = 4 + 1 + 1 / 64

SPARE_MB = 40
CHUNK_MB = 31  # the corpus has 32


def held(node, kinds=INDEX):
    """Bytes that may be an index of ours, by slab; without what a CPU has at hand for the next one."""
    node.run(
        "sync; echo 3 >/proc/sys/vm/drop_caches; "
        "for c in /sys/kernel/slab/*; do [ -L $c ] || echo 1 >$c/shrink; done"
    )
    by = {}
    for line in node.output("cat /proc/slabinfo").splitlines()[2:]:
        name, active, _, size = line.split()[:4]
        if name.startswith(kinds):
            by[name] = int(active) * int(size)
    return by


def frames(node):
    """Bytes of the page frames that zpages lie in."""
    return 4096 * int(dict(
        line.split() for line in node.read("/proc/vmstat").splitlines()
    )["nr_zspages"])


def entry_bytes(node):
    """Bytes of one local page's entry."""
    return int(node.output("grep ^zc_entry /proc/slabinfo").split()[3])


def write_pages(node, device, first, last):
    """Real pages, from so many megabytes on to so many (and up to CHUNK_MB more)."""
    node.run(
        f"for part in $(seq {first} {CHUNK_MB} {last - 1}); do "
        f"dd if=/corpus of={device} bs=1M count={CHUNK_MB} seek=$((part + 1)) iflag=direct "
        "oflag=direct 2>/dev/null || exit; done",
        timeout=60 + 5 * (last - first),
    )


def fill(node, megabytes, spare=SPARE_MB):
    """A device with so many megabytes of real pages written to it."""
    device = ramster.make_device(node, size=f"{megabytes + spare}M", **ramster.ONE_COPY)
    write_pages(node, device, 0, megabytes)
    return device


def growth(before, after):
    """What has grown. What has shrunk meanwhile was not the index's, and pays for nothing of it."""
    return {
        name: size - before.get(name, 0)
        for name, size in after.items() if size > before.get(name, 0)
    }


class OwnersIndex:
    """What its index grows by, from now on. Entries of pages that are still local do not count."""

    def __init__(self, node, kinds=INDEX):
        self.node = node
        self.kinds = kinds
        self.before = held(node, kinds)

    def grown_by(self, slots):
        """Bytes by kind; slots: of how many the maps are counted."""
        local = ramster.counter(self.node, "zcache", "zpages")
        after = held(self.node, self.kinds)
        after["zc_entry"] -= local * entry_bytes(self.node)
        return {**growth(self.before, after), "maps of slots": round(slots * MAP_BITS / 8)}

    def bytes_per_page(self):
        """Of all pages in the index, wherever they are."""
        pages = ramster.device_stats(self.node)["above"]
        return sum(self.grown_by(pages).values()) / pages


def warm_up(node, donors):
    """A first, small device, and its end: what connections need is there from now on."""
    fill(node, CHUNK_MB)
    ramster.remove_device(node)
    for donor in donors:
        wait_until(lambda: not ramster.counter(donor, "ramster", "foreign_pages"),
                   f"{donor.name} to forget", 120)


def memory_per_remote_page(cluster, ours, wanted):
    """Writes real pages until so many lie on b; bytes a page there and here."""
    a, b = cluster["a"], cluster["b"]
    megabytes = wanted // 256 + SPARE_MB
    ours.connect(cluster)
    warm_up(a, [b])
    index, b_before, b_frames = OwnersIndex(a), held(b, INDEX + ALLOCATOR), frames(b)
    device = fill(a, megabytes)
    pages = wait_until(
        lambda: (n := ramster.counter(b, "ramster", "foreign_pages")) >= wanted and n,
        f"{wanted} pages to lie on b", 120,
    )
    local = ramster.counter(a, "zcache", "zpages")
    owner = index.grown_by((megabytes + SPARE_MB) * 256)
    b_after = held(b, INDEX + ALLOCATOR)
    zbytes = ramster.counter(b, "ramster", "foreign_zbytes")
    waste = frames(b) - b_frames - zbytes
    a.run(f"blkdiscard {device}")
    ours.down(cluster)
    donor = growth(b_before, b_after)
    return {
        "remote_pages": pages,
        "local_pages": local,
        "owner_bytes": sum(owner.values()),
        "owner_by": owner,
        "owner_bytes_per_remote_page": round(sum(owner.values()) / pages, 2),
        "donor_by": donor,
        "donor_zbytes_per_page": round(zbytes / pages, 1),
        "donor_index_bytes_per_page": round(sum(donor.values()) / pages, 2),
        "donor_frames_beyond_zbytes_per_page": round(waste / pages, 2),
        "donor_bytes_beside_zpage": round((sum(donor.values()) + waste) / pages, 2),
    }
