from typing import Any

import pytest

from operators.garbagecollector import plan
from operators.garbagecollector.plan import Keep, Release, Remove, Standing

from .test_graph import node

S, A, W, U = Standing.SOLID, Standing.ABSENT, Standing.WAITING, Standing.UNKNOWN
CHILD = node("child", "me")
LEAVING = node("child", "me", finalizers=("foregroundDeletion",), deleting=True)


@pytest.mark.parametrize(
    ("standing", "dependents", "expected"),
    [
        ([], [], Keep()),
        ([S], [], Keep()),
        ([S, S], [CHILD], Keep()),
        ([A], [], Remove("Background")),
        ([A, A], [CHILD], Remove("Background")),
        ([W], [], Remove("Background")),
        ([W], [CHILD], Remove("Foreground")),
        ([A, W], [CHILD], Remove("Foreground")),
        ([W], [LEAVING], Remove("Foreground", unblock=True)),
        ([S, A], [], Release(frozenset({"o1"}))),
        ([S, W], [CHILD], Release(frozenset({"o1"}))),
        ([U], [], Keep()),
        ([U, A], [], Release(frozenset({"o1"}))),
    ],
)
def test_decide(standing: list[Standing], dependents: list[Any], expected: object) -> None:
    owners = [f"o{n}" for n in range(len(standing))]
    found = plan.decide(node("me", *owners), dict(zip(owners, standing, strict=True)), dependents)
    assert found == expected


@pytest.mark.parametrize(
    ("finalizer", "policy"), [("orphan", "Orphan"), ("foregroundDeletion", "Foreground"), ("a/b", "Background")]
)
def test_the_objects_own_finalizers_choose_the_policy(finalizer: str, policy: str) -> None:
    assert plan.decide(node("me", "o", finalizers=(finalizer,)), {"o": A}, []) == Remove(policy)  # type: ignore[arg-type]


def test_what_is_deleted_already_is_left_alone() -> None:
    assert plan.decide(node("me", "o", deleting=True), {"o": A}, []) == Keep()


def test_blocking() -> None:
    one, other = node("a", "me", blocks=True), node("b", "me")
    assert plan.blocking(node("me"), [one, other]) == [one]
    assert plan.blocking(node("me"), [node("c", "x", blocks=True)]) == []


def test_wrong_namespace() -> None:
    me = node("me", "o")
    assert plan.wrong_namespace(me.owners[0], me) == (
        'ownerRef [v1/ConfigMap, namespace: ns, name: o, uid: o] does not exist in namespace "ns"'
    )
