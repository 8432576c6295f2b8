"""What a budget expects, and what its status says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operators._kube import meta
from operators.disruptionbudget import plan, status

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def budget(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "b", "namespace": "ns", "generation": 3}, "spec": spec}


def pod(name: str, *, ready: bool = True, deleting: bool = False) -> dict[str, Any]:
    metadata = {"name": name, **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})}
    return {"metadata": metadata, "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


@pytest.mark.parametrize(
    ("spec", "present", "scale", "expected", "desired"),
    [
        ({"minAvailable": 2}, 5, 0, 5, 2),
        ({"minAvailable": "50%"}, 5, 5, 5, 3),
        ({"maxUnavailable": 1}, 4, 5, 5, 4),
        ({"maxUnavailable": "30%"}, 4, 5, 5, 3),
        ({"maxUnavailable": 9}, 4, 5, 5, 0),
        ({}, 4, 0, 4, 0),
    ],
)
def test_counts(spec, present, scale, expected, desired):
    assert plan.counts(budget(**spec), present, scale) == (expected, desired)


def test_an_eviction_on_its_way_counts_until_it_has_led_to_nothing():
    given = budget(minAvailable=1) | {
        "status": {
            "disruptedPods": {
                "gone": meta.format_time(NOW),
                "going": meta.format_time(NOW),
                "fresh": meta.format_time(NOW - timedelta(seconds=20)),
                "stale": meta.format_time(NOW - timedelta(seconds=121)),
            }
        }
    }
    pods = [pod("going", deleting=True), pod("fresh"), pod("stale"), pod("other"), pod("sick", ready=False)]
    evicted, stale = plan.disrupted(given, pods, NOW)
    assert set(evicted) == {"fresh"}
    assert [meta.name_of(each) for each in stale] == ["stale"]
    assert plan.healthy(pods, evicted) == 2
    assert plan.next_check(evicted, NOW) == 100.0


@pytest.mark.parametrize(
    ("healthy", "desired", "expected", "allowed", "reason"),
    [
        (3, 2, 3, 1, "SufficientPods"),
        (2, 2, 3, 0, "InsufficientPods"),
        (1, 2, 3, 0, "InsufficientPods"),
        (0, 0, 0, 0, "InsufficientPods"),
    ],
)
def test_status(healthy, desired, expected, allowed, reason):
    found = status.compute(budget(), healthy, desired, expected, {}, NOW)
    assert found["disruptionsAllowed"] == allowed
    (condition,) = found["conditions"]
    assert (condition["reason"], condition["status"], condition["observedGeneration"]) == (reason, str(allowed > 0), 3)


def test_nothing_may_go_while_the_pods_cannot_be_counted():
    given = budget() | {"status": {"disruptionsAllowed": 2, "currentHealthy": 3}}
    found = status.failed(given, "why", NOW)
    assert (found["disruptionsAllowed"], found["currentHealthy"]) == (0, 3)
    assert (found["conditions"][0]["reason"], found["conditions"][0]["message"]) == ("SyncFailed", "why")
