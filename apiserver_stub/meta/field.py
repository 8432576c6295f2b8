"""FieldError: one thing wrong with one field, in the words of the Kubernetes API."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

_TEXT: Final = {
    "FieldValueNotFound": "Not found",
    "FieldValueRequired": "Required value",
    "FieldValueDuplicate": "Duplicate value",
    "FieldValueInvalid": "Invalid value",
    "FieldValueNotSupported": "Unsupported value",
    "FieldValueForbidden": "Forbidden",
    "FieldValueTooLong": "Too long",
    "FieldValueTooMany": "Too many",
    "InternalError": "Internal error",
    "FieldValueTypeInvalid": "Invalid value",
}
_WITHOUT_VALUE: Final = {
    "FieldValueRequired",
    "FieldValueForbidden",
    "FieldValueTooLong",
    "FieldValueTooMany",
    "InternalError",
}
_ESCAPES: Final = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    '"': '\\"',
    "\\": "\\\\",
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """A cause of a 422: `reason` and `field` go into details.causes as they are.

    `value` is the bad value as upstream prints it (see `show`), empty if it isn't to be printed; `detail` says what is
    wrong with it.
    """

    reason: str
    field: str
    value: str
    detail: str

    @property
    def body(self) -> str:
        """The message of the cause: without the field."""
        text = _TEXT[self.reason]
        if self.value and self.reason not in _WITHOUT_VALUE:
            text = f"{text}: {self.value}"
        return f"{text}: {self.detail}" if self.detail else text

    @property
    def message(self) -> str:
        """The message as it stands in the Status: with the field."""
        return f"{self.field}: {self.body}"


class Raw(str):
    """A value that is printed as it is, for values that upstream prints in Go's notation."""

    __slots__ = ()


def show(value: Any) -> str:
    """How upstream prints a bad value: strings quoted as Go does, everything else as JSON."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def quote(text: str) -> str:
    """A string in Go's %q notation."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(_quoted_character(c) for c in text) + '"'


def _quoted_character(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def path(parent: str, name: str) -> str:
    """The path of a field within `parent`, which may be empty."""
    return f"{parent}.{name}" if parent else name


def required(field: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueRequired", field, "", detail)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueInvalid", field, show(value), detail)


def type_invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError("FieldValueTypeInvalid", field, show(value), detail)


def not_supported(field: str, value: Any, allowed: Iterable[str]) -> FieldError:
    """`allowed` in the order in which upstream lists them."""
    values = ", ".join(show(item) for item in allowed)
    return FieldError("FieldValueNotSupported", field, show(value), f"supported values: {values}" if values else "")


def duplicate(field: str, value: Any) -> FieldError:
    return FieldError("FieldValueDuplicate", field, show(value), "")


def not_found(field: str, value: Any) -> FieldError:
    return FieldError("FieldValueNotFound", field, show(value), "")


def forbidden(field: str, detail: str = "") -> FieldError:
    return FieldError("FieldValueForbidden", field, "", detail)


def too_long(field: str, maximum: int) -> FieldError:
    """`maximum` in bytes; upstream doesn't quote the value."""
    return FieldError("FieldValueTooLong", field, "", f"may not be more than {maximum} bytes")


def too_many(field: str, actual: int, maximum: int) -> FieldError:
    return FieldError("FieldValueTooMany", field, "", f"{actual}: must have at most {maximum} items")


def internal(field: str, detail: str) -> FieldError:
    return FieldError("InternalError", field, "", detail)
