"""The binder's reconcile when Pods have priorities."""

from __future__ import annotations

from typing import Any

import pytest

from operators._kube import conditions, meta
from operators._kube.errors import ApiError
from operators.binder import operator
from tests.fakes.kube import FakeKube

Obj = dict[str, Any]


@pytest.fixture
async def kube() -> FakeKube:
    found = FakeKube("binder")
    await operator.start(found)
    allocatable = {"cpu": "2", "memory": "4Gi", "pods": "10"}
    found.add("v1", "nodes", {"metadata": {"name": "n1"}, "spec": {}, "status": {"allocatable": allocatable}})
    return found


def add(kube: FakeKube, name: str, priority: int, cpu: str = "2", **spec: Any) -> meta.Key:
    container = {"name": "c", "resources": {"requests": {"cpu": cpu}}}
    more = {"containers": [container], "schedulerName": "default-scheduler", "priority": priority, **spec}
    return meta.key_of(
        kube.add("v1", "pods", {"metadata": {"name": name, "namespace": "ns"}, "spec": more, "status": {}})
    )


async def once(kube: FakeKube, key: meta.Key) -> None:
    assert (await operator.reconcile(key, kube, kube.now)).requeue_after is None


async def test_the_victim_goes_and_the_pod_gets_its_place(kube: FakeKube) -> None:
    victim = add(kube, "low", 1, nodeName="n1", terminationGracePeriodSeconds=30)
    key = add(kube, "high", 9)
    await once(kube, key)
    gone = kube.one("v1", "pods", victim)
    target = conditions.get(conditions.of(gone), "DisruptionTarget")
    assert target is not None
    assert (target["status"], target["reason"], target["message"]) == (
        "True",
        "PreemptionByScheduler",
        "default-scheduler: preempting to accommodate a higher priority pod",
    )
    assert meta.is_deleting(gone)
    pod = kube.one("v1", "pods", key)
    assert pod["status"]["nominatedNodeName"] == "n1"
    assert kube.events == [
        ("Warning", "FailedScheduling", "0/1 nodes are available: 1 Insufficient cpu."),
        ("Normal", "Preempted", f"Preempted by pod {meta.uid_of(pod)} on node n1"),
    ]
    kube.forget()
    small = add(kube, "small", 0, "1")
    await once(kube, key)
    assert kube.writes == ["PATCH pods/high/status"], "it waits"
    kube.remove("v1", "pods", victim)
    await once(kube, small)
    assert not kube.one("v1", "pods", small)["spec"].get("nodeName"), "the room is kept for another"
    assert list(operator.waiting_for_room(gone, kube))
    await once(kube, small)
    assert kube.one("v1", "pods", key)["spec"]["nodeName"] == "n1", "those of higher priority come first"


async def test_the_most_important_one_comes_first(kube: FakeKube) -> None:
    keys = [add(kube, name, level) for name, level in (("a", 1), ("b", 3), ("c", 2))]
    for pod in kube.list("v1", "pods"):
        operator.waiting_for_room(pod, kube)
    await once(kube, keys[0])
    assert [path for path in kube.writes if "binding" in path] == ["POST pods/b/binding"]


async def test_a_victim_that_cannot_be_deleted_is_tried_again(kube: FakeKube) -> None:
    victim = add(kube, "low", 1, nodeName="n1")
    key = add(kube, "high", 9)
    kube.refuse("DELETE", "pods", ApiError(500, "InternalError", "oops"))
    with pytest.raises(ApiError):
        await once(kube, key)
    assert not meta.is_deleting(kube.one("v1", "pods", victim))
    await once(kube, key)
    assert victim not in [meta.key_of(pod) for pod in kube.all("v1", "pods") if not meta.is_deleting(pod)]


async def test_budgets_are_asked_for(kube: FakeKube) -> None:
    first, second = add(kube, "low", 1, "1", nodeName="n1"), add(kube, "mid", 2, "1", nodeName="n1")
    kube.edit("v1", "pods", first, {"metadata": {"labels": {"app": "a"}}})
    spec = {"selector": {"matchLabels": {"app": "a"}}}
    body = {"metadata": {"name": "b", "namespace": "ns"}, "spec": spec, "status": {"disruptionsAllowed": 0}}
    kube.add("policy/v1", "poddisruptionbudgets", body)
    await once(kube, add(kube, "high", 9, "1"))
    left = [meta.name_of(pod) for pod in kube.all("v1", "pods") if not meta.is_deleting(pod)]
    assert second.name not in left
    assert first.name in left


async def test_whoever_was_promised_the_room_before_loses_the_promise(kube: FakeKube) -> None:
    add(kube, "low", 1, nodeName="n1")
    middle = add(kube, "middle", 5)
    kube.edit("v1", "pods", middle, {"status": {"nominatedNodeName": "n1"}})
    await once(kube, add(kube, "high", 9))
    assert "nominatedNodeName" not in kube.one("v1", "pods", middle)["status"]
