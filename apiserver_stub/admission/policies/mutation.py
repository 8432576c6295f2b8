"""What a MutatingAdmissionPolicy makes of an object (pure).

See the Kubernetes page "Mutating Admission Policy", "Patch types".
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.admission.policies import evaluation, typenames
from apiserver_stub.admission.policies.evaluation import Compiler, Expression, OutOfBudget, Scope
from apiserver_stub.admission.webhooks import patching
from apiserver_stub.meta.managed import merge, typed
from apiserver_stub.meta.managed import shape as shapes
from apiserver_stub.meta.managed.shape import Shape
from apiserver_stub.schema import cel
from apiserver_stub.schema.cel import values

Object = dict[str, Any]

# Greater numbers are written as text, as protobuf's JSON does.
_SAFE: Final = 2**53 - 1


class Failed(Exception):
    """A mutation that can't be made; the text is upstream's."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """patch_type: "ApplyConfiguration" or "JSONPatch". misnamed: what is wrong with the names of what it makes."""

    patch_type: str
    expression: Expression
    misnamed: str = ""


class Policy:
    """A compiled policy. stored: a MutatingAdmissionPolicy."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        spec = stored["spec"]
        self.name: str = stored["metadata"]["name"]
        self.spec: Mapping[str, Any] = spec
        self.ignores_errors = spec.get("failurePolicy") == "Ignore"
        self.is_reinvocable = spec.get("reinvocationPolicy") == "IfNeeded"
        compiler = Compiler(spec.get("variables") or (), params=spec.get("paramKind") is not None)
        self._variables = compiler.variables
        self._conditions = [compiler.expression(one["expression"]) for one in spec.get("matchConditions") or ()]
        self.mutations = [_mutation(one, compiler) for one in spec.get("mutations") or ()]

    def matches(self, scope: Scope) -> bool:
        """Whether the match conditions hold. Raises Failed."""
        try:
            return evaluation.matches(self._conditions, self._variables, scope)
        except (evaluation.Undecided, OutOfBudget) as problem:
            raise Failed(str(problem)) from None

    def mutate(self, mutation: Mutation, obj: Object, scope: Scope, shape: Shape) -> Object:
        """The object after one mutation; `obj` is left alone. shape: of its schema. Raises Failed."""
        try:
            (outcome,), _ = evaluation.run([mutation.expression], self._variables, scope, cel.RUNTIME_BUDGET)
        except OutOfBudget as problem:
            raise Failed(str(problem)) from None
        if outcome.error:
            raise Failed(outcome.error)
        if mutation.misnamed:
            raise Failed(f"type mismatch: {mutation.misnamed}")
        if mutation.patch_type == "JSONPatch":
            return patched(obj, outcome.value)
        return applied(obj, outcome.value, shape)


def _mutation(declared: Mapping[str, Any], compiler: Compiler) -> Mutation:
    patch_type = declared["patchType"]
    given = declared.get("jsonPatch") if patch_type == "JSONPatch" else declared.get("applyConfiguration")
    expression = compiler.expression((given or {}).get("expression", ""), patches=True)
    misnamed = typenames.fault(expression.text) if expression.program is not None else ""
    return Mutation(patch_type, expression, misnamed)


def patched(obj: Object, operations: Any) -> Object:
    """By JSON Patch; where a `test` fails the object stays as it is. Raises Failed."""
    if not isinstance(operations, list):
        raise Failed("type mismatch: JSON patch expression should evaluate to array")
    plainly = []
    for operation in operations:
        if not isinstance(operation, dict):
            raise Failed("type mismatch: JSON patch expression should evaluate to array of JSONPatch")
        plainly.append({"op": "", "path": ""} | {name: plain(value) for name, value in operation.items()})
    try:
        found = patching.apply(obj, plainly)
    except patching.Failed as problem:
        text = str(problem)
        if text.endswith("test failed"):
            return obj
        raise Failed(f"JSON Patch: {text}") from None
    if not isinstance(found, dict):
        raise Failed("JSON Patch: the result is not an object")
    return found


def applied(obj: Object, config: Any, shape: Shape) -> Object:
    """By structured merge, as a server-side apply without owners. Raises Failed."""
    if not isinstance(config, dict):
        shown = cel.values.type_name(config)
        raise Failed(f"unsupported return type from ApplyConfiguration expression: {shown}")
    patch = {**plain(config), "apiVersion": obj.get("apiVersion"), "kind": obj.get("kind")}
    fault = typed.faults(shape, patch, duplicates=False)
    if fault:
        raise Failed(f"error applying patch: failed to convert patch object to typed object: {fault}")
    atomic = list(atomics(shape, patch, ""))
    if atomic:
        shown = ", ".join(atomic)
        raise Failed(
            f"error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: {shown}"
        )
    fault = typed.faults(shape, obj, duplicates=True)
    if fault:
        raise Failed(f"error applying patch: failed to convert original object to typed object: {fault}")
    found: Object = merge.merged(shape, obj, patch)
    return found


def atomics(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Places of a patch that could only be replaced as a whole: what it leaves out would be lost."""
    shape = shapes.deduce(shape, value)
    if isinstance(value, dict) and shape.kind == "map":
        if shape.atomic:
            yield path
        for name, inner in value.items():
            below = shape.fields.get(name)
            if below is not None:
                yield from atomics(below, inner, f"{path}.{name}")
    elif isinstance(value, list) and shape.kind == "list":
        if shape.atomic:
            yield path
        assert shape.item is not None
        for index, inner in enumerate(value):
            yield from atomics(shape.item, inner, f"{path}[{index}]")


def plain(value: Any) -> Any:
    """A CEL value as JSON. Raises Failed."""
    match value:
        case bool() | None | str():
            return value
        case int():
            return int(value) if abs(value) <= _SAFE else str(int(value))
        case float():
            return int(value) if value.is_integer() and abs(value) <= _SAFE else value
        case dict():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list():
            return [plain(inner) for inner in value]
        case bytes():
            return base64.b64encode(value).decode()
        case values.Timestamp() | values.Duration():
            return str(value)
        case values.Optional(present=present, value=inner):
            return plain(inner) if present else None
    shown = cel.values.type_name(value)
    raise Failed(f"JSONPath valueExpression evaluated to a type that could not marshal to JSON: {shown}")
