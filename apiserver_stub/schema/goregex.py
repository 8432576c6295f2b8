"""Regular expressions in Go's syntax (RE2), as CRDs and CEL write them, on top of Python's re."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from typing import Final

_POSIX: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_ESCAPES: Final = frozenset("dDsSwWbBAafnrtvx")
_SPACE: Final = r"\t\n\f\r "
_REPEAT: Final = re.compile(r"\{(\d+)(,(\d*))?\}")
_FLAGS: Final = re.compile(r"\(\?([imsU]*)(-[imsU]+)?([:)])")
_NAMED: Final = re.compile(r"\(\?P?<(\w+)>", re.ASCII)
_SCRIPTS: Final = {"Greek": "GREEK", "Latin": "LATIN", "Cyrillic": "CYRILLIC", "Han": "CJK UNIFIED"}


class RegexError(ValueError):
    """Not a regular expression; the text is Go's error."""

    def __init__(self, fault: str, part: str) -> None:
        super().__init__(f"error parsing regexp: {fault}: `{part}`")


@functools.lru_cache(maxsize=1024)
def compile(pattern: str) -> re.Pattern[str]:
    """The compiled expression; search with it, as Go's MatchString does. Raises RegexError."""
    translated = _Translator(pattern).translate()
    try:
        return re.compile(translated, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        raise RegexError("invalid or unsupported Perl syntax", pattern) from None


class _Translator:
    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._out: list[str] = []
        # Per open group: how many scoped flag groups must be closed with it.
        self._groups: list[int] = [0]
        self._can_repeat = False
        self._multiline = [False]

    def translate(self) -> str:
        while self._at < len(self._text):
            self._one(self._text[self._at])
        if len(self._groups) > 1:
            raise RegexError("missing closing )", self._text)
        self._out.append(")" * self._groups[0])
        return "".join(self._out)

    def _one(self, char: str) -> None:
        if char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char == "[":
            self._add(*_character_class(self._text, self._at))
        elif char == "\\":
            self._add(*_escape(self._text, self._at))
        elif char in "*+?" or (char == "{" and _REPEAT.match(self._text, self._at)):
            self._repeat(char)
        elif char in "^$|":
            anchors = {"^": "^", "$": "$" if self._multiline[-1] else r"\Z", "|": "|"}
            self._add(anchors[char], self._at + 1)
            self._can_repeat = char != "|"
        else:
            self._add(r"\{" if char == "{" else char, self._at + 1)

    def _add(self, text: str, end: int) -> None:
        self._out.append(text)
        self._at = end
        self._can_repeat = True

    def _open(self) -> None:
        named = _NAMED.match(self._text, self._at)
        flags = _FLAGS.match(self._text, self._at)
        self._can_repeat = False
        if named:
            self._push(f"(?P<{named[1]}>", named.end())
        elif flags and (flags[1] or flags[2] or flags[3] == ":"):
            self._flags(flags)
        elif self._text.startswith("(?", self._at):
            raise RegexError("invalid or unsupported Perl syntax", self._text[self._at : self._at + 3])
        else:
            self._push("(", self._at + 1)

    def _push(self, text: str, end: int) -> None:
        self._out.append(text)
        self._at = end
        self._groups.append(0)
        self._multiline.append(self._multiline[-1])

    def _flags(self, found: re.Match[str]) -> None:
        """Python scopes flags to a group only: "(?i)x" becomes "(?i:x)" up to the end of the enclosing group."""
        on = found[1].replace("U", "")
        off = (found[2] or "").replace("U", "")
        text = f"(?{on}{off if off != '-' else ''}:"
        if found[3] == ":":
            self._push(text, found.end())
        else:
            self._out.append(text)
            self._groups[-1] += 1
            self._at = found.end()
        if "m" in on:
            self._multiline[-1] = True

    def _close(self) -> None:
        if len(self._groups) == 1:
            raise RegexError("unexpected )", self._text)
        self._multiline.pop()
        self._add(")" * (self._groups.pop() + 1), self._at + 1)

    def _repeat(self, char: str) -> None:
        start = self._at
        if char == "{":
            found = _REPEAT.match(self._text, start)
            assert found
            low, high = int(found[1]), int(found[3] or found[1])
            if low > 1000 or high > 1000 or high < low:
                raise RegexError("invalid repeat count", found[0])
            end = found.end()
        else:
            end = start + 1
        if not self._can_repeat:
            raise RegexError("missing argument to repetition operator", self._text[start:end])
        if self._text[end : end + 1] == "?":
            end += 1
        following = self._text[end : end + 1]
        if following and (following in "*+?" or (following == "{" and _REPEAT.match(self._text, end))):
            found = _REPEAT.match(self._text, end)
            raise RegexError(
                "invalid nested repetition operator", self._text[start : found.end() if found else end + 1]
            )
        self._add(self._text[start:end], end)


def _escape(text: str, at: int) -> tuple[str, int]:
    """What the escape at `at` becomes outside of a class, and where it ends."""
    if at + 1 >= len(text):
        raise RegexError("trailing backslash at end of expression", "")
    char = text[at + 1]
    if char == "z":
        return r"\Z", at + 2
    if char == "Q":
        end = text.find(r"\E", at)
        stop = len(text) if end < 0 else end
        return re.escape(text[at + 2 : stop]), stop if end < 0 else end + 2
    if char == "s":
        return f"[{_SPACE}]", at + 2
    if char == "S":
        return f"[^{_SPACE}]", at + 2
    if char in "pP":
        inner, end = _property(text, at)
        return (f"[^{inner}]" if char == "P" else f"[{inner}]"), end
    return _plain_escape(text, at)


def _plain_escape(text: str, at: int) -> tuple[str, int]:
    char = text[at + 1]
    if char == "x":
        found = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))").match(text, at)
        if not found:
            raise RegexError("invalid escape sequence", text[at : at + 2])
        return re.escape(chr(int(found[1] or found[2], 16))), found.end()
    if char == "0" or (char in "1234567" and text[at + 2 : at + 3].isdigit()):
        found = re.compile(r"\\([0-7]{1,3})").match(text, at)
        assert found
        return re.escape(chr(int(found[1], 8))), found.end()
    if char in _ESCAPES:
        return text[at : at + 2], at + 2
    if char.isalnum():
        raise RegexError("invalid escape sequence", text[at : at + 2])
    return re.escape(char), at + 2


def _character_class(text: str, start: int) -> tuple[str, int]:
    """The class that begins at `start`, and where it ends."""
    at = start + 1
    out = ["["]
    if text[at : at + 1] == "^":
        out.append("^")
        at += 1
    first = at
    while True:
        if at >= len(text):
            raise RegexError("missing closing ]", text[start:])
        if text[at] == "]" and at > first:
            return "".join(out) + "]", at + 1
        part, at = _class_part(text, at)
        if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
            low = part
            high, end = _class_part(text, at + 1)
            if re.fullmatch(f"[{low}]", chr(0)) is None and _ordinal(low) > _ordinal(high):
                raise RegexError("invalid character class range", text[at - 1 : end])
            out.append(f"{low}-{high}")
            at = end
        else:
            out.append(part)


def _ordinal(part: str) -> int:
    return ord(part[-1]) if len(part) <= 2 else 0


def _class_part(text: str, at: int) -> tuple[str, int]:
    if text.startswith("[:", at):
        end = text.find(":]", at)
        if end > 0:
            name = text[at + 2 : end]
            negated = name.startswith("^")
            if name.lstrip("^") not in _POSIX:
                raise RegexError("invalid character class range", text[at : end + 2])
            inner = _POSIX[name.lstrip("^")]
            return (_complement(inner) if negated else inner), end + 2
    if text[at] != "\\":
        return (f"\\{text[at]}" if text[at] in "[&~|-^]" else text[at]), at + 1
    char = text[at + 1 : at + 2]
    if char and char in "pP":
        inner, end = _property(text, at)
        return (_complement(inner) if char == "P" else inner), end
    if char == "s":
        return _SPACE, at + 2
    if not char:
        raise RegexError("trailing backslash at end of expression", "")
    return _plain_escape(text, at)


def _property(text: str, at: int) -> tuple[str, int]:
    found = re.compile(r"\\[pP](?:\{(\^?)(\w+)\}|(\w))").match(text, at)
    if not found:
        raise RegexError("invalid character class range", text[at : at + 2])
    name = found[2] or found[3]
    inner = _ranges(name)
    if not inner:
        raise RegexError("invalid character class range", found[0])
    return (_complement(inner) if found[1] else inner), found.end()


@functools.cache
def _ranges(name: str) -> str:
    """Characters of a Unicode category or script, for use within brackets."""
    script = _SCRIPTS.get(name)
    return _join(
        code
        for code in range(sys.maxunicode + 1)
        if (
            unicodedata.name(chr(code), "").startswith(script)
            if script
            else unicodedata.category(chr(code)).startswith(name)
        )
    )


@functools.cache
def _complement(inner: str) -> str:
    wanted = re.compile(f"[{inner}]")
    return _join(code for code in range(sys.maxunicode + 1) if not wanted.match(chr(code)))


def _join(codes: object) -> str:
    out: list[str] = []
    start = previous = -2
    for code in [*codes, -5]:  # type: ignore[misc]
        if code != previous + 1:
            if start >= 0:
                out.append(f"{re.escape(chr(start))}-{re.escape(chr(previous))}")
            start = code
        previous = code
    return "".join(out)
