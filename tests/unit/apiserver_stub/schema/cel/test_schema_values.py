"""What rules see of values: schemas and values as upstream's own tests of CEL in custom resources have them."""

from typing import Any

import pytest

from apiserver_stub.schema import cel
from apiserver_stub.schema.cel import schematypes

STRING: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}
NUMBER: dict[str, Any] = {"type": "number"}


def obj(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


def lst(items: Any, kind: str = "atomic", *keys: str) -> dict[str, Any]:
    return {"type": "array", "items": items, "x-kubernetes-list-type": kind, "x-kubernetes-list-map-keys": list(keys)}


def mapped(values: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def form(name: str) -> dict[str, Any]:
    return {"type": "string", "format": name}


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "nullable": True}


IOS = {"x-kubernetes-int-or-string": True}
FREE = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
KEYED = lst(obj(k=STRING, v=STRING, v2=STRING), "map", "k")
A, B, B3, C4 = ({"k": k, "v": v} for k, v in (("a", "1"), ("b", "2"), ("b", "3"), ("c", "4")))
RESERVED = ["true", "false", "null", "in", "as", "break", "for", "namespace", "return", "var", "void", "while"]

# Schema of self, self, rules that hold, rules that fail with what the message begins with.
CASES: dict[str, tuple[dict[str, Any], Any, list[str], dict[str, str]]] = {
    "numbers": (
        obj(i=INTEGER, f=NUMBER, whole=NUMBER),
        {"i": 10, "f": 10.5, "whole": 10},
        [
            "double(self.i) < self.f",
            "self.i == int(self.f)",
            "double(self.i) == self.whole",
            "string(self.f) == '10.5'",
        ],
        {"self.i == self.f": "ERROR"},
    ),
    "unicode": (
        obj(s=STRING),
        {"s": "Rook takes 👑"},
        [
            "size(self.s) == 12 && self.s.endsWith('👑') && self.s.matches('^[^0-9]*$')",
            "self.s.split(' ', 2) == ['Rook', 'takes 👑'] && self.s.substring(4, 10).trim() == 'takes'",
            "self.s.indexOf('o', 2) == 2 && self.s.charAt(3) == 'k'",
        ],
        {},
    ),
    "formats": (
        obj(b=form("byte"), d=form("duration"), day=form("date"), t=form("date-time"), text=STRING),
        {
            "b": "QUI=",
            "d": "1h2m3s4ms",
            "day": "1997-07-16",
            "t": "2011-08-18T19:03:37.01+01:00",
            "text": "2011-08-18T19:03:37.01+01:00",
        },
        [
            "self.b == b'AB' && self.b == b'\\x41\\x42' && type(self.b) == bytes && size(self.b) == 2",
            "self.d == duration('1h2m') + duration('3s4ms') && self.d.getHours() == 1 && self.d.getMinutes() == 62",
            "self.d.getSeconds() == 3723 && self.d.getMilliseconds() == 3723004 && string(self.d) == '3723.004s'",
            "type(self.d) == google.protobuf.Duration && type(self.t) == google.protobuf.Timestamp",
            "self.day.getDate() == 16 && self.day.getMonth() == 6 && self.day.getFullYear() == 1997",
            "self.t.getHours('01:00') == 19 && self.t.getHours('UTC') == 18 && self.t.getMilliseconds() == 10",
            "string(self.t) == self.text && timestamp(self.text) == self.t",
        ],
        {},
    ),
    "sets": (
        obj(a=lst(STRING, "set"), b=lst(STRING, "set")),
        {"a": ["a", "b", "c"], "b": ["a", "c", "b"]},
        [
            "self.a == ['c', 'b', 'a'] && self.a == self.b && ['b', 'c', 'a'] == self.a && 'a' in self.a",
            "self.a + self.b == ['a', 'b', 'c'] && self.a + ['c', 'd'] == ['a', 'b', 'c', 'd']",
        ],
        {},
    ),
    "lists of type map": (
        obj(objs=lst(KEYED)),
        {"objs": [[A, B], [B, A], [B3, A], [C4]]},
        [
            "self.objs[0] == self.objs[1] && self.objs[0] + self.objs[2] == self.objs[2]",
            "self.objs[0] == [self.objs[0][1], self.objs[0][0]] && [self.objs[0][1], self.objs[0][0]] == self.objs[0]",
            "size(self.objs[0] + [self.objs[3][0]]) == 3",
        ],
        {"self.objs[0] == {'k': 'a', 'v': '1'}": "ERROR"},
    ),
    "null is absent in objects": (
        obj(a=obj(b=INTEGER, c=INTEGER, d=nullable(INTEGER)), ios=nullable(IOS), m=mapped(nullable(STRING))),
        {"a": {"b": 1, "d": None}, "ios": None, "m": {"a": None}},
        [
            "has(self.a.b) && !has(self.a.c) && !has(self.a.d) && !has(self.ios) && !self.a.?d.hasValue()",
            "self.m.size() == 1 && 'a' in self.m && type(self.m['a']) == null_type",
        ],
        {"self.a.d == 1": "no such key: d", "type(self.ios) == int": "no such key", "has(self.a.z)": "ERROR"},
    ),
    "maps": (
        obj(m=mapped(INTEGER)),
        {"m": {"@": 1, "9": 2, "int": 3, "./-": 4, "👑": 5}},
        [
            "self.m['@'] == 1 && self.m['9'] == 2 && self.m['./-'] == 4 && self.m['👑'] == 5 && self.m.int == 3",
            "!has(self.m.z) && self.m.exists_one(k, self.m[k] == 2)",
        ],
        {"self.m['c'] == 1": "no such key: c"},
    ),
    "errors in macros": (
        obj(l=KEYED),
        {"l": [{"k": "a1", "v": "b1"}, {"k": "a2", "v": "b2"}, {"k": "a3", "v": "b3", "v2": "z"}]},
        [
            "self.l.exists(m, m.v2 == 'z')",
            "!self.l.all(m, m.v2 != 'z')",
            "self.l.exists_one(m, has(m.v2) && m.v2 == 'z')",
            "self.l.map(m, has(m.v2) && m.v2 == 'z', m.v2).size() == 1",
        ],
        {
            "self.l.all(m, m.v2 == 'z')": "no such key: v2",
            "self.l.exists_one(m, m.v2 == 'z')": "no such key: v2",
            "self.l.filter(m, m.v2 == 'z').size() == 1": "no such key: v2",
            "self.l.map(m, m.v2).size() == 1": "no such key: v2",
        },
    ),
    "int or string": (
        obj(s=IOS, i=IOS, current=INTEGER, available=INTEGER),
        {"s": "50%", "i": 1, "current": 5, "available": 10},
        [
            "self.s == '50%' && self.s != 1 && self.i == 1 && self.i != 'x' && self.s != ['anything']",
            "type(self.s) == string && self.s.matches(r'(\\d+(\\.\\d+)?%)')",
            "type(self.s) == int ? self.current <= self.s "
            ": double(self.current) / double(self.available) >= double(self.s.replace('%', '')) / 100.0",
        ],
        {},
    ),
    "unknown fields": (
        obj(u=FREE, l=lst(FREE), any={"x-kubernetes-preserve-unknown-fields": True}),
        {"u": {"a": 1}, "l": [{"a": 1}, {"a": 2}, {"a": 2}], "any": 1},
        ["has(self.u) && self.l.size() == 3 && self.l[0] != self.l[1] && self.l[1] == self.l[2]"],
        {"has(self.u.a)": "ERROR", "has(self.any)": "ERROR"},
    ),
    "escaping": (
        obj(**dict.fromkeys((*RESERVED, "int", "self", "all", "_true", "a.b", "a-b", "a/b", "a__b"), INTEGER)),
        dict.fromkeys([*RESERVED, "int", "self", "all", "_true", "a.b", "a-b", "a/b", "a__b"], 1),
        [
            *(f"self.__{name}__ == 1" for name in RESERVED),
            "self.int == 1 && self.self == 1 && self.all == 1 && self._true == 1",
            "self.a__dot__b == 1 && self.a__dash__b == 1 && self.a__slash__b == 1 && self.a__underscores__b == 1",
        ],
        {"self.__illegal__ == 1": "ERROR", "self == 1": "ERROR"},
    ),
    "embedded": (
        obj(e={"type": "object", "x-kubernetes-embedded-resource": True}),
        {"e": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "n", "generateName": "g", "namespace": "x"}}},
        ["self.e.kind == 'Pod' && self.e.apiVersion == 'v1' && self.e.metadata.name == 'n'"],
        {"has(self.e.metadata.namespace)": "ERROR", "has(self.e.spec)": "ERROR"},
    ),
    "lists": (
        obj(
            i=lst(INTEGER),
            f=lst(NUMBER),
            d=lst(form("duration")),
            s=lst(STRING),
            t=lst(form("date")),
            none=lst(INTEGER),
        ),
        {
            "i": [1, 2, 2, 3],
            "f": [1, 2, 3],
            "d": ["1s", "1m", "1m", "1h"],
            "s": ["a", "b", "b", "c"],
            "t": ["2000-01-01", "2000-02-01", "2010-01-01"],
            "none": [],
        },
        [
            "self.i.sum() == 8 && self.i.lastIndexOf(2) == 2 && self.i.indexOf(10) == -1 && self.none.sum() == 0",
            "self.f.sum() == 6.0 && self.f.max() == 3.0 && self.f.indexOf(2.0) == 1 && self.f.isSorted()",
            "self.d.sum() == duration('1h2m1s') && self.d.max() == duration('1h') && self.d.isSorted()",
            "self.d.lastIndexOf(duration('1m')) == 2 && self.s.min() == 'a' && self.s.isSorted()",
            "self.t.max() == timestamp('2010-01-01T00:00:00.000Z') && self.t.isSorted()",
            "[[1], [2]].indexOf([1]) == 0 && [{'a': 1}, {'b': 2}].lastIndexOf({'b': 2}) == 1",
            "([0] + self.none).min() == 0 && dyn([]).sum() == 0 && dyn([1.0, 2.0]).sum() == 3.0",
        ],
        {
            "self.none.min() == 1": "min called on empty list",
            "['a', 'b'].sum() == 'c'": "ERROR",
            "[[1], [2]].min() == [1]": "ERROR",
        },
    ),
    "urls": (
        obj(u=STRING),
        {"u": "https://user:pass@kubernetes.io:80/docs/home?k1=a&k2=b&k2=c#anchor"},
        [
            "url(self.u).getHost() == 'kubernetes.io:80' && url(self.u).getHostname() == 'kubernetes.io'",
            "url(self.u).getQuery() == {'k1': ['a'], 'k2': ['b', 'c']} && url(self.u).getEscapedPath() == '/docs/home'",
            "url('https://[::1]:80/').getHost() == '[::1]:80' && url('https://[::1]/').getHostname() == '::1'",
            "url('/path').getScheme() == '' && url('/path').getPort() == '' && url('https://a').getEscapedPath() == ''",
            "url('https://a/with space/').getEscapedPath() == '/with%20space/' && url('https://a/p?').getQuery() == {}",
            "url('https://a/p?key with spaces=v w').getQuery() == {'key with spaces': ['v w']}",
            "isURL('https://u:p@a:80/p?q=v#f') && isURL('/p') && !isURL('https://a:b:c/') && !isURL('../p')",
        ],
        {},
    ),
    "types": (
        obj(m=mapped(obj(a=INTEGER)), l=lst(obj(a=INTEGER))),
        {"m": {"x": {"a": 1}, "y": {"a": 2}}, "l": [{"a": 1}, {"a": 2}]},
        ["type(self) == type(self)", "type(self.m['x']) == type(self.m['y'])", "type(self.l[0]) == type(self.l[1])"],
        {"string(type(self.l[0])) == ''": "ERROR"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rules(name: str) -> None:
    schema, value, holding, failing = CASES[name]
    kind = schematypes.of(schema)
    assert kind is not None
    adapted = cel.values.adapter(kind)(value)
    for rule in holding:
        assert cel.compile(rule, {"self": kind})({"self": adapted}) is True, rule
    for rule, message in failing.items():
        with pytest.raises((cel.CompileError, cel.EvalError)) as caught:
            cel.compile(rule, {"self": kind})({"self": adapted})
        assert str(caught.value).startswith(message), rule
