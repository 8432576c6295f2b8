"""What changed between two objects, and what an object sets, as field sets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from apiserver_stub.meta.managed import shape as shapes
from apiserver_stub.meta.managed.fieldset import LEAF, SELF, Set
from apiserver_stub.meta.managed.shape import Shape

Object = dict[str, Any]

# Fields that nobody manages.
_HEAD: Final = frozenset({"apiVersion", "kind", "metadata"})
_UNTRACKED: Final = frozenset(
    {
        "clusterName",
        "creationTimestamp",
        "generation",
        "managedFields",
        "name",
        "namespace",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


class Undeclared(Exception):
    """A field that the schema does not have; the text is its name."""


def changes(shape: Shape, old: Object, new: Object, skipped: Collection[str] = ()) -> tuple[Set, Set]:
    """(added or modified, removed) fields of a whole object; top-level fields in `skipped` are not looked at.

    Raises Undeclared, shapes.KeyFault.
    """
    mine = {name: value for name, value in old.items() if name not in _HEAD and name not in skipped}
    theirs = {name: value for name, value in new.items() if name not in _HEAD and name not in skipped}
    changed, removed = _maps(shape, mine, theirs)
    if "metadata" not in skipped:
        more, fewer = _maps(shape.fields["metadata"], _metadata(old), _metadata(new))
        if more:
            changed["f:metadata"] = more
        if fewer:
            removed["f:metadata"] = fewer
    return changed, removed


def _metadata(obj: Object) -> Object:
    return {name: value for name, value in (obj.get("metadata") or {}).items() if name not in _UNTRACKED}


def untracked() -> Set:
    """The fields that no manager's set may hold."""
    return {
        **{f"f:{name}": LEAF for name in ("apiVersion", "kind")},
        "f:metadata": {SELF: LEAF, **{f"f:{name}": LEAF for name in _UNTRACKED}},
    }


def _maps(shape: Shape, old: Object, new: Object) -> tuple[Set, Set]:
    changed: Set = {}
    removed: Set = {}
    fields, item = shape.fields, shape.item
    for name, value in new.items():
        inner = fields.get(name) or item
        if inner is None:
            raise Undeclared(name)
        if name not in old:
            changed[f"f:{name}"] = whole(inner, value)
        elif (before := old[name]) != value or type(before) is not type(value):
            more, fewer = _values(inner, before, value)
            if more is not None:
                changed[f"f:{name}"] = more
            if fewer is not None:
                removed[f"f:{name}"] = fewer
    for name, value in old.items():
        if name not in new and (inner := fields.get(name) or item):
            removed[f"f:{name}"] = whole(inner, value)
    return changed, removed


def _values(shape: Shape, old: Any, new: Any) -> tuple[Set | None, Set | None]:
    """Of two values that differ: what changed at or below their place, and what is gone from below it."""
    if shape.kind == "any":
        mine, theirs = shapes.deduce(shape, old), shapes.deduce(shape, new)
        if mine is not theirs:
            return _retyped(mine, theirs, old, new)
        shape = mine
    if shape.kind == "scalar" or shape.atomic or not (old or new):
        return LEAF, None
    if shape.kind == "list":
        changed, removed = _lists(shape, old or [], new or [])
    else:
        changed, removed = _maps(shape, old or {}, new or {})
    return changed or None, removed or None


def _retyped(mine: Shape, theirs: Shape, old: Any, new: Any) -> tuple[Set | None, Set | None]:
    """A free-form value that became another type: its place changed, its fields came or went."""
    changed: Set = LEAF
    removed: Set | None = None
    if theirs.kind == "map" and new:
        changed = whole(theirs, new) if old is not None else _maps(theirs, {}, new)[0]
    if mine.kind == "map" and old:
        removed = _maps(mine, old, {})[1]
    return changed, removed


def _lists(shape: Shape, old: list[Any], new: list[Any]) -> tuple[Set, Set]:
    changed: Set = {}
    removed: Set = {}
    mine, theirs = _by_step(shape, old), _by_step(shape, new)
    item = shape.item
    assert item
    for step in {**mine, **theirs}:
        before, after = mine.get(step, ()), theirs.get(step, ())
        if before == after:
            continue
        if len(before) == len(after) == 1:
            more, fewer = _values(item, before[0], after[0])
        elif len(before) >= 2 and len(after) >= 2:
            more, fewer = LEAF, None
        else:
            more = _elements(item, after)
            fewer = _elements(item, before)
        if more is not None:
            changed[step] = more
        if fewer is not None:
            removed[step] = fewer
    return changed, removed


def _elements(item: Shape, found: list[Any] | tuple[()]) -> Set | None:
    """All of an element; of one that is there more than once only the place."""
    if not found:
        return None
    return whole(item, found[0]) if len(found) == 1 else LEAF


def _by_step(shape: Shape, items: list[Any]) -> dict[str, list[Any]]:
    out: dict[str, list[Any]] = {}
    for value in items:
        out.setdefault(shape.element(value), []).append(value)
    return out


def whole(shape: Shape, value: Any) -> Set:
    """Everything at and below a value that was not there before."""
    if shape.kind == "any":
        shape = shapes.deduce(shape, value)
    if shape.atomic or shape.kind == "scalar" or not value:
        return LEAF
    out: Set = {SELF: LEAF}
    if shape.kind == "list":
        item = shape.item
        assert item
        for step, found in _by_step(shape, value).items():
            out[step] = whole(item, found[0]) if len(found) == 1 else LEAF
        return out
    fields, item = shape.fields, shape.item
    for name, inner in value.items():
        below = fields.get(name) or item
        if below is None:
            raise Undeclared(name)
        plain = below.kind == "scalar" or below.atomic
        out[f"f:{name}"] = LEAF if plain else whole(below, inner)
    return out


def applied(shape: Shape, config: Object) -> Set:
    """The fields that a configuration sets: declared structs are not owned themselves, elements and map keys are."""
    return _set_by(shape, config) or {}


def _set_by(shape: Shape, value: Any) -> Set | None:
    if shape.kind == "any":
        shape = shapes.deduce(shape, value)
    if shape.atomic or shape.kind == "scalar":
        return LEAF
    if not value:
        return None
    out: Set = {}
    if shape.kind == "list":
        item = shape.item
        assert item
        for step, found in _by_step(shape, value).items():
            below = _set_by(item, found[0]) if len(found) == 1 else None
            out[step] = _own(below)
        return out
    fields, item = shape.fields, shape.item
    for name, inner in value.items():
        declared = fields.get(name)
        place = declared or item
        if place is None:
            raise Undeclared(name)
        below = _set_by(place, inner)
        if declared is None or inner is None or inner == {}:
            below = _own(below)
        if below is not None:
            out[f"f:{name}"] = below
    return out or None


def _own(below: Set | None) -> Set:
    return {SELF: LEAF, **below} if below else LEAF
