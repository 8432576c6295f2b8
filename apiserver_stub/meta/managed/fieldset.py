"""Sets of fields in the form in which managedFields holds them (FieldsV1), and their algebra.

A set is the JSON tree itself: a key is one step of a path ("f:NAME" a field, 'k:{"name":"x"}' an element of a keyed
list, 'v:"x"' a member of a set list, "i:0" an index), {} below it makes the path a member, {".": {}, …} makes it one
along with some of what is below. Sets are never changed in place, so that they can share parts. See KEP-555.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

# The value under a step is a set again.
Set = dict[str, Any]

SELF: Final = "."
LEAF: Final[Set] = {}
_MARK: Final[Set] = {}


def is_member(node: Set) -> bool:
    """Whether the path that leads to `node` is itself in the set."""
    return not node or SELF in node


def union(one: Set, two: Set) -> Set:
    """What is in either."""
    if one is two or not two:
        return one
    if not one:
        return two
    out = dict(one)
    for step, theirs in two.items():
        mine = out.get(step)
        out[step] = theirs if mine is None else _joined(mine, theirs)
    return out


def _joined(one: Set, two: Set) -> Set:
    """The union of two nodes below the same step, where {} is a member and not nothing."""
    if one == two:
        return one
    if not one:
        return two if SELF in two else {SELF: _MARK, **two}
    if not two:
        return one if SELF in one else {SELF: _MARK, **one}
    return union(one, two)


def intersection(one: Set, two: Set) -> Set:
    """What is in both."""
    out: Set = {}
    for step, mine in one.items():
        theirs = two.get(step)
        if theirs is None or step == SELF:
            continue
        found = _common(mine, theirs)
        if found is not None:
            out[step] = found
    return out


def _common(one: Set, two: Set) -> Set | None:
    below = intersection(one, two) if one and two else {}
    if is_member(one) and is_member(two):
        return {SELF: _MARK, **below} if below else LEAF
    return below or None


def difference(one: Set, two: Set) -> Set:
    """What is in `one` and not in `two`; what is below a member of `two` stays."""
    if not two:
        return one
    out: Set = {}
    for step, mine in one.items():
        theirs = two.get(step)
        if theirs is None:
            out[step] = mine
        elif step != SELF and (left := _rest(mine, theirs)) is not None:
            out[step] = left
    return out


def _rest(one: Set, two: Set) -> Set | None:
    stays = is_member(one) and not is_member(two)
    below = difference(_below(one), _below(two))
    if stays:
        return {SELF: _MARK, **below} if below else LEAF
    return below or None


def _below(node: Set) -> Set:
    return {step: inner for step, inner in node.items() if step != SELF} if SELF in node else node


def without(one: Set, two: Set) -> Set:
    """What is in `one` and neither in `two` nor below a member of `two`."""
    if not two:
        return one
    out: Set = {}
    for step, mine in one.items():
        theirs = two.get(step)
        if theirs is None:
            out[step] = mine
        elif step != SELF and not is_member(theirs):
            below = without(_below(mine), theirs)
            if is_member(mine):
                out[step] = {SELF: _MARK, **below} if below else LEAF
            elif below:
                out[step] = below
    return out


def of_paths(*paths: tuple[str, ...]) -> Set:
    """The set of some fields, each given as the names that lead to it."""
    out: Set = {}
    for path in paths:
        one: Set = LEAF
        for name in reversed(path):
            one = {f"f:{name}": one}
        out = union(out, one)
    return out


def has(found: Set, path: tuple[str, ...]) -> bool:
    """Whether the field with these names is a member."""
    node: Set | None = found
    for name in path:
        node = node.get(f"f:{name}") if node else None
        if node is None:
            return False
    return node is not None and is_member(node)


def paths(found: Set, before: str = "") -> Iterator[str]:
    """Each member as upstream writes paths: .spec.containers[name="x"].image."""
    members, inner = [], []
    for step in sorted(found, key=_order):
        if step == SELF:
            continue
        node, path = found[step], before + shown(step)
        if is_member(node):
            members.append(path)
        if node:
            inner.append((node, path))
    # A set tells its own members first, then what is below each.
    yield from members
    for node, path in inner:
        yield from paths(node, path)


_RANK: Final = {"f": 0, "k": 1, "v": 2, "i": 3}


def _order(step: str) -> tuple[int, str]:
    return _RANK.get(step[0], -1), step


def shown(step: str) -> str:
    """One step as it stands in a path of a message."""
    kind, _, text = step.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "i":
        return f"[{text}]"
    if kind == "v":
        return f"[={text}]"
    fields: dict[str, Any] = orjson.loads(text)
    return f"[{','.join(f'{name}={orjson.dumps(value).decode()}' for name, value in sorted(fields.items()))}]"


def is_valid(found: Any) -> bool:
    """Whether a JSON value is a set: every key a step, everything else below."""
    if not isinstance(found, dict):
        return False
    return all(_is_step(step) and is_valid(inner) for step, inner in found.items())


def _is_step(step: str) -> bool:
    if step == SELF:
        return True
    kind, colon, text = step.partition(":")
    if not colon or kind not in ("f", "k", "v", "i"):
        return False
    if kind == "f":
        return True
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    if kind == "k":
        return isinstance(value, dict)
    return kind == "v" or (isinstance(value, int) and not isinstance(value, bool))
