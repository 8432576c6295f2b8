"""Table columns of custom resources: additionalPrinterColumns, or the age where a definition has none."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from apiserver_stub import printers
from apiserver_stub.meta import field, goformat, jsonpath
from apiserver_stub.printers import cells

Object = dict[str, Any]

_DESCRIPTIONS: Final = Path(printers.__file__).with_name("descriptions.json")
_AGE: Final = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


@functools.cache
def _meta_descriptions() -> tuple[str, str]:
    """What the built-in kinds say about their name and age."""
    texts = orjson.loads(_DESCRIPTIONS.read_bytes())["/configmaps"]
    return texts[0], texts[-1]


class CustomColumns:
    """declared: spec.versions[].additionalPrinterColumns of the definition."""

    def __init__(self, declared: Sequence[Mapping[str, Any]]) -> None:
        self._declared = declared or (_AGE,)
        self._paths = [_path(column["jsonPath"]) for column in self._declared]

    @functools.cached_property
    def definitions(self) -> list[Object]:
        """columnDefinitions of a Table; shared, don't change it."""
        name, age = _meta_descriptions()
        found = [{"name": "Name", "type": "string", "format": "name", "description": name, "priority": 0}]
        for column in self._declared:
            text = f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"
            shown = {
                "name": column["name"],
                "type": column["type"],
                "format": column.get("format") or "",
                "description": age if column is _AGE else column.get("description") or text,
                "priority": column.get("priority") or 0,
            }
            found.append(shown)
        return found

    def cells(self, obj: Mapping[str, Any], now: dt.datetime) -> list[Any]:
        """The cells of a row; null for what is missing or of another type."""
        found: list[Any] = [cells.text(obj, "metadata", "name")]
        for column, path in zip(self._declared, self._paths, strict=True):
            found.append(_cell(column["type"], path, obj, now))
        return found


def _path(text: str) -> jsonpath.JSONPath | None:
    try:
        return jsonpath.compile(text)
    except jsonpath.JSONPathError:
        return None


def _cell(kind: str, path: jsonpath.JSONPath | None, obj: Mapping[str, Any], now: dt.datetime) -> Any:
    try:
        values = path.find(obj) if path else []
    except jsonpath.JSONPathError:
        return None
    if not values:
        return None
    # Only the first: columns are meant for paths that lead to one value.
    value = values[0]
    if kind == "string":
        return _text(value)
    if value is None:
        return None
    return _typed(kind, value, now)


def _text(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return field.show(_sorted(value))
    return "<no value>" if value is None else goformat.text(value)


def _sorted(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def _typed(kind: str, value: Any, now: dt.datetime) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "integer":
        return int(value) if is_number else None
    if kind == "number":
        return value if is_number else None
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind == "date" and isinstance(value, str):
        return "<invalid>" if cells.parse_time(value) is None else cells.since(value, now)
    return None
