"""CEL's string extensions (version 2), regular expressions and URLs."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

from apiserver_stub.schema import goregex
from apiserver_stub.schema.cel import formatting
from apiserver_stub.schema.cel.functions import Table
from apiserver_stub.schema.cel.values import EvalError, Opaque

TABLE: Final = Table()
_SPACES: Final = "".join(map(chr, (9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029)))
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def _char_at(text: str, at: int) -> str:
    if not 0 <= at <= len(text):
        raise EvalError(f"index out of range: {at}")
    return text[at : at + 1]


def _index_of(text: str, part: str, start: int = 0) -> int:
    if part == "":
        return start
    if start < 0 or start > len(text):
        raise EvalError(f"index out of range: {start}")
    return text.find(part, start)


def _last_index_of(text: str, part: str, start: int | None = None) -> int:
    if start is not None and not 0 <= start <= len(text):
        raise EvalError(f"index out of range: {start}")
    if part == "":
        return len(text) if start is None else start
    return text.rfind(part) if start is None else text.rfind(part, 0, start + len(part))


def _replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, count)


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if limit == 1:
        return [text]
    if separator == "":
        return list(text) if limit < 0 or limit > len(text) else [*text[: limit - 1], text[limit - 1 :]]
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _substring(text: str, start: int, end: int | None = None) -> str:
    stop = len(text) if end is None else end
    if not 0 <= start <= len(text):
        raise EvalError(f"index out of range: {start}")
    if not 0 <= stop <= len(text):
        raise EvalError(f"index out of range: {stop}")
    if start > stop:
        raise EvalError(f"invalid substring range. start: {start}, end: {stop}")
    return text[start:stop]


def _join(items: list[Any], separator: str = "") -> str:
    if not all(isinstance(item, str) for item in items):
        raise EvalError("no such overload")
    return separator.join(items)


def _compiled(pattern: str) -> goregex.Pattern:
    try:
        return goregex.compile(pattern)
    except goregex.RegexError as problem:
        raise EvalError(f"Illegal regex: {problem}") from None


def _find(text: str, pattern: str) -> str:
    found = _compiled(pattern).search(text)
    return str(found[0]) if found else ""


def _find_all(text: str, pattern: str, limit: int = -1) -> list[str]:
    found = [match[0] for match in _compiled(pattern).finditer(text)]
    return found if limit < 0 else found[:limit]


def _parse_url(text: str) -> str | None:
    """What is wrong with a URL, or None."""
    if not text:
        return "empty url"
    if re.search(r"[\x00-\x1f\x7f]", text):
        return "invalid control character in URL"
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", text, re.ASCII)
    if not scheme and not text.startswith("/"):
        return "invalid URI for request"
    if scheme and not text[scheme.end() :].startswith("/"):
        return "invalid URI for request"
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return "invalid URL escape"
    try:
        if " " in urlsplit(text).netloc:
            return 'invalid character " " in host name'
        urlsplit(text).port  # noqa: B018
    except ValueError as problem:
        return str(problem)
    return None


def _url(text: str) -> Opaque:
    fault = _parse_url(text)
    if fault:
        raise EvalError(f'URL parse error during conversion from string: parse "{text}": {fault}')
    return Opaque("kubernetes.URL", text)


def _host(url: Opaque) -> str:
    return str(urlsplit(url.value).netloc).rpartition("@")[2]


def _hostname(url: Opaque) -> str:
    host = _host(url)
    if host.startswith("["):
        return host[1 : host.index("]")] if "]" in host else host
    return host.partition(":")[0]


def _port(url: Opaque) -> str:
    host = _host(url).rpartition("]")[2]
    return host.partition(":")[2]


def _query(url: Opaque) -> dict[str, list[str]]:
    return parse_qs(urlsplit(url.value).query, keep_blank_values=True)


def _escape_key(key: str) -> str:
    """A key as part of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _declare_strings() -> None:
    method = TABLE.method
    method("charAt", "string; int -> string", _char_at)
    method("indexOf", "string; string -> int", _index_of, "traverse")
    method("indexOf", "string; string; int -> int", _index_of, "traverse")
    method("lastIndexOf", "string; string -> int", _last_index_of, "traverse")
    method("lastIndexOf", "string; string; int -> int", _last_index_of, "traverse")
    method("lowerAscii", "string -> string", lambda text: text.translate(_LOWER), "traverse_same")
    method("upperAscii", "string -> string", lambda text: text.translate(_UPPER), "traverse_same")
    method("replace", "string; string; string -> string", _replace, "replace")
    method("replace", "string; string; string; int -> string", _replace, "replace")
    method("split", "string; string -> list(string)", _split, "split")
    method("split", "string; string; int -> list(string)", _split, "split")
    method("substring", "string; int -> string", _substring, "traverse_same")
    method("substring", "string; int; int -> string", _substring, "traverse_same")
    method("trim", "string -> string", lambda text: text.strip(_SPACES), "traverse_same")
    method("join", "list(string) -> string", _join, "join")
    method("join", "list(string); string -> string", _join, "join")
    method("format", "string; list(dyn) -> string", formatting.format_text, "format")
    TABLE.function("jsonpatch.escapeKey", "string -> string", _escape_key, "traverse_arg")
    TABLE.function("strings.quote", "string -> string", formatting.quoted, "quote")


def _declare_rest() -> None:
    method, function = TABLE.method, TABLE.function
    method("find", "string; string -> string", _find, "find")
    method("findAll", "string; string -> list(string)", _find_all, "find")
    method("findAll", "string; string; int -> list(string)", _find_all, "find")
    function("url", "string -> URL", _url, "traverse_arg")
    function("isURL", "string -> bool", lambda text: _parse_url(text) is None, "scalar")
    method("getScheme", "URL -> string", lambda url: urlsplit(url.value).scheme, "scalar")
    method("getHost", "URL -> string", _host, "scalar")
    method("getHostname", "URL -> string", _hostname, "scalar")
    method("getPort", "URL -> string", _port, "scalar")
    method("getEscapedPath", "URL -> string", _escaped_path, "scalar")
    method("getQuery", "URL -> map(string, list(string))", _query, "scalar")


def _escaped_path(url: Opaque) -> str:
    return quote(unquote(urlsplit(url.value).path), safe="/:@!$&'()*+,;=~-._")


_declare_strings()
_declare_rest()
