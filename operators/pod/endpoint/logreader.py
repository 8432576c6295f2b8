"""Reading log files in blocks of whole lines, onwards and from the end."""

from __future__ import annotations

import os
from collections.abc import Sequence

from operators.pod.endpoint import logformat
from operators.pod.endpoint.logfiles import Opened

BLOCK = 128 * 1024
_TAIL_BLOCK = 64 * 1024
_LONGEST = 16 * 1024 * 1024  # a line longer than this is no line


class LogReader:
    """Reads one open part onwards from `offset`, whole lines at a time; it may still grow. Closes it in the end."""

    def __init__(self, part: Opened, offset: int = 0) -> None:
        self.part = part
        self._offset = offset
        self._rest = b""

    def close(self) -> None:
        self.part.close()

    def read(self, formatter: logformat.Formatter) -> bytes | None:
        """What the next lines look like to the client (perhaps nothing: b""); None when no whole line is there."""
        while True:
            piece = os.pread(self.part.descriptor, BLOCK, self._offset)
            if not piece:
                return None
            self._offset += len(piece)
            end = piece.rfind(b"\n") + 1
            if end:
                block, self._rest = self._rest + piece[:end], piece[end:]
                return formatter.feed(block)
            self._rest = self._rest + piece if len(self._rest) < _LONGEST else b""


def tail(parts: Sequence[Opened], wanted: int) -> tuple[int, int]:
    """Where the last `wanted` lines begin: index of the part, offset in it."""
    counter = logformat.TailCounter(wanted)
    for index in range(len(parts) - 1, -1, -1):
        offset = _tail_of(parts[index].descriptor, counter)
        if offset is not None:
            return index, offset
    return 0, 0


def _tail_of(descriptor: int, counter: logformat.TailCounter) -> int | None:
    """None if the tail begins before this file."""
    end = os.fstat(descriptor).st_size
    rest = b""  # the head of what was read last: the end of a line that began earlier
    begin = end
    complete = False  # the text after the last newline is a line still being written
    while begin > 0:
        size = min(_TAIL_BLOCK, begin)
        begin -= size
        block = os.pread(descriptor, size, begin) + rest
        position = len(block)
        lines = block.split(b"\n")
        for raw in reversed(lines[1:]):
            if complete and counter.back(raw):
                return begin + position + 1
            complete = True
            position -= len(raw) + 1
        rest = lines[0]
    if complete and counter.back(rest):
        return len(rest) + 1
    return None
