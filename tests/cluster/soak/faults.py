# SPDX-License-Identifier: GPL-2.0
"""How each kind of fault is done and undone. plan.py has the table of kinds.

Each takes the soak and the fault, returns when all is undone, and may return a
few words about what it saw.
"""

import random

import ramster
import trouble


def _power(soak, fault, off):
    member = soak.members[fault.target]
    member.about_to_die()
    off(member)
    member.set_up()


def kill(soak, fault):
    def off(member):
        member.node.kill()
        soak.hold(fault.seconds)
        member.node.boot()

    _power(soak, fault, off)


def reset(soak, fault):
    _power(soak, fault, lambda member: member.node.reset())


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


def daemon_kill(soak, fault):
    node = soak.cluster[fault.target]
    node.run("kill -9 $(cat /run/ramsterd.pid)")
    soak.hold(fault.seconds)
    node.run("ramsterd")


def daemon_hang(soak, fault):
    with trouble.hung_daemon(soak.cluster[fault.target]):
        soak.hold(fault.seconds)


def settings(soak, fault):
    member = soak.members[fault.target]
    member.apply(**{fault.detail["name"].replace(".", "__"): fault.detail["value"]})
    soak.hold(fault.seconds)
    member.apply()


DO = {
    "kill": kill, "reset": reset, "owner_reset": reset, "reboot": reboot, "modules": modules,
    "freeze_short": freeze, "freeze_long": freeze,
    "cut_short": _cut, "cut_long": _cut, "cut_one_way": cut_one_way, "flap": flap,
    "partition": partition, "partition_long": partition, "unplug": unplug,
    **{kind: netem for kind in trouble.NETEM},
    "eat_ram": eat_ram, "daemon_kill": daemon_kill, "daemon_hang": daemon_hang,
    "settings": settings,
}
