"""Defaults by definition: applied wherever a definition stands, so every kind that embeds a Pod template gets them.

Each entry of a table changes one object of that definition in place; parents come before their children, as upstream.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from apiserver_stub.schema import openapi

Apply = Callable[[dict[str, Any]], None]


class Defaulter:
    """Applies a table of defaults below a kind's definition; what has none below it is never visited."""

    def __init__(self, table: Mapping[str, Apply]) -> None:
        """table: short definition name ("core.v1.Container") -> function."""
        self._table = {f"io.k8s.api.{name}": apply for name, apply in table.items()}
        self._compiled: dict[str, Apply | None] = {}

    def apply(self, node: openapi.Node, obj: dict[str, Any]) -> None:
        found = self._definition(node)
        if found is not None:
            found(obj)

    def _definition(self, node: openapi.Node) -> Apply | None:
        if node.name in self._compiled:
            return self._compiled[node.name]
        # A definition that contains itself (JSON schemas) has no defaults of ours.
        self._compiled[node.name] = None
        own = self._table.get(node.name)
        below = []
        for name, field in node.fields.items():
            visit = self._visit(field)
            if visit is not None:
                below.append((name, visit))
        if own is None and not below:
            return None
        compiled = self._compiled[node.name] = _sequence(own, tuple(below))
        return compiled

    def _visit(self, node: openapi.Node) -> Callable[[Any], None] | None:
        if node.type == "object":
            return self._definition(node)
        inner = node.items if node.type == "array" else node.values if node.type == "map" else None
        each = self._visit(inner) if inner is not None else None
        if each is None:
            return None
        return _each_item(each) if node.type == "array" else _each_value(each)


def _sequence(own: Apply | None, below: tuple[tuple[str, Callable[[Any], None]], ...]) -> Apply:
    def apply(obj: dict[str, Any]) -> None:
        if own is not None:
            own(obj)
        for name, visit in below:
            value = obj.get(name)
            if value is not None:
                visit(value)

    return apply


def _each_item(each: Callable[[Any], None]) -> Callable[[Any], None]:
    def visit(items: list[Any]) -> None:
        for item in items:
            each(item)

    return visit


def _each_value(each: Callable[[Any], None]) -> Callable[[Any], None]:
    def visit(values: dict[str, Any]) -> None:
        for value in values.values():
            each(value)

    return visit


def fill(**values: Any) -> Apply:
    """Sets fields that are missing, or empty where empty means missing."""

    def apply(obj: dict[str, Any]) -> None:
        for name, value in values.items():
            if name not in obj:
                obj[name] = value

    return apply
