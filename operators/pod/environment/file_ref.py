"""Environment variables from files that containers write: `fileKeyRef` (KEP-3721)."""

import os
import re
from pathlib import Path
from typing import Protocol

_LARGEST_FILE = 64 * 1024
_NAME = re.compile(r"[ \t]*(?P<name>[^=\n]*)=")
_BLANK = re.compile(r"[ \t]*(#[^\n]*)?(\n|\Z)")
_QUOTED = re.compile(r"'([^']*)'[ \t]*(#[^\n]*)?(\n|\Z)")
_EMPTY = re.compile(r"([ \t][^\n]*)?(\n|\Z)")


class Reader(Protocol):
    """Reads a file of one of the Pod's volumes, never outside of it."""

    def __call__(self, volume: str, path: str) -> str:
        """Its text. Raises OSError where there is none; LookupError: no such volume."""


def parse(text: str, key: str) -> str | None:
    """The value of a variable; None when the file does not set it. Raises ValueError for what is no such file.

    A line is `NAME='value'`; the value may go on over lines. Empty lines and those that begin with # are skipped.
    """
    position = 0
    while position < len(text):
        if blank := _BLANK.match(text, position):
            position = blank.end()
            continue
        name = _NAME.match(text, position)
        if name is None or not name["name"] or name["name"].split() != [name["name"]]:
            raise ValueError(f"invalid environment variable format at line {text.count(chr(10), 0, position) + 1}")
        value = _QUOTED.match(text, name.end()) or _EMPTY.match(text, name.end())
        if value is None:
            line = text.count("\n", 0, position) + 1
            raise ValueError(f"invalid environment variable format at line {line}: values must be in single quotes")
        if name["name"] == key:
            return value[1] if text[name.end() : name.end() + 1] == "'" else ""
        position = value.end()
    return None


def read(root: Path, path: str) -> str:
    """The text of a file below a folder that containers write to: no link may lead out of it. Raises OSError."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            raise OSError(f"{path} is not below its volume")
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Not blocking: a container may have put a pipe there.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(parts[-1], flags, dir_fd=folder), "rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    finally:
        os.close(folder)
    if len(data) > _LARGEST_FILE:
        raise OSError(f"{path} has more than {_LARGEST_FILE} bytes")
    return data.decode("utf-8", "surrogateescape")
