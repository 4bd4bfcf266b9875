# SPDX-License-Identifier: GPL-2.0
"""The systems that are compared: each makes a swap device on node a.

up() returns the device's path, down() leaves the nodes as they were; facts() says
what the system itself counted. What cannot run here raises CannotRun, and says why.
"""

import ramster
from lab import SIZE_MB, CannotRun
from vmlab import wait_until

# Where each node's clock goes at a pace of its own
PATIENT = {"dead_ms": 240000, "suspect_ms": 120000, "fetch_timeout_ms": 240000}
PATIENT_NVME = ",keep_alive_tmo=600"

NQN = "nqn.2026-11.test:ram"


class System:
    """A way to have more memory than there is.

    donors: the nodes that lend theirs. traced: it has trace events of fetches.
    """

    donors = ""
    swaps = True
    traced = False

    def __init__(self, name, about):
        self.name = name
        self.about = about

    def facts(self, cluster):
        return {}

    def page_bytes(self, cluster):
        """What the answer to one read of one page has, on the wire; 0: it is not read from there."""
        return 0


class NoSwap(System):
    """Nothing: what fits in RAM is there, and nothing else."""

    swaps = False

    def up(self, cluster):
        return None

    def down(self, cluster):
        pass


# What keeps others out: all of it, as by default; frames authenticated, but pages as they are; nothing
SEALED = {}
UNSEALED = {"seal": "off"}
IN_THE_CLEAR = {"key": None, "insecure": 1, "seal": "off"}


class Ours(System):
    """/dev/frontswap0: local pool and donors."""

    traced = True
    FRAME = 32 + 8  # header, record
    TAG = 16
    COUNTED = {
        "ramster": [
            "pages_remotified", "pages_fetched", "put_frames", "get_frames", "rx_wakeups",
            "bytes_sent", "bytes_received",
        ],
        "zcache": [
            "stores", "loads_local", "loads_remote", "pushed_pages", "saved_pages",
            "fetch_hedged", "stores_told_to_wait", "shrinker_asked",
        ],
    }

    def __init__(self, name, about, donors="b", pool_percent=None, settings=SEALED, **device):
        super().__init__(name, about)
        self.donors = donors
        self.pool_percent = pool_percent
        self.settings = settings
        self.device = device

    def connect(self, cluster, settings=None):
        """All nodes know each other, and a the donors."""
        a, donors = cluster["a"], [cluster[name] for name in self.donors]
        settings = {**(PATIENT if a.machine.icount else {}), **self.settings, **(settings or {})}
        for node in (a, *donors):
            ramster.load(node)
            ramster.join(node, [a, *donors], **settings)
        if self.pool_percent:
            ramster.set_zcache(a, max_pool_percent=self.pool_percent)
        for donor in donors:
            ramster.connect(a, donor)
        for donor in donors:
            ramster.wait_state(a, donor, "up", 120)

    def up(self, cluster):
        self.connect(cluster)
        return ramster.make_device(cluster["a"], **self.device)

    def facts(self, cluster):
        a = cluster["a"]
        assert ramster.lost_pages(a) == 0, "pages were lost"
        facts = {}
        for group, names in self.COUNTED.items():
            counted = ramster.counters(a, group)
            facts.update({name: counted[name] for name in names if name in counted})
        if facts["pages_remotified"]:
            facts["put_frames_per_1000_pages"] = (
                1000 * facts["put_frames"] / facts["pages_remotified"]
            )
        if facts["pages_fetched"]:
            facts["get_frames_per_1000_pages"] = 1000 * facts["get_frames"] / facts["pages_fetched"]
        return {**facts, **self.wakeups(cluster, facts)}

    def wakeups(self, cluster, facts):
        """How often a page that went out or came in woke the receiver's work, here and there."""
        pages = facts["pages_remotified"] + facts["pages_fetched"]
        there = sum(ramster.counter(cluster[name], "ramster", "rx_wakeups")
                    for name in self.donors if cluster[name].alive())
        if not pages:
            return {}
        return {
            "rx_wakeups_per_page": round(facts["rx_wakeups"] / pages, 3),
            "donor_rx_wakeups_per_page": round(there / pages, 3),
        }

    def page_bytes(self, cluster):
        b = ramster.counters(cluster[self.donors[0]], "ramster")
        pages = b["foreign_pages"]
        frame = self.FRAME + (0 if self.settings is IN_THE_CLEAR else self.TAG)
        return round(b["foreign_zbytes"] / pages) + frame if pages else 0

    def down(self, cluster):
        members = [cluster["a"], *(cluster[name] for name in self.donors)]
        ramster.remove_device(members[0])
        for node in members:
            ramster.leave(node)
        for node in members:
            ramster.unload(node)


class NvmeTcp(System):
    """NVMe/TCP to a RAM disk on b, with as many queues as a has CPUs, which is its default."""

    donors = "b"
    subsystem = f"/sys/kernel/config/nvmet/subsystems/{NQN}"
    port = "/sys/kernel/config/nvmet/ports/1"

    def up(self, cluster):
        a, b = cluster["a"], cluster["b"]
        b.run(f"modprobe brd rd_nr=1 rd_size={SIZE_MB * 1024} && modprobe -a nvmet nvmet-tcp")
        ramster.write(b, self.subsystem, attr_allow_any_host=1)
        ramster.write(b, f"{self.subsystem}/namespaces/1", device_path="/dev/ram0", enable=1)
        ramster.write(
            b, self.port, addr_trtype="tcp", addr_adrfam="ipv4", addr_traddr=b.ip,
            addr_trsvcid=4420,
        )
        b.run(f"ln -s {self.subsystem} {self.port}/subsystems/")
        a.run("modprobe nvme-tcp")
        more = PATIENT_NVME if a.machine.icount else ""
        a.write("/dev/nvme-fabrics", f"transport=tcp,traddr={b.ip},trsvcid=4420,nqn={NQN}{more}")
        return wait_until(
            lambda: a.output("ls -d /dev/nvme?n1 2>/dev/null || true"), "the remote disk", 60
        )

    def page_bytes(self, cluster):
        return 24 + 4096 + 24  # C2HData, which may say that it is the last, or a response

    def down(self, cluster):
        a, b = cluster["a"], cluster["b"]
        a.run("echo 1 >/sys/class/nvme/nvme0/delete_controller")
        b.run(
            f"rm {self.port}/subsystems/*; rmdir {self.port}; echo 0 >{self.subsystem}/namespaces/1/enable; "
            f"rmdir {self.subsystem}/namespaces/1 {self.subsystem}; rmmod nvmet-tcp nvmet brd"
        )
        a.run("rmmod nvme-tcp nvme-fabrics nvme-core", check=False)


class Nbd(System):
    """nbd to a file in b's RAM, with as many connections as a has CPUs."""

    donors = "b"

    def up(self, cluster):
        a, b = cluster["a"], cluster["b"]
        config = "[generic]\nallowlist = true\n[ram]\nexportname = /tmp/ram\nflush = false\n"
        b.write("/tmp/nbd.conf", config)
        b.run(f"mount -o remount,size=90% /tmp; truncate -s {SIZE_MB}M /tmp/ram")
        self.server = b.start_command("exec nbd-server -d -C /tmp/nbd.conf")
        wait_until(lambda: ":2A39" in b.read("/proc/net/tcp") + b.read("/proc/net/tcp6"),
                   "nbd-server to listen", 30)
        a.run(
            f"modprobe nbd && nbd-client -N ram -swap -C {a.machine.cpus} {b.ip} /dev/nbd0",
            timeout=60,
        )
        return "/dev/nbd0"

    def page_bytes(self, cluster):
        return 16 + 4096

    def down(self, cluster):
        a, b = cluster["a"], cluster["b"]
        a.run("nbd-client -d /dev/nbd0")
        self.server.kill(9)
        self.server.wait(check=False)
        b.run("rm /tmp/ram")
        a.run("rmmod nbd", check=False)


class Zram(System):
    """lz4 in a's own RAM; b has nothing to do."""

    def up(self, cluster):
        cluster["a"].run(
            "modprobe zram && echo lz4 >/sys/block/zram0/comp_algorithm && "
            f"echo {SIZE_MB}M >/sys/block/zram0/disksize"
        )
        return "/dev/zram0"

    def down(self, cluster):
        cluster["a"].run("echo 1 >/sys/block/zram0/reset && rmmod zram")


class Disk(System):
    """One of a's own disks, throttled by the emulator."""

    def __init__(self, name, about, disk):
        super().__init__(name, about)
        self.disk = disk

    def up(self, cluster):
        return cluster["a"].disk(self.disk)

    def down(self, cluster):
        pass


class Zswap(Disk):
    """The kernel's own compressed cache, lz4 in zsmalloc, before a disk."""

    PARAMETERS = "/sys/module/zswap/parameters"

    def up(self, cluster):
        a = cluster["a"]
        if not a.exists(self.PARAMETERS):
            raise CannotRun(
                f"Linux {a.machine.kernel.release} is built without CONFIG_ZSWAP "
                "(KERNEL=6.1-generic and KERNEL=7.2 have it)"
            )
        a.run("modprobe -a lz4 zsmalloc", check=False)
        wanted = {"compressor": "lz4", "zpool": "zsmalloc", "max_pool_percent": 60, "enabled": "Y"}
        for name, value in wanted.items():
            if name != "zpool" or a.exists(f"{self.PARAMETERS}/zpool"):
                a.write(f"{self.PARAMETERS}/{name}", f"{value}\n")
        return super().up(cluster)

    def down(self, cluster):
        cluster["a"].write(f"{self.PARAMETERS}/enabled", "N\n")
        super().down(cluster)


ONE_COPY = {"size": f"{SIZE_MB}M", **ramster.ONE_COPY}
TWO_COPIES = {"size": f"{SIZE_MB}M", "replicas": 2}
BACKUP = {"backing": "/dev/vdc", "backup": "disk"}
REMOTE = {"pool_percent": 1}

SYSTEMS = [
    Ours("ours", "local pool as by default, one donor; authenticated and sealed", **ONE_COPY),
    Ours("ours_unsealed", "the same, authenticated but unsealed", settings=UNSEALED, **ONE_COPY),
    Ours("ours_in_the_clear", "the same without a key and unsealed, as NVMe/TCP and nbd are",
         settings=IN_THE_CLEAR, **ONE_COPY),
    Ours("ours_backup_disk", "the same as ours, and a backup of all on a disk, written behind",
         **BACKUP),
    Ours("ours_replicas2", "the same as ours, and each page on two donors", donors="bc",
         **TWO_COPIES),
    Ours("remote", "ours with a local pool of 1 % of RAM: next to all pages are on the donor",
         **REMOTE, **ONE_COPY),
    Ours("remote_unsealed", "the same, authenticated but unsealed", settings=UNSEALED,
         **REMOTE, **ONE_COPY),
    Ours("remote_in_the_clear", "the same without a key and unsealed", settings=IN_THE_CLEAR,
         **REMOTE, **ONE_COPY),
    Ours("remote_backup_disk", "the same as remote, and a backup of all on a disk",
         **REMOTE, **BACKUP),
    Ours("remote_replicas2", "the same as remote, and each page on two donors", donors="bc",
         **REMOTE, **TWO_COPIES),
    NvmeTcp("nvme_tcp", "NVMe/TCP to a RAM disk"),
    Nbd("nbd", "nbd to a file in RAM"),
    Zram("zram", "lz4, all in the owner's own RAM"),
    Zswap("zswap", "lz4 in zsmalloc before the SATA SSD", "ssd"),
    Disk("disk_ssd", "a disk no faster than a SATA SSD", "ssd"),
    Disk("disk_hdd", "a disk no faster than a hard disk", "hdd"),
    NoSwap("none", "no swap at all"),
]
