"""One client of exec or attach, whatever protocol it speaks: its streams, and how it hears of the end."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from operators.pod.endpoint import inbound


class Output(Enum):
    STDOUT = "stdout"
    STDERR = "stderr"


@dataclass(frozen=True, slots=True)
class Size:
    """Of a terminal, in characters."""

    width: int
    height: int


def parse_size(message: bytes) -> Size | None:
    """A message of the resize stream, {"Width": …, "Height": …}; None if it is no such thing."""
    try:
        value = orjson.loads(message)
        width, height = value["Width"], value["Height"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    if not (type(width) is int and type(height) is int and 0 < width < 65536 and 0 < height < 65536):
        return None
    return Size(width, height)


class Session(ABC):
    """stdin: what the client types. sizes: its terminal's. gone: set once the client can no longer be reached."""

    def __init__(self) -> None:
        self.stdin = inbound.Inbound()
        self.sizes: asyncio.Queue[Size] = asyncio.Queue()
        self.gone = asyncio.Event()

    @abstractmethod
    async def write(self, output: Output, data: bytes) -> None:
        """Raises ConnectionError when the client is gone."""

    @abstractmethod
    async def finish(self, status: dict[str, Any]) -> None:
        """Says how it ended (a metav1.Status) on the error stream. Nothing is written after it."""

    def lost(self) -> None:
        self.stdin.end()
        self.gone.set()
