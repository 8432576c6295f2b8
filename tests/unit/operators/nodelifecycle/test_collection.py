"""Pods that nobody will ever end or remove."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operators._kube.meta import Key
from operators.nodelifecycle import collection, operator, plan
from tests.fakes.kube import FakeKube

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POD = Key("ns", "p")
OUT = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}


def pod(phase: str = "Running", node: str = "pi", name: str = "p", **metadata: Any) -> dict[str, Any]:
    spec = {"nodeName": node} if node else {}
    return {"metadata": {"name": name, "namespace": "ns", **metadata}, "spec": spec, "status": {"phase": phase}}


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> FakeKube:
    monkeypatch.setattr(operator, "_local", operator.Local())
    made = FakeKube("nodelifecycle")
    made.add("v1", "nodes", {"metadata": {"name": "pi"}})
    return made


def deleting(**more: Any) -> dict[str, Any]:
    return {"deletionTimestamp": "2026-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30, **more}


async def test_pods_of_a_node_that_is_gone(kube: FakeKube) -> None:
    kube.add("v1", "pods", pod(finalizers=["a/b"]))
    await operator.collect(POD, kube, NOW)
    assert kube.writes == []
    node = kube.one("v1", "nodes", Key("", "pi"))
    kube.remove("v1", "nodes", Key("", "pi"))
    assert list(operator._of_node(node, kube)) == [POD]
    assert (await operator.collect(POD, kube, NOW)).requeue_after == 40
    assert (await operator.collect(POD, kube, NOW + timedelta(seconds=30))).requeue_after == 10
    await operator.collect(POD, kube, NOW + timedelta(seconds=40))
    found = kube.one("v1", "pods", POD)
    assert found["status"]["phase"] == "Failed"
    (condition,) = found["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("DisruptionTarget", "DeletionByPodGC")
    assert condition["message"] == "PodGC: node no longer exists"
    assert "deletionTimestamp" in found["metadata"]
    kube.forget()
    await operator.collect(POD, kube, NOW + timedelta(seconds=80))
    assert kube.writes == [], "a finalizer keeps it"


async def test_a_node_that_comes_back_keeps_its_pods(kube: FakeKube) -> None:
    kube.add("v1", "pods", pod())
    kube.remove("v1", "nodes", Key("", "pi"))
    await operator.collect(POD, kube, NOW)
    node = kube.add("v1", "nodes", {"metadata": {"name": "pi"}})
    assert list(operator._of_node(node, kube)) == [POD]
    await operator.collect(POD, kube, NOW + timedelta(seconds=50))
    assert kube.writes == []
    assert list(operator._of_node(node, kube)) == [], "it is no news any more"


@pytest.mark.parametrize(
    ("given", "taints", "is_removed"),
    [
        (pod("Pending", "", **deleting(finalizers=["a/b"])), [], True),
        (pod("Pending", ""), [], False),
        (pod(**deleting()), [], False),
        (pod(**deleting()), [OUT], True),
        (pod(), [OUT], False),
    ],
)
async def test_stuck(kube: FakeKube, given: dict[str, Any], taints: list[Any], is_removed: bool) -> None:
    kube.edit("v1", "nodes", Key("", "pi"), {"spec": {"taints": taints}})
    kube.add("v1", "pods", given)
    kube.forget()
    await operator.collect(POD, kube, NOW)
    assert bool(kube.writes) == is_removed


def test_surplus() -> None:
    pods = [
        pod("Failed", name="evicted", creationTimestamp="2026-01-01T00:00:09Z"),
        pod("Succeeded", name="old", creationTimestamp="2026-01-01T00:00:01Z"),
        pod("Succeeded", name="new", creationTimestamp="2026-01-01T00:00:02Z"),
        pod("Running", name="runs", creationTimestamp="2026-01-01T00:00:00Z"),
    ]
    pods[0]["status"]["reason"] = "Evicted"
    assert [key.name for key in collection.surplus(pods, 3)] == []
    assert [key.name for key in collection.surplus(pods, 1)] == ["evicted", "old"]


async def test_what_is_too_much_is_deleted(kube: FakeKube, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collection, "KEPT", 1)
    monkeypatch.setattr(collection.surplus, "__defaults__", (1,))
    kube.add("v1", "pods", pod("Failed", name="o", creationTimestamp="2020-01-01T00:00:00Z"))
    kube.add("v1", "pods", pod("Failed"))
    await operator.collect(POD, kube, NOW)
    assert kube.writes == ["DELETE pods/o"]


@pytest.mark.parametrize(("count", "seconds"), [(1, "0"), (100, "0"), (101, "15"), (2001, "300")])
def test_ttl(count: int, seconds: str) -> None:
    node = {"metadata": {"name": "pi"}}
    (action,) = plan.ttl(node, count)
    change = {"metadata": {"annotations": {"node.alpha.kubernetes.io/ttl": seconds}}}
    assert action.body == change
    node["metadata"] |= change["metadata"]
    assert plan.ttl(node, count) == []
