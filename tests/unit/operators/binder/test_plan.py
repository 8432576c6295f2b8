from typing import Any

import pytest

from operators.binder import plan

from .build import Obj, cluster, node, pod

CORDONED = node()
CORDONED["spec"] = {"unschedulable": True}
PORT = [{"containerPort": 80, "hostPort": 80}]
HELPLESS = (
    "no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)
NO_VICTIMS = (
    "no new claims to deallocate, preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod."
)


def place(given: Obj, *nodes: Obj, others: tuple[Obj, ...] = ()) -> plan.Placement:
    return plan.place(given, cluster(*nodes, pods=others))


@pytest.mark.parametrize(
    ("given", "target", "others", "message"),
    [
        (pod(), CORDONED, (), f"1 node(s) were unschedulable. {HELPLESS}"),
        (
            pod(),
            node(taints=[{"key": "k", "effect": "NoSchedule"}]),
            (),
            f"1 node(s) had untolerated taint(s). {HELPLESS}",
        ),
        (
            pod(nodeSelector={"a": "b"}),
            node(),
            (),
            f"1 node(s) didn't match Pod's node affinity/selector. {HELPLESS}",
        ),
        (
            pod(ports=PORT),
            node(),
            (pod("other", ports=PORT),),
            f"1 node(s) didn't have free ports for the requested pod ports. {NO_VICTIMS}",
        ),
        (pod(requests={"cpu": "9"}), node(), (), f"1 Insufficient cpu. {HELPLESS}"),
        (
            pod(requests={"cpu": "1500m", "memory": "3Gi"}),
            node(),
            (pod("o", requests={"cpu": "1", "memory": "2Gi"}),),
            f"1 Insufficient cpu, 1 Insufficient memory. {NO_VICTIMS}",
        ),
        (pod(), node(pods="0"), (), f"1 Too many pods. {NO_VICTIMS}"),
        (
            pod(requests={"cpu": "9"}, preemptionPolicy="Never"),
            node(),
            (),
            "1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never.",
        ),
    ],
)
def test_messages(given: Obj, target: Obj, others: tuple[Obj, ...], message: str) -> None:
    found = place(given, target, others=others)
    assert (found.node, found.message) == (None, f"0/1 nodes are available: {message}")


def test_no_nodes() -> None:
    assert place(pod()).message == "no nodes available to schedule pods"


def test_the_first_obstacle_of_a_node_counts() -> None:
    found = place(pod(nodeSelector={"a": "b"}, requests={"cpu": "99"}), CORDONED)
    assert found.message.startswith("0/1 nodes are available: 1 node(s) were unschedulable. ")


def test_several_nodes() -> None:
    cordoned = node("n2")
    cordoned["spec"] = {"unschedulable": True}
    found = place(pod(requests={"cpu": "9"}), node("n1"), cordoned, node("n3"))
    assert found.message == (
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    )
    assert place(pod(), node("n1"), cordoned).node == "n1"
    assert place(pod(), node("n1"), node("n3"), others=(pod("o"),)).node == "n3"  # the emptier one


@pytest.mark.parametrize(
    ("change", "ours"),
    [
        ({}, True),
        ({"nodeName": "n"}, False),
        ({"schedulerName": "other"}, False),
        ({"schedulingGates": [{"name": "wait"}]}, False),
        ({"schedulingGates": []}, True),
    ],
)
def test_is_ours(change: dict[str, Any], ours: bool) -> None:
    given = pod()
    given["spec"] |= change
    assert plan.is_ours(given) is ours


def test_finished_and_deleted_pods_are_not_ours() -> None:
    given = pod()
    given["status"]["phase"] = "Failed"
    assert not plan.is_ours(given)
    given = pod()
    given["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not plan.is_ours(given)


def test_binding_names_the_very_pod() -> None:
    action = plan.binding(pod(), "n1")
    assert action.subresource == "binding"
    assert action.body["metadata"] == {"name": "p", "namespace": "ns", "uid": "uid-p"}
    assert action.body["target"] == {"apiVersion": "v1", "kind": "Node", "name": "n1"}
