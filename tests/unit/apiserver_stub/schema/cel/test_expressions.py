"""Expressions and what they give: values, types, errors at compile time and at run time."""

from typing import Any

import pytest

from apiserver_stub.schema import cel
from apiserver_stub.schema.cel import schematypes

SCHEMA = {
    "type": "object",
    "properties": {
        "min": {"type": "integer"},
        "name": {"type": "string"},
        "num": {"type": "number"},
        "list": {"type": "array", "items": {"type": "integer"}},
        "m": {"type": "object", "additionalProperties": {"type": "integer"}},
        "ios": {"x-kubernetes-int-or-string": True},
        "at": {"type": "string", "format": "date-time"},
        "data": {"type": "string", "format": "byte"},
        "namespace": {"type": "string"},
        "a-b": {"type": "object", "properties": {"c.d": {"type": "string"}}},
    },
}
SELF: dict[str, Any] = {
    "min": 1,
    "name": "abc",
    "num": 2,
    "list": [3, 1, 2],
    "m": {"a": 1, "b": 2},
    "ios": "5%",
    "at": "2024-02-29T12:30:00.5Z",
    "data": "aGk=",
    "namespace": "ns",
    "a-b": {"c.d": "x"},
}


def variables() -> tuple[dict[str, cel.Type], dict[str, Any]]:
    kind = schematypes.of(SCHEMA)
    assert kind is not None
    return {"self": kind, "d": cel.types.DYN}, {"self": cel.values.adapter(kind)(SELF), "d": SELF}


def run(text: str) -> Any:
    types, values = variables()
    return cel.compile(text, types, None)(values)


TRUE = [
    "self.min == 1 && self.name == 'abc'",
    "self.num == 2.0 && self.num > 1",
    "has(self.name) && !has(d.missing)",
    "self.__namespace__ == 'ns' && self.a__dash__b.c__dot__d == 'x'",
    "type(self.ios) == string && self.ios == '5%'",
    "self.at > timestamp('2024-02-29T12:30:00Z') && self.at.getDayOfWeek() == 4",
    "self.at - timestamp('2024-02-29T12:00:00.5Z') == duration('30m')",
    "self.data == b'hi' && string(self.data) == 'hi'",
    # Macros.
    "self.list.all(x, x > 0) && self.list.exists(x, x == 3) && self.list.exists_one(x, x == 3)",
    "self.list.map(x, x * 2) == [6, 2, 4] && self.list.map(x, x > 1, x) == [3, 2]",
    "self.list.filter(x, x > 1).size() == 2",
    "self.m.all(k, self.m[k] < 3) && self.m.all(k, v, v < 3)",
    "self.list.exists(i, v, i == 1 && v == 1)",
    "self.m.transformList(k, v, v > 1, k) == ['b']",
    "self.m.transformMap(k, v, v + 1) == {'a': 2, 'b': 3}",
    "self.m.transformMapEntry(k, v, {v: k}) == {1: 'a', 2: 'b'}",
    "cel.bind(x, self.min + 1, x * x) == 4",
    # Errors on one side don't matter where the other decides.
    "1 / 0 == 1 || true",
    "!(false && 1 / 0 == 1)",
    "[0, 1].exists(x, 1 / x == 1)",
    "![0, 1].all(x, 1 / x == 2)",
    # Optionals.
    "self.?name.orValue('z') == 'abc' && d.?missing.?deeper.orValue('z') == 'z'",
    "self.m[?'a'].hasValue() && !self.m[?'z'].hasValue() && self.list[?9].or(optional.of(5)).value() == 5",
    "optional.of(1).optMap(x, x + 1).value() == 2 && !optional.none().optMap(x, x).hasValue()",
    "optional.of(1).optFlatMap(x, optional.of(x + 1)).orValue(0) == 2",
    "[?optional.none(), 1] == [1] && {?'a': optional.none()} == {} && optional.ofNonZeroValue('') == optional.none()",
    # Numbers.
    "7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1 && 7u / 2u == 3u",
    "dyn(1) == dyn(1.0) && dyn(1) == dyn(1u) && 1 < 1.5 && 2u > 1",
    "int('42') == 42 && int(4.9) == 4 && uint(3) == 3u && double('1.5') == 1.5 && string(1.0) == '1'",
    "0x10 == 16 && -9223372036854775808 < 0",
    # Strings.
    "'hello'.charAt(1) == 'e' && 'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3",
    "'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && ['a', 'b'].join('-') == 'a-b'",
    "' x '.trim() == 'x' && 'aXb'.lowerAscii() == 'axb' && 'aXb'.upperAscii() == 'AXB'",
    "'hello'.substring(1, 3) == 'el' && 'hello'.replace('l', 'L', 1) == 'heLlo'",
    "'%s %d %.2f %x %b %e'.format(['a', 5, 1.239, 255, 5, 1234.5]) == 'a 5 1.24 ff 101 1.234500e+03'",
    "'%s'.format([[1, 'b']]) == '[1, b]'",
    "'abc123'.find('[0-9]+') == '123' && 'a1b2'.findAll('[0-9]') == ['1', '2']",
    "'abc'.matches('^[a-c]+$') && !'abc\\n'.matches('^[a-c]+$')",
    "'\\u00e9'.size() == 1 && r'\\d'.size() == 2 && '''a\nb'''.size() == 3",
    # Lists and sets.
    "[1, 2].isSorted() && ![2, 1].isSorted() && [1, 2].sum() == 3 && [1, 2].max() == 2 && [3, 2].min() == 2",
    "[1, 2, 1].indexOf(1) == 0 && [1, 2, 1].lastIndexOf(1) == 2 && 1 in [1] && !('z' in self.m) && 'a' in self.m",
    "sets.contains([1, 2], [2]) && sets.equivalent([1, 2, 2], [2, 1]) && !sets.intersects([1], [2])",
    # Libraries of Kubernetes.
    "quantity('1Gi').isGreaterThan(quantity('1Mi')) && quantity('1').add(1).asInteger() == 2 && !isQuantity('x')",
    "quantity('50k').compareTo(quantity('50000')) == 0 && quantity('-5').sign() == -1",
    "ip('10.0.0.1').family() == 4 && isIP('::1') && !isIP('1.2.3.4.5') && ip('127.0.0.1').isLoopback()",
    "cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16'))",
    "cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.0/8').prefixLength() == 8",
    "url('https://u@a.b:80/p?q=1').getHost() == 'a.b:80' && url('https://a.b:80/').getPort() == '80'",
    "url('https://a/?k=v&k=w').getQuery()['k'] == ['v', 'w'] && isURL('/x') && !isURL('x')",
    "semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-a').isLessThan(semver('1.0.0'))",
    "isSemver('1.2.3') && !isSemver('v1.2') && isSemver('v1.2', true) && semver('1.2.3').minor() == 2",
    "!format.dns1123Label().validate('abc').hasValue()",
    "format.named('dns1123Label').value().validate('A').hasValue()",
]


@pytest.mark.parametrize("text", TRUE)
def test_true(text: str) -> None:
    assert run(text) is True


RUNTIME_ERRORS = {
    "1 / 0": "division by zero",
    "1 % 0": "modulus by zero",
    "9223372036854775807 + 1": "integer overflow",
    "0u - 1u": "unsigned integer overflow",
    "self.list[9]": "index out of bounds: 9",
    "self.m['z']": "no such key: z",
    "d.missing": "no such key: missing",
    "d.name.size() > 0 && d.min": "no such overload",
    "d.min + 'x'": "no such overload",
    "{[1]: 2}": "no such overload",
    "int('x')": "type conversion error from 'string' to 'int'",
    "optional.none().value()": "optional.none() dereference",
    "'abc'.substring(9)": "index out of range: 9",
    "timestamp(99999999999999)": "timestamp overflow",
    "int('" + "9" * 5000 + "')": "type conversion error from 'string' to 'int'",
}


@pytest.mark.parametrize(("text", "message"), RUNTIME_ERRORS.items())
def test_runtime_errors(text: str, message: str) -> None:
    with pytest.raises(cel.EvalError) as caught:
        run(text)
    assert str(caught.value) == message


REST = "'-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
PRIMARY = f"{{'[', '{{', '(', '.', {REST}"
ARGUMENTS = f"{{'[', '{{', '(', ')', '.', {REST}"
COMPILE_ERRORS = {
    "self.b > 1": ["1:5: undefined field 'b'"],
    "nope": ["1:1: undeclared reference to 'nope' (in container '')"],
    "foo(1)": ["1:4: undeclared reference to 'foo' (in container '')"],
    "self.min + 'a'": ["1:10: found no matching overload for '_+_' applied to '(int, string)'"],
    "self.num == 1": ["1:10: found no matching overload for '_==_' applied to '(double, int)'"],
    "self.name.startsWith(1)": ["1:21: found no matching overload for 'startsWith' applied to 'string.(int)'"],
    "self.name == null": ["1:11: found no matching overload for '_==_' applied to '(string, null)'"],
    "self.name.all(x, true)": [
        "1:5: expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)"
    ],
    "self.list.all(x, x)": ["1:14: found no matching overload for '_&&_' applied to '(bool, int)'"],
    "self.name.x": ["1:10: type 'string' does not support field selection"],
    "[1, 'a']": ["1:5: expected type 'int' but found 'string'"],
    "has(self)": ["1:5: invalid argument to has() macro"],
    "for": ["1:1: reserved identifier: for"],
    "self.list.all(x.y, true)": ["1:16: argument must be a simple name"],
    "1 +": [f"1:4: Syntax error: mismatched input '<EOF>' expecting {PRIMARY}"],
    "1 + +": [
        f"1:5: Syntax error: mismatched input '+' expecting {PRIMARY}",
        f"1:6: Syntax error: mismatched input '<EOF>' expecting {PRIMARY}",
    ],
    "f(": [f"1:3: Syntax error: mismatched input '<EOF>' expecting {ARGUMENTS}"],
    "a b": ["1:3: Syntax error: extraneous input 'b' expecting <EOF>"],
    "(1": ["1:3: Syntax error: missing ')' at '<EOF>'"],
    "self.": ["1:6: Syntax error: no viable alternative at input '.'"],
    "a = b": [
        "1:3: Syntax error: token recognition error at: '= '",
        "1:5: Syntax error: extraneous input 'b' expecting <EOF>",
    ],
    "99999999999999999999": ["1:1: invalid int literal"],
}


@pytest.mark.parametrize(("text", "messages"), COMPILE_ERRORS.items())
def test_compile_errors(text: str, messages: list[str]) -> None:
    with pytest.raises(cel.CompileError) as caught:
        cel.compile(text, variables()[0], None)
    found = [line.removeprefix("ERROR: <input>:") for line in str(caught.value).split("\n") if line.startswith("ERROR")]
    assert found == messages


def test_the_place_of_an_error_is_marked() -> None:
    with pytest.raises(cel.CompileError) as caught:
        cel.compile("true &&\nself.b", variables()[0], None)
    assert str(caught.value) == "ERROR: <input>:2:5: undefined field 'b'\n | self.b\n | ....^"


def test_wrong_result_type() -> None:
    with pytest.raises(cel.ResultError) as caught:
        cel.compile("1 + 1", {})
    assert str(caught.value.type) == "int"


@pytest.mark.parametrize(
    "text", ["(" * 500 + "1" + ")" * 500, "1" + " + 1" * 5000, "9" * 5000, "'\\ud800'", "'%.9999999f'.format([1.0])"]
)
def test_hostile_expressions_end_in_messages(text: str) -> None:
    with pytest.raises((cel.CompileError, cel.EvalError)):
        run(text)


def test_a_pattern_cannot_hang_the_server() -> None:
    assert cel.compile("s.matches('(a+)+$')", {"s": cel.types.STRING})({"s": "a" * 5000 + "!"}) is False


def test_long_chains_of_conditions_compile() -> None:
    text = " || ".join(f"self.min == {i}" for i in range(2000))
    assert run(text) is True


def test_the_cost_of_a_call_is_limited() -> None:
    program = cel.compile("l.all(x, l.all(y, x + y > 0))", {"l": cel.types.parse("list(int)")})
    with pytest.raises(cel.CostError):
        program.evaluate({"l": list(range(1, 100))}, limit=10_000)
    _, spent = program.evaluate({"l": [1, 2]})
    assert 10 < spent < 100


ESTIMATES = {
    "true": 0,
    "self.min": 2,
    "self.min <= 5": 3,
    "self.min == 1 ? true : self.min > 5": 6,
    "[1, 2].all(x, x > 0)": 21,
}


@pytest.mark.parametrize(("text", "estimate"), ESTIMATES.items())
def test_estimates(text: str, estimate: int) -> None:
    assert cel.compile(text, variables()[0], None).estimate == estimate


def test_what_nothing_limits_has_no_estimate() -> None:
    assert cel.compile("d.all(x, true)", {"d": cel.types.DYN}).estimate == 2**64 - 1
