"""Lists and maps of limited size whose entries are checked one by one."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError

# An entry and its path to what is wrong with it.
Check = Callable[[Any, str], list[FieldError]]


def each(items: Sequence[Any], most: int, path: str, check: Check) -> list[FieldError]:
    """A list that is too long is not looked into. most: -1 for any number."""
    if 0 <= most < len(items):
        return [field.too_many(path, len(items), most)]
    out = []
    for i, item in enumerate(items):
        out += check(item, f"{path}[{i}]")
    return out


def unique(
    items: Sequence[Any], most: int, path: str, check: Check, key: Callable[[Any], Hashable] = str
) -> list[FieldError]:
    """Like each; and no key comes twice."""
    if 0 <= most < len(items):
        return [field.too_many(path, len(items), most)]
    out = each(items, -1, path, check)
    seen: set[Hashable] = set()
    for i, item in enumerate(items):
        found = key(item)
        if found in seen:
            out.append(field.duplicate(f"{path}[{i}]", found))
        seen.add(found)
    return out


def entries(
    values: Mapping[str, Any], most: int, path: str, key_check: Check, check: Check, shown: int
) -> list[FieldError]:
    """The entries of a map. shown: characters of a key that a path may hold."""
    if 0 <= most < len(values):
        return [field.too_many(path, len(values), most)]
    out = []
    for name in sorted(values):
        out += key_check(name, path) + check(values[name], f"{path}[{_shortened(name, shown)}]")
    return out


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    rest = most - 3
    return f"{text[: (rest + 1) // 2]}...{text[len(text) - rest // 2 :]}"
