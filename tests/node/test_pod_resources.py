"""Sizes of Pods on a machine without controllers for them: what is said about them is the same."""

import json
from typing import Any

from tests.node.conftest import TestNode
from tests.node.pods import FOREVER, Pods, container


def size(cpu: str, memory: str) -> dict[str, Any]:
    return {kind: {"cpu": cpu, "memory": memory} for kind in ("requests", "limits")}


def events(node: TestNode, namespace: str, pod: str) -> dict[str, str]:
    found = node.json("get", "events", "-n", namespace, "--field-selector", f"involvedObject.name={pod}")["items"]
    return {event["reason"]: event["message"] for event in found}


def test_resize(node: TestNode, namespace: str) -> None:
    pods = Pods(node, namespace)
    restart = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    pods.create("r", container("c", FOREVER, resources=size("100m", "64Mi")),
                container("d", FOREVER, resources=size("100m", "64Mi"), resizePolicy=restart))  # fmt: skip
    pods.wait_ready("r")
    before = pods.status("r", "c")["containerID"]
    change = {"c": size("200m", "32Mi"), "d": size("100m", "96Mi")}
    resized = [{"name": name, "resources": resources} for name, resources in change.items()]
    node.kubectl("patch", "pod", "r", "-n", namespace, "--subresource=resize",
                 "-p", json.dumps({"spec": {"containers": resized}}))  # fmt: skip

    def is_resized() -> bool:
        return all(pods.status("r", name)["resources"] == wanted for name, wanted in change.items())

    node.wait_for("resized", is_resized)
    node.wait_for("started anew", lambda: pods.status("r", "d")["restartCount"] == 1 and pods.ready("r"))
    assert (pods.status("r", "c")["containerID"], pods.status("r", "c")["restartCount"]) == (before, 0)
    assert pods.status("r", "c")["allocatedResources"] == {"cpu": "200m", "memory": "32Mi"}
    told = events(node, namespace, "r")
    assert told["ResizeStarted"].startswith('Pod resize started: {"containers":[{"name":"c","resources":{"limits":')
    assert told["ResizeCompleted"].startswith("Pod resize completed: ")
    unit = node.read(f"/etc/systemd/system/{slice_of(node, namespace)}")
    assert "CPUQuota=30%" in unit
    assert f"MemoryMax={(128 + 2 * 32) << 20}" in unit
    assert not any(c["type"].startswith("PodResize") for c in pods.get("r")["status"]["conditions"])


def slice_of(node: TestNode, namespace: str) -> str:
    return node.run(["systemctl", "show", "-P", "Slice", f"ukube-{namespace}_r.service"]).stdout.strip()


def test_a_pod_bound_to_a_node_without_room(node: TestNode, namespace: str) -> None:
    (name,) = [item["metadata"]["name"] for item in node.json("get", "nodes")["items"]]
    pods = Pods(node, namespace)
    pods.create("big", container("c", FOREVER, resources=size("1000", "64Mi")), nodeName=name)
    pods.create("elsewhere", container("c", FOREVER), nodeName=name, nodeSelector={"no": "such"})
    pods.wait_phase("big", "Failed")
    status = pods.get("big")["status"]
    assert status["reason"] == "OutOfcpu"
    assert status["message"].startswith(
        "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000000, used: "
    )
    pods.wait_phase("elsewhere", "Failed")
    assert pods.get("elsewhere")["status"]["reason"] == "NodeAffinity"


def test_room_is_made_for_a_critical_pod(node: TestNode, namespace: str) -> None:
    (found,) = node.json("get", "nodes")["items"]
    cpus = int(found["status"]["allocatable"]["cpu"])
    pods, most = Pods(node, namespace), {"requests": {"cpu": f"{cpus * 1000 - 500}m"}}
    pods.create("filler", container("c", FOREVER, resources=most))
    pods.wait_ready("filler")
    critical = {"priorityClassName": "system-node-critical", "nodeName": found["metadata"]["name"]}
    pods.create("critical", container("c", FOREVER, resources={"requests": {"cpu": "1"}}), **critical)
    pods.wait_ready("critical")
    status = pods.get("filler")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "Preempting")
    assert status["message"] == "Preempted in order to admit critical pod"


def test_a_volume_that_is_too_full(node: TestNode, namespace: str) -> None:
    pods = Pods(node, namespace)
    script = "dd if=/dev/zero of=/v/f bs=1M count=8; " + FOREVER
    mounts = [{"name": "v", "mountPath": "/v"}]
    pods.create(
        "full", container("c", script, volumeMounts=mounts), volumes=[{"name": "v", "emptyDir": {"sizeLimit": "4Mi"}}]
    )
    pods.wait_phase("full", "Failed", 40)
    status = pods.get("full")["status"]
    assert (status["reason"], status["message"]) == (
        "Evicted",
        'Usage of EmptyDir volume "v" exceeds the limit "4Mi". ',
    )
    assert events(node, namespace, "full")["Evicted"] == status["message"]


def test_the_node_says_which_limits_mean_nothing(node: TestNode) -> None:
    present = set(node.read("/sys/fs/cgroup/cgroup.controllers").split())
    missing = [name for name in ("cpu", "memory", "pids") if name not in present]
    (found,) = node.json("get", "nodes")["items"]
    condition = next((c for c in found["status"]["conditions"] if c["type"] == "CgroupControllersMissing"), None)
    assert (condition is not None) == bool(missing)
    assert condition is None or (condition["status"], condition["reason"]) == ("True", "ControllersMissing")
