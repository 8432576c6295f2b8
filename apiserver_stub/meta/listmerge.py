"""Order of merged lists: the patch's order first, then as it stood on the server. Linear in their lengths."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import orjson

# What makes an element the same one in two lists.
Identity = Callable[[Any], Hashable]


def of_value(value: Any) -> Hashable:
    """Identity of a scalar (or of anything, by content): true and 1 differ, as in JSON."""
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return type(value), value


def of_key(key: str) -> Identity:
    """Identity of an object by its merge key; of a scalar by value where there is none."""
    if not key:
        return of_value
    return lambda item: of_value(item[key]) if isinstance(item, dict) and key in item else (None, id(item))


def unique(items: list[Any], identity: Identity) -> list[Any]:
    return list({identity(item): item for item in items}.values())


def partition(items: list[Any], by: list[Any], identity: Identity) -> tuple[list[Any], list[Any]]:
    """What stands in `by`, and the rest."""
    known = {identity(item) for item in by}
    inside: list[Any] = []
    outside: list[Any] = []
    for item in items:
        (inside if identity(item) in known else outside).append(item)
    return inside, outside


def is_subsequence(items: list[Any], of: list[Any], identity: Identity) -> bool:
    rest = map(identity, of)
    return all(identity(item) in rest for item in items)


def in_order(wanted: list[Any], rest: list[Any], order: list[Any], server: list[Any], identity: Identity) -> list[Any]:
    """`wanted` sorted by `order`, with `rest` (only the server knows them) woven in where `server` has them.

    See the design note "Preserve order in strategic merge patch": order of the patch before order of the server.
    """
    by_order, by_server = _positions(order, identity), _positions(server, identity)
    chosen = sorted(wanted, key=lambda item: by_order.get(identity(item), -1))
    others = sorted(rest, key=lambda item: by_server.get(identity(item), -1))
    woven: list[Any] = []
    left = right = 0
    while left < len(others) and right < len(chosen):
        here = by_server.get(identity(others[left]), -1)
        there = by_server.get(identity(chosen[right]), -1)
        if 0 <= here < there:
            woven.append(others[left])
            left += 1
        else:
            woven.append(chosen[right])
            right += 1
    return woven + chosen[right:] + others[left:]


def _positions(items: list[Any], identity: Identity) -> dict[Hashable, int]:
    found: dict[Hashable, int] = {}
    for at, item in enumerate(items):
        found.setdefault(identity(item), at)
    return found
