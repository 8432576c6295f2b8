"""Label and field selectors: parsed once, in the grammar and with the messages of the Kubernetes API."""

import functools
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from apiserver_stub.meta import field, names, status

_TOKEN = re.compile(r"==|!=|[!=<>(),]|[^\s!=<>(),]+")
_SYMBOLS = frozenset({"==", "!=", "!", "=", "<", ">", "(", ")", ","})
_END = ""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label or field. `operator`: in, notin, exists, !, gt, lt."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.key)
        if self.operator == "in":
            return value is not None and value in self.values
        if self.operator == "notin":
            return value is None or value not in self.values
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        (limit,) = self.values
        try:
            number = int(value or "")
        except ValueError:
            return False
        return number > int(limit) if self.operator == "gt" else number < int(limit)


Selector = tuple[Requirement, ...]
EVERYTHING: Selector = ()


def matches(selector: Selector, labels: Mapping[str, str] | None) -> bool:
    given = labels or {}
    return all(requirement.matches(given) for requirement in selector)


@functools.lru_cache(maxsize=512)
def parse_labels(text: str) -> Selector:
    """A label selector, see the API concepts page. Raises StatusError (400)."""
    return _Parser(text).parse()


@functools.lru_cache(maxsize=512)
def parse_fields(text: str) -> Selector:
    """A field selector: `a=b,c!=d`, with backslash before , = and \\ in values. Raises StatusError (400)."""
    return tuple(_field_requirement(text, term) for term in _split_terms(text) if term)


def check_fields(selector: Selector, supported: Collection[str], message: str) -> None:
    """Raises StatusError (400) for a field that the kind can't select by.

    message: the kind's answer to the unknown field `spec.none`.
    """
    for requirement in selector:
        if requirement.key not in supported:
            raise status.bad_request(message.replace("spec.none", requirement.key))


class _Parser:
    """Recursive descent over the tokens of one label selector."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)
        self._next = 0

    def parse(self) -> Selector:
        found: list[Requirement] = []
        while True:
            word = self._look()
            if word == _END:
                return tuple(sorted(found, key=lambda requirement: requirement.key))
            if word in _SYMBOLS and word != "!":
                raise status.bad_request(f"found '{word}', expected: !, identifier, or 'end of string'")
            try:
                found.append(self._requirement())
            except _Syntax as error:
                raise status.bad_request(f"unable to parse requirement: {error}") from None
            after = self._take()
            if after == ",":
                if ((follows := self._look()) in _SYMBOLS and follows != "!") or follows == _END:
                    raise status.bad_request(f"found '{follows}', expected: identifier after ','")
            elif after != _END:
                raise status.bad_request(f"found '{after}', expected: ',' or 'end of string'")

    def _requirement(self) -> Requirement:
        word = self._take()
        absent = word == "!"
        key = self._take() if absent else word
        if key in _SYMBOLS or key == _END:
            raise _Syntax(f"found '{key}', expected: identifier")
        if faults := names.label_key_faults(key):
            raise _Syntax(f"<nil>: Invalid value: {field.quote(key)}: {'; '.join(faults)}")
        if absent:
            return Requirement(key, "!")
        if self._look() in (_END, ","):
            return Requirement(key, "exists")
        operator = self._take()
        if operator in ("in", "notin"):
            return _checked(Requirement(key, operator, frozenset(self._values())))
        try:
            name = {"=": "in", "==": "in", "!=": "notin", ">": "gt", "<": "lt"}[operator]
        except KeyError:
            raise _Syntax(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt") from None
        return _checked(Requirement(key, name, frozenset({self._value()})))

    def _value(self) -> str:
        if self._look() in (_END, ","):
            return ""
        if (word := self._take()) in _SYMBOLS:
            raise _Syntax(f"found '{word}', expected: identifier")
        return word

    def _values(self) -> list[str]:
        if (word := self._take()) != "(":
            raise _Syntax(f"found '{word}' expected: '('")
        values: list[str] = []
        expect_value = True  # an empty place between commas is the empty value
        while (word := self._take()) not in (")", _END):
            if word == ",":
                if expect_value:
                    values.append("")
                expect_value = True
            elif word in _SYMBOLS:
                raise _Syntax(f"found '{word}', expected: ',', or identifier")
            elif not expect_value:
                raise _Syntax(f"found '{word}', expected: ',' or ')'")
            else:
                values.append(word)
                expect_value = False
        if word == _END:
            raise _Syntax(f"found '', expected: {_unclosed(expect_value)}")
        if expect_value:
            values.append("")
        return values

    def _look(self) -> str:
        return self._tokens[self._next] if self._next < len(self._tokens) else _END

    def _take(self) -> str:
        word = self._look()
        self._next += 1
        return word


class _Syntax(Exception):
    pass


def _unclosed(expect_value: bool) -> str:
    return "',', or identifier" if expect_value else "',' or ')'"


def _checked(requirement: Requirement) -> Requirement:
    if requirement.operator in ("gt", "lt"):
        (value,) = requirement.values
        if not re.fullmatch(r"[+-]?\d{1,19}", value):
            detail = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise _Syntax(f"values[0]: Invalid value: {field.quote(value)}: {detail}")
    for index, value in enumerate(sorted(requirement.values)):
        if faults := names.label_value_faults(value):
            place = f"values[{index}][{requirement.key}]"
            raise _Syntax(f"{place}: Invalid value: {field.quote(value)}: {'; '.join(faults)}")
    return requirement


def _split_terms(text: str) -> list[str]:
    return _split(text, ",")


def _split(text: str, separator: str) -> list[str]:
    """Splits at separators that no backslash stands before."""
    parts, start, escaped = [], 0, False
    for index, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == separator:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def _field_requirement(text: str, term: str) -> Requirement:
    for index in range(len(term)):
        for operator, name in (("!=", "notin"), ("==", "in"), ("=", "in")):
            if term.startswith(operator, index) and (index == 0 or term[index - 1] != "\\"):
                value = _unescape(text, term[index + len(operator) :])
                return Requirement(term[:index], name, frozenset({value}))
    raise status.bad_request(f"invalid selector: '{text}'; can't understand '{term}'")


def _unescape(text: str, value: str) -> str:
    result, chars = [], iter(value)
    for char in chars:
        if char == "\\":
            char = next(chars, "")
            if char not in ("\\", ",", "="):
                raise status.bad_request(f"invalid field selector: invalid escape sequence: \\{char}")
        elif char in (",", "="):
            raise status.bad_request(f"invalid field selector: unescaped character in value: {char}")
        result.append(char)
    return "".join(result)


def predicate(labels: Selector, fields: Selector) -> Callable[[Mapping[str, str] | None, Mapping[str, str]], bool]:
    """Both selectors as one test of (labels, fields)."""
    return lambda found, values: matches(labels, found) and all(r.matches(values) for r in fields)
