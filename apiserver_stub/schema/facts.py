"""Facts about built-in resources that no schema holds: Table columns and field selectors."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from apiserver_stub.schema import kinds

_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a Table (meta.k8s.io/v1), without its description."""

    name: str
    type: str
    format: str
    priority: int


@dataclass(frozen=True, slots=True)
class FieldSelectors:
    """Which fields a field selector may name.

    `message` is the answer to `spec.none=x`; the selector's own field goes in its place.
    """

    supported: tuple[str, ...]
    message: str


def columns(resource: kinds.Resource) -> tuple[Column, ...] | None:
    """The Table columns of a built-in resource; None when it has none of its own."""
    rows = _read("columns.json").get(_key(resource))
    return None if rows is None else tuple(Column(*row) for row in rows)


def field_selectors(resource: kinds.Resource) -> FieldSelectors | None:
    """The field selectors of a built-in resource; None when unknown."""
    row = _read("fieldselectors.json").get(_key(resource))
    return None if row is None else FieldSelectors(tuple(row["supported"]), row["message"])


def _key(resource: kinds.Resource) -> str:
    return f"{resource.api_version}/{resource.name}"


@functools.cache
def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((_DATA / name).read_bytes())
    return found


# Resources whose use is answered with a warning, whatever the verb.
_DEPRECATED = {
    "v1/componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
    "v1/endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}


def deprecation(resource: kinds.Resource) -> str | None:
    """The text of the warning that goes with every answer about a deprecated resource."""
    return _DEPRECATED.get(_key(resource))
