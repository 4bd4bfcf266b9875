# SPDX-License-Identifier: GPL-2.0
"""Reports of KCSAN: whose race is it?

It looks at the whole kernel, and Linux has races that it knows of or lives with. One is ours if on
either side the code is ours, or what others have written to keep our data: a list, a tree, a copy.
"""

import re

OURS = re.compile(r"\[(?:tmem|frontswap|zcache|ramster)\]")

REPORT = re.compile(r"BUG: KCSAN: .*?={40}", re.DOTALL)
# An access, and the frames below it
SIDE = re.compile(r"^(?:\[[^]]*\] ?)?(?:race at|read|write|assert)[^\n]* (?:by|of) [^\n]*:\n", re.MULTILINE)
FRAME = re.compile(r"^(?:\[[^]]*\] ?)? (\S+\+0x\S+.*)$", re.MULTILINE)

HELPERS = re.compile(
    r"_*(?:list_|hlist_|llist_|rb_|rht_|rhashtable_|x[as]s?_|idr_|mem(?:cpy|set|move|cmp)|refcount_|"
    r"kref_|bitmap_|find_|crypto_|chacha|poly1305|lz4|LZ4_|zs_|kfree|kmem_cache_free|sg_)"
)


def _is_ours(report):
    for side in SIDE.split(report)[1:]:
        frames = FRAME.findall(side)
        place = next((frame for frame in frames if not HELPERS.match(frame)), "")
        if OURS.search(place):
            return True
    return False


def without_those_of_linux(text):
    """A kernel log but for the reports of races that are not ours."""
    return REPORT.sub(lambda report: report[0] if _is_ours(report[0]) else "", text)
