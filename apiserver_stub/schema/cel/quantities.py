"""CEL's quantities, semantic versions and named formats, as Kubernetes adds them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from apiserver_stub.schema import quantity, structural_formats
from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.values import NONE, EvalError, Opaque, Optional

TABLE: Final = Table()
_SEMVER: Final = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)


def _parse_quantity(text: str) -> Opaque:
    try:
        return Opaque("kubernetes.Quantity", quantity.parse(text))
    except quantity.QuantityError as problem:
        raise EvalError(str(problem)) from None


def _is_quantity(text: str) -> bool:
    try:
        quantity.parse(text)
    except quantity.QuantityError:
        return False
    return True


def _is_integer(value: Opaque) -> bool:
    number: Decimal = value.value
    return number == number.to_integral_value() and -(2**63) <= number < 2**63


def _as_integer(value: Opaque) -> int:
    if not _is_integer(value):
        raise EvalError("cannot convert value to integer")
    return int(value.value)


def _sign(value: Opaque) -> int:
    return int(value.value > 0) - int(value.value < 0)


def _compare(left: Any, right: Any) -> int:
    return int(left.value > right.value) - int(left.value < right.value)


def _sum(sign: int) -> Callable[[Opaque, Any], Opaque]:
    def add(left: Opaque, right: Any) -> Opaque:
        other = right.value if isinstance(right, Opaque) else Decimal(right)
        return Opaque("kubernetes.Quantity", left.value + sign * other)

    return add


def _semver_parts(text: str, *, lenient: bool = False) -> tuple[Any, ...] | None:
    if lenient:
        text = re.sub(r"^v", "", text)
        core, mark, rest = re.match(r"([^-+]*)([-+]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
        numbers = [part.lstrip("0") or "0" if part else part for part in core.split(".")]
        text = ".".join([*numbers, *["0"] * (3 - len(numbers))]) + mark + rest
    found = _SEMVER.fullmatch(text)
    if not found:
        return None
    labels = found[4].split(".") if found[4] else []
    if any(label.isdigit() and label != "0" and label.startswith("0") for label in labels):
        return None
    # A release comes after its pre-releases; numbers before words.
    ranks = tuple((0, int(label), "") if label.isdigit() else (1, 0, label) for label in labels)
    return (int(found[1]), int(found[2]), int(found[3]), not labels, ranks)


def _semver(text: str, lenient: bool = False) -> Opaque:
    parts = _semver_parts(text, lenient=lenient)
    if parts is None:
        problem = (
            "No Major.Minor.Patch elements found"
            if text.count(".") < 2
            else f"Invalid character(s) found in version {text!r}"
        )
        raise EvalError(problem)
    return Opaque("kubernetes.Semver", parts)


_LABEL_WORDS: Final = "must be no more than 63 characters"


def _format_faults(name: str, text: str) -> list[str]:
    # The registry's shapes of names say it in upstream's words; they stand above this module.
    from apiserver_stub.registry import formats

    checks: Mapping[str, Callable[[str], list[str]]] = {
        "dns1123Label": formats.label,
        "dns1123Subdomain": formats.subdomain,
        "dns1035Label": formats.label_1035,
        "qualifiedName": formats.label_key,
        "dns1123LabelPrefix": lambda value: formats.label(_without_dash(value)),
        "dns1123SubdomainPrefix": lambda value: formats.subdomain(_without_dash(value)),
        "dns1035LabelPrefix": lambda value: formats.label_1035(_without_dash(value)),
        "labelValue": _label_value,
        "uri": lambda value: [] if structural_formats.is_uri(value) else [f'parse "{value}": invalid URI for request'],
        "uuid": lambda value: [] if structural_formats.CHECKS["uuid"](value) else ["does not match the UUID format"],
        "byte": lambda value: [] if structural_formats.CHECKS["byte"](value) else ["invalid base64"],
        "date": lambda value: [] if structural_formats.is_date(value) else ["invalid date"],
        "datetime": lambda value: [] if structural_formats.is_date_time(value) else ["invalid datetime"],
    }
    return checks[name](text)


def _without_dash(text: str) -> str:
    return f"{text[:-1]}a" if len(text) > 1 and text.endswith("-") else text


def _label_value(text: str) -> list[str]:
    shape = r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
    out = [_LABEL_WORDS] if len(text) > 63 else []
    if not re.fullmatch(shape, text, re.ASCII):
        out.append(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
            f"validation is '{shape}')"
        )
    return out


_FORMATS: Final = (
    *("dns1123Label", "dns1123Subdomain", "dns1035Label", "qualifiedName", "dns1123LabelPrefix"),
    *("dns1123SubdomainPrefix", "dns1035LabelPrefix", "labelValue", "uri", "uuid", "byte", "date", "datetime"),
)


def _named(text: str) -> Optional:
    return Optional(Opaque("kubernetes.NamedFormat", text)) if text in _FORMATS else NONE


def _validate(format_: Opaque, text: str) -> Optional:
    faults = _format_faults(format_.value, text)
    return Optional(faults) if faults else NONE


def _declare() -> None:
    function, method = TABLE.function, TABLE.method
    function("quantity", "string -> Quantity", _parse_quantity, "traverse_arg")
    function("isQuantity", "string -> bool", _is_quantity, "traverse_arg")
    method("isInteger", "Quantity -> bool", _is_integer, "scalar")
    method("asInteger", "Quantity -> int", _as_integer, "scalar")
    method("asApproximateFloat", "Quantity -> double", lambda q: float(q.value), "scalar")
    method("sign", "Quantity -> int", _sign, "scalar")
    for other in ("Quantity", "int"):
        method("add", f"Quantity; {other} -> Quantity", _sum(1), "scalar")
        method("sub", f"Quantity; {other} -> Quantity", _sum(-1), "scalar")
    for kind in ("Quantity", "Semver"):
        method("isGreaterThan", f"{kind}; {kind} -> bool", lambda a, b: _compare(a, b) > 0, "scalar")
        method("isLessThan", f"{kind}; {kind} -> bool", lambda a, b: _compare(a, b) < 0, "scalar")
        method("compareTo", f"{kind}; {kind} -> int", _compare, "scalar")
    function("semver", "string -> Semver", _semver, "traverse_arg")
    function("semver", "string; bool -> Semver", _semver, "traverse_arg")
    function("isSemver", "string -> bool", lambda text: _semver_parts(text) is not None, "traverse_arg")
    function(
        "isSemver",
        "string; bool -> bool",
        lambda text, easy: _semver_parts(text, lenient=easy) is not None,
        "traverse_arg",
    )
    for i, name in enumerate(("major", "minor", "patch")):
        method(name, "Semver -> int", lambda version, i=i: version.value[i], "scalar")
    function("format.named", "string -> optional(NamedFormat)", _named, "scalar")
    method("validate", "NamedFormat; string -> optional(list(string))", _validate, "scalar")
    for name in _FORMATS:
        function(
            f"format.{name}", " -> NamedFormat", lambda name=name: Opaque("kubernetes.NamedFormat", name), "scalar"
        )


_declare()
