"""Deciding about a Pod that is resized in place."""

from typing import Any

import pytest

from operators.pod.resources import allocation, fitting, resize
from operators.pod.resources.allocation import Allocation
from operators.pod.resources.resize import State

NODE = {
    "status": {
        "capacity": {"cpu": "4", "memory": "4Gi", "pods": "3"},
        "allocatable": {"cpu": "4", "memory": "4000Mi", "pods": "3", "hugepages-2Mi": "0"},
    }
}


def pod(cpu: str = "1", memory: str = "1Gi", **spec: Any) -> dict[str, Any]:
    resources = {"requests": {"cpu": cpu, "memory": memory}}
    return {"metadata": {}, "spec": {"containers": [{"name": "c1", "resources": resources}], **spec}}


def test_a_resize_that_fits_is_given() -> None:
    assert resize.objection(pod("2"), [pod("2")], NODE) is None


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (pod("5"), ("Infeasible", "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000")),
        (
            pod("1", "4500Mi"),
            ("Infeasible", "Node didn't have enough capacity: memory, requested: 4718592000, capacity: 4294967296"),
        ),
        (pod("3"), ("Deferred", "Node didn't have enough resource: cpu, requested: 3000, used: 2000, capacity: 4000")),
    ],
)
def test_a_resize_that_does_not_fit(wanted: dict[str, Any], answer: tuple[str, str]) -> None:
    assert resize.objection(wanted, [pod("2")], NODE) == answer


def test_static_pods_are_not_resized() -> None:
    static = {**pod(), "metadata": {"annotations": {"kubernetes.io/config.source": "file"}}}
    assert resize.objection(static, [], NODE) == ("Infeasible", "In-place resize of static-pods is not supported")


def test_admission_names_what_is_lacking() -> None:
    found = fitting.lacks(pod("3", "1Mi"), [pod("1"), pod("1"), pod("1")], NODE)
    assert [(lack.reason, lack.message) for lack in found] == [
        ("OutOfpods", "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3"),
        ("OutOfcpu", "Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000"),
    ]
    assert found[1].missing == 2000


def test_resources_that_the_node_never_heard_of_are_others_business() -> None:
    strange = {"name": "c", "resources": {"requests": {"example.com/cluster-wide": "1", "hugepages-2Mi": "2Mi"}}}
    found = fitting.lacks({"metadata": {}, "spec": {"containers": [strange]}}, [], NODE)
    assert [lack.resource for lack in found] == ["hugepages-2Mi"]


def test_what_was_given_is_put_in_place_of_what_is_asked() -> None:
    given = allocation.of(pod("1000m"))
    assert allocation.applied(same := pod("1"), given) is same
    assert allocation.applied(pod("2"), given)["spec"] == pod("1000m")["spec"]
    assert allocation.load(allocation.dump(given, given)) == [given, given]
    assert allocation.load("[") == allocation.load("") == []


@pytest.mark.parametrize(
    ("before", "after", "answer"),
    [
        ({"requests": {"cpu": "1"}}, {"requests": {"cpu": "2"}}, False),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "2Gi"}}, True),
        ({"limits": {"memory": "1Gi"}}, {"limits": {"memory": "1024Mi"}}, False),
        ({}, {"requests": {"memory": "1Gi"}}, True),
    ],
)
def test_restarts_by_policy(before: dict[str, Any], after: dict[str, Any], answer: bool) -> None:
    policy = [
        {"resourceName": "cpu", "restartPolicy": "NotRequired"},
        {"resourceName": "memory", "restartPolicy": "RestartContainer"},
    ]
    assert resize.restarts({"name": "c", "resizePolicy": policy}, before, after) is answer


def test_conditions() -> None:
    size = Allocation()
    assert resize.compute_conditions(State(size, size)) == []
    state = State(size, size, pending=("Deferred", "no room", 3), progress=2, error="too small")
    assert resize.compute_conditions(state) == [
        {
            "type": "PodResizePending",
            "status": "True",
            "reason": "Deferred",
            "message": "no room",
            "observedGeneration": 3,
        },
        {
            "type": "PodResizeInProgress",
            "status": "True",
            "reason": "Error",
            "message": "too small",
            "observedGeneration": 2,
        },
    ]


def test_events_have_the_whole_size_in_them() -> None:
    assert resize.event_message("Infeasible", pod("5", "4500Mi"), 2, "no") == (
        'Pod resize Infeasible: {"containers":[{"name":"c1","resources":{"requests":{"cpu":"5","memory":"4500Mi"}}}],'
        '"generation":2,"error":"no"}'
    )


def test_memory_is_not_taken_away_from_who_uses_it() -> None:
    assert resize.memory_objection("c", 100, 100) == resize.memory_objection("c", None, 100) == ""
    assert resize.memory_objection("c", 99, 100) == (
        'cannot decrease memory limits: attempting to set container "c" memory limit (99) below current usage (100)'
    )
