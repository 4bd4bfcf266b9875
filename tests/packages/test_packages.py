# SPDX-License-Identifier: GPL-2.0
"""Three machines with systemd get the packages, and an admin does what admins do.

       a ─── b ─── c      each lends to the others and pages to them; a and b: two
                          copies of each page, no swap disk; c: one, and its disk

The tests are one story and run in this order: installed (DKMS has built, once,
for all three), set up, rebooted, used, stopped and switched off with pages out,
upgraded, removed, purged.
"""

import json
import os
import time

import pytest
from machines import NEXT, Machines
from vmlab import wait_until
from vmlab.paths import BUILD

RELEASE = os.environ.get("RAMSTER_DEBIAN", "bookworm")
APT = "DEBIAN_FRONTEND=noninteractive apt-get -y"

# How c differs. What a stop may take at the most: ramsterd(8)
STOP_TIMEOUT_S, STOP_WAIT_S, SPARE_S = 30, 20, 60
ON_DISK = (
    f"stop_timeout_s = {STOP_TIMEOUT_S}; "
    'devices = ( { name = "frontswap0"; backing = "/dev/vdb"; backup = "disk"; } );'
)


@pytest.fixture(scope="module")
def machines():
    made = Machines("abc", BUILD / "machines" / RELEASE, swap={"c": "1G"})
    yield made
    made.close()


@pytest.fixture(autouse=True)
def clean_logs(machines):
    yield
    machines.keep_journals()
    machines.check_logs()


def status(machine):
    return json.loads(machine.output("ramsterctl status --json"))


def peers_up(machine):
    return [n["state"] for n in status(machine)["nodes"]].count("up")


def remote_pages(machine):
    return status(machine)["devices"][0]["remote"]


def wait_paging(machines):
    """Each node is up, with its device swapped on and both others as donors."""
    for machine in machines:
        machine.run("systemctl is-active ramsterd")
        assert "/frontswap0" in machine.read("/proc/swaps")
    for machine in machines:
        wait_until(lambda m=machine: peers_up(m) == 2, f"{machine.name} to see both others", 240, 1)


def start_program(machine, mb=390):
    """A program that needs all RAM that there is, or more; some of it is on the others then."""
    job = machine.start_command(
        f"pagefill --mb {mb} --content mixed --corpus /usr/bin/perl --phases fill,read --step"
    )
    job.wait_for_line("done fill", 600)
    wait_until(lambda: remote_pages(machine) > 1000, f"{machine.name}'s pages on the others", 60, 1)
    return job


def end_program(job):
    job.write("\n")
    job.wait_for_line("done read", 600)
    job.write("\n")
    report = json.loads(job.wait(120).out.splitlines()[-1])
    assert report["bad_pages"] == 0 and report["pages_verified"] > 70000


def test_set_up_as_an_admin_does(machines):
    first = machines["a"]
    machines.boot()
    for machine in machines:
        card = machine.output("ls /sys/class/net | grep -v lo")
        machine.write("/etc/hostname", f"{machine.name}\n")
        machine.write(
            "/etc/network/interfaces.d/lan",
            f"auto {card}\niface {card} inet static\n\taddress {machine.ip}/24\n",
        )
        machine.run(f"ifup {card}")
    first.run("ramsterctl genkey")
    key = first.read("/etc/ramster.key")
    for machine in machines:
        if machine is not first:
            machine.run("umask 077; : >/etc/ramster.key")
            machine.write("/etc/ramster.key", key)
        for other in machines:
            machine.run(f"ramsterctl add-node {other.name} {other.ip}")
        machine.run(f"ramsterctl set-local {machine.name}")
        # Small, so that pages go to the others soon
        machine.run("echo 'zcache = { max_pool_percent = 10; };' >>/etc/ramster.conf")
        if machine is machines["c"]:
            machine.run(f"echo '{ON_DISK}' >>/etc/ramster.conf")
        machine.run("ramsterctl check && systemctl enable ramsterd")
        machine.run("systemd-analyze security --offline=true --threshold=33"
                    " $(systemctl show -P FragmentPath ramsterd) >/dev/null")


def test_after_a_reboot_each_pages_to_the_others(machines):
    machines.reboot()
    wait_paging(machines)
    for machine in machines:
        end_program(start_program(machine))


def test_a_reboot_with_pages_out_brings_them_home_first(machines):
    """Programs and swap stop at the same time, in no order; nothing hangs."""
    a = machines["a"]
    start_program(a)
    a.wait_for_boot(a.ask_to_reboot())
    said = a.journal("ramsterd", "-b -1")
    assert "stopped" in said and "lost" not in said, said
    wait_paging(machines)


def pages_of(owner, machine):
    """So many of its pages lie on this machine."""
    return next(n["pages_lent"] for n in status(machine)["nodes"] if n["name"] == owner.name)


def test_a_stop_that_cannot_swap_off_leaves_all_on_the_disk(machines):
    """A program needs more than there would be: swap stays on, and the network can go.

    One of the others is dead: nobody waits for it, as the disk has what lies there.
    """
    c, others = machines["c"], [machines["a"], machines["b"]]
    alive, dead = others
    program = start_program(c)
    for other in others:
        assert pages_of(c, other) > 1000
    dead.freeze()
    wait_until(lambda: peers_up(c) == 1, "c to miss b", 120, 1)
    start = time.monotonic()
    c.run("systemctl stop ramsterd", 600)
    assert time.monotonic() - start < 3 * STOP_TIMEOUT_S + STOP_WAIT_S + SPARE_S
    assert c.output("systemctl show -P Result -P ExecMainStatus ramsterd").split() == ["success", "0"]
    said = c.journal("ramsterd")
    assert "swap stays on: moving pages off other nodes" in said and "stopped" in said, said
    # Without /dev: that was the unit's own, and has gone with it
    assert "/frontswap0" in c.read("/proc/swaps")
    assert c.output("find /sys/kernel/config/ramster -mindepth 1") == ""
    stats = dict(line.split() for line in c.read("/sys/kernel/config/frontswap/frontswap0/stats").splitlines())
    assert int(stats["below"]) > 1000, stats
    assert pages_of(c, alive) == 0
    # All is there without them, and with them it goes on as before
    alive.freeze()
    end_program(program)
    for other in others:
        other.thaw()
    c.run("systemctl start ramsterd", 120)
    wait_paging(machines)
    wait_until(lambda: pages_of(c, dead) == 0, "b to have forgotten c's pages", 120, 1)


def test_a_machine_with_a_disk_is_switched_off_and_on_with_pages_out(machines):
    c = machines["c"]
    start_program(c)
    c.power_off()
    c.boot()
    said = c.journal("ramsterd", "-b -1")
    assert "stopped" in said and "lost" not in said, said
    wait_paging(machines)
    end_program(start_program(c))


def test_an_upgrade_leaves_the_node_paging(machines):
    a = machines["a"]
    # Beside apt and a compiler
    program = start_program(a, mb=300)
    before = a.output("systemctl show -p MainPID ramsterd")
    a.run(f"{APT} install /root/newer/*.deb", timeout=1200)
    assert a.output("systemctl show -p MainPID ramsterd") == before
    assert NEXT in a.output("ramsterctl --version") and NEXT not in a.read("/sys/module/ramster/version")
    end_program(program)
    a.wait_for_boot(a.ask_to_reboot())
    assert a.read("/sys/module/ramster/version").strip() == NEXT
    wait_paging(machines)
    end_program(start_program(a))


def test_removed_and_purged_nothing_is_left(machines):
    for machine in machines:
        machine.run("systemctl stop ramsterd", 120)
    machines["a"].run("systemctl start ramsterd", 120)
    for machine in machines:
        machine.run(f"{APT} remove ramster-tools ramster-dkms", 300)
        assert "frontswap" not in machine.read("/proc/swaps")
        assert machine.output("lsmod | grep -E '^(tmem|frontswap|zcache|ramster) ' || true") == ""
        assert machine.exists("/etc/ramster.conf")
        machine.run(f"{APT} purge ramster-tools ramster-dkms", 300)
        # In propagate/ systemd 252 leaves a folder of each service that has mounts of its own
        left = machine.output(
            "find / /run -xdev -iname '*ramster*' -not -path '/var/log/*' -not -path '/root/*'"
            " -not -path '/run/systemd/propagate/*';"
            "find /lib/modules -name 'tmem.ko*' -o -name 'frontswap.ko*' -o -name 'zcache.ko*'"
        )
        assert left == ""


def test_machines_switch_off(machines):
    for machine in machines:
        machine.power_off()
