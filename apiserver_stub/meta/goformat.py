"""How Go prints JSON values with %v: Kubernetes quotes them so in its error messages."""

from __future__ import annotations

from typing import Any


def text(value: Any) -> str:
    """`value` as fmt.Sprint shows it after JSON decoding: map[a:1 b:[x y]], <nil>, true."""
    if value is None:
        return "<nil>"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(text, value))}]"
    if isinstance(value, float):
        return _float(value)
    return str(value)


def type_name(value: Any) -> str:
    """The Go type that a JSON value decodes into."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int64"
    if isinstance(value, float):
        return "float64"
    if isinstance(value, dict):
        return "map[string]interface {}"
    return "[]interface {}" if isinstance(value, list) else "string"


def _float(value: float) -> str:
    # %v is %g with the shortest text, and an exponent from 1e21 on (Python switches at 1e16).
    shown = repr(value)
    if "e" not in shown:
        return shown.removesuffix(".0")
    if 1e-4 <= abs(value) < 1e21:
        return f"{value:.0f}"
    return shown
