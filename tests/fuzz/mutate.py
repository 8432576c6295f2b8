"""Makes bodies wrong: one recorded valid body in, one that is broken in a few places out. Pure but for the dice."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

LONG = "x" * 70_000
# More levels than our JSON encoder takes; few enough for Python to copy. Places further down than that are left alone.
_DEEP, _REACH = 260, 40

# Numbers, texts and shapes that parsers and validators stumble over.
VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2**31,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    10**400,
    0.5,
    1e308,
    -0.0,
    float("inf"),
    float("nan"),
    "",
    " ",
    "0",
    "-1",
    "1e400",
    "9" * 400,
    "999999999999999999999Ei",
    "1.5m",
    "%",
    "100%",
    "-5%",
    "\0",
    "a\0b",
    "\ud800",
    "💥",
    "٣",
    "a/b/c",
    "../..",
    "/",
    "A_b",
    "a" * 254,
    LONG,
    "::ffff:1.2.3.4",
    "10.0.0.0/33",
    "999.1.1.1",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:60Z",
    "2024-13-01T00:00:00Z",
    "2024-01-01T00:00:00+99:99",
    "*/0 * * * *",
    "0 0 31 2 *",
    "TZ=Nowhere 0 0 * * *",
    "(" * 500,
    "$(X)",
    "=,!~",
    "bm90IGJhc2U2NA",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
    {"a": {"b": {"c": []}}},
    [0, "a", None, {}],
    {"$patch": "delete"},
    {"$patch": "nope"},
    {"$retainKeys": [1]},
    {"$setElementOrder/x": {}},
)
KEYS = ("", "$patch", "kind", "apiVersion", "metadata", "spec", "status", "name", "nope", "\0", "a.b/c", LONG[:300])
MEDIA = (
    "application/json",
    "application/yaml",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
    "",
)
PATCHES = (
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/json-patch+json",
)

Place = tuple[Any, Any]


def places(obj: Any, depth: int = 0) -> Iterator[Place]:
    """Every (container, key) in an object."""
    if depth == _REACH:
        return
    pairs = obj.items() if isinstance(obj, dict) else enumerate(obj) if isinstance(obj, list) else ()
    for key, value in list(pairs):
        yield obj, key
        yield from places(value, depth + 1)


def pointer(obj: Any, dice: random.Random) -> str:
    """A JSON pointer to somewhere in the object, or beside it."""
    path = ""
    while isinstance(obj, dict | list) and obj and dice.random() < 0.8:
        key = dice.choice(list(obj) if isinstance(obj, dict) else range(len(obj)))
        path += "/" + str(key).replace("~", "~0").replace("/", "~1")
        obj = obj[key]
    return path + dice.choice(("", "", "", "/-", "/0", "/nope", "/~2", "x", "/999999999999999999999"))


def value(dice: random.Random, others: list[Any]) -> Any:
    """Something to put where it does not belong."""
    if others and dice.random() < 0.3:
        return copy.deepcopy(dice.choice(others))
    if dice.random() < 0.05:
        found: Any = dice.choice(VALUES)
        for _ in range(_DEEP):
            found = [found] if dice.random() < 0.5 else {"a": found}
        return found
    return copy.deepcopy(dice.choice(VALUES))


def _replace(place: Place, dice: random.Random, others: list[Any]) -> None:
    container, key = place
    container[key] = value(dice, others)


def _remove(place: Place, dice: random.Random, others: list[Any]) -> None:
    container, key = place
    del container[key]


def _add(place: Place, dice: random.Random, others: list[Any]) -> None:
    container, _ = place
    if isinstance(container, dict):
        container[dice.choice(KEYS)] = value(dice, others)
    else:
        container.append(value(dice, others))


def _wrap(place: Place, dice: random.Random, others: list[Any]) -> None:
    container, key = place
    container[key] = dice.choice(([container[key]], {"a": container[key]}, str(container[key])))


def _rename(place: Place, dice: random.Random, others: list[Any]) -> None:
    container, key = place
    if isinstance(container, dict):
        container[key.upper() if dice.random() < 0.5 else dice.choice(KEYS)] = container.pop(key)


def _repeat(place: Place, dice: random.Random, others: list[Any]) -> None:
    container, key = place
    if isinstance(container, list):
        container += [copy.deepcopy(container[key])] * dice.choice((1, 2, 1000))
    else:
        container[f"{key}2"] = copy.deepcopy(container[key])


_CHANGES: tuple[Callable[[Place, random.Random, list[Any]], None], ...] = (
    _replace,
    _replace,
    _replace,
    _remove,
    _add,
    _wrap,
    _rename,
    _repeat,
)


def mutated(obj: Any, dice: random.Random) -> Any:
    """A copy with one to four changes."""
    obj = copy.deepcopy(obj)
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        found = list(places(obj))
        if not found:
            return value(dice, [])
        others = [container[key] for container, key in found]
        dice.choice(_CHANGES)(dice.choice(found), dice, others)
    return obj


def encoded(obj: Any, dice: random.Random) -> bytes:
    """As JSON, at times with damage to the bytes themselves."""
    content = json.dumps(obj, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    return damaged(content, dice) if dice.random() < 0.15 else content


def damaged(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    before, after = content[:at], content[at:]
    return dice.choice(
        (
            before,
            before + b"\0" + after,
            before + bytes([dice.randrange(256)]) + after,
            before + b"\xff\xfe" + after,
            before + after[1:],
            b"\xef\xbb\xbf" + content,
            content + content,
            content.replace(b'"metadata"', b'"metadata":{},"metadata"', 1),
            content.replace(b'"spec"', b'"spec":[],"spec"', 1),
            b"[" * 10_000 + content,
            b'{"a":' * 10_000,
            content.replace(b'"', b"'"),
            b"k8s\0" + content,
        )
    )


def json_patch(obj: Any, dice: random.Random) -> list[Any]:
    """Operations on an object, most of them possible."""
    return [
        {
            "op": dice.choice(("add", "replace", "remove", "copy", "move", "test", "nope")),
            "path": pointer(obj, dice),
            "from": pointer(obj, dice),
            "value": value(dice, []),
        }
        for _ in range(dice.choice((1, 1, 2, 5)))
    ]
