# SPDX-License-Identifier: GPL-2.0
"""What will happen in a soak: a list of faults that follows from the seed alone."""

import random
from dataclasses import asdict, dataclass, field

# The members' times; small, so that much can happen in little time
HEARTBEAT_MS = 200
SUSPECT_MS = 800
DEAD_MS = 2500
FETCH_TIMEOUT_MS = 3000

DEAD_S = DEAD_MS / 1000
BLIP = (0.2, 0.6 * DEAD_S)
LONG = (DEAD_S + 0.5, DEAD_S + 2)


@dataclass(frozen=True)
class Policy:
    """What keeps pages safe, and so what may happen to them.

    disk: owners have a backing device, each page is written there, too.
    lenders: so many, of so much RAM, that one may be away and the others still have room for all.
    forgets: donors may lose their memory. isolates: an owner may be away from
    all its donors for longer than it waits for them. settings: what may change for a
    while beside SETTINGS, and is as safe.
    """

    replicas: int
    disk: bool
    allow_loss: bool = False
    lenders: int = 2
    lender_mb: int = 224
    forgets: bool = True
    isolates: bool = True
    settings: dict = field(default_factory=dict, hash=False)


POLICIES = {
    "disk": Policy(replicas=1, disk=True, settings={"cluster.replicas": [2]}),
    "disk2": Policy(replicas=2, disk=True, settings={"cluster.replicas": [1, 3]}),
    "replicas2": Policy(replicas=2, disk=False, lenders=3, lender_mb=448, isolates=False),
    "loss": Policy(replicas=1, disk=False, allow_loss=True),
}


@dataclass(frozen=True)
class Kind:
    """who: lender (a node that only lends), owner, node (any), link, halves.

    spared: whom it befalls instead where an owner may not be away from all its donors.
    disk: it needs one. alone: nothing else may fail meanwhile, so only where faults do not overlap.
    """

    weight: int
    who: str
    seconds: tuple
    forgets: bool = False
    isolates: bool = False
    spared: str = ""
    disk: bool = False
    alone: bool = False


KINDS = {
    "kill": Kind(3, "lender", (0.2, 4), forgets=True),
    "reset": Kind(3, "lender", (0, 0), forgets=True),
    "reboot": Kind(2, "lender", (0, 0), forgets=True),
    "owner_reset": Kind(2, "owner", (0, 0), forgets=True),
    "modules": Kind(3, "lender", (0, 1), forgets=True),
    "freeze_short": Kind(6, "node", (0.8, 1.2)),
    "freeze_long": Kind(4, "node", LONG),
    "cut_short": Kind(5, "link", BLIP),
    "cut_long": Kind(4, "link", LONG),
    "cut_one_way": Kind(6, "link", (0.3, DEAD_S + 1)),
    "flap": Kind(5, "link", (0, 0)),
    "partition": Kind(3, "halves", BLIP),
    "partition_long": Kind(3, "halves", LONG, isolates=True),
    "unplug": Kind(3, "node", BLIP),
    "loss": Kind(3, "node", (1, 4)),
    "delay": Kind(3, "node", (1, 4)),
    "duplicate": Kind(3, "node", (1, 4)),
    "reorder": Kind(3, "node", (1, 4)),
    "corrupt": Kind(3, "node", (1, 4)),
    "rate": Kind(3, "node", (1, 4), isolates=True, spared="lender"),
    "eat_ram": Kind(3, "lender", (2, 4)),
    "recall": Kind(2, "lender", (0, 0), alone=True),
    "disk_slow": Kind(2, "owner", (2, 5), disk=True),
    "disk_write_errors": Kind(2, "owner", (1, 4), disk=True, alone=True),
    "disk_errors": Kind(2, "owner", (1, 4), disk=True, alone=True),
    "impostor": Kind(4, "lender", (0, 0)),
    "daemon_kill": Kind(3, "node", (0, 2)),
    "daemon_hang": Kind(2, "node", (0.5, 3)),
    "settings": Kind(5, "node", (0.5, 2)),
}

# What an admin may change under load, by group and name
SETTINGS = {
    "cluster.heartbeat_ms": [100, 400],
    "cluster.dead_ms": [1500, 5000],
    "cluster.fetch_timeout_ms": [2000, 5000],
    "zcache.max_pool_percent": [2, 5, 40],
    "zcache.compressor": ["lzo-rle", "zstd"],
    "zcache.age_out_s": [1],
    "lend.max_mb": [8, 32, 200],
    "lend.keep_free_mb": [4, 40, 100],
    "lend.quota_mb": [8, 64],
}


# What tests/rogue can do to a node, and how often; it knows the key, and is a node by itself
ATTACKS = {
    "bit-flip-in-header": 1, "bit-flip-in-payload": 1, "downgrade": 1, "flood": 500, "fuzz": 2000,
    "knock": 30, "no-key": 1, "oversized-frame": 1, "oversized-hello": 1, "reconnect": 20,
    "replayed-frame": 1, "replayed-hello": 1, "truncated-frame": 1, "wrong-key": 1, "wrong-proof": 1,
}


@dataclass(frozen=True)
class Fault:
    """number: its place in the plan. gap: seconds to the next, when many run at once."""

    number: int
    kind: str
    target: str
    seconds: float
    gap: float
    detail: dict = field(default_factory=dict)

    def nodes(self, names):
        """Whom it keeps from being the target of another fault meanwhile."""
        return {self.target, self.detail.get("on")} & set(names)

    def record(self):
        return asdict(self)


def _target(dice, who, owners, lenders):
    everyone = owners + lenders
    if who == "lender":
        return dice.choice(lenders)
    if who == "owner":
        return dice.choice(owners)
    if who == "node":
        return dice.choice(everyone)
    if who == "link":
        owner = dice.choice(owners)
        other = dice.choice([name for name in everyone if name != owner])
        return f"{owner}-{other}" if dice.random() < 0.5 else f"{other}-{owner}"
    half = sorted(dice.sample(everyone, len(everyone) // 2))
    return "".join(half)


def _detail(dice, kind, settings, names):
    if kind == "flap":
        return {"times": dice.randint(3, 8), "seed": dice.randrange(1000)}
    if kind == "settings":
        name = dice.choice(sorted(settings))
        return {"name": name, "value": dice.choice(settings[name])}
    if kind == "eat_ram":
        return {"percent": dice.randint(40, 85)}
    if kind == "recall":
        return {"percent": dice.randint(20, 50)}
    if kind == "impostor":
        return {"attack": dice.choice(sorted(ATTACKS)), "on": dice.choice(names)}
    return {}


def make_plan(seed, count, policy, owners, lenders, kinds=None, mode="one"):
    """The faults of a soak: the same for the same arguments, whatever happens."""
    policy = POLICIES[policy]
    settings = SETTINGS | policy.settings
    dice = random.Random(seed)
    possible = [
        name
        for name, kind in KINDS.items()
        if (policy.forgets or not kind.forgets)
        and (policy.isolates or not kind.isolates or kind.spared)
        and (policy.disk or not kind.disk)
        and (mode == "one" or not kind.alone)
        and (not kinds or name in kinds)
    ]
    weights = [KINDS[name].weight for name in possible]
    faults = []
    for number in range(1, count + 1):
        name = dice.choices(possible, weights)[0]
        kind = KINDS[name]
        who = kind.spared if kind.isolates and not policy.isolates else kind.who
        target = _target(dice, who, owners, lenders)
        faults.append(
            Fault(
                number=number,
                kind=name,
                target=target,
                seconds=round(dice.uniform(*kind.seconds), 2),
                gap=round(dice.expovariate(1 / 1.5), 2),
                detail=_detail(dice, name, settings, [n for n in owners + lenders if n != target]),
            )
        )
    return faults
