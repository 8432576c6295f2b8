"""Messages about malformed JSON."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiserver_stub.schema import jsonsyntax

# The machine may be busy.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "unexpected end of JSON input"),
        (b" ", "unexpected end of JSON input"),
        (b'{"a":', "unexpected end of JSON input"),
        (b'"abc', "unexpected end of JSON input"),
        (b"tru", "unexpected end of JSON input"),
        (b"{a", "invalid character 'a' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 2}', "invalid character '2' after object key:value pair"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"kind: x", "invalid character 'k' looking for beginning of value"),
        (b"'x'", "invalid character '\\'' looking for beginning of value"),
        (b"1 2", "invalid character '2' after top-level value"),
        (b"01", "invalid character '1' after top-level value"),
        (b'"\x01"', "invalid character '\\x01' in string literal"),
        (b'"\\x"', "invalid character 'x' in string escape code"),
        (b'"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"),
        (b"-x", "invalid character 'x' in numeric literal"),
        (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
        (b"1ex", "invalid character 'x' in exponent of numeric literal"),
        (b"trie", "invalid character 'i' in literal true (expecting 'u')"),
        (b"[" * 10_001, "exceeded max depth"),
        (b"[" * 2_000_000, "exceeded max depth"),
    ],
)
def test_message(text: bytes, message: str) -> None:
    assert jsonsyntax.error(text) == message


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@_PATIENT
@given(_VALUES)
def test_accepts_what_is_json(value: object) -> None:
    assert jsonsyntax.error(json.dumps(value).encode()) is None


@_PATIENT
@given(st.binary(max_size=60))
def test_refuses_what_is_not(data: bytes) -> None:
    def refuse(word: str) -> object:
        raise ValueError(word)

    try:
        json.loads(data.decode(), parse_constant=refuse)
    except UnicodeDecodeError:
        return
    except ValueError:
        assert jsonsyntax.error(data) is not None
    else:
        # Python takes other white space at the ends for none.
        assert jsonsyntax.error(data) is None
