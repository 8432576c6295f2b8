"""A Deployment on the node: driven by kubectl, and with the control plane killed under it."""

import json
import random
import time
from typing import Any

import pytest

from tests.node.conftest import TestNode
from tests.node.pods import Pods, container

CONTROL_PLANE = ("ukube-operators.service", "ukube-apiserver.service")


@pytest.fixture
def pods(node: TestNode, namespace: str) -> Pods:
    return Pods(node, namespace)


def deployment(replicas: int) -> dict[str, Any]:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"terminationGracePeriodSeconds": 2, "containers": []}}
    template["spec"]["containers"] = [container("app")]
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def settle(node: TestNode, namespace: str) -> None:
    node.kubectl("rollout", "status", "deployment/web", "-n", namespace, "--timeout=90s", timeout=100)
    node.wait_for("old Pods are gone", lambda: len(running(node, namespace)) == wanted(node, namespace))


def wanted(node: TestNode, namespace: str) -> int:
    return int(node.json("get", "deployment/web", "-n", namespace)["spec"]["replicas"])


def running(node: TestNode, namespace: str) -> list[dict[str, Any]]:
    return list(node.json("get", "pods", "-n", namespace, "-l", "app=web")["items"])


def runs(node: TestNode, pod: dict[str, Any]) -> int:
    """How often the Pod's container was started: each run has a log file of its own."""
    meta = pod["metadata"]
    folder = f"/var/log/pods/{meta['namespace']}_{meta['name']}_{meta['uid']}/app"
    return len(node.run(["ls", folder]).stdout.split())


def test_killed_in_the_middle_of_a_rollout(node: TestNode, namespace: str, pods: Pods) -> None:
    pods.apply(deployment(4))
    settle(node, namespace)
    before = {pod["metadata"]["uid"] for pod in running(node, namespace)}
    chance = random.Random(23)
    node.kubectl("set", "env", "deployment/web", "-n", namespace, "ROUND=2")
    for _ in range(3):
        time.sleep(chance.uniform(0.2, 0.8))
        node.run(["systemctl", "kill", "--signal=KILL", *CONTROL_PLANE])
    node.wait_for("the API answers", lambda: node.kubectl("get", "--raw", "/readyz", check=False).stdout == "ok")
    settle(node, namespace)
    after = running(node, namespace)
    assert len(after) == 4
    assert before.isdisjoint(pod["metadata"]["uid"] for pod in after)
    for pod in after:
        assert [status["restartCount"] for status in pod["status"]["containerStatuses"]] == [0]
        assert runs(node, pod) == 1, f"{pod['metadata']['name']} was started more than once"


def test_kubectl_edits_and_deletes(node: TestNode, namespace: str, pods: Pods) -> None:
    pods.apply(deployment(1))
    settle(node, namespace)
    editor = ["env", "EDITOR=sed -i s/replicas:.1/replicas:\\ 3/"]
    node.run([*editor, "kubectl", "edit", "deployment/web", "-n", namespace])
    settle(node, namespace)
    assert len(running(node, namespace)) == 3
    history = node.kubectl("rollout", "history", "deployment/web", "-n", namespace).stdout
    assert history.split()[-2:] == ["1", "<none>"]
    node.kubectl("delete", "deployment/web", "-n", namespace)
    node.wait_for("nothing is left", lambda: pods.traces() == [], timeout=60)
    assert json.loads(node.kubectl("get", "replicasets", "-n", namespace, "-o", "json").stdout)["items"] == []


def test_units_that_were_read_at_boot_are_let_go_of(node: TestNode, namespace: str, pods: Pods) -> None:
    pods.apply(deployment(2))
    settle(node, namespace)
    node.reboot()
    node.wait_for("the API answers", lambda: node.kubectl("get", "--raw", "/readyz", check=False).stdout == "ok")
    settle(node, namespace)
    node.kubectl("delete", "namespace", namespace, "--timeout=60s", timeout=70)
    loaded = ["systemctl", "list-units", "--all", "--no-legend", "--plain", f"ukube-{namespace}_*", "kubepods*-pod*"]
    node.wait_for("systemd has forgotten them", lambda: node.run(loaded).stdout == "", timeout=15)
