"""The binder's reconcile on a fake API server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from operators._kube import conditions, meta
from operators._kube.errors import ApiError
from operators.binder import operator
from tests.fakes.kube import FakeKube

Obj = dict[str, Any]
PORTS = [{"containerPort": 80, "hostPort": 80}]


@pytest.fixture(autouse=True)
async def fresh() -> None:
    await operator.start(FakeKube("binder"))


@pytest.fixture
def kube() -> Iterator[FakeKube]:
    found = FakeKube("binder")
    allocatable = {"cpu": "2", "memory": "4Gi", "pods": "10"}
    found.add("v1", "nodes", {"metadata": {"name": "n1"}, "spec": {}, "status": {"allocatable": allocatable}})
    yield found


def add(kube: FakeKube, name: str, *, ports: list[Obj] | None = None, cpu: str | None = None, **spec: Any) -> meta.Key:
    container: Obj = {"name": "c", "ports": ports or []}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    body = {"spec": {"containers": [container], "schedulerName": "default-scheduler", **spec}, "status": {}}
    return meta.key_of(kube.add("v1", "pods", {"metadata": {"name": name, "namespace": "ns"}, **body}))


def node_of(kube: FakeKube, key: meta.Key) -> str | None:
    return kube.one("v1", "pods", key)["spec"].get("nodeName")


async def once(kube: FakeKube, key: meta.Key) -> None:
    assert (await operator.reconcile(key, kube, kube.now)).requeue_after is None


async def test_one_write_binds(kube: FakeKube) -> None:
    key = add(kube, "a")
    await once(kube, key)
    assert node_of(kube, key) == "n1"
    assert kube.writes == ["POST pods/a/binding"]
    assert kube.events == [("Normal", "Scheduled", "Successfully assigned ns/a to n1")]
    await once(kube, key)
    assert kube.writes == ["POST pods/a/binding"]


@pytest.mark.parametrize(
    "spec",
    [{"schedulerName": "other"}, {"schedulingGates": [{"name": "g"}]}, {"nodeName": "n9"}],
)
async def test_not_ours(kube: FakeKube, spec: Obj) -> None:
    await once(kube, add(kube, "a", **spec))
    assert kube.writes == []


async def test_a_refusal_is_said_once_and_taken_back_by_a_change(kube: FakeKube) -> None:
    kube.edit("v1", "nodes", meta.Key("", "n1"), {"spec": {"unschedulable": True}})
    key = add(kube, "a")
    await once(kube, key)
    await once(kube, key)
    assert kube.writes == ["PATCH pods/a/status"]
    ((type_, reason, message),) = kube.events
    assert (type_, reason) == ("Warning", "FailedScheduling")
    condition = conditions.get(conditions.of(kube.one("v1", "pods", key)), "PodScheduled")
    assert condition is not None
    assert condition["message"] == message
    assert message.startswith("0/1 nodes are available: 1 node(s) were unschedulable. ")
    node = kube.edit("v1", "nodes", meta.Key("", "n1"), {"spec": {"unschedulable": None}})
    assert list(operator.everybody_waiting(node, kube)) == [key]
    await once(kube, key)
    assert node_of(kube, key) == "n1"
    assert list(operator.everybody_waiting(node, kube)) == []


async def test_a_port_is_given_once_even_before_the_cache_knows(kube: FakeKube) -> None:
    first, second = add(kube, "a", ports=PORTS), add(kube, "b", ports=PORTS)
    assert len(kube.list("v1", "pods")) == 2
    kube.server.watchers.clear()  # the news of the binding do not arrive
    await once(kube, first)
    await once(kube, second)
    assert node_of(kube, first) == "n1"
    assert node_of(kube, second) is None
    assert kube.events[-1][2].startswith(
        "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. "
    )


async def test_a_pod_that_leaves_makes_room(kube: FakeKube) -> None:
    first, second = add(kube, "a", cpu="2"), add(kube, "b", cpu="1")
    await once(kube, first)
    await once(kube, second)
    assert node_of(kube, second) is None
    finished = kube.edit("v1", "pods", first, {"status": {"phase": "Succeeded"}})
    assert list(operator.waiting_for_room(finished, kube)) == [second]
    await once(kube, second)
    assert node_of(kube, second) == "n1"


async def test_only_pods_with_a_place_can_make_room(kube: FakeKube) -> None:
    kube.edit("v1", "nodes", meta.Key("", "n1"), {"spec": {"unschedulable": True}})
    key = add(kube, "a")
    await once(kube, key)
    assert list(operator.waiting_for_room(kube.one("v1", "pods", key), kube)) == []


async def test_without_a_node_it_waits(kube: FakeKube) -> None:
    kube.remove("v1", "nodes", meta.Key("", "n1"))
    await once(kube, add(kube, "a"))
    assert kube.events == [("Warning", "FailedScheduling", "no nodes available to schedule pods")]


@pytest.mark.parametrize("status", [404, 409])
async def test_bound_by_somebody_else(kube: FakeKube, status: int) -> None:
    kube.refuse("POST", "pods", ApiError(status, "Conflict", "already assigned"))
    await once(kube, add(kube, "a"))
    assert kube.events == []


async def test_a_failed_binding_frees_what_it_had_taken(kube: FakeKube) -> None:
    first, second = add(kube, "a", ports=PORTS), add(kube, "b", ports=PORTS)
    kube.refuse("POST", "pods", ApiError(500, "InternalError", "oops"))
    with pytest.raises(ApiError):
        await once(kube, first)
    await once(kube, second)
    assert node_of(kube, second) == "n1"


async def test_gone(kube: FakeKube) -> None:
    await once(kube, meta.Key("ns", "nobody"))
    assert kube.writes == []
