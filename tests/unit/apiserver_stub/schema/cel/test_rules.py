"""CEL rules of CRD schemas: when they run, what they say, and what is wrong with rules themselves."""

from typing import Any

import pytest

from apiserver_stub.schema import structural
from apiserver_stub.schema.cel import fieldpath, rules

Object = dict[str, Any]


def ruled(schema: Object, *texts: str, **more: Any) -> Object:
    return {**schema, "x-kubernetes-validations": [{"rule": text, **more} for text in texts]}


def in_x(schema: Object) -> structural.CompiledSchema:
    return structural.compile({"type": "object", "properties": {"x": schema}})


INTEGER: Object = {"type": "integer"}
OBJECT: Object = {"type": "object", "properties": {"a": INTEGER, "s": {"type": "string"}}}
LIST: Object = {"type": "array", "items": INTEGER}
KEYED: Object = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["k"],
    "items": ruled({"type": "object", "properties": {"k": {"type": "string"}, "v": INTEGER}}, "self.v >= oldSelf.v"),
}
# Schema of the field x, its value, the messages.
CASES: list[tuple[Object, Any, list[str]]] = [
    (ruled(INTEGER, "self > 0"), 1, []),
    (ruled(INTEGER, "self > 0"), 0, ["x: Invalid value: 0: failed rule: self > 0"]),
    (ruled(INTEGER, "self > 0", message=" too small "), 0, ["x: Invalid value: 0: too small"]),
    (ruled(OBJECT, "self.a > 0"), {"a": 0}, ["x: Invalid value: failed rule: self.a > 0"]),
    (ruled(OBJECT, "self.a > 0"), {}, ["x: Invalid value: no such key: a evaluating rule: self.a > 0"]),
    (ruled(LIST, "self[9] > 0", message="m"), [1], ["x: Invalid value: index out of bounds: 9 evaluating rule: m"]),
    (ruled(INTEGER, "1 / self > 0"), 0, ["x: Invalid value: 0: division by zero evaluating rule: 1 / self > 0"]),
    (
        ruled({"x-kubernetes-int-or-string": True}, "self > 5"),
        "a",
        [
            "x: Invalid value: \"a\": 'no such overload': call arguments did not match a supported operator, function "
            "or macro signature for rule: self > 5"
        ],
    ),
    (ruled(OBJECT, "false", reason="FieldValueForbidden", message="no"), {}, ["x: Forbidden: no"]),
    (ruled(OBJECT, "false", reason="FieldValueRequired", message="no"), {}, ["x: Required value: no"]),
    (ruled(INTEGER, "false", reason="FieldValueDuplicate"), 1, ["x: Duplicate value: 1"]),
    (ruled(OBJECT, "false", fieldPath=".s", message="no"), {}, ["x.s: Invalid value: no"]),
    (ruled(OBJECT, "false", messageExpression="'a is ' + string(self.a)"), {"a": 5}, ["x: Invalid value: a is 5"]),
    # Where messageExpression fails, the message counts.
    (ruled(OBJECT, "false", messageExpression="string(self.a)", message="m"), {}, ["x: Invalid value: m"]),
    (ruled(OBJECT, "false", messageExpression="' '", message="m"), {}, ["x: Invalid value: m"]),
    ({**LIST, "items": ruled(INTEGER, "self > 0")}, [1, 0], ["x[1]: Invalid value: 0: failed rule: self > 0"]),
    (
        {"type": "object", "additionalProperties": ruled(INTEGER, "self > 0")},
        {"k": 0},
        ["x[k]: Invalid value: 0: failed rule: self > 0"],
    ),
    # Null is no value, and rules without an old value don't run.
    (ruled({"type": "string", "nullable": True}, "self == 'a'"), None, []),
    (ruled(INTEGER, "self == oldSelf"), 1, []),
    (
        ruled(INTEGER, "oldSelf.hasValue()", optionalOldSelf=True),
        1,
        ["x: Invalid value: 1: failed rule: oldSelf.hasValue()"],
    ),
    ({**OBJECT, "allOf": [ruled({}, "self.a > 0")]}, {"a": 0}, ["x: Invalid value: failed rule: self.a > 0"]),
]


@pytest.mark.parametrize(("schema", "value", "messages"), CASES)
def test_create(schema: Object, value: Any, messages: list[str]) -> None:
    assert [fault.message for fault in in_x(schema).validate({"x": value})] == messages


UPDATES: list[tuple[Object, Any, Any, list[str]]] = [
    (ruled(INTEGER, "self == oldSelf"), 1, 1, []),
    (ruled(INTEGER, "self == oldSelf"), 1, 2, ["x"]),
    (ruled(INTEGER, "oldSelf.orValue(0) < self", optionalOldSelf=True), 1, 1, ["x"]),
    # Unchanged values that don't satisfy a rule are tolerated, unless the rule is about the transition.
    (ruled(INTEGER, "self > 5"), 1, 1, []),
    (ruled(INTEGER, "self > 5"), 1, 2, ["x"]),
    (ruled(INTEGER, "self > oldSelf"), 1, 1, ["x"]),
    ({**LIST, "items": ruled(INTEGER, "self > 0")}, [0], [0], []),
    ({**LIST, "items": ruled(INTEGER, "self > 0")}, [0], [0, 0], ["x[0]", "x[1]"]),
    (KEYED, [{"k": "a", "v": 2}], [{"k": "b", "v": 1}, {"k": "a", "v": 1}], ["x[1]"]),
    # Sets and maps are equal whatever their order.
    (ruled({**LIST, "x-kubernetes-list-type": "set"}, "self == oldSelf"), [1, 2], [2, 1], []),
    (ruled(LIST, "self == oldSelf"), [1, 2], [2, 1], ["x"]),
]


@pytest.mark.parametrize(("schema", "old", "new", "fields"), UPDATES)
def test_update(schema: Object, old: Any, new: Any, fields: list[str]) -> None:
    compiled = in_x(schema)
    assert [fault.field for fault in compiled.validate({"x": new}, {"x": old})] == fields


def test_rules_are_not_run_on_invalid_objects() -> None:
    compiled = in_x(ruled(INTEGER, "self > 0"))
    assert [fault.field for fault in compiled.validate({"x": "a"})] == ["x", "<nil>"]


def test_the_root_sees_type_and_name_only() -> None:
    schema = ruled({"type": "object"}, "self.metadata.name == 'a' && self.kind == 'K'")
    compiled = structural.compile(schema)
    assert compiled.validate({"kind": "K", "metadata": {"name": "a"}}) == []
    assert [fault.field for fault in compiled.validate({"kind": "K", "metadata": {"name": "b"}})] == ["<nil>"]
    (fault,) = rules.check_rules(ruled({"type": "object"}, "has(self.metadata.labels)"), "s")
    assert "undefined field 'labels'" in fault.detail


def test_the_budget_of_an_object_is_limited() -> None:
    schema = {**LIST, "items": ruled(INTEGER, "[1, 2, 3].all(x, [1, 2, 3].all(y, x + y > self))")}
    budget, rules_budget = 2000, rules.RUNTIME_BUDGET
    try:
        rules.RUNTIME_BUDGET = budget  # type: ignore[misc]
        found = in_x(schema).validate({"x": [0] * 100})
    finally:
        rules.RUNTIME_BUDGET = rules_budget  # type: ignore[misc]
    (fault,) = found
    assert (
        fault.detail == "validation failed due to running out of cost budget, no further validation rules will be run"
    )


LONG = {"type": "array", "maxItems": 1000, "items": {"type": "string", "maxLength": 1000}}
FAULTS: list[tuple[Object, list[str]]] = [
    (ruled(INTEGER, "self > 0"), []),
    (
        ruled(OBJECT, "self.b > 0"),
        ["s.x-kubernetes-validations[0].rule: compilation failed: ERROR: <input>:1:5: undef"],
    ),
    (
        ruled(OBJECT, "self.s.find(')') == ''"),
        ["s.x-kubernetes-validations[0].rule: program instantiation failed: error parsing regexp: unexpected ): `)`"],
    ),
    (ruled(INTEGER, "self"), ["s.x-kubernetes-validations[0].rule: cel expression must evaluate to a bool"]),
    (
        ruled(INTEGER, "true", messageExpression="self"),
        ["s.x-kubernetes-validations[0].messageExpression: messageExpression must evaluate to a string"],
    ),
    (
        {**LIST, "items": ruled(INTEGER, "self == oldSelf")},
        [
            "s.items.x-kubernetes-validations[0].rule: oldSelf cannot be used on the uncorrelatable portion of the "
            "schema within s"
        ],
    ),
    (
        ruled(INTEGER, "self > 0", optionalOldSelf=True),
        ["s.x-kubernetes-validations[0].optionalOldSelf: may not be set if oldSelf is not used in rule"],
    ),
    (
        ruled({"x-kubernetes-preserve-unknown-fields": True}, "true"),
        ["s.x-kubernetes-validations: rule declared on schema that does not support validation rules type: ''"],
    ),
    (ruled(LONG, "self.all(x, x.startsWith('a'))"), []),
    (
        ruled(LONG, "self.all(x, self.all(y, x == y))"),
        [
            "s.x-kubernetes-validations[0].rule: estimated rule cost exceeds budget by factor of 40.5x",
            "s.x-kubernetes-validations[0].rule: contributed to estimated rule cost total",
            "r: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by",
        ],
    ),
    (
        {**LIST, "items": ruled({"type": "string"}, "self.matches('^a+$')")},
        ["s.items.x-kubernetes-validations[0].rule: estimated rule cost"],
    ),
]


@pytest.mark.parametrize(("schema", "messages"), FAULTS)
def test_faults_of_rules(schema: Object, messages: list[str]) -> None:
    faults = rules.check_rules({"type": "object", "properties": {"s": schema}}, "r")
    found = [f"{fault.field}: {fault.detail}".replace("r.properties[s]", "s") for fault in faults]
    assert all(one.startswith(wanted) for one, wanted in zip(found, messages, strict=False)), found
    assert bool(found) == bool(messages), found


PATHS = {
    ".a": "a",
    ".a.b": "a.b",
    "['a']['b']": "a.b",
    ".m['k.l']": "m[k.l]",
    ".none": "does not refer to a valid field",
    "a": "expected [ or . but got: a",
    ".": "unexpected end of JSON path",
    ".a[b]": "expected single quoted string but got b",
}


@pytest.mark.parametrize(("path", "wanted"), PATHS.items())
def test_field_paths(path: str, wanted: str) -> None:
    inner = {"type": "object", "properties": {"b": {"type": "string"}}}
    schema = {"properties": {"a": inner, "m": {"additionalProperties": {"type": "string"}}}}
    try:
        found = fieldpath.normalize(path, schema)
    except fieldpath.FieldPathError as fault:
        found = str(fault)
    assert found == wanted
