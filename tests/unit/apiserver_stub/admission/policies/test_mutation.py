"""What mutations make of objects: values as JSON, places that can only be replaced whole, names of types."""

from typing import Any

import pytest

from apiserver_stub.admission.policies import mutation, typenames
from apiserver_stub.meta.managed import shape
from apiserver_stub.schema import openapi
from apiserver_stub.schema.cel import values

POD = shape.of(openapi.node_for(("", "v1", "Pod")))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (values.UInt(7), 7),
        (2**53, str(2**53)),
        (1.0, 1),
        (1.5, 1.5),
        (b"ab", "YWI="),
        (values.Duration(1_500_000_000), "1.5s"),
        (values.Timestamp(0), "1970-01-01T00:00:00Z"),
        (values.Optional(3), 3),
        (values.NONE, None),
        ({"a": [values.UInt(1), {"b": b""}]}, {"a": [1, {"b": ""}]}),
    ],
)
def test_values_as_json(value: Any, expected: Any) -> None:
    found = mutation.plain(value)
    assert found == expected and type(found) is type(expected)


def test_values_that_json_has_no_word_for() -> None:
    with pytest.raises(mutation.Failed, match="could not marshal to JSON"):
        mutation.plain(values.Opaque("net.IP", "10.0.0.1"))


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}, []),
        ({"spec": {"containers": [{"name": "c", "args": ["x"]}]}}, [".spec.containers[0].args"]),
        ({"spec": {"nodeSelector": {"a": "b"}}}, [".spec.nodeSelector"]),
        (
            {
                "spec": {
                    "containers": [{"name": "c", "env": [{"name": "e", "valueFrom": {"fieldRef": {"fieldPath": "p"}}}]}]
                }
            },
            [".spec.containers[0].env[0].valueFrom.fieldRef"],
        ),
    ],
)
def test_places_that_can_only_be_replaced_whole(patch: Any, expected: list[str]) -> None:
    assert list(mutation.atomics(POD, patch, "")) == expected


def test_lists_merge_by_key() -> None:
    pod: Any = {"kind": "Pod", "apiVersion": "v1", "spec": {"containers": [{"name": "a", "image": "i"}, {"name": "b"}]}}
    found = mutation.applied(pod, {"spec": {"containers": [{"name": "b", "image": "j"}, {"name": "c"}]}}, POD)
    assert found["spec"]["containers"] == [{"name": "a", "image": "i"}, {"name": "b", "image": "j"}, {"name": "c"}]
    assert pod["spec"]["containers"][1] == {"name": "b"}, "the object itself is left alone"


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("text", "unsupported return type from ApplyConfiguration expression: string"),
        ({"spec": {"x": 1}}, "error applying patch: failed to convert patch object to typed object: .spec.x: "),
        ({"spec": {"containers": "c"}}, "typed object: .spec.containers: expected list, got &{c}"),
    ],
)
def test_configurations_that_do_not_fit(patch: Any, message: str) -> None:
    with pytest.raises(mutation.Failed) as fault:
        mutation.applied({"kind": "Pod", "apiVersion": "v1"}, patch, POD)
    assert message in str(fault.value)


MISNAMED = 'unexpected type name "{}", expected "{}", which matches field name path from root Object type'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Object{spec: Object.spec{replicas: 1}}", ""),
        ("Object{spec: Object.specx{replicas: 1}}", MISNAMED.format("Object.specx", "Object.spec")),
        ("Object{spec: object.spec}", ""),
        ("Object{metadata: {'labels': Object.metadata{}}}", ""),
        ("Object{spec: true ? Object.spec{} : Object.other{}}", MISNAMED.format("Object.other", "Object.spec")),
        (
            "Object{spec: Object.spec{c: object.c.map(x, Object.spec.d{n: x}) + [Object.spec.c{}]}}",
            MISNAMED.format("Object.spec.d", "Object.spec.c"),
        ),
        ("[JSONPatch{op: 'add', path: '/a', value: Object.spec{x: Object.spec.x{}}}]", ""),
        (
            "[JSONPatch{op: 'add', path: '/a', value: Object.spec{x: Object.spec.y{}}}]",
            MISNAMED.format("Object.spec.y", "Object.spec.x"),
        ),
    ],
)
def test_names_of_types_are_paths(text: str, expected: str) -> None:
    assert typenames.fault(text) == expected


@pytest.mark.parametrize(
    ("operations", "expected"),
    [
        ([{"op": "add", "path": "/data/b", "value": values.UInt(2)}], {"a": 1, "b": 2}),
        ([{"op": "test", "path": "/data/a", "value": 2}, {"op": "remove", "path": "/data"}], {"a": 1}),
        ([], {"a": 1}),
    ],
)
def test_json_patches(operations: Any, expected: Any) -> None:
    obj = {"data": {"a": 1}}
    assert mutation.patched(obj, operations)["data"] == expected
    assert obj == {"data": {"a": 1}}


@pytest.mark.parametrize(
    "operations", ["text", [1], [{"op": "remove", "path": "/none/x"}], [{"op": "nap", "path": "/a"}]]
)
def test_json_patches_that_do_not_apply(operations: Any) -> None:
    with pytest.raises(mutation.Failed):
        mutation.patched({"data": {}}, operations)
