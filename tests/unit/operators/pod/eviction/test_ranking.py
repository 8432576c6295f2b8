"""Whom to evict first."""

from typing import Any

import pytest

from operators.pod.eviction import ranking
from operators.pod.eviction.ranking import Usage

MI = 1 << 20


def pod(name: str, memory: str = "", cpu: str = "", qos: str = "Burstable", priority: int = 0) -> dict[str, Any]:
    requests = {key: value for key, value in (("memory", memory), ("cpu", cpu)) if value}
    containers = [{"name": "c", "resources": {"requests": requests}}]
    spec = {"containers": containers, "priority": priority}
    return {"metadata": {"uid": name, "name": name}, "spec": spec, "status": {"qosClass": qos}}


def uses(resource: str = "memory", **amounts: int) -> dict[str, Usage]:
    return {name: Usage({resource: amount}) for name, amount in amounts.items()}


def order(pods: list[dict[str, Any]], resource: str, usage: dict[str, Usage]) -> list[str]:
    return [found["metadata"]["name"] for found in ranking.rank(pods, resource, usage)]


def test_who_uses_more_than_requested_goes_first_whatever_the_priority() -> None:
    pods = [pod("within", "100Mi"), pod("beyond", "10Mi", priority=1000)]
    assert order(pods, "memory", uses(within=90 * MI, beyond=20 * MI)) == ["beyond", "within"]


def test_then_by_priority_then_by_how_much_more() -> None:
    pods = [pod("little"), pod("much"), pod("cheap", priority=-1), pod("dear", priority=5)]
    usage = uses(little=10 * MI, much=50 * MI, cheap=1 * MI, dear=90 * MI)
    assert order(pods, "memory", usage) == ["cheap", "much", "little", "dear"]


def test_of_which_nothing_is_known_goes_first() -> None:
    assert order([pod("a"), pod("unknown", priority=9)], "memory", uses(a=5)) == ["unknown", "a"]


def test_processes_have_no_requests() -> None:
    assert order([pod("few"), pod("many"), pod("dear", priority=1)], "pids", uses("pids", few=2, many=9, dear=99)) == [
        "many",
        "few",
        "dear",
    ]


@pytest.mark.parametrize(
    ("pods", "missing", "names"),
    [
        ([pod("b", cpu="1"), pod("s", cpu="2")], {"cpu": 1000}, ["b"]),
        ([pod("b", cpu="1"), pod("s", cpu="2")], {"cpu": 1500}, ["s"]),
        ([pod("b", cpu="1"), pod("s", cpu="2")], {"cpu": 3000}, ["b", "s"]),
        ([pod("b", cpu="1")], {"cpu": 1500}, None),
        # One of a lesser class suffices.
        ([pod("g", cpu="1", qos="Guaranteed"), pod("b", cpu="1")], {"cpu": 1000}, ["b"]),
        ([pod("g", cpu="1", qos="Guaranteed"), pod("b", cpu="1")], {"cpu": 1200}, ["b", "g"]),
        ([pod("e", qos="BestEffort"), pod("b", cpu="1")], {"pods": 1}, ["e"]),
    ],
)
def test_preemption(pods: list[dict[str, Any]], missing: dict[str, int], names: list[str] | None) -> None:
    found = ranking.to_preempt(pods, missing)
    assert (None if found is None else sorted(p["metadata"]["name"] for p in found)) == names
