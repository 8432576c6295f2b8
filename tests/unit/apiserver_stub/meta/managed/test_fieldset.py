"""The algebra of field sets: {} below a step is a member, {".": {}, …} a member with some of what is below."""

from typing import Any

import pytest

from apiserver_stub.meta.managed import fieldset

A = {"f:a": {}}
AB = {"f:a": {"f:b": {}}}
A_AND_B = {"f:a": {".": {}, "f:b": {}}}


@pytest.mark.parametrize(
    ("one", "two", "union", "intersection", "difference"),
    [
        (A, {}, A, {}, A),
        ({}, A, A, {}, {}),
        (A, A, A, A, {}),
        (A, AB, A_AND_B, {}, A),
        (AB, A, A_AND_B, {}, AB),
        (A_AND_B, A, A_AND_B, A, AB),
        (A_AND_B, AB, A_AND_B, AB, A),
        (A_AND_B, A_AND_B, A_AND_B, A_AND_B, {}),
        ({"f:a": {"f:b": {}, "f:c": {}}}, AB, {"f:a": {"f:b": {}, "f:c": {}}}, AB, {"f:a": {"f:c": {}}}),
        (AB, {"f:x": {}}, {**AB, "f:x": {}}, {}, AB),
    ],
)
def test_algebra(one: Any, two: Any, union: Any, intersection: Any, difference: Any) -> None:
    assert fieldset.union(one, two) == union
    assert fieldset.intersection(one, two) == intersection
    assert fieldset.difference(one, two) == difference


@pytest.mark.parametrize(
    ("one", "two", "left"),
    [
        (A_AND_B, A, {}),
        (AB, A, {}),
        (A_AND_B, AB, A),
        ({**AB, "f:x": {}}, A, {"f:x": {}}),
        ({"f:a": {"f:b": {"f:c": {}}, "f:d": {}}}, AB, {"f:a": {"f:d": {}}}),
    ],
)
def test_without_takes_what_is_below_too(one: Any, two: Any, left: Any) -> None:
    assert fieldset.without(one, two) == left


def test_paths_are_members_first_then_what_is_below() -> None:
    found = {
        "f:spec": {
            "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:name": {}}, "i:3": {}},
            "f:image": {},
        },
        "f:finalizers": {'v:"x.io/a"': {}},
    }
    assert list(fieldset.paths(found)) == [
        '.finalizers[="x.io/a"]',
        ".spec.image",
        '.spec.ports[containerPort=80,protocol="TCP"]',
        ".spec.ports[3]",
        '.spec.ports[containerPort=80,protocol="TCP"].name',
    ]


def test_sets_of_paths() -> None:
    found = fieldset.of_paths(("spec",), ("metadata", "labels"))
    assert found == {"f:spec": {}, "f:metadata": {"f:labels": {}}}
    assert fieldset.has(found, ("metadata", "labels"))
    assert not fieldset.has(found, ("metadata",))
    assert not fieldset.has(found, ("spec", "replicas"))


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({}, True),
        ({".": {}, "f:a": {'k:{"n":1}': {}, 'v:"x"': {}, "i:0": {}}}, True),
        ({"a": {}}, False),
        ({"f:a": 1}, False),
        ({"k:1": {}}, False),
        ({"k:{": {}}, False),
        ({"i:x": {}}, False),
        ([], False),
        (None, False),
    ],
)
def test_what_is_a_set(value: Any, valid: bool) -> None:
    assert fieldset.is_valid(value) is valid
