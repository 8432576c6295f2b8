import copy
from typing import Any

import pytest

from operators.deployment import template

from .build import pod_template


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    result = copy.deepcopy(pod_template())
    at: Any = result
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return result


@pytest.mark.parametrize(
    "other",
    [
        changed(["metadata", "labels", "pod-template-hash"], "abc"),
        changed(["metadata", "annotations"], {}),
        changed(["metadata", "annotations"], None),
        changed(["metadata", "creationTimestamp"], None),
        changed(["spec", "nodeSelector"], {}),
        changed(["spec", "volumes"], []),
        changed(["spec", "volumes"], None),
        changed(["spec", "containers", 0, "resources"], {"limits": {}}),
        {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"securityContext": {}, "containers": [{"image": "img:1", "name": "c"}]},
        },
    ],
)
def test_same(other: dict[str, Any]) -> None:
    assert template.same(pod_template(), other)
    assert template.same(other, pod_template())


@pytest.mark.parametrize(
    "other",
    [
        changed(["spec", "containers", 0, "image"], "img:2"),
        changed(["metadata", "labels", "tier"], "front"),
        changed(["metadata", "annotations"], {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}),
        changed(["spec", "volumes"], [{"name": "v", "emptyDir": {}}]),
        changed(["spec", "hostNetwork"], True),
        changed(["spec", "containers", 0, "env"], [{"name": "A"}]),
    ],
)
def test_different(other: dict[str, Any]) -> None:
    assert not template.same(pod_template(), other)


def test_an_empty_struct_is_not_nothing() -> None:
    left = changed(["spec", "volumes"], [{"name": "v", "emptyDir": {}}])
    right = changed(["spec", "volumes"], [{"name": "v"}])
    assert not template.same(left, right)


def test_comparable_leaves_its_argument_alone() -> None:
    given = changed(["metadata", "labels", "pod-template-hash"], "abc")
    before = copy.deepcopy(given)
    template.comparable(given)
    assert given == before
