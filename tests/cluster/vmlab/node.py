# SPDX-License-Identifier: GPL-2.0
"""A node: one VM, what runs on it, and what may befall it."""

import re
import signal
import subprocess

from .agent import Agent, CommandFailed
from .kernel_log import DirtyLog, KernelLog
from .qmp import Qmp
from .waiting import wait_until

BOOT_TIMEOUT = 90

# All that the emulator can do, but for promises that it does not keep. "rep movsb" and "rep
# stosb" are not fast there but go byte by byte. So do the shuffles (pshufb) of SSSE3 and later,
# by which ChaCha20 takes ten times as long as without, and AES and carry-less products, whose
# users in the kernel shuffle, too.
SLOW_HERE = ["erms", "ssse3", "sse4.1", "sse4.2", "avx", "avx2", "aes", "pclmulqdq"]
CPU = ",".join(["max", *(f"-{feature}" for feature in SLOW_HERE)])

KERNEL_COMMAND_LINE = (
    "console=ttyS0 loglevel=7 panic=0 net.ifnames=0 no_timer_check audit=0 "
    "init_on_alloc=0 random.trust_cpu=on"
)


class NodeDied(AssertionError):
    """A VM ended that had to live."""


class Node:
    """Made by a Cluster. number: its place in the LAN, its address's last byte."""

    def __init__(self, name, number, machine, run_folder, log_folder, lan):
        self.name = name
        self.number = number
        self.ip = f"10.77.0.{number}"
        self.machine = machine
        self.folder = run_folder
        self.lan = lan
        self.log = KernelLog(name, log_folder / f"{name}.console.log")
        self.qemu_log = log_folder / f"{name}.qemu.log"
        self.booted_before = False
        self.process = None
        self.qmp = None
        self.agent = None

    # --- life ---

    def _disks(self):
        images = self.machine.images
        yield f"file={images.userland},readonly=on,file.locking=off"
        yield f"file={images.disk},readonly=on,file.locking=off"
        for name, size in self.machine.disks.items():
            path = self.folder / f"{self.name}.{name}.raw"
            if not path.exists():
                subprocess.run(["truncate", "-s", size, str(path)], check=True)
            options = self.machine.disk_options.get(name)
            yield f"file={path},cache=unsafe,discard=unmap{',' + options if options else ''}"

    def _ram(self):
        """MB, so that as much is left for the test on any kernel."""
        ram = self.machine.ram
        return ram * 5 // 4 + 192 if self.machine.kernel.checked else ram

    def _cpus(self):
        """A race is seen while it happens, by another CPU."""
        return max(2, self.machine.cpus) if self.machine.kernel.finds_races else self.machine.cpus

    def _append(self):
        append = f"{KERNEL_COMMAND_LINE} vm_host={self.name} {self.machine.append}"
        if self.lan is not None:
            append += f" vm_ip={self.ip}"
        if self.machine.kernel.checked:
            # kmemleak ends when it gets no memory for itself, and may not touch the reserves
            append += " sysctl.vm.watermark_scale_factor=1000"
            # A busy host may not let it run for half a minute, which is no lockup
            append += " watchdog_thresh=60 workqueue.watchdog_thresh=120"
            append += " rcupdate.rcu_cpu_stall_timeout=120"
        return append

    def _accelerator(self):
        if self.machine.icount:
            return ["-accel", "tcg,thread=single,tb-size=256", "-icount", "shift=0"]
        return ["-accel", "tcg,thread=multi,tb-size=256"]

    def _command_line(self):
        machine = self.machine
        command = [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
            *self._accelerator(), "-cpu", machine.cpu,
            "-m", str(self._ram()), "-smp", str(self._cpus()),
            "-kernel", str(machine.kernel.vmlinuz), "-initrd", str(machine.images.initramfs),
            "-append", self._append(),
            "-chardev", f"file,id=console,path={self.log.path},append=on",
            "-serial", "chardev:console",
            "-qmp", f"unix:{self.folder}/{self.name}.qmp,server=on,wait=off",
            "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,path={self.folder}/{self.name}.agent,server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=agent",
        ]
        if machine.kernel.checked:
            # Its ACPI tables have no loops, which take minutes to interpret there
            command += ["-machine", "q35"]
        if self.lan is not None:
            address = f"addr.type=unix,addr.path={self.lan.port(self.number)}"
            mac = f"52:54:00:77:00:{self.number:02x}"
            command += ["-netdev", f"stream,id=lan,server=off,{address}"]
            command += ["-device", f"virtio-net-pci,id=nic,netdev=lan,mac={mac},romfile="]
        for disk in self._disks():
            command += ["-drive", f"if=virtio,format=raw,{disk}"]
        return command + machine.qemu

    def _start_qemu(self, *more):
        for end in ("qmp", "agent"):
            (self.folder / f"{self.name}.{end}").unlink(missing_ok=True)
        with open(self.qemu_log, "ab") as log:
            self.process = subprocess.Popen(
                [*self._command_line(), *more], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self.qmp = wait_until(lambda: self._connect(Qmp, "qmp"), "QEMU to start", 30, 0.02)

    def start(self):
        """Power on; boot() also waits for it to come up."""
        self.booted_before = bool(self.log.text())
        self._start_qemu()
        self.agent = wait_until(lambda: self._connect(self._agent, "agent"), "QEMU", 30, 0.02)

    def _connect(self, make, end):
        if self.process.poll() is not None:
            raise NodeDied(f"{self.name}: QEMU ended: {self.qemu_log.read_text()}")
        try:
            return make(self.folder / f"{self.name}.{end}")
        except OSError:
            return None

    def _agent(self, path):
        return Agent(self.name, path, self._trouble)

    def wait_boot(self):
        """Until its agent answers, before which nothing of ours has run there.

        Of several emulated CPUs one may lose a timer meanwhile, and never wakes up: such a machine
        is switched on anew, once.
        """
        try:
            self.agent.wait_hello(1, BOOT_TIMEOUT)
        except CommandFailed as problem:
            if self._cpus() == 1 or self.booted_before or not self.log.stalled():
                raise
            print(f"{problem}: once more")
            self.kill()
            self.log.pass_over()
            self.start()
            self.agent.wait_hello(1, BOOT_TIMEOUT)

    def boot(self):
        self.start()
        self.wait_boot()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def _trouble(self):
        """Why no answer can come any more, if so."""
        if not self.alive():
            return "the VM ended"
        if self.log.panicked():
            return f"kernel panic, see {self.log.path}"
        return None

    def check_leaks(self, allowed=()):
        """Raise DirtyLog if kmemleak, which a running node's kernel has, finds more than is allowed.

        Without memory for itself it ends, does not scan any more, and shows nothing: an error, too.
        """
        if not self.machine.kernel.finds_leaks or not self.alive() or self.log.panicked():
            return
        if self.qmp("query-status")["status"] != "running":
            return
        looked = self.run(
            "f=/sys/kernel/debug/kmemleak; echo scan >$f && sleep 6 && echo scan >$f && cat $f", check=False
        )
        if looked.status != 0:
            raise DirtyLog(f"{self.name}: kmemleak does not look for leaks: {looked.err}")
        leaks = "".join(
            leak for leak in re.split("^(?=unreferenced object)", looked.out, flags=re.MULTILINE)
            if not any(re.search(pattern, leak) for pattern in allowed)
        )
        if leaks:
            raise DirtyLog(f"{self.name}: kmemleak found:\n{leaks}")

    def kill(self):
        """The plug is pulled; boot() starts it again with empty RAM."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.qmp.close()
        self.agent.close()
        self.process = None

    def reset(self):
        """The reset button: RAM is lost, the disks stay. Waits for the boot."""
        self.agent.close()
        self.qmp("system_reset")
        self.agent = wait_until(lambda: self._connect(self._agent, "agent"), "QEMU", 30, 0.02)
        self.wait_boot()

    def _state_file(self):
        return self.folder / f"{self.name}.state"

    def save(self):
        """All that it is at this moment goes into a file, and its QEMU ends; restore() lets it go on."""
        self.read("/proc/uptime")  # with the answer all that its agent was sent before has come there
        file, part = self._state_file(), self._state_file().with_suffix(".part")
        file.unlink(missing_ok=True)
        self.freeze()
        self.qmp("migrate", uri=f"exec:cat >{part} && mv {part} {file}")
        wait_until(
            lambda: file.exists() and self.qmp("query-migrate")["status"] == "completed",
            f"the state of {self.name} to be saved", 120,
        )
        self.process.kill()
        self.process.wait()
        self.qmp.close()
        self.process = None

    def restore(self):
        """Another QEMU goes on where save() has left off; jobs there do not notice."""
        self._start_qemu("-incoming", f"exec:cat {self._state_file()}")
        wait_until(lambda: self._connect(self.agent.connect, "agent"), "QEMU", 30, 0.02)
        wait_until(
            lambda: self.qmp("query-status")["status"] == "paused",
            f"the state of {self.name} to be restored", 120,
        )
        self.thaw()

    def freeze(self):
        self.qmp("stop")

    def thaw(self):
        self.qmp("cont")

    def pause(self):
        """Nothing of the VM runs, but its clock goes on; freeze() stops that, too."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def unplug_cable(self):
        """Its card sees no carrier; a Link's cut() is not seen by the card."""
        self.qmp("set_link", name="nic", up=False)

    def plug_cable(self):
        self.qmp("set_link", name="nic", up=True)

    # --- work ---

    def start_command(self, command):
        return self.agent.start(command)

    def run(self, command, timeout=120, check=True):
        """Run a shell command to its end. check: a status but 0 is an error."""
        return self.agent.start(command).wait(timeout, check)

    def output(self, command, timeout=120):
        return self.run(command, timeout).out.strip()

    def read(self, path):
        """A file's contents, read by the agent itself, without a new process."""
        answer = self.agent.read_files([path])[0]
        if isinstance(answer, int):
            raise OSError(answer, f"{self.name}: {path}")
        return answer.decode(errors="replace")

    def read_many(self, paths):
        """path -> contents, without those that cannot be read."""
        answers = self.agent.read_files(paths)
        return {
            path: answer.decode(errors="replace")
            for path, answer in zip(paths, answers)
            if not isinstance(answer, int)
        }

    def exists(self, path):
        return self.run(f"test -e {path}", check=False).status == 0

    def write(self, path, text):
        """Write a file in one write, as configfs and sysfs want it."""
        job = self.agent.start(f"cat >{path}")
        job.write(text)
        job.close_input()
        job.wait()

    def disk(self, name):
        """The device of one of the machine's own disks."""
        place = list(self.machine.disks).index(name)
        return f"/dev/vd{chr(ord('c') + place)}"

    def meminfo(self):
        """/proc/meminfo, in KiB."""
        lines = (line.split() for line in self.read("/proc/meminfo").splitlines())
        return {words[0].rstrip(":"): int(words[1]) for words in lines}

    def close(self):
        self.kill()
