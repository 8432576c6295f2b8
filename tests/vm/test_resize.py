"""Resizing a Pod in place, read where the kernel keeps the limits."""

import json
from typing import Any

from tests.node.pods import FOREVER, Pods, container
from tests.vm.conftest import TestVm
from tests.vm.test_cgroups import groups, size, values

RESTART_FOR_MEMORY = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]


def resize(vm: TestVm, namespace: str, pod: str, container: str, resources: dict[str, Any], check: bool = True) -> None:
    change = {"spec": {"containers": [{"name": container, "resources": resources}]}}
    words = ["patch", "pod", pod, "-n", namespace, "--subresource", "resize", "--type", "strategic"]
    vm.kubectl(*words, "-p", json.dumps(change), check=check)


def condition(pods: Pods, pod: str, type_: str) -> dict[str, Any]:
    return next((c for c in pods.get(pod)["status"].get("conditions") or () if c["type"] == type_), {})


def test_resize(vm: TestVm, namespace: str) -> None:
    pods = Pods(vm, namespace)
    other = container("d", FOREVER, resources=size(), resizePolicy=RESTART_FOR_MEMORY)
    pods.create("r", container("c", FOREVER, resources=size()), other)
    pods.wait_ready("r", 120)
    slice_, unit, payload = groups(vm, pods, "r")
    before = pods.status("r", "c")["containerID"]

    resize(vm, namespace, "r", "c", size("250m", "96Mi"))
    vm.wait_for("resized", lambda: pods.status("r", "c")["resources"] == size("250m", "96Mi"), 60)
    wanted = {"cpu.max": "25000 100000", "memory.max": str(96 << 20), "memory.swap.max": "0", "cpu.weight": "35"}
    assert values(vm, payload, *wanted) == wanted
    assert values(vm, slice_, "cpu.max", "memory.max") == {
        "cpu.max": "75000 100000",
        "memory.max": str((160 + 2 * 32) << 20),
    }
    assert values(vm, unit, "cpu.weight") == {"cpu.weight": "35"}
    assert pods.status("r", "c")["containerID"] == before
    assert pods.status("r", "c")["allocatedResources"] == {"cpu": "250m", "memory": "96Mi"}
    vm.wait_for("over", lambda: not condition(pods, "r", "PodResizeInProgress"), 30)

    # The memory of this one is changed by starting it anew.
    resize(vm, namespace, "r", "d", size("500m", "32Mi"))
    vm.wait_for("restarted", lambda: pods.status("r", "d")["restartCount"] == 1 and pods.ready("r"), 90)
    _, _, restarted = groups(vm, pods, "r", "d")
    assert values(vm, restarted, "memory.max") == {"memory.max": str(32 << 20)}
    assert pods.status("r", "c")["restartCount"] == 0

    # Deferred while the node is full, refused for ever when it could never be.
    resize(vm, namespace, "r", "c", size("50", "96Mi"))
    pending = vm.wait_for("pending", lambda: condition(pods, "r", "PodResizePending"), 60)
    assert pending["reason"] == "Infeasible"
    assert pending["message"] == "Node didn't have enough capacity: cpu, requested: 50500, capacity: 2000"
    pods.create("other", container("c", FOREVER, resources={"requests": {"cpu": "1"}}))
    pods.wait_phase("other", "Running", 90)
    resize(vm, namespace, "r", "c", size("1", "96Mi"))

    def deferred() -> dict[str, Any]:
        found = condition(pods, "r", "PodResizePending")
        return found if found.get("reason") == "Deferred" else {}

    pending = vm.wait_for("deferred", deferred, 60)
    assert pending["message"].startswith("Node didn't have enough resource: cpu, requested: 1500, used: 1000, capacity")
    assert values(vm, payload, "cpu.max") == {"cpu.max": "25000 100000"}
    vm.kubectl("delete", "pod", "other", "-n", namespace, "--grace-period=0", "--force")
    vm.wait_for("resized", lambda: pods.status("r", "c")["resources"] == size("1", "96Mi"), 90)
    assert values(vm, payload, "cpu.max") == {"cpu.max": "100000 100000"}
    vm.kubectl("delete", "pod", "r", "-n", namespace, "--wait=false")
