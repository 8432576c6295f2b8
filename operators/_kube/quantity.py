"""Resource quantities: "500m", "1Gi", "0.1", "1e3" (pure). See the Kubernetes reference page "Quantity"."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Context, Decimal
from typing import Literal

_BINARY = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "Pi": 1 << 50, "Ei": 1 << 60}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_PATTERN = re.compile(r"([+-]?(?:\d+(?:\.\d*)?|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d{1,3}|[numkMGTPE]?)")
# Quantities hold up to 2⁶³-1 with three digits after the point; enough digits that nothing is rounded on the way.
_EXACT = Context(prec=60)


def parse(text: str | int | float) -> Decimal:
    """The exact value of a quantity. Raises ValueError for anything that is not one."""
    match = _PATTERN.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{text!r} is not a quantity")
    number, suffix = Decimal(match[1]), match[2]
    if suffix in _BINARY:
        return _EXACT.multiply(number, Decimal(_BINARY[suffix]))
    exponent = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    return number.scaleb(exponent, context=_EXACT)


def value(text: str | int | float) -> int:
    """In whole units, rounded up (bytes, cores, items)."""
    return int(parse(text).to_integral_value(ROUND_CEILING))


def milli(text: str | int | float) -> int:
    """In thousandths, rounded up (CPU: millicores)."""
    return int(parse(text).scaleb(3, context=_EXACT).to_integral_value(ROUND_CEILING))


def from_bytes(count: int, unit: Literal["", "Ki"] = "Ki") -> str:
    """How a kubelet writes sizes: "16311884Ki"."""
    return f"{count >> 10}Ki" if unit else str(count)


def from_milli(count: int) -> str:
    """In the shortest canonical form: 2000 → "2", 250 → "250m"."""
    return str(count // 1000) if count % 1000 == 0 else f"{count}m"
