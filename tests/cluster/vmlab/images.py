# SPDX-License-Identifier: GPL-2.0
"""What a VM boots from: an initramfs, and a disk with what is under test.

The disk is /ramster in the guest: bin/ (our tools, the tests' programs),
modules/ (the kernel's that are needed, and ours, with one modules.dep), debug/
(ours with selftests), and init. The userland disk below it comes from scripts/guest-root.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from .paths import BUILD, GUEST, TOP, script

# In the initramfs: enough to reach the two disks
BOOT_MODULES = ["virtio_pci", "virtio_blk", "ext4", "crc32c_generic"]

# Inserted before the agent starts
START_MODULES = ["configfs", "virtio_console", "virtio_net"]

# On the disk, each with what it needs; one that a kernel lacks is builtin there
GUEST_MODULES = [
    *START_MODULES, "virtio_balloon", "loop", "overlay",
    "zsmalloc", "lz4", "lz4hc", "lz4_compress", "lzo", "lzo_rle", "lzo_compress", "zstd",
    "zstd_compress", "zram", "brd", "nbd", "null_blk", "nvme_tcp", "nvmet", "nvmet_tcp",
    "dm_mod", "dm_delay", "dm_flakey", "dm_snapshot", "sch_netem", "sch_tbf", "sch_ingress",
    "tls", "gcm", "ccm", "ctr", "ghash_generic", "chacha20poly1305", "chacha_generic",
    "chacha_x86_64", "poly1305_generic", "poly1305_x86_64", "aesni_intel",
    "ghash_clmulni_intel", "cryptd", "crc32c_intel", "crc32_pclmul", "crct10dif_pclmul",
    "sha256_ssse3", "sha512_ssse3", "curve25519_x86_64", "libcurve25519", "libchacha20poly1305",
    "veth", "bridge", "dummy", "ipv6", "xfs", "hmac", "cmac", "libblake2s",
]


def _plain(path):
    name = Path(path).name
    return name[: name.index(".ko")].replace("-", "_")


def _dependencies(kernel):
    """Each module's name -> the files it needs, its own first."""
    table = {}
    for line in (kernel.modules / "modules.dep").read_text().splitlines():
        path, needs = line.split(":")
        table[_plain(path)] = [path, *needs.split()]
    return table


def _module_files(kernel, names):
    """The files of these modules and all they need, in an order to insert them."""
    table = _dependencies(kernel)
    files = []
    for name in names:
        for path in reversed(table.get(name, [])):
            if path not in files:
                files.append(path)
    return files


def _signature(paths):
    """Changes when one of these files does, or when one comes or goes."""
    digest = hashlib.sha256()
    for path in sorted(str(p) for p in paths):
        info = os.stat(path)
        digest.update(f"{path} {info.st_size} {info.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _unpacked(path):
    """Its name in the guest, whose busybox does not insert what is compressed."""
    return str(path).removesuffix(".xz")


def _copy_module(kernel, path, folder):
    target = folder / _unpacked(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if path.endswith(".xz"):
        with open(target, "wb") as plain:
            subprocess.run(["xz", "-dc", str(kernel.modules / path)], check=True, stdout=plain)
    else:
        shutil.copy2(kernel.modules / path, target)


def _make_initramfs(kernel, out):
    tree = out.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    for folder in ("bin", "dev", "new"):
        (tree / folder).mkdir(parents=True)
    userland = Path(script("guest-root"))
    shutil.copy2(userland.parent / "busybox", tree / "bin" / "busybox")
    shutil.copy2(GUEST / "initramfs-init.sh", tree / "init")
    order = []
    for path in _module_files(kernel, BOOT_MODULES):
        _copy_module(kernel, path, tree / "modules.d")
        order.append("/modules.d/" + _unpacked(path))
    (tree / "modules").write_text("\n".join(order) + "\n")
    with open(out, "wb") as image:
        subprocess.run(
            "find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet",
            shell=True, check=True, cwd=tree, stdout=image,
        )
    shutil.rmtree(tree)


def _our_modules(kernel):
    """Where modprobe finds them: the plain build, and what only a debug build has."""
    plain = {path.name: path for path in kernel.ours_debug.rglob("*.ko")}
    plain.update({path.name: path for path in kernel.ours.rglob("*.ko")})
    return sorted(plain.values())


def _debug_modules(kernel):
    return sorted(kernel.ours_debug.rglob("*.ko"))


def _strip_into(folder, modules):
    folder.mkdir(parents=True, exist_ok=True)
    for path in modules:
        subprocess.run(["strip", "-g", "-o", str(folder / path.name), str(path)], check=True)


def _our_programs():
    """Built programs: the tests' own, and the tools."""
    tools = [BUILD / "ramsterctl", BUILD / "ramsterd"]
    return [path for path in [*tools, *(BUILD / "programs").glob("*")] if path.is_file()]


def _make_disk(kernel, image):
    tree = image.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "bin").mkdir(parents=True)
    shutil.copy2(GUEST / "init.sh", tree / "init")
    for name in ("fstab", "fstab.second"):
        shutil.copy2(GUEST / name, tree / name)
    for program in _our_programs():
        shutil.copy2(program, tree / "bin" / program.name)
    release = tree / "lib" / "modules" / kernel.release
    for path in _module_files(kernel, GUEST_MODULES):
        _copy_module(kernel, path, release)
    _strip_into(release / "updates", _our_modules(kernel))
    _strip_into(tree / "debug", _debug_modules(kernel))
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        if (kernel.modules / name).exists():
            shutil.copy2(kernel.modules / name, release / name)
    subprocess.run(["/sbin/depmod", "-b", str(tree), kernel.release], check=True)
    (tree / "lib" / "modules").rename(tree / "modules")
    (tree / "lib").rmdir()
    (tree / "modules-at-boot").write_text(
        "".join(
            f"/ramster/modules/{kernel.release}/{_unpacked(path)}\n"
            for path in _module_files(kernel, START_MODULES)
            if path not in _module_files(kernel, BOOT_MODULES)
        )
    )
    used = int(subprocess.check_output(["du", "-sk", str(tree)]).split()[0])
    subprocess.run(
        ["/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0",
         "-E", "root_owner=0:0", "-d", str(tree), str(image), f"{used * 5 // 4 + 4096}k"],
        check=True, stdout=subprocess.DEVNULL,
    )
    shutil.rmtree(tree)


def _up_to_date(path, make, inputs):
    """Make path anew unless it was made from inputs as they are now."""
    stamp = path.with_suffix(path.suffix + ".stamp")
    signature = _signature(inputs)
    if path.exists() and stamp.exists() and stamp.read_text() == signature:
        return
    fresh = path.with_suffix(".new")
    make(fresh)
    fresh.rename(path)
    stamp.write_text(signature)


class Images:
    """The files that QEMU is given for one kernel, made when needed."""

    def __init__(self, kernel):
        folder = BUILD / "vm" / kernel.name
        folder.mkdir(parents=True, exist_ok=True)
        self.userland = Path(script("guest-root"))
        self.initramfs = folder / "initramfs"
        self.disk = folder / "disk.img"
        code = Path(__file__)
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _up_to_date(
                self.initramfs,
                lambda out: _make_initramfs(kernel, out),
                [code, GUEST / "initramfs-init.sh", kernel.folder / "release"],
            )
            _up_to_date(
                self.disk,
                lambda out: _make_disk(kernel, out),
                [code, *GUEST.iterdir(), *_our_modules(kernel),
                 *_debug_modules(kernel), *_our_programs()],
            )


def build_programs():
    """Build the tests' own programs; what is built stays."""
    subprocess.run(["make", "-s", "-C", str(TOP), "programs"], check=True)
