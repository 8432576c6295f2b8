from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators._kube.paths import Kind
from operators.garbagecollector.graph import Graph, Node, Owner, node_of, slim

CONFIGMAPS = Kind("v1", "configmaps")
Obj = dict[str, Any]


def obj(uid: str, *owners: str, finalizers: tuple[str, ...] = (), deleting: bool = False, blocks: bool = False) -> Obj:
    metadata: Obj = {"name": uid, "namespace": "ns", "uid": uid, "resourceVersion": "1"}
    metadata["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": owner, "blockOwnerDeletion": blocks}
        for owner in owners
    ]
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata}


def node(uid: str, *owners: str, **options: Any) -> Node:
    return node_of(CONFIGMAPS, obj(uid, *owners, **options))


@pytest.mark.parametrize(
    ("finalizers", "deleting", "deletes", "orphans", "policy"),
    [
        ((), False, False, False, "Background"),
        ((), True, False, False, "Background"),
        (("foregroundDeletion",), False, False, False, "Foreground"),
        (("foregroundDeletion",), True, True, False, "Foreground"),
        (("orphan",), False, False, False, "Orphan"),
        (("a/b", "orphan"), True, False, True, "Orphan"),
    ],
)
def test_node_of(finalizers: tuple[str, ...], deleting: bool, deletes: bool, orphans: bool, policy: str) -> None:
    found = node("a", finalizers=finalizers, deleting=deleting)
    assert (found.deletes_dependents, found.orphans_dependents, found.policy) == (deletes, orphans, policy)


def test_slim_keeps_what_a_node_is_made_of() -> None:
    whole = obj("a", "b", finalizers=("orphan",), deleting=True)
    whole |= {"kind": "ConfigMap", "apiVersion": "v1", "data": {"big": "x"}}
    whole["metadata"]["annotations"] = {"big": "x"}
    assert "annotations" not in slim(whole)["metadata"]
    assert "data" not in slim(whole)
    assert node_of(CONFIGMAPS, slim(whole)) == node_of(CONFIGMAPS, whole)


def test_node_of_a_bare_object() -> None:
    found = node_of(CONFIGMAPS, {"metadata": {"name": "a", "uid": "u"}})
    assert (found.owners, found.version, found.deleting) == ((), "", False)


def test_what_has_to_be_looked_at() -> None:
    graph = Graph()
    assert graph.put(node("owner")) == set()
    assert graph.put(node("dep", "owner")) == {"dep"}
    assert graph.put(node("dep", "owner")) == set()
    assert graph.put(node("owner", finalizers=("foregroundDeletion",), deleting=True)) == {"owner", "dep"}
    assert graph.put(node("late", "owner")) == {"late"}
    assert graph.remove("dep") == {"owner"}  # it may have waited for this one
    assert graph.put(node("late")) == {"owner"}  # released
    assert graph.remove("owner") == set()
    assert graph.is_dead("owner")


def test_the_death_of_an_owner_concerns_its_dependents() -> None:
    graph = Graph()
    graph.put(node("owner"))
    graph.put(node("a", "owner"))
    graph.put(node("b", "owner", "other"))
    assert graph.remove("owner") == {"a", "b"}
    assert graph.remove("owner") == set()


def test_a_dead_object_does_not_come_back() -> None:
    graph = Graph()
    graph.put(node("a", "owner"))
    graph.remove("a")
    assert graph.put(node("a", "owner")) == set()
    assert graph.get("a") is None


def test_a_newer_version_alone_concerns_nobody_but_is_kept() -> None:
    graph = Graph()
    graph.put(node("a", "owner"))
    newer = obj("a", "owner")
    newer["metadata"]["resourceVersion"] = "9"
    assert graph.put(node_of(CONFIGMAPS, newer)) == set()
    found = graph.get("a")
    assert found is not None
    assert found.version == "9"


def test_replace_sweeps_its_kind_only() -> None:
    graph = Graph()
    graph.put(node("a"))
    graph.put(node("dep", "a"))
    graph.put(node_of(Kind("v1", "secrets"), obj("secret")))
    assert graph.replace(CONFIGMAPS, [node("dep", "a"), node("new", "x")]) == {"new", "dep"}
    assert graph.get("a") is None
    assert graph.get("secret") is not None
    assert graph.replace(Kind("x/v1", "unheard"), []) == set()


def test_clear() -> None:
    graph = Graph()
    graph.put(node("a", "b"))
    graph.remove("a")
    graph.clear()
    assert len(graph) == 0
    assert not graph.is_dead("a")


def test_the_memory_of_the_dead_is_bounded() -> None:
    graph = Graph()
    for number in range(4100):
        graph.put(node(f"n{number}"))
        graph.remove(f"n{number}")
    assert not graph.is_dead("n0")
    assert graph.is_dead("n4099")


def test_owner_is_read_whole() -> None:
    (owner,) = node("a", "o", blocks=True).owners
    assert owner == Owner("o", "v1", "ConfigMap", "o", blocks=True)


uids = st.sampled_from("abcdef")
steps = st.one_of(
    st.tuples(st.just("put"), uids, st.frozensets(uids, max_size=3), st.booleans()),
    st.tuples(st.just("remove"), uids, st.just(frozenset[str]()), st.just(False)),
)


@settings(max_examples=300)
@given(st.lists(steps, max_size=30))
def test_dependents_are_those_that_name_the_owner(moves: list[tuple[str, str, frozenset[str], bool]]) -> None:
    graph, alive, dead = Graph(), dict[str, Node](), set[str]()
    for move, uid, owners, deleting in moves:
        if move == "put":
            made = node(uid, *sorted(owners), finalizers=("foregroundDeletion",), deleting=deleting)
            graph.put(made)
            if uid not in dead:
                alive[uid] = made
        else:
            graph.remove(uid)
            if alive.pop(uid, None):
                dead.add(uid)
        for each in "abcdef":
            expected = {n.uid for n in alive.values() if each in {o.uid for o in n.owners}}
            assert {n.uid for n in graph.dependents(each)} == expected
