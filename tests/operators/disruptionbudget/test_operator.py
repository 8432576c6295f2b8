"""The budget's reconcile on a fake API server."""

from __future__ import annotations

from typing import Any

import pytest

from operators._kube import meta
from operators._kube.errors import ApiError
from operators.disruptionbudget import operator
from tests.fakes.kube import FakeKube

KEY = meta.Key("ns", "b")
OWNER = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "gone", "uid": "u", "controller": True}


def cluster(pods: int, owner: dict[str, Any] | None = None, **spec: Any) -> FakeKube:
    kube = FakeKube("disruptionbudget")
    selector = {"matchLabels": {"app": "x"}}
    budget = {"metadata": {"name": "b", "namespace": "ns"}, "spec": {"selector": selector, **spec}}
    kube.add("policy/v1", "poddisruptionbudgets", budget)
    for number in range(pods):
        metadata = {"name": f"p{number}", "namespace": "ns", "labels": {"app": "x"}}
        if owner is not None:
            metadata["ownerReferences"] = [owner]
        ready = {"conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}
        kube.add("v1", "pods", {"metadata": metadata, "spec": {}, "status": ready})
    return kube


def status(kube: FakeKube) -> dict[str, Any]:
    found = kube.one("policy/v1", "poddisruptionbudgets", KEY)["status"]
    assert isinstance(found, dict)
    return found


async def test_a_number_needs_no_owners_and_a_settled_budget_no_write() -> None:
    kube = cluster(3, minAvailable=2)
    await operator.reconcile(KEY, kube, kube.now)
    assert (status(kube)["disruptionsAllowed"], status(kube)["expectedPods"]) == (1, 3)
    kube.forget()
    await operator.reconcile(KEY, kube, kube.now)
    assert kube.writes == []


async def test_pods_without_an_owner_are_told_of() -> None:
    kube = cluster(2, maxUnavailable=1)
    await operator.reconcile(KEY, kube, kube.now)
    assert [reason for _, reason, _ in kube.events] == ["UnmanagedPods"]
    assert status(kube)["disruptionsAllowed"] == 0


async def test_an_owner_that_is_gone_stops_evictions() -> None:
    kube = cluster(2, OWNER, maxUnavailable=1)
    await operator.reconcile(KEY, kube, kube.now)
    assert status(kube)["conditions"][0]["reason"] == "SyncFailed"
    assert [reason for _, reason, _ in kube.events] == ["CalculateExpectedPodCountFailed"]


async def test_an_eviction_that_came_in_between_is_not_overwritten() -> None:
    kube = cluster(3, minAvailable=2)
    kube.refuse("PATCH", "poddisruptionbudgets", ApiError(409, "Conflict", "changed"))
    with pytest.raises(ApiError):
        await operator.reconcile(KEY, kube, kube.now)
    ((_, _, body),) = [request for request in kube.requests if request[0] == "PATCH"]
    assert body["metadata"]["resourceVersion"]
