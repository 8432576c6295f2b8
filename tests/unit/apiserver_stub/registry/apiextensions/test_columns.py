"""Cells of custom resources: types, missing values, paths; and the numbers that a Scale reads."""

import datetime as dt
from typing import Any

import pytest

from apiserver_stub.registry.apiextensions import paths, scaling
from apiserver_stub.registry.apiextensions.columns import CustomColumns

NOW = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
OBJECT: dict[str, Any] = {
    "metadata": {"name": "a", "labels": {"x.y/z": "v"}},
    "spec": {
        "text": "t",
        "int": 3,
        "float": 1.5,
        "whole": 2.0,
        "big": 1e21,
        "flag": False,
        "null": None,
        "when": "2026-01-01T00:00:00Z",
        "list": ["p", "q"],
        "map": {"b": 1, "a": "<"},
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Old", "status": "False"}],
    },
}


@pytest.mark.parametrize(
    ("kind", "path", "cell"),
    [
        ("string", ".spec.text", "t"),
        ("string", ".spec.int", "3"),
        ("string", ".spec.flag", "false"),
        ("string", ".spec.null", "<no value>"),
        ("string", ".spec.list", '["p","q"]'),
        ("string", ".spec.map", '{"a":"\\u003c","b":1}'),
        ("string", ".spec.list[1]", "q"),
        ("string", ".spec.list[-1]", "q"),
        ("string", ".spec.list[7]", None),
        ("string", ".spec.list[*]", "p"),
        ("string", ".spec.none", None),
        ("string", ".spec.text.deeper", None),
        ("string", r".metadata.labels.x\.y/z", "v"),
        ("string", ".metadata.labels['x.y/z']", "v"),
        ("string", '.spec.conditions[?(@.type=="Ready")].status', "True"),
        ("string", ".spec.conditions[?(@.type=='None')].status", None),
        ("string", ".spec.conditions[?(@.type==3)].status", None),
        ("string", "..type", "Ready"),
        ("integer", ".spec.int", 3),
        ("integer", ".spec.float", 1),
        ("integer", ".spec.text", None),
        ("integer", ".spec.flag", None),
        ("integer", ".spec.null", None),
        ("number", ".spec.float", 1.5),
        ("number", ".spec.int", 3),
        ("boolean", ".spec.flag", False),
        ("boolean", ".spec.text", None),
        ("date", ".spec.when", "24h"),
        ("date", ".spec.text", "<invalid>"),
        ("date", ".spec.int", None),
        ("string", ".spec.list[", None),
    ],
)
def test_cells(kind: str, path: str, cell: Any) -> None:
    columns = CustomColumns([{"name": "X", "type": kind, "jsonPath": path}])
    found = columns.cells(OBJECT, NOW)
    assert found == ["a", cell]
    assert type(found[1]) is type(cell)


def test_definitions() -> None:
    columns = CustomColumns([{"name": "X", "type": "integer", "jsonPath": ".a", "priority": 1, "format": "int32"}])
    assert columns.definitions[1] == {
        "name": "X",
        "type": "integer",
        "format": "int32",
        "description": "Custom resource definition column (in JSONPath format): .a",
        "priority": 1,
    }
    assert [column["name"] for column in CustomColumns(()).definitions] == ["Name", "Age"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, None),
        (-1, "should be a non-negative integer"),
        (2**31, "should be less than or equal to 2147483647"),
        ("x", ".spec.n accessor error: x is of the type string, expected int64"),
        ([1], ".spec.n accessor error: [1] is of the type []interface {}, expected int64"),
    ],
)
def test_replicas(value: Any, message: str | None) -> None:
    scale = scaling.CustomScale({"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"})
    found = scale.faults({"metadata": {}, "spec": {"n": value}})
    assert [fault.detail for fault in found] == ([] if message is None else [message])


def test_path_through_a_scalar() -> None:
    with pytest.raises(paths.PathError, match=r"\.spec\.a accessor error: 1 is of the type int64, expected map"):
        paths.find({"spec": 1}, ("spec", "a"))
