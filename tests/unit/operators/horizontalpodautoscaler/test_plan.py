"""How fast the wanted number is reached, and what is said of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operators.horizontalpodautoscaler import plan

Obj = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ago(seconds: int, number: int) -> tuple[datetime, int]:
    return NOW - timedelta(seconds=seconds), number


def spec(**behavior: Obj) -> Obj:
    found: Obj = {"minReplicas": 2, "maxReplicas": 20}
    if behavior:
        pods, percent = rule("Pods", 4, 15), rule("Percent", 100, 15)
        up = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [pods, percent]}
        down = {"selectPolicy": "Max", "policies": [percent]}
        found["behavior"] = {"scaleUp": up | behavior.get("up", {}), "scaleDown": down | behavior.get("down", {})}
    return found


def rule(type_: str, value: int, seconds: int) -> Obj:
    return {"type": type_, "value": value, "periodSeconds": seconds}


QUICK_DOWN = {"stabilizationWindowSeconds": 0}
HIGH = plan.History((ago(100, 8),))


@pytest.mark.parametrize(
    ("given", "current", "wanted", "history", "expected", "able", "limited"),
    [
        # without a behaviour
        (spec(), 3, 5, plan.History(), 5, "ReadyForNewScale", "DesiredWithinRange"),
        (spec(), 3, 9, plan.History(), 6, "ReadyForNewScale", "ScaleUpLimit"),
        (spec(), 15, 40, plan.History(), 20, "ReadyForNewScale", "TooManyReplicas"),
        (spec(), 4, 3, plan.History(), 4, "ScaleDownStabilized", "DesiredWithinRange"),
        (spec(), 8, 1, plan.History((ago(301, 8),)), 2, "ReadyForNewScale", "TooFewReplicas"),
        (spec(), 8, 3, HIGH, 8, "ScaleDownStabilized", "DesiredWithinRange"),
        # with one
        (spec(up={}), 3, 9, plan.History(), 7, "ReadyForNewScale", "ScaleUpLimit"),
        (spec(up={}), 15, 40, plan.History(), 20, "ReadyForNewScale", "TooManyReplicas"),
        (spec(up={"selectPolicy": "Min"}), 3, 9, plan.History(), 6, "ReadyForNewScale", "ScaleUpLimit"),
        (spec(up={"selectPolicy": "Disabled"}), 3, 9, plan.History(), 3, "ReadyForNewScale", "ScaleUpLimit"),
        (spec(up={}), 7, 9, plan.History((), (ago(10, 4),)), 7, "ReadyForNewScale", "ScaleUpLimit"),
        (spec(up={}), 7, 9, plan.History((), (ago(16, 4),)), 9, "ReadyForNewScale", "DesiredWithinRange"),
        (spec(up={"stabilizationWindowSeconds": 60}), 3, 9, plan.History((ago(50, 4),)), 4,
         "ScaleUpStabilized", "DesiredWithinRange"),
        (spec(down={}), 8, 3, HIGH, 8, "ScaleDownStabilized", "DesiredWithinRange"),
        (spec(down=QUICK_DOWN), 8, 3, HIGH, 3, "ReadyForNewScale", "DesiredWithinRange"),
        (spec(down=QUICK_DOWN), 8, 1, HIGH, 2, "ReadyForNewScale", "TooFewReplicas"),
        (spec(down=QUICK_DOWN | {"policies": [rule("Pods", 1, 60)]}), 8, 3, HIGH, 7,
         "ReadyForNewScale", "ScaleDownLimit"),
        (spec(down=QUICK_DOWN | {"policies": [rule("Pods", 1, 60)]}), 7, 3, plan.History((), (), (ago(30, 1),)), 7,
         "ReadyForNewScale", "ScaleDownLimit"),
        (spec(down=QUICK_DOWN | {"policies": [rule("Percent", 10, 60), rule("Pods", 4, 60)]}), 10, 3, HIGH, 6,
         "ReadyForNewScale", "ScaleDownLimit"),
        (spec(down=QUICK_DOWN | {"selectPolicy": "Min", "policies": [rule("Percent", 10, 60), rule("Pods", 4, 60)]}),
         10, 3, HIGH, 9, "ReadyForNewScale", "ScaleDownLimit"),
        (spec(down=QUICK_DOWN | {"selectPolicy": "Disabled"}), 8, 3, HIGH, 8, "ReadyForNewScale", "ScaleDownLimit"),
    ],
)  # fmt: skip
def test_normalize(
    given: Obj, current: int, wanted: int, history: plan.History, expected: int, able: str, limited: str
) -> None:
    found = plan.normalize(given, current, wanted, history, NOW)
    assert (found.replicas, found.able[0], found.limited[0]) == (expected, able, limited)
    assert found.is_limited == (limited != "DesiredWithinRange")
    assert found.history.recommendations[-1] == (NOW, wanted)


def test_recommendations_are_not_kept_for_ever() -> None:
    history = plan.History(tuple(ago(seconds, 3) for seconds in range(4000, 0, -15)))
    assert len(plan.normalize(spec(), 3, 3, history, NOW).history.recommendations) <= 21


def test_scaling_is_remembered() -> None:
    history = plan.History().scaled(3, 7, NOW).scaled(7, 5, NOW)
    assert (history.ups, history.downs) == (((NOW, 4),), ((NOW, 2),))
