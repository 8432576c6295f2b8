"""The ResourceQuota operator's reconcile on a fake API server."""

from typing import Any

from operators._kube import meta
from operators.resourcequota import operator
from tests.fakes.kube import FakeKube

KEY = meta.Key("ns", "q")


def cluster(hard: dict[str, str], status: dict[str, Any] | None = None) -> FakeKube:
    kube = FakeKube("resourcequota")
    metadata = {"name": "q", "namespace": "ns"}
    kube.add("v1", "resourcequotas", {"metadata": metadata, "spec": {"hard": hard}, "status": status or {}})
    containers = [{"name": "c", "resources": {"requests": {"cpu": "100m"}}}]
    kube.add("v1", "pods", {"metadata": {"name": "p", "namespace": "ns"}, "spec": {"containers": containers}})
    kube.add("v1", "pods", {"metadata": {"name": "p", "namespace": "other"}, "spec": {"containers": containers}})
    return kube


async def test_what_is_used_is_written_once() -> None:
    hard = {"pods": "2", "requests.cpu": "1", "services": "3"}
    kube = cluster(hard)
    assert (await operator.reconcile(KEY, kube, kube.now)).requeue_after
    status = kube.one("v1", "resourcequotas", KEY)["status"]
    assert status == {"hard": hard, "used": {"pods": "1", "requests.cpu": "100m", "services": "0"}}
    kube.forget()
    assert (await operator.reconcile(KEY, kube, kube.now)).requeue_after
    assert kube.writes == []


async def test_what_is_no_longer_limited_goes() -> None:
    kube = cluster({"pods": "2"}, {"hard": {"pods": "1", "services": "1"}, "used": {"pods": "7", "services": "1"}})
    await operator.reconcile(KEY, kube, kube.now)
    status = kube.one("v1", "resourcequotas", KEY)["status"]
    assert status == {"hard": {"pods": "2"}, "used": {"pods": "1"}}


async def test_a_quota_that_is_gone() -> None:
    kube = FakeKube("resourcequota")
    assert (await operator.reconcile(KEY, kube, kube.now)).requeue_after is None
