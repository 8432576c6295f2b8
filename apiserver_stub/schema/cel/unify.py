"""Which overloads fit given types, and what they then give: assignability and type parameters."""

from __future__ import annotations

from collections.abc import Sequence

from apiserver_stub.schema.cel import types
from apiserver_stub.schema.cel.functions import Overload
from apiserver_stub.schema.cel.types import Type

Bindings = dict[str, Type]


def assignable(given: Type, wanted: Type, bound: Bindings) -> bool:
    """Whether a value of a type may stand where another is wanted; binds type parameters of either."""
    if given is wanted or "dyn" in (given.kind, wanted.kind) or "error" in (given.kind, wanted.kind):
        if wanted.kind == "param" and given.kind != "param":
            bound.setdefault(wanted.name, given)
        return True
    if wanted.kind == "param":
        return _bind(wanted, given, bound)
    if given.kind == "param":
        return _bind(given, wanted, bound)
    if given.kind == "null_type":
        return wanted.kind in ("null_type", "object", "timestamp", "duration", "opaque")
    if wanted.kind == "null_type":
        return given.kind in ("object", "timestamp", "duration", "opaque")
    if given.kind != wanted.kind or given.name != wanted.name or len(given.params) != len(wanted.params):
        return False
    if given.kind == "type":
        # Types of different things may be compared.
        return True
    return all(assignable(mine, theirs, bound) for mine, theirs in zip(given.params, wanted.params, strict=True))


def _bind(param: Type, other: Type, bound: Bindings) -> bool:
    known = bound.get(param.name)
    if known is None:
        if not (other.kind == "param" and other.name == param.name):
            bound[param.name] = other
        return True
    if known.kind == "dyn":
        return True
    if other.kind == "dyn":
        bound[param.name] = other
        return True
    if not assignable(other, known, bound):
        return False
    # Empty lists and null are first met without a type: the other says more.
    if _vague(known):
        bound[param.name] = other
    return True


def _vague(kind: Type) -> bool:
    return kind.kind in ("null_type", "param") or any(_vague(part) for part in kind.params)


def resolve(kind: Type, bound: Bindings) -> Type:
    """A type with its parameters replaced; unbound ones are dyn."""
    if kind.kind == "param":
        found = bound.get(kind.name)
        return types.DYN if found is None or found is kind else resolve(found, bound)
    if not kind.params or not _has_param(kind):
        return kind
    params = tuple(resolve(part, bound) for part in kind.params)
    return Type(kind.kind, params, name=kind.name, size=kind.size, min_size=kind.min_size)


def _has_param(kind: Type) -> bool:
    return kind.kind == "param" or any(_has_param(part) for part in kind.params)


def call(overloads: Sequence[Overload], args: Sequence[Type]) -> tuple[list[Overload], Type] | None:
    """The overloads that fit and the type of the result (dyn where they disagree), or None."""
    fitting: list[Overload] = []
    result: Type | None = None
    for overload in overloads:
        if len(overload.args) != len(args):
            continue
        bound: Bindings = {}
        if not all(assignable(mine, theirs, bound) for mine, theirs in zip(args, overload.args, strict=True)):
            continue
        fitting.append(overload)
        own = resolve(overload.result, bound)
        result = own if result is None or result.same(own) else types.DYN
    return (fitting, result) if result is not None else None
