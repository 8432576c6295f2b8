"""Pods when parts of the machinery die; test_faults_operator.py kills the operator at each of its steps."""

import pytest

from deploy.progress import Steps
from deploy.sandbox import node as sandbox
from tests.node.pods import Pods, container


@pytest.fixture
def pods(node, namespace):
    return Pods(node, namespace)


def ids(node, namespace):
    lines = node.run(["podman", "ps", "--no-trunc", "--format", "{{.Names}} {{.ID}}"]).stdout.splitlines()
    return sorted(line for line in lines if line.startswith(f"{namespace}_"))


def api_is_up(node):
    return node.kubectl("get", "--raw", "/readyz", check=False).stdout == "ok"


@pytest.mark.parametrize("unit", ["ukube-operators.service", "ukube-apiserver.service", "dbus.service"])
def test_containers_survive_and_are_adopted(node, namespace, pods, unit):
    pods.create("web", container("app"), container("side"))
    pods.wait_ready("web")
    before = ids(node, namespace)
    node.run(["systemctl", "kill", "--signal=KILL", unit])
    node.wait_for("the API answers", lambda: api_is_up(node))
    pods.create("next", container("app"))
    pods.wait_ready("next")
    assert [line for line in ids(node, namespace) if "_web_" in line] == before
    assert pods.status("web", "app")["restartCount"] == 0
    pods.delete("web")
    node.wait_for("nothing is left", lambda: not any("web" in trace for trace in pods.traces()))


@pytest.mark.parametrize("victim", ["container", "conmon"])
def test_killed_processes_come_back(node, namespace, pods, victim):
    pods.create("web", container("app"))
    pods.wait_ready("web")
    address = pods.get("web")["status"]["podIP"]
    uid = pods.get("web")["metadata"]["uid"]
    if victim == "container":
        pid = node.read(f"/run/ukube/pods/{uid}/app.pid").strip()
    else:
        pid = node.run(["systemctl", "show", "-P", "MainPID", pods.unit("web", "app")]).stdout.strip()
    node.run(["kill", "-9", pid])
    node.wait_for("it is back", lambda: pods.status("web", "app").get("restartCount") == 1)
    pods.wait_ready("web")
    assert pods.status("web", "app")["lastState"]["terminated"]["exitCode"] == 137
    assert pods.get("web")["status"]["podIP"] == address


def test_leftovers_of_pods_that_are_gone_are_removed_at_the_start(node, namespace, pods):
    pods.create("web", container("app"))
    pods.wait_ready("web")
    node.run(["systemctl", "stop", "ukube-operators.service"])
    node.kubectl("delete", "pod", "web", "-n", namespace, "--force", "--grace-period=0")
    assert pods.traces() != []
    node.run(["systemctl", "start", "ukube-operators.service"])
    node.wait_for("nothing is left", lambda: pods.traces() == [])


@pytest.mark.long
@pytest.mark.parametrize("way", ["reboot", "power cut"])
def test_pods_boot_without_the_operators(node, namespace, pods, way):
    node.run(["systemctl", "disable", "ukube-operators.service"])
    try:
        env = [{"name": "PASSWORD", "value": "x"}]
        pods.create("web", container("app", env=env))
        pods.wait_ready("web")
        uid = pods.get("web")["metadata"]["uid"]
        node.wait_for(
            "it is sealed",
            lambda: node.run(["test", "-s", f"/var/lib/ukube/pods/{uid}/sealed"], check=False).returncode == 0,
        )
        address = pods.get("web")["status"]["podIP"]
        node.run(["sync"])
        if way == "reboot":
            sandbox.reboot(node.node)
        else:
            sandbox.cut_power(node.node)
            sandbox.up(node.node, Steps())
        unit = pods.unit("web", "app")
        asked = ["systemctl", "is-active", unit]
        node.wait_for("it runs", lambda: node.run(asked, check=False).stdout.strip() == "active")
    finally:
        node.run(["systemctl", "enable", "--now", "ukube-operators.service"])
    before = ids(node, namespace)
    node.wait_for("it is adopted", lambda: pods.status("web", "app").get("restartCount") == 1)
    assert ids(node, namespace) == before
    assert pods.get("web")["status"]["podIP"] == address
