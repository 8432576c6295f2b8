"""Quantities (apimachinery, api/resource): parsing, comparing and the canonical spelling."""

from __future__ import annotations

import functools
import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal, Inexact
from typing import Final

_SYNTAX: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)\Z")
_FORMAT_ERROR: Final = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
_SUFFIX_ERROR: Final = "unable to parse quantity's suffix"

_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX: Final = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX: Final = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_EXPONENT: Final = re.compile(r"[eE]([+-]?[0-9]+)\Z")
# Wide enough that no arithmetic here rounds by itself.
_EXACT: Final = Context(prec=200, traps=[Inexact])
# More digits than any number has that is not cut to the limits anyway.
_DIGITS: Final = 100
_LIMIT: Final = Decimal(2**63 - 1)


class QuantityError(ValueError):
    """Not a quantity; the text is the API's message."""


def parse(text: str) -> Decimal:
    """The value of a quantity; raises QuantityError in the API's words."""
    return _parse(text)[0]


@functools.lru_cache(maxsize=2048)
def canonical(text: str) -> str:
    """The canonical spelling of an entry of a resource list; below a thousandth is rounded up."""
    value, form = _parse(text)
    return _spelled(_round_up(value, -3), form)


def spelled(value: Decimal, like: str) -> str:
    """The canonical spelling of a computed value, in the notation of another quantity."""
    return _spelled(value, _parse(like)[1])


def _spelled(value: Decimal, form: str) -> str:
    if form == "binary" and -1024 < value < 1024:
        form = "decimal"
    if form == "binary":
        return _binary(value)
    return _decimal(value, "e" if form == "exponent" else "")


@functools.lru_cache(maxsize=2048)
def _parse(text: str) -> tuple[Decimal, str]:
    found = _SYNTAX.match(text)
    if not text or not found or not (found[2] or found[3]):
        raise QuantityError(_FORMAT_ERROR)
    sign, number, fraction, suffix = found[1], found[2], found[3] or "", found[4]
    if len(number) + len(fraction) > _DIGITS:
        raise QuantityError(_FORMAT_ERROR)
    value = Decimal(f"{sign}{number or '0'}.{fraction or '0'}")
    if suffix in _BINARY:
        return _bounded(_EXACT.multiply(value, Decimal(2 ** _BINARY[suffix]))), "binary"
    if suffix in _DECIMAL:
        return _bounded(value.scaleb(_DECIMAL[suffix], _EXACT)), "decimal"
    exponent = _EXPONENT.match(suffix)
    if not exponent or len(exponent[1]) > 6:
        raise QuantityError(_SUFFIX_ERROR)
    return _bounded(value.scaleb(max(-1000, min(1000, int(exponent[1]))), _EXACT)), "exponent"


def _bounded(value: Decimal) -> Decimal:
    """Within ±(2⁶³-1), and no finer than a billionth (rounded away from zero)."""
    if abs(value) > _LIMIT:
        return _LIMIT.copy_sign(value)
    return _round_up(value, -9)


def _round_up(value: Decimal, exponent: int) -> Decimal:
    """Rounds away from zero to a multiple of 10**exponent."""
    rounding = ROUND_FLOOR if value < 0 else ROUND_CEILING
    step = Decimal(1).scaleb(exponent)
    return value.quantize(step, rounding, Context(prec=200))


def _decimal(value: Decimal, mark: str) -> str:
    digits, exponent = int(value.scaleb(9, _EXACT)), -9
    if digits == 0:
        return "0"
    while digits % 10 == 0:
        digits //= 10
        exponent += 1
    while exponent % 3:
        digits *= 10
        exponent -= 1
    if exponent > 18:
        digits *= 10 ** (exponent - 18)
        exponent = 18
    suffix = f"e{exponent}" if mark and exponent else "" if mark else _DECIMAL_SUFFIX[exponent]
    return f"{digits}{suffix}"


def _binary(value: Decimal) -> str:
    digits, power = int(_round_up(value, 0)), 0
    while digits % 1024 == 0 and power < len(_BINARY_SUFFIX) - 1:
        digits //= 1024
        power += 1
    return f"{digits}{_BINARY_SUFFIX[power]}"
