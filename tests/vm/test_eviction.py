"""Memory pressure: who goes, and what is said about it."""

from typing import Any

import pytest

from tests.node.pods import FOREVER, Pods, container
from tests.vm.conftest import TestVm
from tests.vm.test_cgroups import values

# Takes the given number of megabytes and keeps them, slowly enough for anybody to notice in time.
_EATER = (
    "i=0; while [ $i -lt {mb} ]; do dd if=/dev/zero of=/m/$i bs=1M count=20; i=$((i + 20)); sleep 0.3; done; " + FOREVER
)


def eater(name: str, megabytes: int, **resources: Any) -> dict[str, Any]:
    mounts = [{"name": "m", "mountPath": "/m"}]
    return container(name, _EATER.format(mb=megabytes), volumeMounts=mounts, resources=resources)


def test_classes_have_slices(vm: TestVm, namespace: str) -> None:
    pods = Pods(vm, namespace)
    pods.create("burstable", container("c", FOREVER, resources={"requests": {"cpu": "500m"}}))
    pods.create("best-effort", container("c", FOREVER))
    pods.wait_ready("burstable", 120)
    pods.wait_ready("best-effort", 120)
    root = "/sys/fs/cgroup/kubepods.slice"
    assert values(vm, root, "cpu.weight", "memory.max")["cpu.weight"] == "174"
    assert values(vm, f"{root}/kubepods-besteffort.slice", "cpu.weight") == {"cpu.weight": "1"}
    folder = f"{root}/kubepods-burstable.slice"
    vm.wait_for("weight of the sum", lambda: values(vm, folder, "cpu.weight") == {"cpu.weight": "59"}, 30)


@pytest.mark.long
def test_under_memory_pressure_who_uses_more_than_requested_goes(vm: TestVm, namespace: str) -> None:
    pods = Pods(vm, namespace)
    volumes = [{"name": "m", "emptyDir": {"medium": "Memory"}}]
    pods.create("modest", container("c", FOREVER, resources={"requests": {"memory": "200Mi"}}))
    pods.wait_ready("modest", 120)
    free = int(vm.run("sh", "-c", "awk '/MemFree|Inactive.file/ {s += $2} END {print int(s / 1024)}' /proc/meminfo"))
    pods.create("greedy", eater("c", free - 220), volumes=volumes)
    pods.wait_phase("greedy", "Failed", 240)
    status = pods.get("greedy")["status"]
    assert status["reason"] == "Evicted"
    assert status["message"].startswith("The node was low on resource: memory. Threshold quantity: 300Mi, available: ")
    assert "Container c was using " in status["message"]
    condition = next(c for c in status["conditions"] if c["type"] == "DisruptionTarget")
    assert (condition["status"], condition["reason"]) == ("True", "TerminationByKubelet")
    (node,) = vm.json("get", "nodes")["items"]
    assert any(c["type"] == "MemoryPressure" and c["status"] == "True" for c in node["status"]["conditions"])
    vm.wait_for("the taint", lambda: "node.kubernetes.io/memory-pressure" in str(vm.json("get", "nodes")), 60)
    assert pods.phase("modest") == "Running"
    pods.create("late", container("c", FOREVER), nodeName=node["metadata"]["name"])
    pods.wait_phase("late", "Failed", 60)
    assert pods.get("late")["status"]["message"] == "Pod was rejected: The node had condition: [MemoryPressure]. "
