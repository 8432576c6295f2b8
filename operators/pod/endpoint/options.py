"""The query of an exec, attach or port-forward request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class BadOptions(Exception):
    """The request asks for something impossible (400); the message is upstream's."""


class Query(Protocol):
    """What is needed of a multidict."""

    def getall(self, key: str, default: list[str], /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Streams:
    """What the client wants to be connected to; command is empty for attach."""

    command: tuple[str, ...]
    stdin: bool
    stdout: bool
    stderr: bool
    tty: bool


# The kubelet's own names, and those of PodExecOptions, which reach us when the API server forwards the query as it is.
_NAMES: Mapping[str, tuple[str, str]] = {
    "stdin": ("input", "stdin"),
    "stdout": ("output", "stdout"),
    "stderr": ("error", "stderr"),
    "tty": ("tty", "tty"),
}


def parse_streams(query: Query) -> Streams:
    """Raises BadOptions."""
    flags = {
        flag: any(value in ("1", "true") for name in names for value in query.getall(name, []))
        for flag, names in _NAMES.items()
    }
    if flags["tty"]:
        flags["stderr"] = False  # a terminal has one output
    if not (flags["stdin"] or flags["stdout"] or flags["stderr"]):
        raise BadOptions("you must specify at least 1 of stdin, stdout, stderr")
    return Streams(command=tuple(query.getall("command", [])), **flags)


def parse_ports(query: Query) -> tuple[int, ...]:
    """The `ports` of the older WebSocket port-forward; raises BadOptions."""
    texts = [text for value in query.getall("ports", []) + query.getall("port", []) for text in value.split(",")]
    if not texts:
        raise BadOptions('query parameter "port" is required')
    return tuple(parse_port(text) for text in texts)


def parse_port(text: str) -> int:
    """Raises BadOptions."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and 0 < int(text) < 65536):
        raise BadOptions(f"unable to parse {text!r} as a port")
    return int(text)
