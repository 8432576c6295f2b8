"""CEL's words: text into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from apiserver_stub.schema.cel.source import Issue

_TOKEN: Final = re.compile(
    r"""(?P<space>[\t \r\n\f]+|//[^\n]*)
    |(?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"|\'\'\'|\"|\'))
    |(?P<float>(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?))
    |(?P<uint>(?:0x[0-9a-fA-F]+|\d+)[uU])
    |(?P<int>0x[0-9a-fA-F]+|\d+)
    |(?P<ident>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<escaped>`[A-Za-z0-9_.\-/ ]+`)
    |(?P<op>==|!=|<=|>=|&&|\|\||[-+*/%<>?:.,()\[\]{}!])""",
    re.VERBOSE | re.ASCII,
)
_ESCAPE: Final = re.compile(
    r"\\(?:x([0-9a-fA-F]{2})|X([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.))", re.S
)
_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
    "`": "`",
    "?": "?",
}


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: op, ident, escaped, int, uint, float, string, bytes or end. `text` is as it stands in the source."""

    kind: str
    text: str
    at: int
    value: Any = None


def tokens(source: str) -> tuple[list[Token], list[Issue]]:
    """The tokens, ending with an end token, and what is no token."""
    out: list[Token] = []
    issues: list[Issue] = []
    at = 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            # What could have become a longer operator is given up together with what came instead.
            width = 2 if source[at] in "=|&" else 1
            issues.append(Issue(at, f"Syntax error: token recognition error at: '{source[at : at + width]}'"))
            at += width
            continue
        kind = found.lastgroup or ""
        if kind == "string":
            at = _string(source, at, found[0], out, issues)
            continue
        if kind != "space":
            out.append(Token(kind, found[0], at))
        at = found.end()
    out.append(Token("end", "<EOF>", len(source)))
    return out, issues


def _string(source: str, at: int, opening: str, out: list[Token], issues: list[Issue]) -> int:
    prefix = opening.rstrip("\"'").lower()
    quote = opening[len(prefix) :]
    raw = "r" in prefix
    start = at + len(opening)
    end = _end(source, start, quote, raw=raw)
    if end < 0:
        stop = len(source) if len(quote) == 3 else (source + "\n").index("\n", at)
        issues.append(Issue(at, f"Syntax error: token recognition error at: '{source[at:stop]}'"))
        return stop
    body = source[start:end]
    text = source[at : end + len(quote)]
    is_bytes = "b" in prefix
    try:
        if is_bytes:
            value: Any = body.encode() if raw else _bytes(body)
        else:
            value = body if raw else _ESCAPE.sub(_unescaped, body)
    except ValueError as problem:
        issues.append(Issue(at, f"Syntax error: {problem}"))
        value = b"" if is_bytes else ""
    out.append(Token("bytes" if is_bytes else "string", text, at, value))
    return end + len(quote)


def _end(source: str, start: int, quote: str, *, raw: bool) -> int:
    """Where the closing quote stands, or -1."""
    at = start
    while at < len(source):
        if source[at] == "\\" and not raw:
            at += 2
        elif source.startswith(quote, at):
            return at
        elif len(quote) == 1 and source[at] in "\r\n":
            return -1
        else:
            at += 1
    return -1


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3] or found[4]
    if code:
        point = int(code, 16)
        if point > 0x10FFFF or 0xD800 <= point < 0xE000:
            raise ValueError(f"invalid unicode code point: {found[0]}")
        return chr(point)
    if found[5]:
        return chr(int(found[5], 8))
    if found[6] not in _SIMPLE:
        raise ValueError(f"token recognition error at: '{found[0]}'")
    return _SIMPLE[found[6]]


def _bytes(body: str) -> bytes:
    out = bytearray()
    at = 0
    for found in _ESCAPE.finditer(body):
        out += body[at : found.start()].encode()
        code = found[1] or found[2]
        if code:
            out.append(int(code, 16))
        elif found[5]:
            out.append(int(found[5], 8))
        else:
            out += _unescaped(found).encode()
        at = found.end()
    return bytes(out + body[at:].encode())
