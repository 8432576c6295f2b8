"""The channel protocols over WebSocket: one message is one byte of channel number and a piece of that stream."""

from __future__ import annotations

from collections.abc import Sequence

STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
CLOSE = 255  # v5: its second byte names the channel that is half closed

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
V1 = "channel.k8s.io"  # errors as plain text; also what a client without a subprotocol gets
REMOTE_COMMAND: tuple[str, ...] = (V5, V4, V1)

LOGS: tuple[str, ...] = ("binary.k8s.io",)
PORT_FORWARD: tuple[str, ...] = (V4,)
TUNNEL = "SPDY/3.1+portforward.k8s.io"  # a SPDY connection inside binary messages


def negotiate(offered: Sequence[str], supported: Sequence[str]) -> str | None:
    """The client's first choice that is supported; "" if it offered nothing; None if there is nothing in common."""
    if not offered:
        return ""
    return next((name for name in offered if name in supported), None)


def message(channel: int, data: bytes) -> bytes:
    return bytes((channel,)) + data


def split(raw: bytes) -> tuple[int, bytes]:
    """channel and data; an empty message belongs to no channel (-1)."""
    return (raw[0], raw[1:]) if raw else (-1, b"")
