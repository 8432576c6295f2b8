from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from operators.namespace import plan

DELETED = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def namespace(*finalizers: str, deleting: bool = True) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "ns"}
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T12:00:00Z"
    return {"metadata": metadata, "spec": {"finalizers": list(finalizers)}, "status": {"phase": "Terminating"}}


@pytest.mark.parametrize(
    ("given", "ours"),
    [
        (namespace("kubernetes"), True),
        (namespace("other", "kubernetes"), True),
        (namespace("other"), False),
        (namespace(), False),
        (namespace("kubernetes", deleting=False), False),
        ({"metadata": {"deletionTimestamp": "2026-01-01T12:00:00Z"}}, False),
    ],
)
def test_is_ours(given: dict[str, Any], ours: bool) -> None:
    assert plan.is_ours(given) is ours


def test_finalized_keeps_the_others() -> None:
    given = namespace("a.io/b", "kubernetes")
    assert plan.finalized(given)["spec"] == {"finalizers": ["a.io/b"]}
    assert given["spec"] == {"finalizers": ["a.io/b", "kubernetes"]}


def entry(name: str, *verbs: str, namespaced: bool = True) -> dict[str, Any]:
    return {"name": name, "namespaced": namespaced, "verbs": list(verbs)}


def test_targets() -> None:
    documents = [
        {
            "groupVersion": "v1",
            "resources": [
                entry("pods", "delete", "list", "deletecollection"),
                entry("pods/log", "get"),
                entry("secrets", "delete", "list", "deletecollection", "watch"),
                entry("nodes", "delete", "list", "deletecollection", namespaced=False),
                entry("bindings", "create"),
                entry("services", "delete", "list"),
            ],
        },
        {"groupVersion": "x.io/v2", "resources": [entry("things", "delete", "list", "deletecollection")]},
        {"groupVersion": "empty.io/v1"},
    ]
    assert plan.targets(documents) == [
        plan.Target("v1", "secrets"),
        plan.Target("v1", "services", collection=False),
        plan.Target("x.io/v2", "things"),
    ]


@pytest.mark.parametrize(
    ("target", "name"),
    [(plan.PODS, "pods."), (plan.Target("apps/v1", "deployments"), "deployments.apps")],
)
def test_group_resource(target: plan.Target, name: str) -> None:
    assert target.group_resource == name


@pytest.mark.parametrize(
    ("age", "pods_remain", "expected"),
    [
        (-0.5, False, 0.1),  # the API's times are cut to seconds, clocks differ
        (0, True, 0.1),
        (1, True, 0.2),
        (5, False, 1.0),
        (60, True, 2.0),
        (60, False, 10.0),
        (86400, False, 10.0),
    ],
)
def test_next_look(age: float, pods_remain: bool, expected: float) -> None:
    now = DELETED + timedelta(seconds=age)
    assert plan.next_look(namespace("kubernetes"), now, pods_remain=pods_remain) == pytest.approx(expected)
