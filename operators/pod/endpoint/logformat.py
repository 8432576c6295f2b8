"""The CRI log format, read: `<RFC 3339 time> <stdout|stderr> <P|F>[:tag…] <text>`.

Source: the Container Runtime Interface's logging format. P marks a piece that goes on in the next line of the same
stream, F the last piece of a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple

Which = Literal["All", "Stdout", "Stderr"]

_LINE = re.compile(rb"(\S+) (stdout|stderr) ([PF])(?::\S*)? ?(.*)", re.DOTALL)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)")
_TAGS = len(b" stdout F ")
_FULL = {b" stdout F ", b" stderr F "}
_UTC = {b"Z", b"+00:00"}
_NANOSECONDS = len("2024-01-01T00:00:00.000000000")


class Line(NamedTuple):
    """time: as written. full: the last (or only) piece of a line. text: without the newline."""

    time: bytes
    stream: bytes
    full: bool
    text: bytes


def parse(raw: bytes) -> Line | None:
    """None for what is no line of this format, e.g. one torn by a power cut."""
    found = _LINE.fullmatch(raw)
    if found is None:
        return None
    time, stream, tag, text = found.groups()
    return Line(time, stream, tag == b"F", text)


def nanoseconds(time: str) -> int | None:
    """RFC 3339 to nanoseconds since 1970; None if it is no such time."""
    found = _TIME.fullmatch(time)
    if found is None:
        return None
    whole, fraction, zone = found.groups()
    try:
        seconds = datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
    return int(seconds) * 10**9 + int((fraction or "").ljust(9, "0"))


def utc(nanos: int) -> bytes:
    """The reverse, always with nine decimals and Z."""
    moment = datetime.fromtimestamp(nanos // 10**9, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanos % 10**9:09d}Z".encode()


def is_before(time: bytes, since: bytes) -> bool:
    """since: made by `utc`. Times of UTC, which is what conmon writes, compare as text."""
    if len(time) >= _NANOSECONDS and time[_NANOSECONDS:] in _UTC:
        return time[:_NANOSECONDS] < since[:_NANOSECONDS]
    nanos = nanoseconds(time.decode("ascii", "replace"))
    return nanos is not None and utc(nanos) < since


def _shown(time: bytes) -> bytes:
    """As upstream prints it: Z for UTC."""
    return time[: -len(b"+00:00")] + b"Z" if time.endswith(b"+00:00") else time


@dataclass(slots=True)
class Formatter:
    """Turns blocks of whole log lines into what a client gets.

    since: only lines of this time (see `utc`) or later. limit: bytes that may still be written, None without a limit.
    """

    timestamps: bool = False
    since: bytes | None = None
    stream: Which = "All"
    limit: int | None = None
    _within: bool = False  # inside a line whose first pieces have been written

    @property
    def done(self) -> bool:
        return self.limit is not None and self.limit <= 0

    def feed(self, block: bytes) -> bytes:
        """block: any number of lines, each with its newline."""
        lines = block.split(b"\n")
        lines.pop()
        text = self._uniform(lines)
        if text is None:
            text = b"".join(self._each(lines))
        if self.limit is not None:
            text = text[: self.limit]
            self.limit -= len(text)
        return text

    def _uniform(self, lines: list[bytes]) -> bytes | None:
        """The usual case, many times faster: only whole lines, all prefixes of one width. None if it is another one."""
        if not lines or self._within:
            return None
        width = lines[0].find(b" ")
        start = width + _TAGS
        if {line[width:start] for line in lines} - _FULL:
            return None
        if self.since is not None:
            if {line[_NANOSECONDS:width] for line in lines} - _UTC:
                return None
            since = self.since[:_NANOSECONDS]
            lines = [line for line in lines if line[:_NANOSECONDS] >= since]
        if self.stream != "All":
            wanted = b" %b F " % self.stream.lower().encode()
            lines = [line for line in lines if line[width:start] == wanted]
        if not lines:
            return b""
        if not self.timestamps:
            texts = [line[start:] for line in lines]
        elif b"+00:00" in (zones := {line[width - 6 : width] for line in lines}):
            if len(zones) > 1:  # the clocks went forward or back
                return None
            texts = [b"%bZ %b" % (line[: width - 6], line[start:]) for line in lines]
        else:
            texts = [b"%b %b" % (line[:width], line[start:]) for line in lines]
        texts.append(b"")
        return b"\n".join(texts)

    def _each(self, lines: Iterable[bytes]) -> Iterable[bytes]:
        for raw in lines:
            line = parse(raw)
            if line is None or (self.stream != "All" and line.stream != self.stream.lower().encode()):
                continue
            if self.since is not None and is_before(line.time, self.since):
                continue
            if self.timestamps and not self._within:
                yield _shown(line.time) + b" "
            yield line.text
            self._within = not line.full
            if line.full:
                yield b"\n"


class TailCounter:
    """Finds where the last `wanted` lines of a log begin, fed with its lines from the last one backwards."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._seen = 0
        self._first = True

    def back(self, raw: bytes) -> bool:
        """raw: the next older line. True if it is older than what is wanted: the tail begins right after it."""
        line = parse(raw)
        # Going backwards, a line is begun by its last piece; pieces at the very end that still lack theirs are one too.
        if (line is not None and line.full) or self._first:
            self._seen += 1
        self._first = False
        return self._seen > self._wanted
