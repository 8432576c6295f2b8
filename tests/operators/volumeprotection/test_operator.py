"""The volume protection operator's reconciles on a fake API server."""

from typing import Any

import pytest

from operators._kube import meta
from operators.volumeprotection import operator, plan
from tests.fakes.kube import FakeKube

GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
CLAIM = meta.Key("ns", "c")
VOLUME = meta.Key("", "v")


def cluster(phase: str = "Bound") -> FakeKube:
    kube = FakeKube("volumeprotection")
    kube.add(
        "v1",
        "persistentvolumeclaims",
        {"metadata": {"name": "c", "namespace": "ns", "finalizers": [plan.CLAIM], **GOING}},
    )
    meta_ = {"name": "v", "finalizers": [plan.VOLUME], **GOING}
    kube.add("v1", "persistentvolumes", {"metadata": meta_, "status": {"phase": phase}})
    return kube


def add_pod(kube: FakeKube) -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]
    spec: dict[str, Any] = {"nodeName": "n", "volumes": volumes}
    kube.add("v1", "pods", {"metadata": {"name": "p", "namespace": "ns"}, "spec": spec})


async def test_a_claim_waits_for_its_pods() -> None:
    kube = cluster()
    add_pod(kube)
    again = await operator.reconcile(CLAIM, kube, kube.now)
    assert again.requeue_after
    assert kube.writes == []
    kube.remove("v1", "pods", meta.Key("ns", "p"))
    assert (await operator.reconcile(CLAIM, kube, kube.now)).requeue_after is None
    assert len(kube.writes) == 1


@pytest.mark.parametrize(("phase", "writes"), [("Bound", 0), ("Released", 1), ("Available", 1)])
async def test_a_volume_waits_for_its_claim(phase: str, writes: int) -> None:
    kube = cluster(phase)
    await operator.reconcile_volume(VOLUME, kube, kube.now)
    assert len(kube.writes) == writes
