"""Custom resources over HTTP: their schema prunes, fills in and refuses, as the definition says."""

import asyncio
from typing import Any

import pytest

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "minimum": 1, "default": 3},
        "color": {"type": "string", "enum": ["red", "blue"]},
        "fixed": {
            "type": "string",
            "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "fixed is immutable"}],
        },
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    },
    "x-kubernetes-validations": [{"rule": "!has(self.color) || self.color != 'red' || self.size < 5"}],
}


def definition(spec: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"spec": spec}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [version],
        },
    }


def widget(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


@pytest.fixture
async def widgets(admin: Any) -> Any:
    await admin.create(CRDS, definition(SPEC))
    for _ in range(100):
        if (await admin.get(WIDGETS))[0] == 200:
            return admin
        await asyncio.sleep(0.02)
    raise AssertionError("the definition isn't served")


async def test_unknown_fields_go_and_defaults_come(widgets: Any) -> None:
    made = await widgets.create(WIDGETS, widget(extra=1))
    assert made["spec"] == {"size": 3}


async def test_strict_validation_refuses_unknown_fields(widgets: Any) -> None:
    code, body = await widgets.call("POST", WIDGETS, widget(extra=1), fieldValidation="Strict")
    assert (code, body["message"].endswith('strict decoding error: unknown field "spec.extra"')) == (400, True)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"size": 0}, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
        ({"color": "pink"}, 'spec.color: Unsupported value: "pink": supported values: "red", "blue"'),
        ({"tags": ["a", "a"]}, 'spec.tags[1]: Duplicate value: "a"'),
        (
            {"color": "red", "size": 9},
            "spec: Invalid value: failed rule: !has(self.color) || self.color != 'red' || self.size < 5",
        ),
    ],
)
async def test_invalid_objects_are_refused(widgets: Any, spec: dict[str, Any], message: str) -> None:
    code, body = await widgets.call("POST", WIDGETS, widget(**spec))
    assert code == 422
    assert message in body["message"]
    assert (await widgets.get(f"{WIDGETS}/w"))[0] == 404


async def test_a_transition_is_refused(widgets: Any) -> None:
    await widgets.create(WIDGETS, widget(fixed="a"))
    code, body = await widgets.patch(f"{WIDGETS}/w", {"spec": {"fixed": "b"}})
    assert (code, body["message"]) == (
        422,
        'Widget.example.com "w" is invalid: spec.fixed: Invalid value: "b": fixed is immutable',
    )


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("self.nope > 1", "compilation failed: ERROR: <input>:1:5: undefined field 'nope'"),
        ("self.size +", "Syntax error: mismatched input '<EOF>'"),
        ("self.size", "cel expression must evaluate to a bool"),
        ("self.tags.all(x, self.tags.all(y, x.contains(y)))", "estimated rule cost exceeds budget by factor of"),
    ],
)
async def test_rules_that_cannot_work_are_refused(admin: Any, rule: str, message: str) -> None:
    code, body = await admin.call("POST", CRDS, definition({**SPEC, "x-kubernetes-validations": [{"rule": rule}]}))
    assert code == 422
    assert message in body["message"]
