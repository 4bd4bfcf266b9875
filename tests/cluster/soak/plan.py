# SPDX-License-Identifier: GPL-2.0
"""What will happen in a soak: a list of faults that follows from the seed alone."""

import itertools
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
    while beside SETTINGS, and is as safe. changes: what may change as long as nothing fails.
    """

    replicas: int
    disk: bool
    allow_loss: bool = False
    lenders: int = 2
    lender_mb: int = 224
    forgets: bool = True
    isolates: bool = True
    settings: dict = field(default_factory=dict, hash=False)
    changes: tuple = ()


ONE_COPY = {"cluster.replicas": 1, "cluster.allow_loss": True}
NO_BACKUP = {"device.backup": "none"}

POLICIES = {
    "disk": Policy(
        replicas=1, disk=True, settings={"cluster.replicas": [2]},
        changes=(NO_BACKUP | {"cluster.replicas": 2}, NO_BACKUP | ONE_COPY),
    ),
    "disk2": Policy(
        replicas=2, disk=True, settings={"cluster.replicas": [1, 3]},
        changes=(NO_BACKUP, NO_BACKUP | ONE_COPY),
    ),
    "replicas2": Policy(
        replicas=2, disk=False, lenders=3, lender_mb=448, isolates=False,
        settings={"cluster.allow_loss": [True]}, changes=({"cluster.replicas": 3}, ONE_COPY),
    ),
    "loss": Policy(replicas=1, disk=False, allow_loss=True),
}


@dataclass(frozen=True)
class Kind:
    """times: how often it comes in each round. who: lender (a node that only lends), owner,
    node (any), link, halves.

    spared: whom it befalls instead where an owner may not be away from all its donors.
    disk: it needs one. alone: nothing else may fail meanwhile, so only where faults do not overlap.
    first: it can happen as long as no lender has lost its memory, and hardly later.
    silences: others may give up a node, if it lasts.
    """

    times: int
    who: str
    seconds: tuple
    forgets: bool = False
    isolates: bool = False
    spared: str = ""
    disk: bool = False
    alone: bool = False
    first: bool = False
    silences: bool = False


KINDS = {
    "kill": Kind(1, "lender", (0.2, 4), forgets=True),
    "reset": Kind(1, "lender", (0, 0), forgets=True),
    "reboot": Kind(1, "lender", (0, 0), forgets=True),
    "owner_reset": Kind(1, "owner", (0, 0), forgets=True),
    "modules": Kind(1, "lender", (0, 1), forgets=True),
    "freeze_short": Kind(2, "node", (0.8, 1.2)),
    "freeze_long": Kind(1, "node", LONG, silences=True),
    "cut_short": Kind(2, "link", BLIP),
    "cut_long": Kind(1, "link", LONG, silences=True),
    "cut_one_way": Kind(2, "link", (0.3, DEAD_S + 1), silences=True),
    "flap": Kind(2, "link", (0, 0)),
    "partition": Kind(1, "halves", BLIP),
    "partition_long": Kind(1, "halves", LONG, isolates=True),
    "unplug": Kind(1, "node", BLIP),
    "loss": Kind(1, "node", (1, 4)),
    "delay": Kind(1, "node", (1, 4)),
    "duplicate": Kind(1, "node", (1, 4)),
    "reorder": Kind(1, "node", (1, 4)),
    "corrupt": Kind(1, "node", (1, 4)),
    "rate": Kind(1, "node", (1, 4), isolates=True, spared="lender"),
    "eat_ram": Kind(1, "lender", (2, 4)),
    "recall": Kind(1, "lender", (0, 0), alone=True),
    "disk_slow": Kind(1, "owner", (2, 5), disk=True),
    "disk_full": Kind(1, "owner", (1, 4), disk=True, alone=True),
    # Beside others, too: what cannot be written stays in memory, and what is there can be read
    "disk_write_errors": Kind(1, "owner", (1, 4), disk=True),
    "disk_errors": Kind(1, "owner", (1, 4), disk=True, alone=True, first=True),
    "impostor": Kind(2, "lender", (0, 0)),
    "daemon_kill": Kind(1, "node", (0, 2)),
    "daemon_hang": Kind(1, "node", (0.5, 3)),
    "settings": Kind(2, "node", (0.5, 2)),
    "policy": Kind(1, "owner", (0.5, 2), alone=True),
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


# What tests/rogue can do to a node, and how often; it knows the key, and is a node by itself. A hoard is
# so small that it costs no honest owner its room. Not here: crowd and foreign-pool, which are several.
ATTACKS = {
    "bit-flip-in-header": 1, "bit-flip-in-payload": 1, "cut-frame": 1, "downgrade": 1,
    "downgrade-to-no-key": 1, "flood": 500, "fuzz": 2000, "hoard": 4000, "knock": 30,
    "no-common-version": 1, "no-key": 1, "oversized-frame": 1, "oversized-hello": 1, "reconnect": 20,
    "replayed-frame": 1, "replayed-hello": 1, "slow-loris": 30, "spliced-frame": 1, "wrong-key": 1,
    "wrong-proof": 1, "wrong-version": 1,
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

    def takes_pages(self):
        """May pages be gone with it that nobody else has?"""
        kind = KINDS[self.kind]
        silent = kind.silences and self.seconds > BLIP[1]
        return kind.forgets or kind.isolates or silent

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


def _rounds(dice, things):
    """Each of them once a round, for ever, in an order of its own each time."""
    while True:
        yield from dice.sample(things, len(things))


def _possible(policy, mode, kinds):
    """The kinds that the cluster can survive; those that are wanted, if any are."""
    possible = [
        name
        for name, kind in KINDS.items()
        if (policy.forgets or not kind.forgets)
        and (policy.isolates or not kind.isolates or kind.spared)
        and (policy.disk or not kind.disk)
        and (policy.changes or name != "policy")
        and (mode == "one" or not kind.alone)
    ]
    if impossible := set(kinds or ()) - set(possible):
        raise ValueError(f"not with this policy in mode {mode}: {', '.join(sorted(impossible))}")
    return [name for name in possible if not kinds or name in kinds]


def _kinds(dice, possible):
    """A round has each of them as often as it is to be."""
    one_round = [name for name in possible for _ in range(KINDS[name].times)]
    first = dice.sample(one_round, len(one_round))
    yield from sorted(first, key=lambda name: not KINDS[name].first)
    yield from _rounds(dice, one_round)


def _changes(policy, lenders):
    """Without a disk, no more copies than there are lenders who have room for them."""
    return [
        change for change in policy.changes
        if policy.disk or change["cluster.replicas"] <= len(lenders)
    ]


class _Details:
    """What there is to say of a fault beside its kind, its target and its length."""

    def __init__(self, dice, policy, lenders):
        self.dice = dice
        self.settings = SETTINGS | policy.settings
        self.names = _rounds(dice, sorted(self.settings))
        self.attacks = _rounds(dice, sorted(ATTACKS))
        self.changes = _rounds(dice, _changes(policy, lenders))

    def of(self, kind, others):
        dice = self.dice
        if kind == "flap":
            return {"times": dice.randint(3, 8), "seed": dice.randrange(1000)}
        if kind == "settings":
            name = next(self.names)
            return {name: dice.choice(self.settings[name])}
        if kind == "policy":
            return next(self.changes)
        if kind == "eat_ram":
            return {"percent": dice.randint(40, 85)}
        if kind == "recall":
            return {"percent": dice.randint(20, 50)}
        if kind == "impostor":
            return {"attack": next(self.attacks), "on": dice.choice(others)}
        return {}


def _draw(seed, policy, owners, lenders, kinds, mode):
    """Faults without an end."""
    policy = POLICIES[policy]
    dice = random.Random(seed)
    details = _Details(dice, policy, lenders)
    for number, name in enumerate(_kinds(dice, _possible(policy, mode, kinds)), start=1):
        kind = KINDS[name]
        who = kind.spared if kind.isolates and not policy.isolates else kind.who
        target = _target(dice, who, owners, lenders)
        yield Fault(
            number=number,
            kind=name,
            target=target,
            seconds=round(dice.uniform(*kind.seconds), 2),
            gap=round(dice.expovariate(1 / 1.5), 2),
            detail=details.of(name, [n for n in owners + lenders if n != target]),
        )


def make_plan(seed, count, policy, owners, lenders, kinds=None, mode="one"):
    """The faults of a soak: the same for the same arguments, whatever happens.

    Each kind comes in each round, so that none is left to chance; a longer plan begins
    with the shorter one.
    """
    return list(itertools.islice(_draw(seed, policy, owners, lenders, kinds, mode), count))
