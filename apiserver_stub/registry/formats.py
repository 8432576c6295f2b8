"""Shapes of names, numbers and addresses: each function says what is wrong with a value, in the API's words."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from apiserver_stub.meta import field, names
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import ip

# A checker returns the faults of a text; none means it is fine.
Checker = Callable[[str], list[str]]

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_LABEL_1035: Final = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?", re.ASCII)
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_CONFIG_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+", re.ASCII)
_PORT_NAME: Final = re.compile(r"[-a-z0-9]+", re.ASCII)
_HEADER: Final = re.compile(r"[-A-Za-z0-9]+", re.ASCII)
_PERCENT: Final = re.compile(r"[0-9]+%", re.ASCII)

_LABEL_FAULT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_1035_FAULT: Final = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_SUBDOMAIN_FAULT: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_CONFIG_KEY_FAULT: Final = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)
_ENV_FAULT: Final = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_HEADER_FAULT: Final = (
    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
    "validation is '[-A-Za-z0-9]+')"
)
_PERCENT_FAULT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
NOT_NEGATIVE: Final = "must be greater than or equal to 0"
IMMUTABLE: Final = "field is immutable"


def _shape(text: str, pattern: re.Pattern[str], longest: int, fault: str) -> list[str]:
    faults = [f"must be no more than {longest} characters"] if len(text) > longest else []
    return faults if pattern.fullmatch(text) else [*faults, fault]


def label(text: str) -> list[str]:
    """An RFC 1123 label."""
    fault = "must not contain dots" if _SUBDOMAIN.fullmatch(text) else _LABEL_FAULT
    return _shape(text, _LABEL, 63, fault)


def label_1035(text: str) -> list[str]:
    return _shape(text, _LABEL_1035, 63, _LABEL_1035_FAULT)


def subdomain(text: str) -> list[str]:
    """An RFC 1123 subdomain."""
    return _shape(text, _SUBDOMAIN, 253, _SUBDOMAIN_FAULT)


def config_key(text: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    faults = _shape(text, _CONFIG_KEY, 253, _CONFIG_KEY_FAULT)
    if text == ".":
        faults.append("must not be '.'")
    elif text == "..":
        faults.append("must not be '..'")
    elif text.startswith(".."):
        faults.append("must not start with '..'")
    return faults


def env_name(text: str) -> list[str]:
    if text and all(" " <= char <= "~" and char != "=" for char in text):
        return []
    return [_ENV_FAULT] if text else ["environment variable name must be non-empty", _ENV_FAULT]


def header_name(text: str) -> list[str]:
    return [] if _HEADER.fullmatch(text) else [_HEADER_FAULT]


def port_name(text: str) -> list[str]:
    """An IANA service name."""
    faults = ["must be no more than 15 characters"] if len(text) > 15 else []
    if not _PORT_NAME.fullmatch(text):
        faults.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", text):
        faults.append("must contain at least one letter (a-z)")
    if "--" in text:
        faults.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        faults.append("must not begin or end with a hyphen")
    return faults


def path_segment(text: str) -> list[str]:
    """A name that may be anything that fits one segment of a URL's path (RBAC)."""
    if text in (".", ".."):
        return [f"may not be '{text}'"]
    return [f"may not contain '{part}'" for part in ("/", "%") if part in text]


def port(number: int) -> list[str]:
    return in_range(number, 1, 65535)


def in_range(number: int, low: int, high: int) -> list[str]:
    return [] if low <= number <= high else [f"must be between {low} and {high}, inclusive"]


def address(text: str) -> list[str]:
    """An IP address in a field that takes any spelling of IPv6."""
    return ip.legacy(text)


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text) if "%" not in text else None
    except ValueError:
        return None


def network(text: str) -> list[str]:
    """An address range in CIDR notation, in a field that takes any spelling of IPv6."""
    return ip.legacy_network(text)


def percent(text: str) -> list[str]:
    return [] if _PERCENT.fullmatch(text) else [_PERCENT_FAULT]


def faults(path: str, value: Any, found: Iterable[str]) -> list[FieldError]:
    """One error per fault of `value`."""
    return [field.invalid(path, value, fault) for fault in found]


def not_negative(path: str, value: int | None) -> list[FieldError]:
    return [field.invalid(path, value, NOT_NEGATIVE)] if value is not None and value < 0 else []


def unchanged(path: str, new: Any, old: Any, show: Any = None) -> list[FieldError]:
    """An immutable field; `show` is what the error quotes if it isn't `new`."""
    return [] if new == old else [field.invalid(path, new if show is None else show, IMMUTABLE)]


def one_of(path: str, value: str | None, allowed: tuple[str, ...]) -> list[FieldError]:
    """A word that must be there and be one of those known."""
    if not value:
        return [field.required(path)]
    return [] if value in allowed else [field.not_supported(path, value, allowed)]


def any_label(path: str, labels: dict[str, str] | None) -> list[FieldError]:
    """Labels, or a selector that is a plain map."""
    out = []
    for key, value in (labels or {}).items():
        out += faults(path, key, label_key(key)) + faults(path, value, label_value(value))
    return out


def label_key(key: str) -> list[str]:
    return names.label_key_faults(key)


def label_value(value: str) -> list[str]:
    return names.label_value_faults(value)
