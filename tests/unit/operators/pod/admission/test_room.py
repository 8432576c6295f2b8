"""Whether the node is fit for a Pod."""

from typing import Any

import pytest

from operators.pod.admission import room
from operators.pod.admission.rejection import Rejection, Scene

BIG = {"cpu": "4", "memory": "4Gi", "pods": "110"}


def pod(requests: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    containers = [{"name": "c", "resources": {"requests": requests or {}}}]
    return {"metadata": {"name": "p", "uid": "u"}, "spec": {"containers": containers, **spec}}


def node(*true: str, taints: list[dict[str, str]] | None = None) -> dict[str, Any]:
    conditions = [{"type": name, "status": "True"} for name in true]
    metadata = {"name": "n", "labels": {"disk": "ssd"}}
    return {
        "metadata": metadata,
        "spec": {"taints": taints or []},
        "status": {"conditions": conditions, "allocatable": BIG},
    }


CRITICAL = {"priority": 2_000_000_000}
TOLERANT = {"tolerations": [{"key": "node.kubernetes.io/memory-pressure", "operator": "Exists"}]}


@pytest.mark.parametrize(
    ("given", "conditions", "message"),
    [
        (pod(), ["Ready"], None),
        (pod(), ["MemoryPressure"], "The node had condition: [MemoryPressure]. "),
        (pod({"cpu": "1"}), ["MemoryPressure"], None),
        (pod(**TOLERANT), ["MemoryPressure"], None),
        (pod({"cpu": "1"}), ["DiskPressure"], "The node had condition: [DiskPressure]. "),
        (
            pod({"cpu": "1"}),
            ["MemoryPressure", "DiskPressure"],
            "The node had condition: [MemoryPressure DiskPressure]. ",
        ),
        (pod(**CRITICAL), ["MemoryPressure", "DiskPressure"], None),
    ],
)
def test_pressure(given: dict[str, Any], conditions: list[str], message: str | None) -> None:
    found = room.under_pressure(given, Scene(node=node(*conditions)))
    assert found == (None if message is None else Rejection("Evicted", message))


def test_too_little() -> None:
    text = "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000"
    scene = Scene(node=node(), others=[pod({"cpu": "2"})])
    assert room.enough(pod({"cpu": "3"}), scene) == Rejection("OutOfcpu", text)
    assert room.enough(pod({"cpu": "3"}, **CRITICAL), scene) is None
    assert room.enough(pod({"cpu": "2"}), scene) is None


def test_another_node_was_asked_for() -> None:
    found = room.placed(pod(nodeSelector={"disk": "hdd"}), Scene(node=node()))
    assert found == Rejection(
        "NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector"
    )
    assert room.placed(pod(nodeSelector={"disk": "ssd"}), Scene(node=node())) is None
    tainted = node(taints=[{"key": "k", "effect": "NoExecute"}])
    assert room.placed(pod(), Scene(node=tainted)) == Rejection(
        "TaintToleration", "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
    )
    assert room.placed(pod(), Scene(node=node(taints=[{"key": "k", "effect": "NoSchedule"}]))) is None
