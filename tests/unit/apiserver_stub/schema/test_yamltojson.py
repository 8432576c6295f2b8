"""YAML bodies by the rules of YAML 1.1 as sigs.k8s.io/yaml reads it."""

import pytest

from apiserver_stub.schema import yamltojson


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"a: 1\nb: [x, 'y']\n", {"a": 1, "b": ["x", "y"]}),
        (b"v: y", {"v": True}),
        (b"v: 'y'", {"v": "y"}),
        (b"v: off", {"v": False}),
        (b"v: ~", {"v": None}),
        (b"v:", {"v": None}),
        (b"v: 0x10", {"v": 16}),
        (b"v: 0b11", {"v": 3}),
        (b"v: 010", {"v": 8}),
        (b"v: 0o10", {"v": 8}),
        (b"v: 1_000", {"v": 1000}),
        (b"v: -7", {"v": -7}),
        (b"v: 1e3", {"v": 1000}),
        (b"v: 1.5", {"v": 1.5}),
        (b"v: 1.0", {"v": 1}),
        (b"v: 1:30", {"v": "1:30"}),
        (b"v: 2001-01-01", {"v": "2001-01-01"}),
        (b"v: 1.2.3", {"v": "1.2.3"}),
        (b"v: !!str 5", {"v": "5"}),
        (b"v: !!binary aGk=", {"v": "hi"}),
        (b"1: a\ntrue: b\n2.5: c\n", {"1": "a", "true": "b", "2.5": "c"}),
        (b"base: &b {x: 1, z: 2}\nother:\n  <<: *b\n  z: 3\n", {"base": {"x": 1, "z": 2}, "other": {"z": 3, "x": 1}}),
        (b"a: &l [1]\nb: *l\n", {"a": [1], "b": [1]}),
        (b"t: |\n  one\n  two\n", {"t": "one\ntwo\n"}),
        (b"a: 1\n---\nb: 2\n", {"a": 1}),
        (b"", None),
        (b'{"json": [true]}', {"json": [True]}),
    ],
)
def test_values(text: bytes, expected: object) -> None:
    assert yamltojson.load(text) == (expected, [])


def test_duplicate_keys_are_named_with_their_line() -> None:
    value, duplicates = yamltojson.load(b"data:\n  k: 1\n  k: 2\nx: 1\nx: 2\n")
    assert value == {"data": {"k": 2}, "x": 2}
    assert duplicates == ['line 3: key "k" already set in map', 'line 5: key "x" already set in map']


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"a: b: c", "yaml: mapping values are not allowed in this context"),
        (b"a:\n  - b\n c: d", "yaml: line 2: did not find expected key"),
        (b"a: *x", "yaml: unknown anchor 'x' referenced"),
        (b"\x80", "yaml: invalid leading UTF-8 octet"),
        (b"[" * 20_000, "yaml: exceeded max depth"),
        (b"- " * 20_000, "yaml: exceeded max depth"),
        (b"v: .inf", "yaml: unsupported value: .inf"),
        (b"? [a]\n: b\n", "yaml: unsupported type of a map key"),
        (b"x: 1\ny: {<<: 5}\n", "yaml: map merge requires map or sequence of maps as the value"),
    ],
)
def test_refused(text: bytes, message: str) -> None:
    with pytest.raises(yamltojson.YAMLError) as caught:
        yamltojson.load(text)
    assert str(caught.value) == message


def test_aliases_cannot_multiply() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    with pytest.raises(yamltojson.YAMLError, match="excessive aliasing"):
        yamltojson.load(bomb.encode())
