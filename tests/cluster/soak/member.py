# SPDX-License-Identifier: GPL-2.0
"""A node of the soak: one configuration file, ramsterd, and what they bring up."""

import threading
import time

import ramster
import trouble
from vmlab import wait_until

from .plan import DEAD_MS, FETCH_TIMEOUT_MS, HEARTBEAT_MS, SUSPECT_MS

CONF = "/etc/ramster.conf"
KEY_FILE = "/etc/ramster.key"
CLUSTER = "/sys/kernel/config/ramster/ramster"

# A node that all know and that never runs: who comes from its address is somebody else
IMPOSTOR_NUM = 60
IMPOSTOR_IP = "10.77.0.60"
OURS = ("ramster: ", "zcache: ", "frontswap: ", "tmem: ")


def _text(value):
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _group(name, fields, more=""):
    lines = "".join(f"\t{key} = {_text(value)};\n" for key, value in fields.items())
    return f"{name} = {{\n{lines}{more}}};\n"


class Member:
    """One node; life counts its boots, ready says whether it is up and set up.

    lock: taken by whoever does something to it that must not meet something else.
    """

    def __init__(self, node, nodes, policy, is_owner, size="512M"):
        self.node = node
        self.name = node.name
        self.nodes = nodes
        self.is_owner = is_owner
        self.lock = threading.RLock()
        self.ready = threading.Event()
        self.life = 1
        self.policy = policy
        self.device = {"name": "frontswap0", "size": size, "store_wait_ms": 2000}
        if policy.disk:
            self.device["backing"] = trouble.DM_DISK
        self.settings = {
            "cluster": {
                "heartbeat_ms": HEARTBEAT_MS, "suspect_ms": SUSPECT_MS, "dead_ms": DEAD_MS,
                "fetch_timeout_ms": FETCH_TIMEOUT_MS, "reconnect_ms": 100,
                "replicas": policy.replicas, "allow_loss": policy.allow_loss,
            },
            "zcache": {"max_pool_percent": 8},
            "lend": {"stop_wait_s": 2},
        }
        self.changed = {}
        self.at_the_edge = False
        self.memory_before = None  # in this life
        self.provoked = 0  # protocol errors of this life that an impostor caused
        self.earlier = 0, 0  # a longest wait that was allowed, and until when it may be seen

    # --- its configuration ---

    def _longest_wait(self):
        times = [("cluster", "dead_ms"), ("cluster", "fetch_timeout_ms")]
        return sum(
            self.changed.get(f"{group}.{name}", self.settings[group][name]) for group, name in times
        )

    def beat_ms(self):
        return self.changed.get("cluster.heartbeat_ms", HEARTBEAT_MS)

    def longest_wait_ms(self):
        """For one page, by its settings now and a moment ago: dead threshold and fetch deadline."""
        earlier, until = self.earlier
        return max(self._longest_wait(), earlier if time.monotonic() < until else 0)

    def _conf(self):
        groups = {name: dict(fields) for name, fields in self.settings.items()}
        groups["device"] = dict(self.device)
        for path, value in self.changed.items():
            group, name = path.split(".")
            groups[group][name] = value
        known = [(n.name, n.number, n.ip) for n in self.nodes] + [("x", IMPOSTOR_NUM, IMPOSTOR_IP)]
        nodes = ",\n".join(
            f'\t\t{{ name = "{name}"; num = {num}; address = "{ip}"; }}' for name, num, ip in known
        )
        fields = " ".join(f"{key} = {_text(value)};" for key, value in groups["device"].items())
        devices = f"{{ {fields} }}" if self.is_owner else ""
        return (
            f'local = "{self.name}";\n'
            + _group("cluster", groups["cluster"], f"\tnodes = (\n{nodes}\n\t);\n")
            + f"devices = ( {devices} );\n"
            + _group("zcache", groups["zcache"])
            + _group("lend", groups["lend"])
        )

    def write_conf(self):
        self.node.write(CONF, self._conf())

    def apply(self, **changed):
        """Change settings ("group.name") of the running node; none: back to the first."""
        longest = self.longest_wait_ms()
        self.earlier = longest, time.monotonic() + 60  # while it is being changed
        self.changed = {name.replace("__", "."): value for name, value in changed.items()}
        self.write_conf()
        self.node.run("ramsterctl up")
        self.earlier = longest, time.monotonic() + 2 * longest / 1000

    def set_up(self):
        """From a fresh boot to a member at work."""
        self.changed = {}
        self.write_conf()
        self.node.run(f"echo {ramster.KEY} >{KEY_FILE} && chmod 600 {KEY_FILE}")
        if self.is_owner and self.policy.disk and not self.node.exists(trouble.DM_DISK):
            trouble.make_dm_disk(self.node, self.node.disk("swap"))
        self.node.run("echo 30 >/proc/sys/kernel/hung_task_timeout_secs")
        if self.at_the_edge:
            ramster.at_the_edge(self.node)
        self.memory_before = self.memory_before or ramster.warm_up(self.node)
        self.node.run("ramsterd")
        self.ready.set()

    def about_to_die(self):
        """What runs there will end, and nobody is to blame."""
        self.ready.clear()
        self.life += 1
        self.provoked = 0
        self.memory_before = None

    # --- what it says ---

    def peers(self):
        """name -> state of each other node."""
        paths = {
            f"{CLUSTER}/node/{n.name}/state": n.name for n in self.nodes if n.name != self.name
        }
        return {paths[p]: s.strip() for p, s in self.node.read_many(list(paths)).items()}

    def counters(self, wanted):
        """(group, name) -> value of these: group -> names. Needs no process there."""
        paths = {
            f"{ramster.DEBUG}/{group}/{name}": (group, name)
            for group, names in wanted.items()
            for name in names
        }
        return {paths[p]: int(v) for p, v in self.node.read_many(list(paths)).items()}

    def all_counters(self):
        return {group: ramster.counters(self.node, group) for group in ("zcache", "ramster", "fswap")}

    def stop(self):
        """Swap off; every slot is free then, and nothing is left anywhere."""
        ramster.swap_off(self.node)
        stats = ramster.device_stats(self.node)
        held = {k: v for k, v in stats.items() if k != "slots" and v}
        assert not held, f"{self.name}: after swapoff {held}"

    def leave(self):
        """Swap is off: down it goes, whatever others may still have here."""
        self.node.run("ramsterctl down --force --unload", timeout=120)
        wait_until(lambda: not self.node.exists("/sys/module/tmem"), "the modules to go", 30)


def ours(lines):
    """What our modules wrote, of a kernel log's lines."""
    return [line.strip() for line in lines if any(word in line for word in OURS)]
