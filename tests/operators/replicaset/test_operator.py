"""The ReplicaSet's reconcile on a fake API server."""

from __future__ import annotations

from typing import Any

import pytest

from operators._kube import conditions, meta
from operators._kube.errors import ApiError
from operators.replicaset import operator
from tests.fakes.kube import FakeKube

Obj = dict[str, Any]
KEY = meta.Key("ns", "rs")


def manifest(replicas: int = 3, **spec: Any) -> Obj:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "rs", "namespace": "ns"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "rs"}},
            "template": {"metadata": {"labels": {"app": "rs"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}},
            **spec,
        },
    }


def cluster(replicas: int = 3, **spec: Any) -> FakeKube:
    kube = FakeKube("replicaset")
    kube.add("apps/v1", "replicasets", manifest(replicas, **spec))
    return kube


async def once(kube: FakeKube) -> float | None:
    return (await operator.reconcile(KEY, kube, kube.now)).requeue_after


def rs(kube: FakeKube) -> Obj:
    return kube.one("apps/v1", "replicasets", KEY)


def make_ready(kube: FakeKube, count: int | None = None) -> None:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": meta.format_time(kube.now)}
    for pod in kube.all("v1", "pods")[:count]:
        kube.edit("v1", "pods", meta.key_of(pod), {"status": {"phase": "Running", "conditions": [ready]}})


async def test_creates_pods_and_counts_them_in_one_round() -> None:
    kube = cluster(3)
    assert await once(kube) is None
    assert kube.writes == ["POST pods", "POST pods", "POST pods", "PATCH replicasets/rs/status"]
    names = [pod["metadata"]["name"] for pod in kube.all("v1", "pods")]
    assert kube.events == [("Normal", "SuccessfulCreate", f"Created pod: {name}") for name in names]
    assert all(name.startswith("rs-") for name in names)
    assert all(meta.is_controlled_by(pod, rs(kube)) for pod in kube.all("v1", "pods"))
    assert rs(kube)["status"] == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }


async def test_a_settled_set_writes_nothing() -> None:
    kube = cluster(2)
    await once(kube)
    make_ready(kube)
    await once(kube)
    kube.forget()
    for _ in range(3):
        assert await once(kube) is None
        kube.tick(3600)
    assert kube.writes == []


async def test_scale_down_gives_up_the_pods_that_are_not_ready() -> None:
    kube = cluster(3)
    await once(kube)
    make_ready(kube, 2)
    ready = [meta.name_of(pod) for pod in kube.all("v1", "pods")[:2]]
    kube.edit("apps/v1", "replicasets", KEY, {"spec": {"replicas": 2}})
    kube.forget()
    await once(kube)
    assert [meta.name_of(pod) for pod in kube.all("v1", "pods")] == ready
    assert [reason for _, reason, _ in kube.events] == ["SuccessfulDelete"]
    assert rs(kube)["status"]["readyReplicas"] == 2


async def test_terminating_pods_are_replaced_at_once_and_counted_apart() -> None:
    kube = cluster(1)
    await once(kube)
    (pod,) = kube.all("v1", "pods")
    kube.edit("v1", "pods", meta.key_of(pod), {"spec": {"nodeName": "n"}})
    await kube.delete("v1", "pods", meta.key_of(pod))
    await once(kube)
    assert len(kube.all("v1", "pods")) == 2
    assert rs(kube)["status"] | {"observedGeneration": 0} == {
        "replicas": 1,
        "fullyLabeledReplicas": 1,
        "terminatingReplicas": 1,
        "observedGeneration": 0,
    }


async def test_failed_pods_are_replaced_and_kept() -> None:
    kube = cluster(1)
    await once(kube)
    (pod,) = kube.all("v1", "pods")
    kube.edit("v1", "pods", meta.key_of(pod), {"status": {"phase": "Failed"}})
    await once(kube)
    assert len(kube.all("v1", "pods")) == 2
    await once(kube)
    assert len(kube.all("v1", "pods")) == 2


async def test_min_ready_seconds() -> None:
    kube = cluster(2, minReadySeconds=10)
    await once(kube)
    make_ready(kube, 1)
    kube.tick(4)
    assert await once(kube) == 6.0
    assert "availableReplicas" not in rs(kube)["status"]
    kube.tick(6)
    assert await once(kube) is None
    assert rs(kube)["status"]["availableReplicas"] == 1


async def test_a_refusal_stops_the_batch_is_told_and_ends() -> None:
    kube = cluster(10)
    kube.refuse("POST", "pods", *[ApiError(403, "Forbidden", 'pods "rs-x" is forbidden: exceeded quota')] * 10)
    with pytest.raises(ApiError):
        await once(kube)
    assert kube.writes == ["POST pods", "PATCH replicasets/rs/status"]
    assert kube.events == [
        ("Warning", "FailedCreate", 'Error creating: pods "rs-x" is forbidden: exceeded quota'),
    ]
    failure = conditions.get(conditions.of(rs(kube)), "ReplicaFailure")
    assert failure is not None
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    kube.server.refuse.clear()
    await once(kube)
    assert conditions.of(rs(kube)) == []
    assert rs(kube)["status"]["replicas"] == 10


async def test_in_a_namespace_that_goes_nobody_complains() -> None:
    kube = cluster(1)
    body = {"details": {"causes": [{"reason": "NamespaceTerminating"}]}}
    kube.refuse("POST", "pods", ApiError(403, "Forbidden", "terminating", body))
    await once(kube)
    assert conditions.of(rs(kube)) == []


async def test_adopts_and_releases() -> None:
    kube = cluster(2)
    kube.add("v1", "pods", {"metadata": {"name": "lone", "namespace": "ns", "labels": {"app": "rs"}}, "spec": {}})
    await once(kube)
    assert len(kube.all("v1", "pods")) == 2
    lone = meta.Key("ns", "lone")
    assert meta.is_controlled_by(kube.one("v1", "pods", lone), rs(kube))
    kube.edit("v1", "pods", lone, {"metadata": {"labels": {"app": "free"}}})
    await once(kube)
    assert len(kube.all("v1", "pods")) == 3
    assert not meta.is_controlled_by(kube.one("v1", "pods", lone), rs(kube))


async def test_one_that_was_deleted_meanwhile_adopts_nothing() -> None:
    kube = cluster(1)
    kube.add("v1", "pods", {"metadata": {"name": "lone", "namespace": "ns", "labels": {"app": "rs"}}, "spec": {}})
    assert kube.get_or_none("apps/v1", "replicasets", KEY) is not None
    kube.server.objects[("apps/v1", "replicasets")][KEY]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"  # type: ignore[index]
    await once(kube)
    assert "ownerReferences" not in kube.one("v1", "pods", meta.Key("ns", "lone"))["metadata"]


async def test_deleting_writes_its_status_only() -> None:
    kube = cluster(2)
    await once(kube)
    kube.edit("apps/v1", "replicasets", KEY, {"metadata": {"finalizers": ["foregroundDeletion"]}})
    await kube.delete("apps/v1", "replicasets", KEY)
    kube.remove("v1", "pods", meta.key_of(kube.all("v1", "pods")[0]))
    kube.forget()
    await once(kube)
    assert kube.writes == ["PATCH replicasets/rs/status"]
    assert rs(kube)["status"]["replicas"] == 1


async def test_more_than_a_burst_goes_on_at_once() -> None:
    kube = cluster(501)
    assert await once(kube) == 0
    assert len(kube.all("v1", "pods")) == 500
    assert await once(kube) is None
    assert len(kube.all("v1", "pods")) == 501


async def test_an_answer_that_got_lost_makes_no_duplicate() -> None:
    """The Pod was created, but the connection broke before the answer: what came of it is looked up first."""
    kube = cluster(1)
    send = kube.server.send

    async def lossy(method: str, path: str, **options: Any) -> Obj:
        answer = await send(method, path, **options)
        if method == "POST":
            kube.server.send = send  # type: ignore[method-assign]
            raise ApiError(0, "Unreachable", "connection reset")
        return answer

    kube.server.send = lossy  # type: ignore[method-assign]
    kube.server.watchers.clear()  # no news from the watch, either
    with pytest.raises(ApiError):
        await once(kube)
    assert len(kube.all("v1", "pods")) == 1
    await kube.settle()  # as the host does before each reconcile
    await once(kube)
    assert len(kube.all("v1", "pods")) == 1


def test_claimants() -> None:
    kube = cluster()
    orphan: Obj = {"metadata": {"name": "x", "namespace": "ns", "labels": {"app": "rs"}}}
    assert list(operator.replication.claimants(orphan, kube)) == [KEY]
    orphan["metadata"]["ownerReferences"] = [{"uid": "u", "controller": True}]
    assert list(operator.replication.claimants(orphan, kube)) == []
    assert (
        list(operator.replication.claimants({"metadata": {"namespace": "other", "labels": {"app": "rs"}}}, kube)) == []
    )
