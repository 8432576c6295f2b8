"""What is wrong with the CEL rules of a CRD's schema: expressions that don't compile, or may cost too much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.schema.cel import CRD_ESTIMATE_LIMIT, ESTIMATE_LIMIT, schematypes
from apiserver_stub.schema.cel.rule import Rule, compile_rule
from apiserver_stub.schema.cel.types import Type

Schema = Mapping[str, Any]
_WORD: Final = "x-kubernetes-validations"
_UNSUPPORTED: Final = "rule declared on schema that does not support validation rules type: '{}' {}: '{}'"
_TOTAL: Final = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
# What is shown of rules that make the total too expensive: the most costly, if they matter at all.
_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a schema stands. `count`: how often at most in one object, None without limit; `uncorrelated`: the
    schema whose parts can't be told apart over updates, empty if they can."""

    path: str
    count: int | None = 1
    uncorrelated: str = ""


class _Check:
    def __init__(self) -> None:
        self.faults: list[FieldError] = []
        self.total = 0
        self.costs: list[tuple[int, str]] = []

    def schema(self, schema: Any, kind: Type | None, place: _Place) -> None:
        if not isinstance(schema, dict):
            return
        rules = schema.get(_WORD) or ()
        if rules and kind is None:
            preserve = "true" if schema.get("x-kubernetes-preserve-unknown-fields") else "false"
            detail = _UNSUPPORTED.format(schema.get("type", ""), "x-kubernetes-preserve-unknown-fields", preserve)
            self.faults.append(field.internal(f"{place.path}.{_WORD}", detail))
        elif kind is not None:
            for index, rule in enumerate(rules):
                self._rule(
                    compile_rule(rule, schema, kind), kind, replace(place, path=f"{place.path}.{_WORD}[{index}]")
                )
        self._parts(schema, kind, place)

    def _parts(self, schema: Schema, kind: Type | None, place: _Place) -> None:
        apart = place.path if schema.get("x-kubernetes-map-type") == "atomic" else place.uncorrelated
        for name, sub in (schema.get("properties") or {}).items():
            inner = kind.fields.get(schematypes.escape(name) or "") if kind is not None else None
            if inner is None and isinstance(sub, dict):
                inner = schematypes.of(sub, root=bool(sub.get("x-kubernetes-embedded-resource")))
            self.schema(sub, inner, replace(place, path=f"{place.path}.properties[{name}]", uncorrelated=apart))
        last = kind.params[-1] if kind is not None and kind.params else None
        extra = schema.get("additionalProperties")
        if isinstance(extra, dict):
            count = _product(place.count, schema.get("maxProperties"))
            self.schema(extra, last, _Place(f"{place.path}.additionalProperties", count, apart))
        items = schema.get("items")
        if isinstance(items, dict):
            count = _product(place.count, schema.get("maxItems"))
            if schema.get("x-kubernetes-list-type") != "map":
                apart = place.path
            self.schema(items, last, _Place(f"{place.path}.items", count, apart))
        for index, part in enumerate(schema.get("allOf") or ()):
            if isinstance(part, dict) and part.get(_WORD):
                merged = {k: v for k, v in schema.items() if k not in ("allOf", "properties", "items", _WORD)}
                merged[_WORD] = part[_WORD]
                self.schema(merged, kind, replace(place, path=f"{place.path}.allOf[{index}]"))

    def _rule(self, rule: Rule, kind: Type, place: _Place) -> None:
        shown = field.Raw(field.show(_internal(rule.rule)))
        if rule.error:
            self.faults.append(field.invalid(f"{place.path}.rule", shown, rule.error))
        if rule.transition and place.uncorrelated:
            detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {place.uncorrelated}"
            self.faults.append(field.invalid(f"{place.path}.rule", rule.rule["rule"], detail))
        if rule.optional_old and not rule.transition and not rule.error:
            detail = "may not be set if oldSelf is not used in rule"
            self.faults.append(field.invalid(f"{place.path}.optionalOldSelf", True, detail))
        if rule.message_error:
            self.faults.append(field.invalid(f"{place.path}.messageExpression", shown, rule.message_error))
        times = _cardinality(kind) if place.count is None else place.count
        self._cost(rule.estimate * times, f"{place.path}.rule", "estimated rule cost")
        self._cost(rule.message_estimate * times, f"{place.path}.messageExpression", "estimated messageExpression cost")

    def _cost(self, cost: int, path: str, name: str) -> None:
        if cost > ESTIMATE_LIMIT:
            self.faults.append(field.forbidden(path, _too_expensive(name, cost, ESTIMATE_LIMIT)))
        self.total += cost
        if cost > CRD_ESTIMATE_LIMIT // 100:
            self.costs.append((cost, path))


def _product(count: int | None, most: int | None) -> int | None:
    return None if count is None or most is None else count * max(most, 0)


def _cardinality(kind: Type) -> int:
    """How many values of a type fit into one request."""
    return schematypes.MAX_REQUEST // (kind.min_size + 1)


def _internal(rule: Schema) -> dict[str, Any]:
    """A rule as upstream's messages show it: with the field names of its internal type."""
    return {
        "Rule": rule.get("rule", ""),
        "Message": rule.get("message", ""),
        "MessageExpression": rule.get("messageExpression", ""),
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath", ""),
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }


def _too_expensive(name: str, cost: int, limit: int) -> str:
    factor = min(cost, 2**64 - 1) / limit
    few = f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    text = "more than 100x" if factor > 100 else few
    return (
        f"{name} exceeds budget by factor of {text} (try simplifying the rule, or adding maxItems, maxProperties, and "
        "maxLength where arrays, maps, and strings are declared)"
    )


def check_rules(schema: Schema, path: str) -> list[FieldError]:
    """Faults of all rules in a version's schema, which stands at `path`.

    What needs no compiling (a missing rule, blank messages, fieldPath) is the business of CRD validation.
    """
    check = _Check()
    check.schema(schema, schematypes.of(schema, root=True), _Place(path))
    if check.total > CRD_ESTIMATE_LIMIT:
        worst = sorted(check.costs, key=lambda one: -one[0])[:_SHOWN]
        check.faults += [field.forbidden(place, _TOTAL) for _, place in worst]
        name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        check.faults.append(field.forbidden(path, _too_expensive(name, check.total, CRD_ESTIMATE_LIMIT)))
    return check.faults
