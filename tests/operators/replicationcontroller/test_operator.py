"""The ReplicationController's reconcile on a fake API server: what differs from a ReplicaSet's."""

from __future__ import annotations

from typing import Any

from operators._kube import meta
from operators.replicationcontroller import operator
from tests.fakes.kube import FakeKube

KEY = meta.Key("ns", "rc")


def cluster(replicas: int = 2) -> FakeKube:
    kube = FakeKube("replicationcontroller")
    template = {"metadata": {"labels": {"app": "rc"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    manifest: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "ReplicationController",
        "metadata": {"name": "rc", "namespace": "ns"},
        "spec": {"replicas": replicas, "selector": {"app": "rc"}, "template": template},
    }
    kube.add("v1", "replicationcontrollers", manifest)
    return kube


async def once(kube: FakeKube) -> None:
    await operator.reconcile(KEY, kube, kube.now)


async def test_pods_are_made_and_counted_without_terminating_ones() -> None:
    kube = cluster()
    await once(kube)
    assert kube.writes == ["POST pods", "POST pods", "PATCH replicationcontrollers/rc/status"]
    rc = kube.one("v1", "replicationcontrollers", KEY)
    assert rc["status"] == {"replicas": 2, "fullyLabeledReplicas": 2, "observedGeneration": 1}
    assert all(meta.is_controlled_by(pod, rc) for pod in kube.all("v1", "pods"))


async def test_a_pod_that_is_relabelled_is_released_and_replaced() -> None:
    kube = cluster(1)
    await once(kube)
    (pod,) = kube.all("v1", "pods")
    kube.edit("v1", "pods", meta.key_of(pod), {"metadata": {"labels": {"app": "other"}}})
    await once(kube)
    await once(kube)
    found = {meta.name_of(each): meta.controller_of(each) for each in kube.all("v1", "pods")}
    assert len(found) == 2
    assert found[meta.name_of(pod)] is None


def test_claimants() -> None:
    kube = cluster()
    orphan: dict[str, Any] = {"metadata": {"name": "x", "namespace": "ns", "labels": {"app": "rc"}}}
    assert list(operator.replication.claimants(orphan, kube)) == [KEY]
    orphan["metadata"]["labels"] = {}
    assert list(operator.replication.claimants(orphan, kube)) == []
