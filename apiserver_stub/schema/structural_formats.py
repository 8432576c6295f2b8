"""Formats of strings in CRD schemas: which text is a date, an address, a UUID …"""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from apiserver_stub.schema import goregex

_DAY_TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))", re.ASCII)
_GO_DURATION: Final = re.compile(r"[+-]?((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+", re.ASCII)
_WORDY_DURATION: Final = re.compile(r"((\d+)\s*([A-Za-zµ]+))", re.ASCII)
_DURATION_WORD: Final = re.compile(
    r"ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?"
    r"|h|hrs?|hours?|d|days?|w|wks?|weeks?"
)
_HOSTNAME: Final = (
    r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}]"
    r"(([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z0-9\p{S}\p{L}])"
    r"(-?[a-zA-Z0-9\p{S}\p{L}]){1,62})$"
)
_MAC: Final = re.compile(
    r"(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}(?:(?:[0-9a-f]{2}\1){2})?[0-9a-f]{2}"
    r"|(?:[0-9a-f]{4}\.){2}(?:[0-9a-f]{4}\.)?[0-9a-f]{4})",
    re.IGNORECASE | re.ASCII,
)
_URI_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:", re.ASCII)
_BAD_URI: Final = re.compile(r"[\x00-\x20\x7f]|%(?![0-9A-Fa-f]{2})")
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\\\"]+@[^\s@<>()\[\],;:\\\"]+|[^<>]*<[^\s@<>]+@[^\s@<>]+>")
_CARDS: Final = re.compile(
    r"4[0-9]{12}(?:[0-9]{3,6})?|5[1-5][0-9]{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)[0-9]{12}"
    r"|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}"
    r"|6[27][0-9]{14,17}",
    re.ASCII,
)


def _full(pattern: str, flags: re.RegexFlag = re.ASCII) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


def is_date(text: str) -> bool:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return False
    try:
        return bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def is_date_time(text: str) -> bool:
    date, mark, time = text.lower().partition("t")
    found = _DAY_TIME.fullmatch(time)
    if not mark or not is_date(date) or not found:
        return False
    return int(found[1]) <= 23 and int(found[2]) <= 59 and int(found[3]) <= 59


def is_duration(text: str) -> bool:
    """Go's notation, or numbers with words: "3 days"."""
    if text == "0" or _GO_DURATION.fullmatch(text):
        return True
    parts = _WORDY_DURATION.findall(text)
    left = _WORDY_DURATION.sub("", text).strip(" ,")
    return bool(parts) and not left and all(_DURATION_WORD.fullmatch(word.lower()) for _, _, word in parts)


def is_ip(text: str) -> bool:
    """As Go's net.ParseIP: no zones, no leading zeros."""
    try:
        return bool(ipaddress.ip_address(text)) and "%" not in text
    except ValueError:
        return False


def is_cidr(text: str) -> bool:
    address, slash, length = text.partition("/")
    if not slash or not re.fullmatch("[0-9]{1,3}", length, re.ASCII) or not is_ip(address):
        return False
    return int(length) <= (128 if ":" in address else 32) and (length == "0" or not length.startswith("0"))


def is_uri(text: str) -> bool:
    """A request URI: absolute, or a path."""
    if not text or _BAD_URI.search(text):
        return False
    return text.startswith("/") or text == "*" or _URI_SCHEME.match(text) is not None


def is_hostname(text: str) -> bool:
    if len(text.encode()) > 255 or any(len(part.encode()) > 63 for part in text.split(".")):
        return False
    return goregex.compile(_HOSTNAME).search(text) is not None


def _isbn10(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{9}[0-9X]", digits, re.ASCII):
        return False
    total = sum((i + 1) * int(d) for i, d in enumerate(digits[:9]))
    return (total + 10 * (10 if digits[9] == "X" else int(digits[9]))) % 11 == 0


def _isbn13(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re.fullmatch(r"[0-9]{13}", digits, re.ASCII):
        return False
    return sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0


def _creditcard(text: str) -> bool:
    digits = re.sub("[^0-9]+", "", text)
    if not _CARDS.fullmatch(digits):
        return False
    total = sum(int(d) if i % 2 == 0 else sum(divmod(2 * int(d), 10)) for i, d in enumerate(reversed(digits)))
    return total % 10 == 0


def _short_name(text: str) -> bool:
    return len(text) <= 63 and re.fullmatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?", text) is not None


def _long_name(text: str) -> bool:
    pattern = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
    return len(text) <= 253 and re.fullmatch(pattern, text) is not None


def _uuid(third: str = "[0-9a-f]{4}", fourth: str = "[0-9a-f]{4}") -> Callable[[str], bool]:
    return _full(rf"[0-9a-f]{{8}}-?[0-9a-f]{{4}}-?{third}-?{fourth}-?[0-9a-f]{{12}}", re.ASCII | re.IGNORECASE)


_RGB: Final = r"(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])"
# By name without dashes: that is how CRDs are checked for known formats. Unknown formats are no constraint.
CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "bsonobjectid": _full("[0-9a-fA-F]{24}"),
    "uri": is_uri,
    "email": lambda text: _EMAIL.fullmatch(text) is not None,
    "hostname": is_hostname,
    "ipv4": lambda text: is_ip(text) and ":" not in text,
    "ipv6": lambda text: is_ip(text) and ":" in text,
    "cidr": is_cidr,
    "mac": lambda text: _MAC.fullmatch(text) is not None,
    "uuid": _uuid(),
    "uuid3": _uuid("3[0-9a-f]{3}"),
    "uuid4": _uuid("4[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
    "uuid5": _uuid("5[0-9a-f]{3}", "[89ab][0-9a-f]{3}"),
    "isbn": lambda text: _isbn10(text) or _isbn13(text),
    "isbn10": _isbn10,
    "isbn13": _isbn13,
    "creditcard": _creditcard,
    "ssn": _full(r"\d{3}[- ]?\d{2}[- ]?\d{4}"),
    "hexcolor": _full("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": _full(rf"rgb\(\s*{_RGB}\s*,\s*{_RGB}\s*,\s*{_RGB}\s*\)"),
    "byte": _full(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"),
    "password": lambda text: True,
    "date": is_date,
    "duration": is_duration,
    "datetime": is_date_time,
    "k8sshortname": _short_name,
    "k8slongname": _long_name,
}


def check(schema: Mapping[str, Any]) -> Callable[[str], bool] | None:
    """The check of a schema's format; None where it has none that is known."""
    name = schema.get("format")
    return CHECKS.get(name.replace("-", "")) if isinstance(name, str) else None
