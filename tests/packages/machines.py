# SPDX-License-Identifier: GPL-2.0
"""Machines with an init system, a disk and Debian's packages, on one LAN.

A disk lasts for as long as its Machines do: a machine can be rebooted, switched
off and on. The rest is as with the small VMs of vmlab.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cluster"))

from vmlab import DirtyLog, Node, wait_until  # noqa: E402
from vmlab.cluster import Machine as MadeOf  # noqa: E402
from vmlab.lan import Lan  # noqa: E402
from vmlab.paths import BUILD, TOP  # noqa: E402

NEXT = "9.9.9"  # the version of the packages to upgrade to
BOOT_TIMEOUT = 600

# Systemd stops what it watches over within 90 s; a stop that hangs takes longer.
SHUTDOWN_TIMEOUT = 200


class Machine(Node):
    """One of them. hellos counts how often its agent has said that it is there.

    Its disks are images that are there, root first: /dev/vda, /dev/vdb.
    """

    def _disks(self):
        for image in self.machine.disks.values():
            yield f"file={image},cache=unsafe,discard=unmap"

    def _append(self):
        # A busy host may not let it run for half a minute, which is no stall
        return (
            "root=/dev/vda rw console=ttyS0 loglevel=6 no_timer_check random.trust_cpu=on"
            " rcupdate.rcu_cpu_stall_timeout=120"
        )

    def wait_boot(self):
        self.wait_for_boot(1)

    def wait_for_boot(self, count):
        """Wait until it is up for the count'th time since it was switched on."""
        self.agent.wait_hello(count, BOOT_TIMEOUT)
        state = self.run("systemctl is-system-running --wait", BOOT_TIMEOUT, check=False).out
        failed = self.output("systemctl list-units --failed --plain --no-legend")
        assert state.strip() == "running", f"{self.name} is {state}: {failed}"

    def ask_to_reboot(self):
        """Returns at once; wait_for_boot(the number returned) waits for the end."""
        count = self.agent.hellos + 1
        self.run("systemctl reboot --no-block")
        return count

    def power_off(self):
        """As an admin does it; an error if the machine does not end by itself."""
        self.run("systemctl poweroff --no-block")
        wait_until(lambda: not self.alive(), f"{self.name} to switch itself off", SHUTDOWN_TIMEOUT)
        self.kill()

    def journal(self, unit, options="-b"):
        return self.output(f"journalctl --no-pager -o cat {options} -u {unit}")


class Machines:
    """Machines("abc", folder): folder is what make-machine has made.

    swap: who has a disk for it, too, as /dev/vdb -> its size, as truncate takes it.
    """

    def __init__(self, names, folder, ram=384, swap=None):
        self.run_folder = Path(tempfile.mkdtemp(prefix="ramster-machines-"))
        logs = BUILD / "logs" / f"packages-{folder.name}"
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        self.lan = Lan(self.run_folder, len(names) + 1)
        self.nodes = {}
        for number, name in enumerate(names, start=1):
            disk = folder / f"{name}.img"
            subprocess.run(["cp", "--sparse=always", folder / "disk.img", disk], check=True)
            made_of = MadeOf(
                kernel=SimpleNamespace(vmlinuz=folder / "vmlinuz", checked=False),
                images=SimpleNamespace(initramfs=folder / "initrd"),
                ram=ram, disks={"root": disk},
            )
            if name in (swap or {}):
                made_of.disks["swap"] = folder / f"{name}.swap.img"
                made_of.disks["swap"].write_bytes(b"")
                subprocess.run(["truncate", "-s", swap[name], made_of.disks["swap"]], check=True)
            self.nodes[name] = Machine(name, number, made_of, self.run_folder, logs, self.lan)

    def __getitem__(self, name):
        return self.nodes[name]

    def __iter__(self):
        return iter(self.nodes.values())

    def boot(self):
        for machine in self:
            machine.start()
        for machine in self:
            machine.wait_boot()

    def reboot(self):
        """All at once, as after a power failure, but asked to."""
        counts = {machine: machine.ask_to_reboot() for machine in self}
        for machine, count in counts.items():
            machine.wait_for_boot(count)

    def keep_journals(self):
        """What ramsterd and systemd said, beside the consoles' logs."""
        for machine in self:
            if machine.alive():
                said = machine.run("journalctl --no-pager -o short-monotonic", check=False).out
                machine.log.path.with_name(f"{machine.name}.journal.log").write_text(said)

    def check_logs(self):
        problems = []
        for machine in self:
            try:
                machine.log.check()
            except DirtyLog as problem:
                problems.append(str(problem))
        if problems:
            raise DirtyLog("\n".join(problems))

    def close(self):
        for machine in self:
            machine.close()
            for image in machine.machine.disks.values():
                Path(image).unlink(missing_ok=True)
        self.lan.close()
        shutil.rmtree(self.run_folder, ignore_errors=True)


def build_packages(folder, version=None):
    """The packages, said to be of that version; their paths."""
    environment = {**os.environ, "OUT": str(folder)}
    if version:
        environment["VERSION"] = version
    subprocess.run([TOP / "scripts" / "build-deb", "-b"], check=True, env=environment)
    return sorted(path for path in folder.glob("*.deb") if "dbgsym" not in path.name)


class Builder:
    """A machine of another release to build packages on: what its users would get."""

    SCRIPT = TOP / "tests" / "packages" / "fresh-machine"

    def __init__(self, release, folder):
        self.root = folder / "builder"
        shutil.rmtree(self.root, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([self.SCRIPT, "make", self.root, release], check=True)

    def build(self, folder, version=None):
        """As build_packages(), of what is committed."""
        out = f"/root/packages-{folder.name}"
        setting = [f"OUT={out}", *([f"VERSION={version}"] if version else [])]
        command = ["env", *setting, "scripts/build-deb", "-b"]
        subprocess.run([self.SCRIPT, "run", self.root, *command], check=True)
        folder.mkdir(parents=True, exist_ok=True)
        for path in (self.root / out.lstrip("/")).glob("*.deb"):
            shutil.copy2(path, folder)
        return sorted(path for path in folder.glob("*.deb") if "dbgsym" not in path.name)

    def remove(self):
        subprocess.run([self.SCRIPT, "remove", self.root], check=True)


def both_versions(release, folder):
    """The packages for that release, and those to upgrade to."""
    if release == platform.freedesktop_os_release().get("VERSION_CODENAME"):
        packages = BUILD / "packages"
        return build_packages(packages), build_packages(packages / NEXT, NEXT)
    builder = Builder(release, folder)
    try:
        return builder.build(folder / "packages"), builder.build(folder / NEXT, NEXT)
    finally:
        builder.remove()


def make_disk(release, folder, packages, newer):
    """A machine with these packages installed and newer ones at hand, as folder/disk.img."""
    files = folder / "files"
    shutil.rmtree(files, ignore_errors=True)
    for source, place in [
        (BUILD / "programs" / "agent", "usr/local/sbin"),
        (BUILD / "programs" / "pagefill", "usr/local/bin"),
        *((path, "root/newer") for path in newer),
    ]:
        (files / place).mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, files / place)
    script = TOP / "tests" / "packages" / "make-machine"
    subprocess.run([script, release, folder, files, *packages], check=True)


def prepare(release):
    """What the tests boot: build/machines/RELEASE."""
    folder = BUILD / "machines" / release
    packages, newer = both_versions(release, folder)
    make_disk(release, folder, packages, newer)


if __name__ == "__main__":
    prepare(sys.argv[1])
