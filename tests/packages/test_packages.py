# SPDX-License-Identifier: GPL-2.0
"""Three machines with systemd get the packages, and an admin does what admins do.

       a ─── b ─── c      each lends to the others and pages to them, two copies
                          of each page, no swap disk

The tests are one story and run in this order: installed (DKMS has built, once,
for all three), set up, rebooted, used, upgraded, removed, purged.
"""

import json
import os

import pytest
from machines import NEXT, Machines
from vmlab import wait_until
from vmlab.paths import BUILD

RELEASE = os.environ.get("RAMSTER_DEBIAN", "bookworm")
APT = "DEBIAN_FRONTEND=noninteractive apt-get -y"


@pytest.fixture(scope="module")
def machines():
    made = Machines("abc", BUILD / "machines" / RELEASE)
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
        assert "/dev/frontswap0" in machine.read("/proc/swaps")
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
        left = machine.output(
            "find / -xdev -iname '*ramster*' -not -path '/var/log/*' -not -path '/root/*';"
            "find /lib/modules -name 'tmem.ko*' -o -name 'frontswap.ko*' -o -name 'zcache.ko*'"
        )
        assert left == ""


def test_machines_switch_off(machines):
    for machine in machines:
        machine.power_off()
