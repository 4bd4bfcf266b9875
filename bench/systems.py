# SPDX-License-Identifier: GPL-2.0
"""The systems that are compared: each makes a swap device on node a.

up() returns the device's path, down() leaves the nodes as they were. All but
zram keep the pages in the RAM of node b.
"""

import ramster
from vmlab import wait_until

SIZE_MB = 1024  # as swap is in real life, not half full: a clean page need not be written again
NQN = "nqn.2026-11.test:ram"


class Ours:
    """/dev/frontswap0, with no disk below it; frames authenticated, pages sealed."""

    name = "ours"
    settings = {}

    def connect(self, a, b):
        for node, other in ((a, b), (b, a)):
            ramster.load(node)
            ramster.join(node, [other], **self.settings)
        ramster.connect(a, b)
        ramster.wait_state(a, b, "up")

    def up(self, a, b):
        self.connect(a, b)
        return ramster.make_device(a, size=f"{SIZE_MB}M", **ramster.ONE_COPY)

    def facts(self, a):
        ours = ramster.counters(a, "ramster")
        assert ramster.lost_pages(a) == 0
        return {
            name: ours[name]
            for name in ("pages_remotified", "pages_fetched", "put_frames", "get_frames")
        }

    def down(self, a, b):
        ramster.remove_device(a)
        for node in (a, b):
            ramster.leave(node)
        for node in (a, b):
            ramster.unload(node)


class OursInTheClear(Ours):
    """The same without a key and unsealed, as NVMe/TCP and nbd are: what security costs."""

    name = "ours_in_the_clear"
    settings = {"key": None, "insecure": 1, "seal": "off"}


class NvmeTcp:
    """NVMe/TCP to a RAM disk on b, with as many queues as a has CPUs."""

    name = "nvme_tcp"
    subsystem = f"/sys/kernel/config/nvmet/subsystems/{NQN}"
    port = "/sys/kernel/config/nvmet/ports/1"

    def up(self, a, b):
        b.run(f"modprobe brd rd_nr=1 rd_size={SIZE_MB * 1024} && modprobe -a nvmet nvmet-tcp")
        ramster.write(b, self.subsystem, attr_allow_any_host=1)
        ramster.write(b, f"{self.subsystem}/namespaces/1", device_path="/dev/ram0", enable=1)
        ramster.write(
            b, self.port, addr_trtype="tcp", addr_adrfam="ipv4", addr_traddr=b.ip,
            addr_trsvcid=4420,
        )
        b.run(f"ln -s {self.subsystem} {self.port}/subsystems/")
        a.run("modprobe nvme-tcp")
        a.write("/dev/nvme-fabrics", f"transport=tcp,traddr={b.ip},trsvcid=4420,nqn={NQN}")
        return wait_until(
            lambda: a.output("ls -d /dev/nvme?n1 2>/dev/null || true"), "the remote disk", 30
        )

    def facts(self, a):
        return {}

    def down(self, a, b):
        a.run("echo 1 >/sys/class/nvme/nvme0/delete_controller")
        b.run(
            f"rm {self.port}/subsystems/*; rmdir {self.port}; echo 0 >{self.subsystem}/namespaces/1/enable; "
            f"rmdir {self.subsystem}/namespaces/1 {self.subsystem}; rmmod nvmet-tcp nvmet brd"
        )
        a.run("rmmod nvme-tcp nvme-fabrics nvme-core", check=False)


class Nbd:
    """nbd to a file in b's RAM."""

    name = "nbd"

    def up(self, a, b):
        config = "[generic]\nallowlist = true\n[ram]\nexportname = /tmp/ram\nflush = false\n"
        b.write("/tmp/nbd.conf", config)
        b.run(f"mount -o remount,size=90% /tmp; truncate -s {SIZE_MB}M /tmp/ram")
        self.server = b.start_command("exec nbd-server -d -C /tmp/nbd.conf")
        wait_until(lambda: ":2A39" in b.read("/proc/net/tcp") + b.read("/proc/net/tcp6"),
                   "nbd-server to listen", 30)
        a.run(f"modprobe nbd && nbd-client -N ram -swap {b.ip} /dev/nbd0", timeout=60)
        return "/dev/nbd0"

    def facts(self, a):
        return {}

    def down(self, a, b):
        a.run("nbd-client -d /dev/nbd0")
        self.server.kill(9)
        self.server.wait(check=False)
        b.run("rm /tmp/ram")
        a.run("rmmod nbd", check=False)


class Zram:
    """lz4 in a's own RAM; b has nothing to do."""

    name = "zram"

    def up(self, a, b):
        a.run(
            "modprobe zram && echo lz4 >/sys/block/zram0/comp_algorithm && "
            f"echo {SIZE_MB}M >/sys/block/zram0/disksize"
        )
        return "/dev/zram0"

    def facts(self, a):
        return {}

    def down(self, a, b):
        a.run("echo 1 >/sys/block/zram0/reset && rmmod zram")


SYSTEMS = [Ours(), OursInTheClear(), NvmeTcp(), Nbd(), Zram()]
