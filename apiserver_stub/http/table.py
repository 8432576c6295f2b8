"""Tables (meta.k8s.io/v1): what `kubectl get` asks for instead of the objects themselves."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from apiserver_stub import printers
from apiserver_stub.meta import status
from apiserver_stub.printers import pods
from apiserver_stub.registry.internal import internal
from apiserver_stub.schema import facts, kinds

_GROUP: Final = "meta.k8s.io"
_DESCRIPTIONS: Final = Path(printers.__file__).with_name("descriptions.json")
_INCLUDES: Final = ("None", "Metadata", "Object")
# Kinds without columns of their own.
_DEFAULT_COLUMNS: Final = (facts.Column("Name", "string", "name", 0), facts.Column("Created At", "date", "", 0))


class Columns(Protocol):
    """Columns that a kind brings itself."""

    @property
    def definitions(self) -> list[dict[str, Any]]: ...

    def cells(self, obj: Mapping[str, Any], now: dt.datetime) -> list[Any]: ...


def include_of(value: str) -> str:
    """The `includeObject` of a request, "Metadata" when it says nothing; raises BadRequest (400) for other words."""
    if value and value not in _INCLUDES:
        raise status.bad_request(
            f'Unable to convert to Table as requested: includeObject: Invalid value: "{value}": '
            "must be 'Metadata', 'Object', 'None', or empty"
        )
    return value or "Metadata"


def render(
    resource: kinds.Resource,
    objects: Iterable[dict[str, Any]],
    *,
    list_meta: Mapping[str, Any],
    include: str = "Metadata",
    headers: bool = True,
    version: str = "v1",
    now: dt.datetime | None = None,
    own: Columns | None = None,
) -> dict[str, Any]:
    """A Table of `objects`.

    `list_meta` is the table's metadata (resourceVersion, continue …); `include` what each row carries: "None",
    "Metadata" or "Object"; without `headers` the columns are null, as in all but the first event of a watch. own:
    columns of a custom resource.
    """
    now = now or dt.datetime.now(dt.UTC)
    columns = own.definitions if own else _columns(resource)
    cells = own.cells if own else printers.printer(resource.group, resource.name)
    is_pod = resource.group == "" and resource.name == "pods"
    api_version = f"{_GROUP}/{version}"
    rows = []
    for obj in objects:
        inside = internal(obj)
        row: dict[str, Any] = {"cells": cells(inside, now)[: len(columns)]}
        if is_pod and (conditions := pods.row_conditions(obj)):
            row["conditions"] = conditions
        row["object"] = _row_object(obj if include == "Object" else inside, include, api_version)
        rows.append(row)
    # Go's empty list: kinds without columns of their own never get one.
    has_own = own is not None or (resource.group, resource.name) in printers.PRINTERS
    return {
        "kind": "Table",
        "apiVersion": api_version,
        "metadata": dict(list_meta),
        "columnDefinitions": columns if headers else None,
        "rows": rows if rows or has_own else None,
    }


def _row_object(obj: Mapping[str, Any], include: str, api_version: str) -> Any:
    if include == "Object":
        return obj
    if include == "None":
        return None
    return {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj.get("metadata") or {}}


def _columns(resource: kinds.Resource) -> list[dict[str, Any]]:
    """Column definitions; the result is shared, don't change it."""
    return _definitions(resource.group, resource.name, facts.columns(resource) or _DEFAULT_COLUMNS)


@functools.lru_cache(maxsize=256)
def _definitions(group: str, name: str, columns: tuple[facts.Column, ...]) -> list[dict[str, Any]]:
    texts = _descriptions().get(f"{group}/{name}") or [""] * len(columns)
    return [
        {
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": text,
            "priority": column.priority,
        }
        for column, text in zip(columns, texts, strict=True)
    ]


def _descriptions() -> dict[str, list[str]]:
    found: dict[str, list[str]] = orjson.loads(_DESCRIPTIONS.read_bytes())
    return found
