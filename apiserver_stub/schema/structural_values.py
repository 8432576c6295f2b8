"""Value validation of CRD schemas: what a value must be, in the words of upstream's OpenAPI validation.

A schema is compiled once into nested checks, each of them when a value first stands at its place: of a big schema most
is never used. A check adds its faults to a Result; the order of the checks of one value (type, combinations, string,
format, number, array, enum, object) is upstream's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.schema import structural_formats, structural_scalars
from apiserver_stub.schema.structural_scalars import Result, show_number

Schema = Mapping[str, Any]
# Value, its path, where faults go, and the value before an update (MISSING if there was none).
Check = Callable[[Any, str, Result, Any], None]
MISSING: Final = object()

_NAMES: Final = {bool: "boolean", str: "string", int: "integer", float: "number", list: "array", dict: "object"}
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "boolean": (bool,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


def build(schema: Schema) -> Check:
    """The check of a schema and all below it."""
    steps = [
        step
        for step in (
            _type(schema),
            _combinations(schema),
            structural_scalars.string(schema),
            structural_scalars.format_of(schema),
            structural_scalars.number(schema),
            _array(schema),
            _enum(schema),
            _object(schema),
        )
        if step is not None
    ]
    null_steps = [step for step in (_type(schema), _enum(schema)) if step is not None]

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        for step in null_steps if value is None else steps:
            step(value, path, result, old)
        result.matches += 1

    return check


def changed(check: Check, value: Any, path: str, result: Result, old: Any) -> None:
    """Runs a check of a part; faults of a part that an update leaves as it was are tolerated (KEP-4008)."""
    before = len(result.errors)
    check(value, path, result, old)
    if len(result.errors) > before and old is not MISSING and same(value, old):
        del result.errors[before:]


def same(left: Any, right: Any) -> bool:
    """Equality of JSON: unlike Python's, true is not 1."""
    if left is None or right is None or type(left) is not type(right):
        return left is right
    sort = orjson.OPT_SORT_KEYS
    return bool(left == right) and orjson.dumps(left, option=sort) == orjson.dumps(right, option=sort)


def types_of(schema: Schema) -> tuple[str, ...]:
    if schema.get("x-kubernetes-int-or-string") and not schema.get("type"):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def _type(schema: Schema) -> Check | None:
    types = types_of(schema)
    known = structural_formats.check(schema) is not None
    if not types and not known:
        return None
    accepted = {kind for name in types for kind in _KINDS.get(name, ())}
    # A format lets lists through: upstream leaves those to the check of formats, which looks at strings only.
    if known and not {"integer", "number"} & set(types):
        accepted |= {str, list}
    integral = "integer" in types
    nullable = bool(schema.get("nullable")) or not types
    wanted = ",".join(types)
    format_name = schema["format"] if known else ""

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        kind = type(value)
        if kind in accepted or (kind is float and integral and value.is_integer()):
            result.matches += 1
        elif value is None:
            if not nullable:
                result.add_type(path, wanted, "null")
        elif format_name and kind is not str and kind is not list:
            result.add_type(path, format_name, {int: "int64", float: "float64"}.get(kind, ""))
        else:
            result.add_type(path, wanted, _NAMES[kind])

    return check


def _enum(schema: Schema) -> Check | None:
    values = schema.get("enum")
    if not values:
        return None
    scalars = frozenset(v for v in values if isinstance(v, str))
    texts = [v if isinstance(v, str) else orjson.dumps(v).decode() for v in values]

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if type(value) is str:
            if value in scalars:
                return
        elif any(same(value, allowed) or _same_number(value, allowed) for allowed in values):
            return
        result.errors.append(field.not_supported(result.field(path), value, texts))

    return check


def _same_number(left: Any, right: Any) -> bool:
    return {type(left), type(right)} == {int, float} and bool(left == right)


def _array(schema: Schema) -> Check | None:
    items = _later(schema["items"]) if isinstance(schema.get("items"), dict) else None
    low, high = schema.get("minItems"), schema.get("maxItems")
    unique = bool(schema.get("uniqueItems"))
    if items is None and low is None and high is None and not unique:
        return None
    correlate = _correlation(schema)

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if type(value) is not list:
            return
        if items is not None:
            previous = correlate(old) if type(old) is list else None
            for index, item in enumerate(value):
                before = previous(index, item) if previous else MISSING
                changed(items, item, f"{path}[{index}]", result, before)
        size = len(value)
        if low is not None and size < low:
            result.add(path, size, f"{path} in body should have at least {low} items")
        if high is not None and size > high:
            result.errors.append(field.too_many(result.field(path), size, high))
        if unique and len({orjson.dumps(v, option=orjson.OPT_SORT_KEYS) for v in value}) < size:
            result.add(path, "", f"{path} in body shouldn't contain duplicates")
        result.matches += 1

    return check


def _later(schema: Schema) -> Check:
    """A check that is compiled when it is first needed."""
    built: list[Check] = []

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if not built:
            built.append(build(schema))
        built[0](value, path, result, old)

    return check


Correlate = Callable[[Sequence[Any]], Callable[[int, Any], Any]]


def _correlation(schema: Schema) -> Correlate:
    """Finds the old item of an item: by keys in lists of type map; items of other lists can't be told apart."""
    if schema.get("x-kubernetes-list-type") == "map":
        keys = tuple(schema.get("x-kubernetes-list-map-keys", ()))
        return lambda old: by_keys(old, keys)
    return lambda old: lambda index, item: MISSING


def by_keys(old: Sequence[Any], keys: Sequence[str]) -> Callable[[int, Any], Any]:
    """Items of a list of type map, by their keys."""
    known = {list_key(item, keys): item for item in old if isinstance(item, dict)}
    return lambda index, item: known.get(list_key(item, keys), MISSING) if isinstance(item, dict) else MISSING


def list_key(item: Mapping[str, Any], keys: Sequence[str]) -> bytes:
    return orjson.dumps([item.get(key) for key in keys])


def _object(schema: Schema) -> Check | None:
    schemas = schema.get("properties") or {}
    extra = schema.get("additionalProperties")
    required = tuple(schema.get("required") or ())
    low, high = schema.get("minProperties"), schema.get("maxProperties")
    if not (schemas or isinstance(extra, dict) or extra is False or required or low is not None or high is not None):
        return None
    fields = _fields(schemas, extra)

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if type(value) is not dict:
            return
        if low is not None and len(value) < low:
            result.add(path, len(value), f"{path} in body should have at least {low} properties")
            return
        if high is not None and len(value) > high:
            result.errors.append(field.too_many(result.field(path), len(value), high))
            return
        fields(value, path, result, old)
        for name in required:
            if name not in value:
                result.errors.append(field.required(result.field(f"{path}.{name}")))

    return check


def _fields(schemas: Mapping[str, Schema], extra: Any) -> Check:
    """Checks the fields of an object; extra: the schema of those without one, or whether there may be any."""
    properties: dict[str, Check] = {}
    others = _later(extra) if isinstance(extra, dict) else None
    closed = extra is False

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        before = old if type(old) is dict else {}
        for name, inner in value.items():
            sub = properties.get(name)
            if sub is None and name in schemas:
                sub = properties[name] = build(schemas[name])
            if sub is not None:
                changed(sub, inner, f"{path}.{name}" if path else name, result, before.get(name, MISSING))
            elif others is not None:
                changed(others, inner, f"{path}.{name}", result, before.get(name, MISSING))
            elif closed:
                result.add(path, name, f"{path}.{name} in body is a forbidden property")

    return check


def _combinations(schema: Schema) -> Check | None:
    any_of, one_of, all_of = ([build(s) for s in schema.get(word) or ()] for word in ("anyOf", "oneOf", "allOf"))
    negated = build(schema["not"]) if isinstance(schema.get("not"), dict) else None
    if not (any_of or one_of or all_of or negated):
        return None

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if any_of:
            _any(any_of, value, path, result, old)
        if one_of:
            _one(one_of, value, path, result, old)
        if all_of:
            _all(all_of, value, path, result, old)
        if negated and not _try(negated, value, path, result, old).errors:
            result.add_bare(f"{field.quote(path)} must not validate the schema (not)")
        result.matches += 1

    return check


def _try(check: Check, value: Any, path: str, parent: Result, old: Any) -> Result:
    result = Result(parent.prefix)
    check(value, path, result, old)
    return result


def _any(checks: list[Check], value: Any, path: str, result: Result, old: Any) -> None:
    best: Result | None = None
    for check in checks:
        tried = _try(check, value, path, result, old)
        if not tried.errors:
            result.matches += tried.matches
            return
        if best is None or tried.matches > best.matches:
            best = tried
    result.add_bare(f"{field.quote(path)} must validate at least one schema (anyOf)")
    if best is not None:
        result.merge(best)


def _one(checks: list[Check], value: Any, path: str, result: Result, old: Any) -> None:
    best: Result | None = None
    valid: list[Result] = []
    for check in checks:
        tried = _try(check, value, path, result, old)
        if not tried.errors:
            valid.append(tried)
        elif not valid and (best is None or tried.matches > best.matches):
            best = tried
    if len(valid) == 1:
        result.matches += valid[0].matches
        return
    found = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
    result.add_bare(f"{field.quote(path)} must validate one and only one schema (oneOf). {found}")
    if best is not None and not valid:
        result.merge(best)


def _all(checks: list[Check], value: Any, path: str, result: Result, old: Any) -> None:
    tried = [_try(check, value, path, result, old) for check in checks]
    for one in tried:
        result.merge(one)
    wrong = sum(1 for one in tried if one.errors)
    if wrong:
        rest = ". None validated" if wrong == len(checks) else ""
        result.add_bare(f"{field.quote(path)} must validate all the schemas (allOf){rest}")


def errors(check: Check, value: Any, prefix: str = "", old: Any = MISSING) -> list[FieldError]:
    """The faults of a value. prefix: the path of the value within the object; messages don't show it."""
    result = Result(prefix)
    changed(check, value, "", result, old)
    return result.errors


__all__ = ["MISSING", "Check", "Result", "build", "changed", "errors", "same", "show_number", "types_of"]
