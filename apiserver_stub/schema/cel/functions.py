"""CEL's functions: their overloads, found by name; libraries register theirs here."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.schema.cel import types, values
from apiserver_stub.schema.cel.types import Type

_LIBRARIES: Final = (
    "standard",
    "conversions",
    "times",
    "strings",
    "lists",
    "network",
    "quantities",
    "optionals",
    "authorizer",
    "patches",
)
_CLASSES: Final[Mapping[str, Any]] = {
    "bool": bool,
    "double": float,
    "string": str,
    "bytes": bytes,
    "null_type": type(None),
    "timestamp": values.Timestamp,
    "duration": values.Duration,
    "type": values.TypeValue,
    "list": list,
    "map": dict,
    "object": dict,
}


@dataclass(frozen=True, slots=True)
class Overload:
    """One signature of a function. `args` begin with the receiver of a method; `run` takes them in that order."""

    name: str
    args: tuple[Type, ...]
    result: Type
    method: bool
    run: Callable[..., Any]
    # Which estimate of cost holds; see schema/cel/cost.py.
    id: str = ""

    def fits(self, given: list[Any]) -> bool:
        """Whether values may be passed, at run time."""
        return all(_accepts(kind, value) for kind, value in zip(self.args, given, strict=True))


def _accepts(kind: Type, value: Any) -> bool:
    if kind.kind in ("dyn", "param"):
        return True
    if kind.kind == "int":
        return isinstance(value, int) and not isinstance(value, bool | values.UInt)
    if kind.kind == "uint":
        return isinstance(value, values.UInt)
    if kind.kind == "opaque":
        name = kind.name
        return isinstance(value, values.Optional) if name == "optional_type" else _opaque(value, name)
    return isinstance(value, _CLASSES[kind.kind])


def _opaque(value: Any, name: str) -> bool:
    return isinstance(value, values.Opaque) and value.kind == name


class Table:
    """Overloads of one library."""

    def __init__(self) -> None:
        self.overloads: list[Overload] = []

    def function(self, name: str, signature: str, run: Callable[..., Any], id: str = "") -> None:
        """signature: "string; list(A) -> A"."""
        self._add(name, signature, run, id, method=False)

    def method(self, name: str, signature: str, run: Callable[..., Any], id: str = "") -> None:
        """As `function`; the first argument is the receiver."""
        self._add(name, signature, run, id, method=True)

    def _add(self, name: str, signature: str, run: Callable[..., Any], id: str, *, method: bool) -> None:
        args, result = signature.split("->")
        parsed = tuple(types.parse(part.strip()) for part in args.split(";") if part.strip())
        self.overloads.append(Overload(name, parsed, types.parse(result.strip()), method, run, id or name))


@functools.cache
def table() -> Mapping[str, tuple[Overload, ...]]:
    """All overloads by name; libraries are imported when the first expression is compiled."""
    found: dict[str, list[Overload]] = {}
    for name in _LIBRARIES:
        library = importlib.import_module(f"apiserver_stub.schema.cel.{name}")
        for one in library.TABLE.overloads:
            found.setdefault(one.name, []).append(one)
    return {name: tuple(overloads) for name, overloads in found.items()}
