"""CEL rules of CRD schemas (x-kubernetes-validations): compiled along the schema, run along the object.

See the Kubernetes page "Validation rules", and KEP-2876 for costs, KEP-4008 for ratcheting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.schema.cel import RUNTIME_BUDGET, schematypes, values
from apiserver_stub.schema.cel.rule import Budget, OutOfBudgetError, Rule, compile_rule
from apiserver_stub.schema.cel.rulecheck import check_rules
from apiserver_stub.schema.cel.types import Type
from apiserver_stub.schema.structural_values import MISSING, by_keys, same

Schema = Mapping[str, Any]


class _Before:
    """What stood at one place before an update, as far as that can be told; faults of what stayed are tolerated."""

    __slots__ = ("_parent", "old", "value")

    def __init__(self, old: Any, value: Any, parent: _Before | None) -> None:
        self.old = old
        self.value = value
        self._parent = parent

    def unchanged(self) -> bool:
        if self.old is not MISSING:
            return same(self.value, self.old)
        return self._parent is not None and self._parent.unchanged()

    def part(self, old: Any, value: Any) -> _Before:
        """The same for a part of it."""
        return _Before(old, value, self if self.old is not MISSING else self._parent)


class _Node:
    """The rules of one schema and of those below it that have any."""

    def __init__(self, schema: Schema, kind: Type, *, root: bool) -> None:
        self.schema = schema
        self._adapt = values.adapter(kind)
        self.rules = [compile_rule(rule, schema, kind) for rule in schema.get("x-kubernetes-validations") or ()]
        self.fields: dict[str, _Node] = {}
        for name, sub in (schema.get("properties") or {}).items():
            found = _build(sub, kind.fields.get(schematypes.escape(name) or ""))
            if found is not None:
                self.fields[name] = found
        inner = kind.params[-1] if kind.params else None
        self.items = _build(schema.get("items"), inner) if kind.kind == "list" else None
        self.values = _build(schema.get("additionalProperties"), inner) if kind.kind == "map" else None
        self.all_of = [
            _Node(_merged(schema, part), kind, root=root)
            for part in schema.get("allOf") or ()
            if part.get("x-kubernetes-validations")
        ]
        self._correlates = schema.get("x-kubernetes-map-type") != "atomic"
        keyed = schema.get("x-kubernetes-list-type") == "map"
        self._keys = tuple(schema.get("x-kubernetes-list-map-keys") or ()) if keyed else ()

    @property
    def empty(self) -> bool:
        return not (self.rules or self.fields or self.items or self.values or self.all_of)

    def run(
        self, value: Any, old: Any, path: str, before: _Before | None, budget: Budget, out: list[FieldError]
    ) -> None:
        """Adds the faults of a value; old: the value that transition rules compare with, MISSING if there is none."""
        if value is None:
            return
        if self.rules:
            self._run_rules(value, old, path, before, budget, out)
        for part in self.all_of:
            part._run_rules(value, old, path, None, budget, out)
        if isinstance(value, dict):
            self._run_object(value, old, path, before, budget, out)
        elif isinstance(value, list) and self.items is not None:
            self._run_list(value, old, path, before, budget, out)

    def _run_rules(
        self, value: Any, old: Any, path: str, before: _Before | None, budget: Budget, out: list[FieldError]
    ) -> None:
        own = self._adapt(value)
        previous = MISSING if old is None or old is MISSING else self._adapt(old)
        for rule in self.rules:
            if rule.transition and previous is MISSING and not rule.optional_old:
                continue
            fault = rule.fault(own, previous, path, value, budget)
            if fault is not None and not (not rule.transition and before is not None and before.unchanged()):
                out.append(fault)
            if budget.left < 0:
                raise OutOfBudgetError

    def _run_object(
        self, value: dict[str, Any], old: Any, path: str, before: _Before | None, budget: Budget, out: list[FieldError]
    ) -> None:
        earlier = old if isinstance(old, dict) and self._correlates else {}
        known = before.old if before is not None and isinstance(before.old, dict) else {}
        for name, inner in value.items():
            node = self.fields.get(name)
            here = field.path(path, name)
            if node is None:
                node, here = self.values, f"{path}[{name}]"
            if node is not None:
                part = before.part(known.get(name, MISSING), inner) if before is not None else None
                node.run(inner, earlier.get(name, MISSING), here, part, budget, out)

    def _run_list(
        self, value: list[Any], old: Any, path: str, before: _Before | None, budget: Budget, out: list[FieldError]
    ) -> None:
        assert self.items is not None
        earlier = by_keys(old, self._keys) if self._keys and isinstance(old, list) else None
        known = before.old if before is not None else None
        same_items = by_keys(known, self._keys) if self._keys and isinstance(known, list) else None
        for index, item in enumerate(value):
            part = None
            if before is not None:
                part = before.part(same_items(index, item) if same_items else MISSING, item)
            previous = earlier(index, item) if earlier else MISSING
            self.items.run(item, previous, f"{path}[{index}]", part, budget, out)


def _merged(schema: Schema, part: Schema) -> Schema:
    """A schema with the rules of one of its allOf."""
    kept = {k: v for k, v in schema.items() if k not in ("allOf", "properties", "items", "additionalProperties")}
    return {**kept, "x-kubernetes-validations": part["x-kubernetes-validations"]}


def _build(schema: Any, kind: Type | None) -> _Node | None:
    """The node of a schema; None if nothing in it has rules, or rules can't see it."""
    if not isinstance(schema, dict):
        return None
    root = bool(schema.get("x-kubernetes-embedded-resource"))
    found_kind = kind if kind is not None else schematypes.of(schema, root=root)
    if found_kind is None:
        return None
    found = _Node(schema, found_kind, root=root)
    return None if found.empty else found


class Rules:
    """The compiled rules of one version of a CRD."""

    def __init__(self, schema: Schema) -> None:
        kind = schematypes.of(schema, root=True)
        assert kind is not None
        self._root = _Node(schema, kind, root=True)

    def validate(self, obj: Any, old: Any = None) -> list[FieldError]:
        """Faults of an object, or of an update of `old`."""
        out: list[FieldError] = []
        previous = MISSING if old is None else old
        before = None if old is None else _Before(old, obj, None)
        try:
            self._root.run(obj, previous, "", before, Budget(RUNTIME_BUDGET), out)
        except OutOfBudgetError:
            pass
        return out


def compile_rules(schema: Schema) -> Rules:
    """The rules of a version's schema; faults in them (which CRD creation refuses) show when they run."""
    return Rules(schema)


__all__ = ["Rule", "Rules", "check_rules", "compile_rules"]
