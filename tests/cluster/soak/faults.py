# SPDX-License-Identifier: GPL-2.0
"""How each kind of fault is done and undone. plan.py has the table of kinds.

Each takes the soak and the fault, returns when all is undone, and may return a
few words about what it saw.
"""

import random
from contextlib import ExitStack

import ramster
import trouble
from vmlab import wait_until

from .member import IMPOSTOR_IP, IMPOSTOR_NUM
from .plan import ATTACKS, FETCH_TIMEOUT_MS

# After a quarter of it a read that can be had below is not waited for any more
HEDGED_S = FETCH_TIMEOUT_MS / 2000


def _power(soak, fault, off):
    member = soak.members[fault.target]
    soak.last_look(member)
    member.about_to_die()
    off(member)
    member.set_up()


def _hold_in_mind(soak, member):
    """What lies there is gone in a moment."""
    soak.gone_pages += ramster.counter(member.node, "ramster", "foreign_pages")


def kill(soak, fault):
    def off(member):
        _hold_in_mind(soak, member)
        member.node.kill()
        soak.hold(fault.seconds)
        member.node.boot()

    _power(soak, fault, off)


def reset(soak, fault):
    def off(member):
        _hold_in_mind(soak, member)
        member.node.reset()

    _power(soak, fault, off)


def reboot(soak, fault):
    """In order: ramsterd brings the node down as at a shutdown, then it boots."""

    def off(member):
        member.node.run(
            "pid=$(cat /run/ramsterd.pid); kill $pid; while kill -0 $pid 2>&-; do sleep 0.1; done",
            timeout=60,
        )
        member.node.reset()

    _power(soak, fault, off)


def modules(soak, fault):
    """A lender leaves, its modules are unloaded and loaded again."""
    member = soak.members[fault.target]
    member.ready.clear()
    member.node.run("ramsterctl down --force --unload", timeout=60)
    soak.hold(fault.seconds)
    member.set_up()


def freeze(soak, fault):
    with trouble.frozen(soak.cluster[fault.target]):
        soak.hold(fault.seconds)


def _cut(soak, fault):
    with soak.wires.cut(both_ways(fault.target.split("-"))):
        soak.hold(fault.seconds)


def both_ways(pair):
    return [tuple(pair), tuple(reversed(pair))]


def cut_one_way(soak, fault):
    with soak.wires.cut([tuple(fault.target.split("-"))]):
        soak.hold(fault.seconds)


def flap(soak, fault):
    dice = random.Random(fault.detail["seed"])
    for _ in range(fault.detail["times"]):
        with soak.wires.cut(both_ways(fault.target.split("-"))):
            soak.hold(dice.uniform(0.05, 0.4))
        soak.hold(dice.uniform(0.05, 0.4))


def partition(soak, fault):
    others = [name for name in soak.members if name not in fault.target]
    ways = [way for one in fault.target for other in others for way in both_ways((one, other))]
    with soak.wires.cut(ways):
        soak.hold(fault.seconds)


def unplug(soak, fault):
    node = soak.cluster[fault.target]
    node.unplug_cable()
    try:
        soak.hold(fault.seconds)
    finally:
        node.plug_cable()


def netem(soak, fault):
    node = soak.cluster[fault.target]
    with trouble.netem(node, fault.kind):
        soak.hold(fault.seconds)
        return f"{trouble.netem_frames(node)} frames"


def eat_ram(soak, fault):
    """So much of what is free that nothing has to be given back for it."""
    member = soak.members[fault.target]
    megabytes = member.node.meminfo()["MemAvailable"] * fault.detail["percent"] // 100 // 1024
    trouble.eat_ram(member.node, megabytes, max(1, int(fault.seconds)))
    return f"{megabytes} MB, lent {ramster.counter(member.node, 'ramster', 'foreign_pages')} pages"


def recall(soak, fault):
    """A program takes all that is free, and so much of what is lent: that has to be given back."""
    node = soak.cluster[fault.target]
    lent, before = (ramster.counter(node, "ramster", n) for n in ("foreign_zbytes", "recalls"))
    free = node.meminfo()["MemAvailable"] // 1024
    megabytes = free + (lent >> 20) * fault.detail["percent"] // 100
    ramster.pagefill(node, megabytes, "--pace 8 --phases fill,read", timeout=180)
    recalls = ramster.counter(node, "ramster", "recalls") - before
    if not recalls and lent > 16 << 20:
        soak.blame(f"{fault.target}: {megabytes} MB of {free} MB free, and nothing was recalled")
    return f"{megabytes} MB of {free} MB free, {lent >> 20} MB lent; {recalls} recalls"


class LeftOut(Exception):
    """The cluster is in no state to survive this fault; says why."""


def _disk_errors(node):
    return sum(
        ramster.counter(node, group, name)
        for group, name in (("fswap", "backing_errors"), ("zcache", "writeback_failed"))
    )


def disk(soak, fault):
    """All of it fails: then lenders stand still for a moment, so that reads go there at all."""
    node = soak.cluster[fault.target]
    what = fault.kind.removeprefix("disk_")
    stats = ramster.device_stats(node)
    below = stats["used"] - stats["above"]
    if what == "errors" and below:
        raise LeftOut(f"{below} pages are on the disk alone")
    before = _disk_errors(node)
    with trouble.bad_disk(node, node.disk("swap"), what), ExitStack() as still:
        if what == "errors":
            for name in soak.lender_names:
                still.enter_context(trouble.frozen(soak.cluster[name]))
            soak.hold(HEDGED_S)
            still.close()
        soak.hold(fault.seconds)
    errors = _disk_errors(node) - before
    soak.disk_errors += errors
    return f"{errors} errors"


def disk_full(soak, fault):
    """No slot is free: what does not fit goes to the next swap. In the end all comes back."""
    node = soak.cluster[fault.target]
    with trouble.full_swap(node, node.disk("more")) as megabytes:
        soak.hold(fault.seconds)
    return f"{megabytes} MB on the next swap"


def impostor(soak, fault):
    """Somebody at the address of a node that is never there, who has the key.

    In the end it is polite: its hello is heard, and what it has left there is freed.
    """
    node, victim = soak.cluster[fault.target], soak.members[fault.detail["on"]]
    attack = fault.detail["attack"]

    def rogue(attack, times):
        return node.run(
            f"timeout 60 rogue --self {IMPOSTOR_NUM} --to {victim.node.number} --cluster ramster "
            f"--key {ramster.KEY} --from {IMPOSTOR_IP} owner {victim.node.ip} {attack} {times}",
            check=False,
        )

    before = ramster.counter(victim.node, "ramster", "protocol_errors")
    node.run(f"ip addr add {IMPOSTOR_IP}/24 dev eth0")
    try:
        said = rogue(attack, ATTACKS[attack])
        wait_until(
            lambda: soak.give_up.is_set() or not rogue("greet", 1).status,
            f"{victim.name} to hear who is polite", 90, 1,
        )
    finally:
        node.run(f"ip addr del {IMPOSTOR_IP}/24 dev eth0")
        victim.provoked += ramster.counter(victim.node, "ramster", "protocol_errors") - before
    return f"{attack}: status {said.status}, {victim.provoked} protocol errors"


def daemon_kill(soak, fault):
    node = soak.cluster[fault.target]
    node.run("kill -9 $(cat /run/ramsterd.pid)")
    soak.hold(fault.seconds)
    node.run("ramsterd")


def daemon_hang(soak, fault):
    with trouble.hung_daemon(soak.cluster[fault.target]):
        soak.hold(fault.seconds)


def change(soak, fault):
    """What stands in the configuration file changes, and changes back."""
    member = soak.members[fault.target]
    member.apply(**{name.replace(".", "__"): value for name, value in fault.detail.items()})
    soak.hold(fault.seconds)
    member.apply()


DO = {
    "kill": kill, "reset": reset, "owner_reset": reset, "reboot": reboot, "modules": modules,
    "freeze_short": freeze, "freeze_long": freeze,
    "cut_short": _cut, "cut_long": _cut, "cut_one_way": cut_one_way, "flap": flap,
    "partition": partition, "partition_long": partition, "unplug": unplug,
    **{kind: netem for kind in trouble.NETEM},
    "eat_ram": eat_ram, "daemon_kill": daemon_kill, "daemon_hang": daemon_hang,
    "settings": change, "policy": change, "recall": recall, "impostor": impostor,
    "disk_full": disk_full,
    **{kind: disk for kind in ("disk_slow", "disk_write_errors", "disk_errors")},
}
