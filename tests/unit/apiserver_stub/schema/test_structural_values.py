"""Values against CRD schemas: what is said of them."""

from typing import Any

import pytest

from apiserver_stub.schema import structural

# Schema of the field x, its value, the errors as they stand in a Status.
FAULTS: list[tuple[dict[str, Any], Any, list[str]]] = [
    ({"type": "integer"}, "a", ['x: Invalid value: "string": x in body must be of type integer: "string"']),
    ({"type": "string"}, None, ['x: Invalid value: "null": x in body must be of type string: "null"']),
    ({"type": "object"}, [], ['x: Invalid value: "array": x in body must be of type object: "array"']),
    ({"type": "boolean"}, 1, ['x: Invalid value: "integer": x in body must be of type boolean: "integer"']),
    ({"type": "number"}, True, ['x: Invalid value: "boolean": x in body must be of type number: "boolean"']),
    (
        {"type": "integer"},
        1.5,
        [
            'x: Invalid value: "number": x in body must be of type integer: "number"',
            '<nil>: Invalid value: "": Checked value must be of type integer (default format) in x',
        ],
    ),
    ({"type": "integer"}, 3.0, []),
    ({"type": "string", "nullable": True}, None, []),
    (
        {"x-kubernetes-int-or-string": True},
        True,
        ['x: Invalid value: "boolean": x in body must be of type integer,string: "boolean"'],
    ),
    ({"type": "integer", "minimum": 2}, 1, ["x: Invalid value: 1: x in body should be greater than or equal to 2"]),
    (
        {"type": "integer", "minimum": 2, "exclusiveMinimum": True},
        2,
        ["x: Invalid value: 2: x in body should be greater than 2"],
    ),
    ({"type": "number", "maximum": 2.5}, 3, ["x: Invalid value: 3: x in body should be less than or equal to 2.5"]),
    (
        {"type": "number", "maximum": 3, "exclusiveMaximum": True},
        3,
        ["x: Invalid value: 3: x in body should be less than 3"],
    ),
    ({"type": "number", "multipleOf": 0.5}, 0.7, ["x: Invalid value: 0.7: x in body should be a multiple of 0.5"]),
    ({"type": "integer", "multipleOf": 3}, 10, ["x: Invalid value: 10: x in body should be a multiple of 3"]),
    ({"type": "string", "maxLength": 2}, "äöü", ["x: Too long: may not be more than 2 bytes"]),
    (
        {"type": "string", "minLength": 2},
        "a",
        ['x: Invalid value: "a": x in body should be at least 2 chars long'],
    ),
    ({"type": "string", "pattern": "^x+$"}, "y", ["x: Invalid value: \"y\": x in body should match '^x+$'"]),
    ({"type": "string", "pattern": "^x+$"}, "x\n", ["x: Invalid value: \"x\\n\": x in body should match '^x+$'"]),
    ({"type": "string", "enum": ["a", "b"]}, "c", ['x: Unsupported value: "c": supported values: "a", "b"']),
    ({"type": "integer", "enum": [1, 2]}, 3, ['x: Unsupported value: 3: supported values: "1", "2"']),
    ({"type": "integer", "enum": [1, 2]}, 2, []),
    ({"type": "array", "maxItems": 1}, [1, 2], ["x: Too many: 2: must have at most 1 items"]),
    ({"type": "array", "minItems": 1}, [], ["x: Invalid value: 0: x in body should have at least 1 items"]),
    (
        {"type": "array", "items": {"type": "integer"}},
        [1, "a"],
        ['x[1]: Invalid value: "string": x[1] in body must be of type integer: "string"'],
    ),
    ({"type": "object", "maxProperties": 1}, {"a": 1, "b": 2}, ["x: Too many: 2: must have at most 1 items"]),
    (
        {"type": "object", "minProperties": 1},
        {},
        ["x: Invalid value: 0: x in body should have at least 1 properties"],
    ),
    ({"type": "object", "required": ["a", "b"]}, {"a": 1}, ["x.b: Required value"]),
    (
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"k": 1},
        ['x.k: Invalid value: "integer": x.k in body must be of type string: "integer"'],
    ),
    (
        {"type": "string", "format": "date-time"},
        "yesterday",
        ['x: Invalid value: "yesterday": x in body must be of type date-time: "yesterday"'],
    ),
    (
        {"type": "string", "format": "date-time"},
        5,
        ['x: Invalid value: "int64": x in body must be of type date-time: "int64"'],
    ),
    ({"type": "string", "format": "nobody-knows"}, "x", []),
    (
        {"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 2}]},
        3,
        [
            '<nil>: Invalid value: "": "x" must validate at least one schema (anyOf)',
            "x: Invalid value: 3: x in body should be greater than or equal to 5",
        ],
    ),
    (
        {"type": "integer", "oneOf": [{"minimum": 2}, {"maximum": 5}]},
        3,
        ['<nil>: Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    ),
    (
        {"type": "integer", "allOf": [{"minimum": 5}, {"maximum": 9}]},
        3,
        [
            "x: Invalid value: 3: x in body should be greater than or equal to 5",
            '<nil>: Invalid value: "": "x" must validate all the schemas (allOf)',
        ],
    ),
    (
        {"type": "integer", "not": {"minimum": 2}},
        3,
        ['<nil>: Invalid value: "": "x" must not validate the schema (not)'],
    ),
    (
        {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        ["a", "b", "a", "a"],
        ['x[2]: Duplicate value: "a"'],
    ),
    (
        {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["a", "b"],
            "items": {"type": "object"},
        },
        [{"a": 1}, {"a": 1, "b": 2}, {"a": 1}],
        ['x[2]: Duplicate value: {"a":1}'],
    ),
    (
        {"type": "object", "x-kubernetes-embedded-resource": True},
        {"apiVersion": "a/b/c", "kind": "-", "metadata": {"labels": {"a b": "c"}}},
        [
            'x.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
            'x.kind: Invalid value: "-": may have mixed case, but should otherwise match: a DNS-1035 label',
            'x.metadata.labels: Invalid value: "a b"',
        ],
    ),
]


@pytest.mark.parametrize(("schema", "value", "messages"), FAULTS)
def test_faults(schema: dict[str, Any], value: Any, messages: list[str]) -> None:
    compiled = structural.compile({"type": "object", "properties": {"x": schema}})
    found = [fault.message for fault in compiled.validate({"x": value})]
    assert len(found) == len(messages), found
    assert all(one.startswith(wanted) for one, wanted in zip(found, messages, strict=True)), found


FORMATS = {
    "date": (["2024-02-29"], ["2023-02-29", "2024-2-1"]),
    "date-time": (["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.123+01:00"], ["2024-01-02", "2024-01-02T25:00:00Z"]),
    "duration": (["1h30m", "3 days", "0"], ["x", "1"]),
    "byte": (["aGk="], ["a", "-_"]),
    "ipv4": (["1.2.3.4"], ["1.2.3", "::1", "01.2.3.4"]),
    "ipv6": (["::1"], ["1.2.3.4", "x"]),
    "cidr": (["10.0.0.0/8", "::/0"], ["10.0.0.0", "10.0.0.0/33"]),
    "mac": (["01:23:45:67:89:ab"], ["01:23"]),
    "uuid": (["123e4567-e89b-12d3-a456-426614174000"], ["123"]),
    "uuid4": (["123e4567-e89b-42d3-a456-426614174000"], ["123e4567-e89b-12d3-a456-426614174000"]),
    "uri": (["https://a/b", "/a"], ["a b", ""]),
    "email": (["a@b.c"], ["a"]),
    "hostname": (["a.example.com"], ["a_b", "-"]),
    "hexcolor": (["#fff", "123456"], ["#ff"]),
    "isbn": (["0-306-40615-2", "9780306406157"], ["1234567890"]),
    "creditcard": (["4111111111111111"], ["4111111111111112"]),
    "k8s-short-name": (["a-b"], ["A", "a.b"]),
    "k8s-long-name": (["a.b"], ["a..b"]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name: str) -> None:
    compiled = structural.compile({"type": "object", "properties": {"x": {"type": "string", "format": name}}})
    good, bad = FORMATS[name]
    assert [text for text in good if compiled.values({"x": text})] == []
    assert [text for text in bad if not compiled.values({"x": text})] == []


def test_the_path_of_a_value_is_before_its_own() -> None:
    compiled = structural.compile({"type": "object", "properties": {"x": {"type": "string"}}})
    (fault,) = compiled.values({"x": 1}, "spec.default")
    assert fault.message == ('spec.default.x: Invalid value: "integer": x in body must be of type string: "integer"')


LIMITED = {
    "type": "object",
    "properties": {
        "a": {"type": "integer", "maximum": 5},
        "b": {"type": "integer", "maximum": 5},
        "l": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {
                "type": "object",
                "properties": {"k": {"type": "string"}, "v": {"type": "integer", "maximum": 5}},
            },
        },
        "plain": {"type": "array", "items": {"type": "integer", "maximum": 5}},
    },
}
RATCHETS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"a": 9}, {"a": 9, "b": 1}, []),
    ({"a": 9}, {"a": 8}, ["a"]),
    ({"a": 9}, {"a": 9, "b": 9}, ["b"]),
    ({"l": [{"k": "x", "v": 9}]}, {"l": [{"k": "new", "v": 1}, {"k": "x", "v": 9}]}, []),
    ({"l": [{"k": "x", "v": 9}]}, {"l": [{"k": "x", "v": 8}]}, ["l[0].v"]),
    ({"plain": [9]}, {"plain": [9], "a": 1}, []),
    ({"plain": [9]}, {"plain": [9, 1]}, ["plain[0]"]),
]


@pytest.mark.parametrize(("old", "new", "fields"), RATCHETS)
def test_what_an_update_leaves_alone_is_tolerated(old: dict[str, Any], new: dict[str, Any], fields: list[str]) -> None:
    compiled = structural.compile(LIMITED)
    assert [fault.field for fault in compiled.validate(new, old)] == fields


def test_lists_with_duplicates_may_be_updated_once_they_are_there() -> None:
    schema = {"type": "object", "properties": {"s": {"type": "array", "x-kubernetes-list-type": "set"}}}
    compiled = structural.compile(schema)
    assert [fault.field for fault in compiled.validate({"s": [1, 1]}, {"s": [1]})] == ["s[1]"]
    assert compiled.validate({"s": [1, 1, 2]}, {"s": [1, 1]}) == []


def test_an_update_of_the_status_looks_at_the_status_only() -> None:
    number = {"type": "object", "properties": {"n": {"type": "integer"}}}
    compiled = structural.compile({"type": "object", "properties": {"spec": number, "status": number}})
    old = {"spec": {"n": "bad"}}
    (fault,) = compiled.validate_status({"spec": {"n": "bad"}, "status": {"n": "x"}}, old)
    assert fault.message == 'status.n: Invalid value: "string": n in body must be of type integer: "string"'
