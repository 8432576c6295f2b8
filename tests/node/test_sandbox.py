"""The sandbox node as a machine: boots, reboots, survives a power cut, and leaves the host alone."""

import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy import host
from deploy.progress import Steps
from deploy.sandbox import node as sandbox
from deploy.sandbox.files import Running


@pytest.fixture(scope="module")
def machine() -> Iterator[sandbox.Node]:
    """A node of this module's own: it is switched off and on."""
    if os.geteuid() != 0:
        pytest.skip("a sandbox node needs root")
    node = sandbox.Node(f"test-{uuid.uuid4().hex[:8]}")
    try:
        sandbox.up(node, Steps())
        yield node
    finally:
        sandbox.remove(node)


def running(node: sandbox.Node) -> Running:
    found = node.running
    assert found is not None
    return found


def until(check: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_systemd_is_init_and_nothing_failed(machine: sandbox.Node) -> None:
    assert machine.run(["ps", "-o", "comm=", "-p", "1"]).stdout.strip() == "systemd"
    failed = machine.run(["systemctl", "--failed", "--plain", "--no-legend"]).stdout
    assert [line for line in failed.splitlines() if "ukube" not in line] == []


def test_it_has_a_name_an_address_and_a_default_route(machine: sandbox.Node) -> None:
    assert machine.run(["uname", "-n"]).stdout.strip() == machine.name
    assert "192.0.2.10/24" in machine.run(["ip", "-br", "address", "show", "eth0"]).stdout
    assert "default via 192.0.2.1" in machine.run(["ip", "route"]).stdout


def test_it_has_kubectl_helm_and_the_project(machine: sandbox.Node) -> None:
    assert "v1.35" in machine.run(["kubectl", "version", "--client"]).stdout
    assert "v4." in machine.run(["helm", "version"]).stdout
    machine.run(["/opt/ukube/venv/bin/python", "-c", "import apiserver_stub, operators, kopf, cryptography"])


def test_programs_report_their_own_exit_code_and_read_stdin(machine: sandbox.Node) -> None:
    assert machine.run(["sh", "-c", "exit 7"], check=False).returncode == 7
    assert machine.run(["cat"], stdin="x" * 100_000).stdout == "x" * 100_000


def test_the_host_kernel_cannot_be_changed_from_within(machine: sandbox.Node) -> None:
    before = Path("/proc/sys/kernel/printk").read_text()
    done = machine.run(["sh", "-c", "echo 1 > /proc/sys/kernel/printk"], check=False)
    assert done.returncode != 0
    assert Path("/proc/sys/kernel/printk").read_text() == before
    machine.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])  # of its own network namespace


def test_the_host_keeps_its_network_and_mounts(machine: sandbox.Node) -> None:
    links = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout
    machine.run(["ip", "link", "add", "inner0", "type", "bridge"])
    assert subprocess.run(["ip", "-br", "link"], capture_output=True, text=True, check=True).stdout == links
    assert str(machine.folder.disk) not in Path("/proc/mounts").read_text()


def test_an_orderly_reboot_keeps_the_disk_and_the_identity(machine: sandbox.Node) -> None:
    machine.write("/root/kept", "yes")
    identity = machine.run(["cat", "/etc/machine-id"]).stdout
    before = running(machine)
    sandbox.reboot(machine)
    assert running(machine).boots > before.boots
    assert machine.run(["cat", "/root/kept"]).stdout == "yes"
    assert machine.run(["cat", "/etc/machine-id"]).stdout == identity


def test_systemctl_reboot_from_within_reboots(machine: sandbox.Node) -> None:
    before = running(machine)
    machine.run(["systemctl", "reboot"], check=False)
    until(lambda: machine.running is not None and running(machine).boots == before.boots + 1)
    sandbox.wait_until_booted(machine)


def test_a_power_cut_leaves_nothing_but_the_disk(machine: sandbox.Node) -> None:
    machine.write("/root/kept", "still")
    before = running(machine)
    assert sandbox.cut_power(machine)
    assert machine.running is None
    assert not (host.cgroup2_mount() / f"ukube-sandbox-{machine.name}").exists()
    assert not Path(f"/proc/{before.init}").exists()
    sandbox.up(machine, Steps())
    assert machine.run(["cat", "/root/kept"]).stdout == "still"


def test_it_ends_with_its_keeper(machine: sandbox.Node) -> None:
    before = running(machine)
    os.kill(before.keeper, 9)
    until(lambda: machine.running is None)
    sandbox.up(machine, Steps())  # in spite of the note and the cgroups that were left behind
    assert running(machine).init != before.init


def test_down_is_orderly_and_up_starts_it_once(machine: sandbox.Node) -> None:
    assert sandbox.down(machine)
    assert not sandbox.down(machine)
    assert "Reached target" in machine.folder.console.read_text()
    assert sandbox.up(machine, Steps())
    assert not sandbox.up(machine, Steps())


def test_two_nodes_side_by_side_do_not_see_each_other(machine: sandbox.Node) -> None:
    other = sandbox.Node(f"test-{uuid.uuid4().hex[:8]}")
    try:
        sandbox.up(other, Steps())
        assert other.port != machine.port
        machine.write("/root/mine", "x")
        assert other.run(["test", "-e", "/root/mine"], check=False).returncode == 1
        assert other.run(["ip", "link", "show", "inner0"], check=False).returncode != 0
    finally:
        sandbox.remove(other)
    assert not other.exists
    assert machine.run(["true"]).returncode == 0
