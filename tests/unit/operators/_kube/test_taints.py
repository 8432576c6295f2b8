import pytest

from operators._kube import taints
from tests.unit.operators.binder.build import Obj, node, pod

TAINT = {"key": "k", "value": "v", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("tolerations", "tolerated"),
    [
        ([], False),
        ([{"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}], True),
        ([{"key": "k", "value": "v"}], True),
        ([{"key": "k", "value": "w"}], False),
        ([{"key": "k", "operator": "Exists"}], True),
        ([{"operator": "Exists"}], True),
        ([{"key": "x", "operator": "Exists"}], False),
        ([{"key": "k", "operator": "Exists", "effect": "NoExecute"}], False),
        ([{"key": "k", "operator": "Exists", "effect": "NoSchedule"}], True),
        ([{"key": "k", "operator": "Unheard"}], False),
        ([{"key": "x", "operator": "Exists"}, {"operator": "Exists"}], True),
    ],
)
def test_tolerations(tolerations: list[Obj], tolerated: bool) -> None:
    assert taints.tolerated(pod(tolerations=tolerations), node(taints=[TAINT])) is tolerated


@pytest.mark.parametrize(
    ("given", "tolerated"),
    [
        ([], True),
        ([{"key": "k", "effect": "PreferNoSchedule"}], True),
        ([{"key": "k", "effect": "NoExecute"}], False),
        ([{"key": "k", "effect": "NoSchedule"}, {"key": "l", "effect": "NoSchedule"}], False),
    ],
)
def test_effects(given: list[Obj], tolerated: bool) -> None:
    assert taints.tolerated(pod(), node(taints=given)) is tolerated


def test_a_taint_without_a_value() -> None:
    given = node(taints=[{"key": "k", "effect": "NoSchedule"}])
    assert taints.tolerated(pod(tolerations=[{"key": "k", "operator": "Equal"}]), given)


def test_cordoned() -> None:
    assert not taints.allows_cordoned(pod())
    daemon = {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"}
    assert taints.allows_cordoned(pod(tolerations=[daemon]))
