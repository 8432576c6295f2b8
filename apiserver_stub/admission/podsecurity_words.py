"""What the checks of the Pod Security Standards share: looking through containers, and naming the bad ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]


def containers(spec: Object) -> list[Object]:
    return [
        *(spec.get("initContainers") or ()),
        *(spec.get("containers") or ()),
        *(spec.get("ephemeralContainers") or ()),
    ]


def context(holder: Object) -> Object:
    """The security context of a Pod's spec or a container."""
    return holder.get("securityContext") or {}


def is_windows(spec: Object) -> bool:
    return (spec.get("os") or {}).get("name") == "windows"


def plural(word: str, items: Collection[Any]) -> str:
    return word if len(items) == 1 else f"{word}s"


def quoted(items: Iterable[str]) -> str:
    return ", ".join(f'"{item}"' for item in items)


def named(word: str, names: Collection[str]) -> str:
    """`container "a"`, `containers "a", "b"`."""
    return f"{plural(word, names)} {quoted(names)}"
