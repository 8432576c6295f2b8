"""Taints and the role of a Node."""

import pytest

from operators._kube.meta import Key
from operators.nodelifecycle import operator, plan
from tests.fakes.kube import FakeKube


def with_conditions(taints: list[dict], unschedulable: bool = False, **states: str) -> dict:
    found = [{"type": name, "status": value} for name, value in states.items()]
    spec = {"taints": taints, "unschedulable": unschedulable}
    return {"metadata": {"name": "pi", "resourceVersion": "7"}, "spec": spec, "status": {"conditions": found}}


def taint(name: str, effect: str = "NoSchedule") -> dict:
    return {"key": name, "effect": effect}


NOT_READY, DISK = taint("node.kubernetes.io/not-ready"), taint("node.kubernetes.io/disk-pressure")
MINE = taint("mine")


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (with_conditions([], Ready="True"), "same"),
        (with_conditions([NOT_READY], Ready="True"), None),
        (with_conditions([NOT_READY, MINE], Ready="True"), [MINE]),
        (with_conditions([MINE], Ready="False"), [MINE, NOT_READY]),
        (with_conditions([NOT_READY], Ready="False"), "same"),
        (with_conditions([], Ready="True", DiskPressure="True"), [DISK]),
        (with_conditions([], unschedulable=True), [taint("node.kubernetes.io/unschedulable")]),
        (with_conditions([], Ready="Unknown"), [taint("node.kubernetes.io/unreachable")]),
        (with_conditions([taint("node.kubernetes.io/not-ready", "NoExecute")], Ready="True"), "same"),
    ],
)
def test_taints_follow_conditions(node, expected):
    actions = plan.tainting(node)
    if expected == "same":
        assert actions == []
    else:
        (patch,) = actions
        assert patch.body == {"metadata": {"resourceVersion": "7"}, "spec": {"taints": expected}}


async def test_a_node_gets_its_role_and_its_taints_and_then_rest(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("UKUBE_NODE_NAME", "pi")
    monkeypatch.setattr(operator, "_local", operator.Local())
    kube = FakeKube("nodelifecycle")
    kube.add("v1", "nodes", with_conditions([], Ready="False"))
    for _ in range(2):
        await operator.reconcile(Key("", "pi"), kube, kube.now)
    node = kube.one("v1", "nodes", Key("", "pi"))
    assert plan.ROLE in node["metadata"]["labels"]
    assert node["spec"]["taints"] == [NOT_READY]
    assert len(kube.writes) == 3
    assert kube.events == [("Normal", "RegisteredNode", "Node pi event: Registered Node pi in Controller")]


async def test_another_node_gets_no_role_of_ours(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("UKUBE_NODE_NAME", "here")
    kube = FakeKube("nodelifecycle")
    kube.add("v1", "nodes", with_conditions([], Ready="True"))
    await operator.reconcile(Key("", "pi"), kube, kube.now)
    assert plan.ROLE not in (kube.one("v1", "nodes", Key("", "pi"))["metadata"].get("labels") or {})
