"""TCP connections that begin inside another network namespace."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import threading
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_CONNECTING = 10.0  # seconds
_LOOPBACK = ((socket.AF_INET, "tcp4", "127.0.0.1", "127.0.0.1"), (socket.AF_INET6, "tcp6", "::1", "[::1]"))

_libc = ctypes.CDLL(None, use_errno=True)


class NotConnected(Exception):
    """No connection; the message says what was tried, as upstream's container runtimes do."""


async def connect(namespace: Path | None, port: int) -> socket.socket:
    """A connection to `localhost:port` of the namespace (None: our own), IPv4 first. Raises NotConnected."""
    failures = []
    for family, name, address, shown in _LOOPBACK:
        try:
            connection = await asyncio.to_thread(_socket_in, namespace, family)
        except OSError as error:
            failures.append(f"{name}: {_reason(error)}")
            continue
        try:
            async with asyncio.timeout(_CONNECTING):
                await asyncio.get_running_loop().sock_connect(connection, (address, port))
            return connection
        except (OSError, TimeoutError) as error:
            connection.close()
            failures.append(f"dial {name} {shown}:{port}: connect: {_reason(error)}")
        except BaseException:
            connection.close()
            raise
    raise NotConnected(
        f'failed to connect to localhost:{port} inside namespace "{namespace or "host"}", '
        f"IPv4: {failures[0]} IPv6 {failures[1]} "
    )


def _reason(error: Exception) -> str:
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number).lower() if number else "i/o timeout"


def _socket_in(namespace: Path | None, family: socket.AddressFamily) -> socket.socket:
    """A socket stays in the namespace it was made in; the thread that went there must serve nobody else, so it ends."""
    result: list[socket.socket | OSError] = []

    def make() -> None:
        try:
            if namespace is not None:
                _enter(namespace)
            made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            with contextlib.suppress(OSError):
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            result.append(made)
        except OSError as error:
            result.append(error)

    thread = threading.Thread(target=make, name="netns")
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


def _enter(namespace: Path) -> None:
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
