"""How many Pods a metric asks for."""

from datetime import UTC, datetime
from typing import Any

import pytest

from operators.horizontalpodautoscaler import replicas
from operators.horizontalpodautoscaler.replicas import Sample, Tolerance, Unusable

Obj = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LONG_AGO = "2026-01-01T00:00:00Z"
JUST_NOW = "2026-01-01T11:59:00Z"


def pod(name: str, *, cpu: str | None = "100m", ready: bool = True, phase: str = "Running", **more: Any) -> Obj:
    asked = {"resources": {"requests": {"cpu": cpu}}} if cpu else {}
    condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": more.pop("changed", LONG_AGO)}
    status = {"phase": phase, "startTime": more.pop("start", LONG_AGO), "conditions": [condition]}
    return {"metadata": {"name": name, **more}, "spec": {"containers": [{"name": "c", **asked}]}, "status": status}


def used(**values: int) -> dict[str, Sample]:
    return {name: Sample(value, NOW, 30) for name, value in values.items()}


A, B = pod("a"), pod("b")
STARTS = pod("s", start=JUST_NOW, changed=JUST_NOW, ready=False)
PENDING = pod("s", phase="Pending")
GOING = pod("s", deletionTimestamp=LONG_AGO)


@pytest.mark.parametrize(
    ("pods", "samples", "target", "expected", "percent"),
    [
        ([A, B], used(a=100, b=100), 50, 4, 100),
        ([A, B], used(a=30, b=30), 60, 1, 30),
        ([A, B], used(a=54, b=54), 50, 2, 54),  # within the tolerance
        ([A, B], used(a=56, b=56), 50, 3, 56),
        ([A, B], used(a=45, b=46), 50, 2, 45),
        ([A, B], used(a=100), 50, 2, 100),  # the one that says nothing is taken for idle: 50 %
        ([A, B], used(a=150), 50, 3, 150),
        ([A, B], used(a=10), 50, 2, 10),  # and for fully busy on the way down
        ([A, B, STARTS], used(a=150, b=150, s=900), 50, 6, 150),  # a start is no load: as idle it is 100 %
        ([A, B, STARTS], used(a=30, b=30, s=900), 60, 1, 30),  # and is not waited for on the way down
        ([A, B, PENDING], used(a=100, b=100), 50, 4, 100),
        ([A, B, GOING], used(a=100, b=100, s=1), 50, 4, 100),
    ],
)
def test_utilization(pods: list[Obj], samples: dict[str, Sample], target: int, expected: int, percent: int) -> None:
    found = replicas.by_utilization(
        len(pods) if STARTS not in pods else 2, target, "cpu", pods, samples, Tolerance(), NOW
    )
    assert (found.replicas, found.utilization) == (expected, percent)


@pytest.mark.parametrize(
    ("pods", "samples", "why"),
    [
        ([], used(a=1), "no pods returned by selector while calculating replica count"),
        ([A], used(), "did not receive metrics for targeted pods (pods might be unready)"),
        ([STARTS], used(s=1), "did not receive metrics for targeted pods (pods might be unready)"),
        ([pod("a", cpu=None)], used(a=1), "missing request for cpu in container c of Pod a"),
        ([A], used(b=1), "no metrics returned matched known pods"),
    ],
)
def test_nothing_to_go_by(pods: list[Obj], samples: dict[str, Sample], why: str) -> None:
    with pytest.raises(Unusable) as error:
        replicas.by_utilization(1, 50, "cpu", pods, samples, Tolerance(), NOW)
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("pods", "samples", "expected", "average"),
    [
        ([A, B], used(a=300, b=300), 6, 300),
        ([A, B], used(a=100, b=110), 2, 105),
        ([A, B], used(a=300), 3, 300),
        ([A, B], used(a=20, b=20), 1, 20),
        ([A, B], used(a=20), 2, 20),
    ],
)
def test_average(pods: list[Obj], samples: dict[str, Sample], expected: int, average: int) -> None:
    found = replicas.by_average(2, 100, "memory", pods, samples, Tolerance(), NOW)
    assert (found.replicas, found.average) == (expected, average)


def test_tolerances_of_both_directions() -> None:
    def of(value: int, tolerance: Tolerance) -> int:
        return replicas.by_average(2, 100, "memory", [A, B], used(a=value, b=value), tolerance, NOW).replicas

    assert of(130, Tolerance(up=0.3)) == 2
    assert of(131, Tolerance(up=0.3)) == 3
    assert of(50, Tolerance(up=0.9)) == 1
    assert of(50, Tolerance(down=0.5)) == 2


def test_values_of_the_whole() -> None:
    assert replicas.by_value(2, 100, 250, 2, Tolerance()).replicas == 5
    assert replicas.by_value(2, 100, 105, 2, Tolerance()).replicas == 2
    assert replicas.by_value(0, 100, 250, 0, Tolerance()).replicas == 3, "from nothing"
    assert replicas.by_share(2, 100, 1000, Tolerance()) == replicas.Proposal(10, 500)
    assert replicas.by_share(2, 100, 201, Tolerance()).replicas == 2
    assert replicas.by_share(0, 100, 201, Tolerance()).replicas == 3


@pytest.mark.parametrize(
    ("given", "is_unready"),
    [
        (pod("a"), False),
        (pod("a", ready=False), True),  # has never been ready
        (pod("a", ready=False, changed=JUST_NOW), False),  # has been: what it uses counts
        (pod("a", start=JUST_NOW, changed=JUST_NOW), False),  # ready for longer than the window
        (pod("a", start=JUST_NOW, changed="2026-01-01T11:59:40Z"), True),
    ],
)
def test_pods_that_start(given: Obj, is_unready: bool) -> None:
    groups = replicas.group([given], used(a=1), "cpu", NOW)
    assert (groups.unready == {"a"}) == is_unready
    assert not replicas.group([given], used(a=1), "memory", NOW).unready


def test_requests_of_the_pod_and_of_sidecars() -> None:
    given = pod("a")
    sidecar = {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "50m"}}}
    given["spec"]["initContainers"] = [sidecar, {"name": "init"}]
    assert replicas.requests([given], "cpu") == {"a": 150}
    assert replicas.requests([given], "cpu", "s") == {"a": 50}
    given["spec"]["resources"] = {"requests": {"cpu": "1"}}
    assert replicas.requests([given], "cpu") == {"a": 1000}
