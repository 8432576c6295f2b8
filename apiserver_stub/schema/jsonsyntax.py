"""Says what is wrong with a JSON text in the words of Go's encoding/json; only used once a text was refused."""

from __future__ import annotations

import re
from typing import Final

_SPACE: Final = b" \t\r\n"
_STRING_PART: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_HEX: Final = b"0123456789abcdefABCDEF"
_MAX_DEPTH: Final = 10_000
_END: Final = "unexpected end of JSON input"


class _SyntaxProblem(Exception):
    pass


def error(data: bytes) -> str | None:
    """The message for `data`; None when Go would accept it."""
    try:
        _Scanner(data).scan()
    except _SyntaxProblem as problem:
        return str(problem)
    return None


class _Scanner:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def scan(self) -> None:
        stack: list[int] = []
        while True:
            opened = self._begin_value()
            if opened:
                stack.append(opened)
                if len(stack) > _MAX_DEPTH:
                    raise _SyntaxProblem("exceeded max depth")
                if self._opens_value(opened, stack):
                    continue
            if self._after_value(stack):
                return

    def _opens_value(self, opened: int, stack: list[int]) -> bool:
        """After an opening bracket: True if a value follows, False if it closed again at once."""
        char = self._skip_space()
        if char == (0x7D if opened == 0x7B else 0x5D):
            self.at += 1
            stack.pop()
            return False
        if opened == 0x7B:
            self._key(char)
        return True

    def _after_value(self, stack: list[int]) -> bool:
        """Closes brackets and moves to the next value; True at the end of the text."""
        while stack:
            char = self._skip_space()
            self.at += 1
            if stack[-1] == 0x7B:
                if char == 0x2C:
                    self._key(self._skip_space())
                    return False
                if char != 0x7D:
                    raise self._invalid(char, "after object key:value pair")
            elif char == 0x2C:
                return False
            elif char != 0x5D:
                raise self._invalid(char, "after array element")
            stack.pop()
        while self.at < len(self.data):
            if self.data[self.at] not in _SPACE:
                raise self._invalid(self.data[self.at], "after top-level value")
            self.at += 1
        return True

    def _key(self, char: int) -> None:
        if char != 0x22:
            raise self._invalid(char, "looking for beginning of object key string")
        self.at += 1
        self._string()
        char = self._skip_space()
        if char != 0x3A:
            raise self._invalid(char, "after object key")
        self.at += 1

    def _begin_value(self) -> int:
        """Reads a scalar whole, of an object or array only the bracket, which is returned."""
        char = self._skip_space()
        self.at += 1
        if char in b"{[":
            return char
        if char == 0x22:
            self._string()
        elif char in b"-0123456789":
            self._number(char)
        elif char in b"tfn":
            self._literal({0x74: b"true", 0x66: b"false", 0x6E: b"null"}[char])
        else:
            raise self._invalid(char, "looking for beginning of value")
        return 0

    def _string(self) -> None:
        while True:
            found = _STRING_PART.match(self.data, self.at)
            assert found is not None
            self.at = found.end()
            char = self._take()
            if char == 0x22:
                return
            if char != 0x5C:
                raise self._invalid(char, "in string literal")
            char = self._take()
            if char == 0x75:
                for _ in range(4):
                    char = self._take()
                    if char not in _HEX:
                        raise self._invalid(char, "in \\u hexadecimal character escape")
            elif char not in b'bfnrt\\/"':
                raise self._invalid(char, "in string escape code")

    def _number(self, first: int) -> None:
        if first == 0x2D:
            first = self._take()
            if first not in b"0123456789":
                raise self._invalid(first, "in numeric literal")
        if first != 0x30:
            self._digits()
        if self._peek() == 0x2E:
            self.at += 1
            self._digit("after decimal point in numeric literal")
        if self._peek() in b"eE":
            self.at += 1
            if self._peek() in b"+-":
                self.at += 1
            self._digit("in exponent of numeric literal")

    def _digit(self, where: str) -> None:
        char = self._take()
        if char not in b"0123456789":
            raise self._invalid(char, where)
        self._digits()

    def _digits(self) -> None:
        while self._peek() in b"0123456789":
            self.at += 1

    def _literal(self, word: bytes) -> None:
        for expected in word[1:]:
            char = self._take()
            if char != expected:
                raise self._invalid(char, f"in literal {word.decode()} (expecting '{chr(expected)}')")

    def _skip_space(self) -> int:
        while self.at < len(self.data) and self.data[self.at] in _SPACE:
            self.at += 1
        if self.at >= len(self.data):
            raise _SyntaxProblem(_END)
        return self.data[self.at]

    def _take(self) -> int:
        if self.at >= len(self.data):
            raise _SyntaxProblem(_END)
        self.at += 1
        return self.data[self.at - 1]

    def _peek(self) -> int:
        """The next byte; one that stands for nothing at the end."""
        return self.data[self.at] if self.at < len(self.data) else 0x20

    @staticmethod
    def _invalid(char: int, where: str) -> _SyntaxProblem:
        return _SyntaxProblem(f"invalid character {_quote(char)} {where}")


def _quote(char: int) -> str:
    special = {0x27: "'\\''", 0x22: "'\"'", 0x5C: "'\\\\'", 0x0A: "'\\n'", 0x09: "'\\t'", 0x0D: "'\\r'"}
    if char in special:
        return special[char]
    text = chr(char)
    if not text.isprintable():
        text = f"\\x{char:02x}" if char < 0x80 else f"\\u{char:04x}"
    return f"'{text}'"
