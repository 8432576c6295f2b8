from datetime import UTC, datetime

import pytest

from operators._workloads import pods, ranking

from .build import pod, replica_set

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("phase", "deleting", "active", "terminating"),
    [
        ("Running", False, True, False),
        ("Pending", False, True, False),
        ("Unknown", False, True, False),
        ("Succeeded", False, False, False),
        ("Failed", False, False, False),
        ("Running", True, False, True),
        ("Pending", True, False, True),
        ("Failed", True, False, False),
    ],
)
def test_counting(phase: str, deleting: bool, active: bool, terminating: bool) -> None:
    given = pod(phase=phase, deleting=deleting)
    assert pods.is_active(given) is active
    assert pods.is_terminating(given) is terminating


@pytest.mark.parametrize(
    ("ready", "least", "available", "wait"),
    [
        (None, 0, False, None),
        (None, 10, False, None),
        ("2026-01-01T12:00:00Z", 0, True, None),
        ("2026-01-01T11:59:50Z", 10, True, None),
        ("2026-01-01T11:59:51Z", 10, False, 1.0),
        ("2026-01-01T12:00:00Z", 10, False, 10.0),
    ],
)
def test_availability(ready: str | None, least: int, available: bool, wait: float | None) -> None:
    given = pod(ready=ready)
    assert pods.is_available(given, least, NOW) is available
    assert pods.seconds_to_available(given, least, NOW) == wait


def test_a_ready_pod_that_does_not_say_since_when() -> None:
    given = pod()
    given["status"]["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": None}]
    assert pods.is_available(given, 0, NOW)
    assert not pods.is_available(given, 1, NOW)
    assert pods.seconds_to_available(given, 1, NOW) is None


def test_a_pod_without_a_status_is_pending() -> None:
    given = pod()
    del given["status"]
    assert pods.is_active(given)
    assert not pods.is_ready(given)


def test_slim_keeps_what_counts() -> None:
    given = pod("a", restarts=2, cost="3")
    given["spec"]["volumes"] = [{"name": "v"}]
    given["spec"]["initContainers"] = [{"name": "s", "restartPolicy": "Always", "image": "i"}]
    assert pods.slim(given)["spec"] == {
        "nodeName": "n1",
        "initContainers": [{"name": "s", "restartPolicy": "Always"}],
    }
    assert pods.slim(given)["status"] == given["status"]
    assert ranking.ranked([pods.slim(given)], (), NOW) == [pods.slim(given)]
    rs = replica_set()
    assert pods.slim(rs) is rs
