# SPDX-License-Identifier: GPL-2.0
"""The demonstration: a program on node a needs twice the RAM that a has.

    node a, 256 MB                          node b, 768 MB
    pagefill, 480 MB                        does nothing but lend
      | swap                                  ^
    /dev/frontswap0 -- zcache -- ramster -----+ TCP

Set up with ramsterctl, as an admin would. Draws how many pages lie where while
it runs, tells how it went, and writes build/demo.json.
"""

import json
import sys
import time

import ctl
from vmlab import Cluster, CommandFailed, DirtyLog, wait_until
from vmlab.paths import BUILD

OWNER_MB = 256
DONOR_MB = 768
PROGRAM_MB = 480
SWAP = 'devices = ( { name = "frontswap0"; size = "1G"; } );'
PLACES = [
    ("local", "in a's RAM, compressed"),
    ("in_flight", "on their way to b"),
    ("remote", "in b's RAM"),
    ("backing", "on a disk"),
]
BAR = 44
EVERY_S = 1


def set_up(cluster):
    """The same few commands on both nodes; the key is copied by hand."""
    a, b = cluster["a"], cluster["b"]
    a.run("ramsterctl genkey")
    b.write("/etc/ramster.key", a.read("/etc/ramster.key"))
    b.run("chmod 600 /etc/ramster.key")
    for node in cluster:
        for other in cluster:
            node.run(f"ramsterctl add-node {other.name} {other.ip}")
        node.run(f"ramsterctl set-local {node.name} --allow-loss")
    a.run(f"echo '{SWAP}' >>/etc/ramster.conf")
    for node in cluster:
        node.run("ramsterctl up")
    wait_until(lambda: all(n["state"] in ("up", "local") for n in ctl.status(a)["nodes"]),
               "a and b to know each other", 60)


def places(books):
    device = books["devices"][0]
    return {name: device[name] for name, _ in PLACES}


class Picture:
    """Redraws itself on a terminal; elsewhere a line now and then."""

    def __init__(self):
        self.terminal = sys.stdout.isatty()
        self.start = time.monotonic()
        self.drawn = 0
        self.said = -10

    def seconds(self):
        return time.monotonic() - self.start

    def draw(self, phase, where):
        if self.terminal:
            self._redraw(phase, where)
        elif self.seconds() - self.said >= 5:
            self.said = self.seconds()
            numbers = "  ".join(f"{name} {where[name]:6d}" for name, _ in PLACES)
            print(f"{self.said:4.0f} s  {phase:14s} {numbers}", flush=True)

    def _redraw(self, phase, where):
        most = max(PROGRAM_MB * 256, *where.values())
        lines = [f"  {phase:20s} {self.seconds():4.0f} s", ""]
        for name, text in PLACES:
            bar = "█" * round(BAR * where[name] / most)
            lines.append(f"  {text:24s} {bar:{BAR}s} {where[name]:7,d} pages")
        if self.drawn:
            print(f"\x1b[{self.drawn}A", end="")
        print("\n".join(f"\x1b[2K{line}" for line in lines), flush=True)
        self.drawn = len(lines)


def phase_of(job):
    """What pagefill is doing, by its own last word."""
    words = next((l.split() for l in reversed(job.lines()) if l.startswith("progress")), None)
    if not words:
        return "starting"
    verb = {"fill": "filling", "read": "reading back", "touch": "touching"}[words[1]]
    return f"{verb} {100 * int(words[2]) // max(1, int(words[3]))} %"


def latest(job):
    """The last whole status that the loop on the node has printed."""
    text = bytes(job.out).decode()
    end = text.rfind("\n}\n")
    if end < 0:
        return None
    start = text.rfind("\n{\n", 0, end)
    return json.loads(text[start + 1 : end + 2])


def run(cluster):
    a = cluster["a"]
    picture = Picture()
    program = a.start_command(f"pagefill --mb {PROGRAM_MB} --progress --phases fill,read,touch=10")
    watch = a.start_command(f"while :; do ramsterctl status --json; sleep {EVERY_S}; done")
    most = 0
    while program.running():
        books = latest(watch)
        if books:
            most = max(most, places(books)["remote"])
            picture.draw(phase_of(program), places(books))
        problem = a.agent.alive()
        if problem:
            raise CommandFailed(problem)
        time.sleep(EVERY_S / 2)
    seconds = picture.seconds()
    watch.kill(9)
    watch.wait(check=False)
    result = program.wait(check=False)
    if not result.out.rstrip().endswith("]}"):
        raise CommandFailed(f"pagefill ended with {result.status}: {result.err}")
    return json.loads(result.out.splitlines()[-1]), most, seconds


def summarize(report, most_remote):
    print(f"""
  A program filled {PROGRAM_MB} MB on a node with {OWNER_MB} MB of RAM, read all of it back
  and touched a tenth of it at random. {report['pages_remotified']:,} times a page went to the
  other node's RAM, and {report['pages_fetched']:,} times one came back; up to {most_remote:,} pages
  ({most_remote // 256} MB) lay there at once. {report['pages_verified']:,} pages were checked byte by
  byte: {report['bad_pages']} were wrong, {report['lost_pages']} were lost, {report['backing_reads']} were read from a disk.
  It took {report['seconds']:.0f} s on two emulated machines.
""")


def main():
    print(f"Booting two machines: a with {OWNER_MB} MB, b with {DONOR_MB} MB.", flush=True)
    with Cluster("ab", name="demo", ram=OWNER_MB, each={"b": {"ram": DONOR_MB}}) as cluster:
        cluster.boot()
        set_up(cluster)
        print(f"a swaps to /dev/frontswap0 now, and a program there takes {PROGRAM_MB} MB.\n",
              flush=True)
        pages, most_remote, seconds = run(cluster)
        stats = ctl.stats(cluster["a"])
        report = {
            "pages_verified": pages["pages_verified"],
            "bad_pages": pages["bad_pages"] + pages["sigbus_pages"],
            "pages_remotified": stats["ramster"]["pages_remotified"],
            "pages_fetched": stats["ramster"]["pages_fetched"],
            "backing_reads": stats["frontswap"]["backing_reads"],
            "lost_pages": stats["zcache"]["lost_pages"] + stats["frontswap"]["lost_pages"],
            "seconds": round(seconds, 1),
        }
        (BUILD / "demo.json").write_text(json.dumps(report, indent=2) + "\n")
        for node in cluster:
            node.run("ramsterctl down", timeout=300)
        summarize(report, most_remote)
        cluster.check_logs()
    good = (
        not report["bad_pages"] and not report["lost_pages"]
        and report["pages_remotified"] > 10000 and report["pages_fetched"] > 10000
    )
    print("  All is well; build/demo.json has the numbers." if good else "  THIS IS NOT RIGHT.")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CommandFailed, DirtyLog, AssertionError) as problem:
        sys.exit(f"the demonstration failed: {problem}")
