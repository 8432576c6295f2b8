from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.pod.endpoint import logformat
from operators.pod.endpoint.logformat import Line

T = b"2024-01-01T00:00:0%d.000000000"


def at(second: int, rest: str, zone: bytes = b"+00:00") -> bytes:
    return T % second + zone + b" " + rest.encode() + b"\n"


LOG = (
    at(0, "stdout F zero")
    + at(1, "stderr F one")
    + at(2, "stdout P two ")
    + at(3, "stdout F three")
    + at(4, "stdout F ")
    + at(5, "stderr F five")
)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"t stdout F text", Line(b"t", b"stdout", True, b"text")),
        (b"t stderr P a b ", Line(b"t", b"stderr", False, b"a b ")),
        (b"t stdout F ", Line(b"t", b"stdout", True, b"")),
        (b"t stdout F", Line(b"t", b"stdout", True, b"")),
        (b"t stdout F:tag:x text", Line(b"t", b"stdout", True, b"text")),
        (b"t stdout F \xff\x00\r", Line(b"t", b"stdout", True, b"\xff\x00\r")),
        (b"", None),
        (b"t stdout X text", None),
        (b"t stdin F text", None),
        (b"dout F torn by a power cut", None),
    ],
)
def test_parse(raw: bytes, line: Line | None) -> None:
    assert logformat.parse(raw) == line


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, b"zero\none\ntwo three\n\nfive\n"),
        ({"stream": "Stdout"}, b"zero\ntwo three\n\n"),
        ({"stream": "Stderr"}, b"one\nfive\n"),
        (
            {"timestamps": True, "stream": "Stdout"},
            T % 0 + b"Z zero\n" + T % 2 + b"Z two three\n" + T % 4 + b"Z \n",
        ),
        ({"since": T % 4 + b"Z"}, b"\nfive\n"),
        ({"since": b"2030-01-01T00:00:00.000000000Z"}, b""),
        ({"limit": 7}, b"zero\non"),
        ({"limit": 1000}, b"zero\none\ntwo three\n\nfive\n"),
    ],
)
@pytest.mark.parametrize("step", [1, 2, 6])
def test_formatter(options: dict[str, Any], text: bytes, step: int) -> None:
    formatter = logformat.Formatter(**options)
    lines = LOG.splitlines(keepends=True)
    blocks = [b"".join(lines[start : start + step]) for start in range(0, len(lines), step)]
    assert b"".join(map(formatter.feed, blocks)) == text
    assert formatter.done == (options.get("limit") == 7)


def test_lines_that_are_none_are_left_out() -> None:
    assert logformat.Formatter().feed(b"garbage\n\n" + at(0, "stdout F text") + b"\0\0\n") == b"text\n"


def test_times_of_other_zones() -> None:
    block = at(0, "stdout F old", b"+01:00") + at(0, "stdout F new", b"-01:00")
    assert logformat.Formatter(since=T % 0 + b"Z").feed(block) == b"new\n"
    assert logformat.Formatter(timestamps=True).feed(block) == T % 0 + b"+01:00 old\n" + T % 0 + b"-01:00 new\n"


def test_the_clocks_go_forward_within_a_block() -> None:
    block = at(0, "stdout F winter") + at(0, "stdout F summer", b"+01:00")
    assert logformat.Formatter(timestamps=True).feed(block) == T % 0 + b"Z winter\n" + T % 0 + b"+01:00 summer\n"


LINES = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "stderr"]),
        st.sampled_from(["F", "F", "F", "P", "F:x"]),
        st.binary(max_size=12).map(lambda text: text.replace(b"\n", b"")),
        st.integers(0, 9),
        st.sampled_from([b"+00:00", b"Z", b"+02:00"]),
    ),
    max_size=12,
)


@given(LINES, st.booleans(), st.sampled_from(["All", "Stdout", "Stderr"]), st.none() | st.integers(0, 9))
def test_the_fast_way_gives_what_the_slow_way_gives(
    lines: list[tuple[str, str, bytes, int, bytes]], timestamps: bool, stream: Any, since: int | None
) -> None:
    block = b"".join(
        b"%b%b %b %b %b\n" % (T % second, zone, name.encode(), tag.encode(), text)
        for name, tag, text, second, zone in lines
    )
    options: dict[str, Any] = {"timestamps": timestamps, "stream": stream}
    options["since"] = None if since is None else T % since + b"Z"
    slow = logformat.Formatter(**options)
    assert logformat.Formatter(**options).feed(block) == b"".join(slow._each(block.split(b"\n")[:-1]))


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T00:00:01.5Z", 15 * 10**8),
        ("1970-01-01T01:00:01.000000007+01:00", 10**9 + 7),
        ("1970-01-01T00:00:01.0000000079Z", 10**9 + 7),
        ("1970-01-01T00:00:01", None),
        ("1970-13-01T00:00:01Z", None),
        ("yesterday", None),
    ],
)
def test_nanoseconds(text: str, nanos: int | None) -> None:
    assert logformat.nanoseconds(text) == nanos


@given(st.integers(0, 4 * 10**18))
def test_utc_is_the_reverse(nanos: int) -> None:
    assert logformat.nanoseconds(logformat.utc(nanos).decode()) == nanos
