"""Short hashes for names and labels of generated objects (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

# No vowels and no 0, 1, 3: no accidental words, nothing that looks alike.
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def fnv32(data: bytes) -> int:
    """FNV-1, which names ControllerRevisions; all else is FNV-1a."""
    value = 0x811C9DC5
    for byte in data:
        value = ((value * 0x01000193) & 0xFFFFFFFF) ^ byte
    return value


def fnv32a(data: bytes) -> int:
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def safe_encode(text: str) -> str:
    return "".join(_ALPHABET[ord(character) % len(_ALPHABET)] for character in text)


def of_object(value: Any, collision_count: int | None = None) -> str:
    """A hash of up to ten characters that is the same for equal JSON values, whatever the order of their keys.

    `collision_count` (a Deployment's or StatefulSet's `status.collisionCount`) gives a different one.
    """
    data = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    if collision_count is not None:
        data += collision_count.to_bytes(4, "little")
    return safe_encode(str(fnv32a(data)))


def of_template(template: Mapping[str, Any], collision_count: int | None = None) -> str:
    """The `pod-template-hash` of a pod template."""
    return of_object(template, collision_count)
