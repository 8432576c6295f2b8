"""Pods that leave a Node because of its NoExecute taints."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operators._kube.meta import Key
from operators.nodelifecycle import eviction, operator
from tests.fakes.kube import FakeKube

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POD = Key("ns", "p")
RED = {"key": "color", "value": "red", "effect": "NoExecute"}
BIG = {"key": "size", "value": "7", "effect": "NoExecute"}


def tolerating(*tolerations: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "namespace": "ns", "generation": 2},
        "spec": {"nodeName": "pi", "tolerations": list(tolerations)},
    }


def of(seconds: int | None = None, **fields: Any) -> dict[str, Any]:
    return {"key": "color", "operator": "Exists", "effect": "NoExecute", **fields} | (
        {} if seconds is None else {"tolerationSeconds": seconds}
    )


@pytest.mark.parametrize(
    ("taints", "tolerations", "seconds"),
    [
        ([RED], [], 0),
        ([RED], [of()], None),
        ([RED], [of(30)], 30),
        ([RED], [of(0)], 0),
        ([RED], [of(-5)], 0),
        ([RED], [of(30, operator="Equal", value="red")], 30),
        ([RED], [of(30, operator="Equal", value="blue")], 0),
        ([RED], [of(effect="NoSchedule")], 0),
        ([RED], [of(effect="")], None),
        ([RED], [{"operator": "Exists"}], None),
        ([RED], [{"key": "", "operator": "Equal"}], 0),
        ([RED, BIG], [of(30)], 0),
        ([RED, BIG], [of(30), {"key": "size", "operator": "Gt", "value": "5", "tolerationSeconds": 10}], 10),
        ([RED, BIG], [of(30), {"key": "size", "operator": "Lt", "value": "5"}], 0),
        ([RED, BIG], [of(30), {"key": "size", "operator": "Gt", "value": "five"}], 0),
        ([], [], None),
    ],
)
def test_leaving(taints: list[dict], tolerations: list[dict], seconds: int | None) -> None:
    wanted = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert eviction.leaving(tolerating(*tolerations), taints, NOW) == wanted


@pytest.fixture
def kube(monkeypatch: pytest.MonkeyPatch) -> FakeKube:
    monkeypatch.setattr(operator, "_local", operator.Local())
    made = FakeKube("nodelifecycle")
    made.add("v1", "nodes", {"metadata": {"name": "pi"}, "spec": {"taints": [RED]}})
    return made


async def test_a_pod_that_does_not_tolerate_is_marked_and_deleted(kube: FakeKube):
    kube.add("v1", "pods", tolerating())
    await operator.evict(POD, kube, NOW)
    assert kube.writes == ["PATCH pods/p/status", "DELETE pods/p"] or len(kube.writes) == 2
    assert kube.events == [("Normal", "TaintManagerEviction", "Marking for deletion Pod ns/p")]


async def test_a_removed_taint_cancels_the_eviction(kube: FakeKube):
    kube.add("v1", "pods", tolerating(of(60)))
    assert (await operator.evict(POD, kube, NOW)).requeue_after == 60
    assert (await operator.evict(POD, kube, NOW + timedelta(seconds=20))).requeue_after == 40
    await kube.patch("v1", "nodes", Key("", "pi"), {"spec": {"taints": None}})
    kube.forget()
    result = await operator.evict(POD, kube, NOW + timedelta(seconds=70))
    assert (result.requeue_after, kube.writes) == (None, [])
    assert kube.events == [("Normal", "TaintManagerEviction", "Cancelling deletion of Pod ns/p")]


async def test_the_time_begins_anew_with_the_next_taint(kube: FakeKube):
    kube.add("v1", "pods", tolerating(of(60)))
    await operator.evict(POD, kube, NOW)
    await kube.patch("v1", "nodes", Key("", "pi"), {"spec": {"taints": None}})
    await operator.evict(POD, kube, NOW + timedelta(seconds=50))
    await kube.patch("v1", "nodes", Key("", "pi"), {"spec": {"taints": [RED]}})
    assert (await operator.evict(POD, kube, NOW + timedelta(seconds=55))).requeue_after == 60


def test_the_condition_says_why():
    (condition,) = eviction.marked(tolerating(), NOW)["conditions"]
    assert condition == {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
        "observedGeneration": 2,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


def test_little_is_remembered():
    pod = tolerating(of(1)) | {"status": {"phase": "Running", "podIP": "10.0.0.1"}}
    pod["metadata"]["managedFields"] = [{}]
    pod["spec"]["containers"] = [{}]
    assert eviction.kept(pod) == {
        "metadata": {"name": "p", "namespace": "ns", "generation": 2},
        "spec": {"nodeName": "pi", "tolerations": [of(1)]},
        "status": {"phase": "Running"},
    }
