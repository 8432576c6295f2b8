"""YAML bodies: the first document as JSON values, by the rules of sigs.k8s.io/yaml (YAML 1.1)."""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS: Final = {
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*)\Z", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_NUMBER_START: Final = frozenset("+-.0123456789")
_TAG: Final = "tag:yaml.org,2002:"
_MAX_DEPTH: Final = 1000
# How many nodes aliases may add beyond the text's own: enough for any real document.
_MAX_ALIASED: Final = 100_000


class YAMLError(ValueError):
    """Not YAML that stands for JSON; the text is the API's message."""


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    value: Any
    anchor: str | None
    key: Any = None
    has_key: bool = False
    line: int = 0
    size: int = 1
    merges: list[Any] = field(default_factory=list)


def load(data: bytes) -> tuple[Any, list[str]]:
    """The first document and, for each key that stands twice in a mapping, a message."""
    try:
        return _Builder().build(data)
    except yaml.MarkedYAMLError as error:
        raise YAMLError(f"yaml: {_where(error)}{error.problem or 'unknown problem parsing YAML content'}") from None
    except yaml.reader.ReaderError as error:
        raise YAMLError(f"yaml: {error.reason}") from None
    except UnicodeDecodeError:
        raise YAMLError("yaml: invalid leading UTF-8 octet") from None
    except yaml.YAMLError as error:
        raise YAMLError(f"yaml: {error}") from None


def _where(error: yaml.MarkedYAMLError) -> str:
    line = error.problem_mark.line if error.problem_mark else 0
    if line and isinstance(error, yaml.scanner.ScannerError):
        line += 1
    elif not line and error.context_mark:
        line = error.context_mark.line
    return f"line {line}: " if line else ""


class _Builder:
    """Builds values from libyaml's events without recursion: nesting can't exhaust the stack."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._duplicates: list[str] = []
        self._aliased = 0
        self._root: Any = None
        self._done = False

    def build(self, data: bytes) -> tuple[Any, list[str]]:
        for event in yaml.parse(data, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                value = scalar(event.value, event.tag, plain=event.implicit[0])
                self._anchor(event.anchor, value, 1)
                merge = event.value == "<<" and event.implicit[0]
                self._add(value, _line(event), 1, merge=merge)
            elif isinstance(event, yaml.MappingStartEvent):
                self._open({}, event)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._open([], event)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                self._close()
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentEndEvent):
                break
        return self._root, self._duplicates

    def _open(self, value: Any, event: Any) -> None:
        if len(self._stack) >= _MAX_DEPTH:
            raise YAMLError("yaml: exceeded max depth")
        self._stack.append(_Open(value, event.anchor, line=_line(event)))

    def _close(self) -> None:
        done = self._stack.pop()
        for merged in done.merges:
            for key, value in merged.items():
                done.value.setdefault(key, value)
        self._anchor(done.anchor, done.value, done.size)
        self._add(done.value, done.line, done.size)

    def _anchor(self, name: str | None, value: Any, size: int) -> None:
        if name is not None:
            self._anchors[name] = (value, size)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise YAMLError(f"yaml: unknown anchor '{event.anchor}' referenced")
        value, size = self._anchors[event.anchor]
        self._aliased += size
        if self._aliased > _MAX_ALIASED:
            raise YAMLError("yaml: document contains excessive aliasing")
        self._add(value, _line(event), size)

    def _add(self, value: Any, line: int, size: int, *, merge: bool = False) -> None:
        if not self._stack:
            self._root = value
            return
        top = self._stack[-1]
        top.size += size
        if isinstance(top.value, list):
            top.value.append(value)
        elif not top.has_key:
            top.key, top.has_key, top.line = (_Merge if merge else key_text(value)), True, line
        elif top.key is _Merge:
            top.has_key = False
            self._merge(top, value)
        else:
            top.has_key = False
            if top.key in top.value:
                self._duplicates.append(f'line {top.line + 1}: key "{top.key}" already set in map')
            top.value[top.key] = value

    @staticmethod
    def _merge(top: _Open, value: Any) -> None:
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            raise YAMLError("yaml: map merge requires map or sequence of maps as the value")
        top.merges.extend(sources)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line if event.start_mark else 0


class _Merge:
    """Stands for the key `<<`."""


def key_text(key: Any) -> str:
    """A mapping's key as JSON has it."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, int):
        return str(key)
    if isinstance(key, float):
        return repr(key)
    raise YAMLError("yaml: unsupported type of a map key")


def scalar(text: str, tag: str | None, *, plain: bool) -> Any:
    """The value of a scalar: by its tag, or by its look if it is plain (unquoted)."""
    if tag == _TAG + "binary":
        try:
            return base64.b64decode(text).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise YAMLError("yaml: !!binary value contains invalid base64 data") from None
    if tag == _TAG + "str" or tag == "!" or (tag is None and not plain):
        return text
    return _resolve(text)


def _resolve(text: str) -> Any:
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text[0] not in _NUMBER_START:
        return text
    digits = text.replace("_", "")
    if _INTEGER.match(digits):
        return _integer(digits)
    if _FLOAT.match(digits):
        value = float(digits)
        if math.isinf(value):
            return text
        # JSON has no 1.0 apart from 1.
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if text.lower().lstrip("+-") in (".inf", ".nan"):
        raise YAMLError(f"yaml: unsupported value: {text}")
    return text


def _integer(digits: str) -> int | float | str:
    """A whole number; one that is too large for Go's float64 too is a text."""
    unsigned = digits.lstrip("+-")
    lower = unsigned.lower()
    if len(lower) > 1 and lower[0] == "0" and lower[1] not in "xbo":
        value = int(lower, 8)
    else:
        value = int(lower, 0) if lower != "0o" else 0
    value = -value if digits[0] == "-" else value
    if -(2**63) <= value < 2**64:
        return value
    try:
        return float(value)
    except OverflowError:
        return digits
