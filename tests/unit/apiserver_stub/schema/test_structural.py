"""Pruning, defaulting and nodes of custom resources; regular expressions in Go's words."""

from typing import Any

import pytest

from apiserver_stub.schema import goregex, structural

PLAIN = {"type": "object", "properties": {"a": {"type": "string"}}}
META = {"name": "p", "bogus": 1}
# Schema of the field x, its value, what is left, what is reported.
PRUNED: list[tuple[dict[str, Any], Any, Any, list[str]]] = [
    (PLAIN, {"a": "1", "b": 1, "c": {"d": 1}}, {"a": "1"}, ["x.b", "x.c"]),
    ({"type": "array", "items": PLAIN}, [{"b": 1}], [{}], ["x[0].b"]),
    ({"type": "object", "additionalProperties": PLAIN}, {"k": {"b": 1}}, {"k": {}}, ["x.k.b"]),
    ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, {"b": {"c": 1}}, {"b": {"c": 1}}, []),
    (
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"k": PLAIN}},
        {"b": 1, "k": {"a": "1", "b": 1}},
        {"b": 1, "k": {"a": "1"}},
        ["x.k.b"],
    ),
    ({"type": "object"}, {"b": 1}, {}, ["x.b"]),
    ({"type": "object", "additionalProperties": True}, {"k": 1, "l": {"m": 1}}, {"k": 1, "l": {}}, ["x.l.m"]),
    (
        {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True},
        {"apiVersion": "v1", "kind": "Pod", "metadata": META, "spec": {"x": 1}},
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"x": 1}},
        ["x.metadata.bogus"],
    ),
    ({"type": "integer"}, 3.0, 3, []),
]


@pytest.mark.parametrize(("schema", "value", "left", "unknown"), PRUNED)
def test_pruning(schema: dict[str, Any], value: Any, left: Any, unknown: list[str]) -> None:
    obj = {"kind": "K", "metadata": {"x": 1}, "x": value}
    compiled = structural.compile({"type": "object", "properties": {"x": schema}})
    assert compiled.prune(obj) == unknown
    assert obj["x"] == left
    assert obj["metadata"] == {"x": 1}


def test_without_a_schema_nothing_is_pruned() -> None:
    obj = {"spec": {"anything": 1}}
    assert structural.compile(None).prune(obj) == []
    assert obj == {"spec": {"anything": 1}}


DEFAULTED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"a": {"type": "string", "default": "d"}}, {}, {"a": "d"}),
    ({"a": {"type": "string", "default": "d"}}, {"a": None}, {"a": "d"}),
    ({"a": {"type": "string", "default": "d", "nullable": True}}, {"a": None}, {"a": None}),
    ({"a": {"type": "string"}}, {"a": None}, {}),
    ({"a": {"type": "string", "nullable": True}}, {"a": None}, {"a": None}),
    ({"a": {"type": "boolean", "default": False}}, {}, {"a": False}),
    ({"a": {"type": "object", "properties": {"b": {"default": 1}}}}, {}, {}),
    ({"a": {"type": "object", "properties": {"b": {"default": 1}}}}, {"a": {}}, {"a": {"b": 1}}),
    ({"a": {"type": "object", "default": {}, "properties": {"b": {"default": 1}}}}, {}, {"a": {"b": 1}}),
    (
        {"a": {"type": "object", "additionalProperties": {"type": "integer", "default": 7}}},
        {"a": {"k": None, "l": 1}},
        {"a": {"k": 7, "l": 1}},
    ),
    ({"a": {"type": "array", "items": {"properties": {"b": {"default": 1}}}}}, {"a": [{}]}, {"a": [{"b": 1}]}),
]


@pytest.mark.parametrize(("properties", "given", "wanted"), DEFAULTED)
def test_defaults(properties: dict[str, Any], given: dict[str, Any], wanted: dict[str, Any]) -> None:
    structural.compile({"type": "object", "properties": properties}).default(given)
    assert given == wanted


def test_defaults_are_not_shared() -> None:
    compiled = structural.compile({"type": "object", "properties": {"a": {"type": "array", "default": []}}})
    first: dict[str, Any] = {}
    compiled.default(first)
    first["a"].append(1)
    second: dict[str, Any] = {}
    compiled.default(second)
    assert second == {"a": []}


def test_the_node_serves_patches_and_apply() -> None:
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "x-kubernetes-map-type": "atomic",
                "required": ["l"],
                "properties": {
                    "l": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["k"],
                        "items": {"type": "object", "properties": {"k": {"type": "string"}}},
                    },
                    "m": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "any": {"x-kubernetes-preserve-unknown-fields": True},
                    "ios": {"x-kubernetes-int-or-string": True},
                },
            }
        },
    }
    node = structural.compile(schema).node
    assert node.type == "object"
    assert node.fields["metadata"].fields["labels"].type == "map"
    spec = node.fields["spec"]
    assert (spec.map_type, spec.required) == ("atomic", ("l",))
    assert (spec.fields["l"].list_type, spec.fields["l"].list_map_keys) == ("map", ("k",))
    assert spec.fields["l"].items is not None
    assert spec.fields["l"].items.fields["k"].type == "string"
    assert [spec.fields[name].type for name in ("m", "any", "ios")] == ["map", "any", "int-or-string"]


REGEX_FAULTS = {
    "[": "missing closing ]: `[`",
    "a(": "missing closing ): `a(`",
    "a)": "unexpected ): `a)`",
    "*a": "missing argument to repetition operator: `*`",
    "a**": "invalid nested repetition operator: `**`",
    "(?=a)": "invalid or unsupported Perl syntax: `(?=`",
    "a{1001}": "invalid repeat count: `{1001}`",
    "[z-a]": "invalid character class range: `z-a`",
    "\\1": "invalid escape sequence: `\\1`",
    "\\": "trailing backslash at end of expression: ``",
}


@pytest.mark.parametrize(("pattern", "fault"), REGEX_FAULTS.items())
def test_faults_of_patterns_are_gos(pattern: str, fault: str) -> None:
    with pytest.raises(goregex.RegexError) as caught:
        goregex.compile(pattern)
    assert str(caught.value) == f"error parsing regexp: {fault}"
