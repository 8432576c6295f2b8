"""CEL's optional values."""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.standard import index
from apiserver_stub.schema.cel.values import NONE, EvalError, Optional

TABLE: Final = Table()


def _is_zero(value: Any) -> bool:
    return value is None or (isinstance(value, bool | int | float | str | bytes | list | dict) and not value)


def _value(optional: Optional) -> Any:
    if not optional.present:
        raise EvalError("optional.none() dereference")
    return optional.value


def optional_index(within: Any, key: Any) -> Optional:
    """within[?key], of optionals too."""
    if isinstance(within, Optional):
        if not within.present:
            return NONE
        within = within.value
    try:
        return Optional(index(within, key))
    except EvalError:
        return NONE


def _indexed(within: Optional, key: Any) -> Optional:
    return optional_index(within, key)


def _declare() -> None:
    function, method = TABLE.function, TABLE.method
    function("optional.of", "A -> optional(A)", Optional, "scalar")
    function("optional.ofNonZeroValue", "A -> optional(A)", lambda v: NONE if _is_zero(v) else Optional(v), "scalar")
    function("optional.none", " -> optional(A)", lambda: NONE, "scalar")
    method("value", "optional(A) -> A", _value, "scalar")
    method("hasValue", "optional(A) -> bool", lambda o: o.present, "scalar")
    method("or", "optional(A); optional(A) -> optional(A)", lambda a, b: a if a.present else b, "scalar")
    method("orValue", "optional(A); A -> A", lambda a, b: a.value if a.present else b, "scalar")
    function("_[?_]", "list(A); int -> optional(A)", optional_index, "scalar")
    function("_[?_]", "map(A, B); A -> optional(B)", optional_index, "scalar")
    function("_[?_]", "optional(list(A)); int -> optional(A)", _indexed, "scalar")
    function("_[?_]", "optional(map(A, B)); A -> optional(B)", _indexed, "scalar")
    function("_[_]", "optional(list(A)); int -> optional(A)", _indexed, "scalar")
    function("_[_]", "optional(map(A, B)); A -> optional(B)", _indexed, "scalar")


_declare()
