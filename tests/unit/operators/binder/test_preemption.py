"""Who leaves for whom, in the scheduler's words."""

from typing import Any

import pytest

from operators._kube import meta
from operators.binder import plan, preemption

from .build import Obj, cluster, node, pod

PORT = [{"containerPort": 80, "hostPort": 80}]
NONE = "0/1 nodes are available"


def of(name: str, priority: int, cpu: str = "1", **more: Any) -> Obj:
    return pod(name, requests={"cpu": cpu}, priority=priority, **more)


def budget(allowed: int, **labels: str) -> Obj:
    return {
        "metadata": {"name": "b", "namespace": "ns"},
        "spec": {"selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed},
    }


def labelled(given: Obj, **labels: str) -> Obj:
    given["metadata"]["labels"] = labels
    return given


def victims(placement: plan.Placement) -> list[str]:
    return [meta.name_of(victim) for victim in placement.victims]


@pytest.mark.parametrize(
    ("others", "wanted", "expected"),
    [
        ([of("a", 1), of("b", 2)], of("p", 9), ["a"]),  # the least important one
        ([of("a", 1), of("b", 2)], of("p", 9, "2"), ["b", "a"]),  # both, the most important first
        ([of("small", 1, "500m"), of("large", 1, "1500m")], of("p", 9, "1500m"), ["large"]),  # not the small one too
        ([of("a", 5), of("b", 9)], of("p", 9), ["a"]),  # never an equal
    ],
)
def test_victims(others: list[Obj], wanted: Obj, expected: list[str]) -> None:
    found = plan.place(wanted, cluster(node(), pods=others))
    assert (found.node, found.nominated, victims(found)) == (None, "n1", expected)
    assert found.message == f"{NONE}: 1 Insufficient cpu."


def test_whoever_began_last_goes() -> None:
    old, new = of("a", 1), of("b", 1)
    old["status"]["startTime"], new["status"]["startTime"] = "2026-01-01T00:00:00Z", "2026-01-01T00:00:09Z"
    assert victims(plan.place(of("p", 9), cluster(node(), pods=[old, new]))) == ["b"]


@pytest.mark.parametrize(
    ("wanted", "others", "why"),
    [
        (of("p", 1), [of("a", 1, "2")], f"{NONE}: 1 No preemption victims found for incoming pod."),
        (of("p", 9, "2"), [of("a", 10), of("b", 1)], f"{NONE}: 1 Insufficient cpu."),
        (of("p", 9, "3"), [of("a", 1)], f"{NONE}: 1 Preemption is not helpful for scheduling."),
        (of("p", 9, preemptionPolicy="Never"), [of("a", 1, "2")], "not eligible due to preemptionPolicy=Never."),
    ],
)
def test_nobody_leaves(wanted: Obj, others: list[Obj], why: str) -> None:
    found = plan.place(wanted, cluster(node(), pods=others))
    assert not found.victims
    assert found.message == f"{NONE}: 1 Insufficient cpu. no new claims to deallocate, preemption: {why}"


def test_host_ports_are_freed_too() -> None:
    found = plan.place(pod(priority=1, ports=PORT), cluster(node(), pods=[pod("a", ports=PORT), pod("b")]))
    assert victims(found) == ["a"]


def test_budgets_are_kept_where_that_is_possible() -> None:
    others = [labelled(of("a", 1), app="a"), labelled(of("b", 2), app="b")]
    found = plan.place(of("p", 9), cluster(node(), pods=others, budgets=[budget(0, app="a")]))
    assert victims(found) == ["b"]
    found = plan.place(of("p", 9), cluster(node(), pods=others, budgets=[budget(1, app="a")]))
    assert victims(found) == ["a"]
    found = plan.place(of("p", 9, "2"), cluster(node(), pods=others, budgets=[budget(0, app="a")]))
    assert victims(found) == ["b", "a"], "where it is not"


def test_the_cheapest_node() -> None:
    others = [of("a", 5, "2", nodeName="n1"), of("b", 2, "2", nodeName="n2"), of("c", 3, "2", nodeName="n3")]
    found = plan.place(of("p", 9), cluster(node("n1"), node("n2"), node("n3"), pods=others))
    assert (found.nominated, victims(found)) == ("n2", ["b"])


def leaving(reason: str = preemption.REASON) -> Obj:
    victim = of("a", 1, "2")
    victim["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    victim["status"]["conditions"] = [{"type": "DisruptionTarget", "status": "True", "reason": reason}]
    return victim


def nominated(given: Obj, name: str = "n1") -> Obj:
    given["status"]["nominatedNodeName"] = name
    return given


def test_waits_for_the_one_that_leaves_already() -> None:
    found = plan.place(nominated(of("p", 9)), cluster(node(), pods=[leaving()]))
    assert not found.victims
    assert found.nominated is None, "it stays as it is"
    assert found.message.endswith("preemption: not eligible due to terminating pod on the nominated node.")


def test_room_that_is_being_made_is_kept_free() -> None:
    ahead = nominated(of("ahead", 5))
    given = {"nominated": {"n1": [ahead]}, "pods": [of("a", 9)]}
    assert plan.place(of("p", 4), cluster(node(), **given)).node is None
    assert plan.place(ahead, cluster(node(), **given)).node == "n1"
    assert plan.place(of("p", 6), cluster(node(), **given)).node == "n1", "by those of higher priority it may be taken"


def test_the_nominated_node_is_taken_first() -> None:
    others = [pod("o", nodeName="n2")]
    assert plan.place(nominated(pod(), "n2"), cluster(node("n1"), node("n2"), pods=others)).node == "n2"


def test_a_nomination_that_leads_nowhere_is_taken_back() -> None:
    found = plan.place(nominated(of("p", 1)), cluster(node(), pods=[of("a", 1, "2")]))
    assert found.nominated == ""
