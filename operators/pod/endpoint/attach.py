"""attach: a client tied to a running container's own streams, through the socket that conmon keeps for this."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path
from typing import Any

from operators.pod.endpoint import backend, options, runtime, session, statuses

STORAGE = Path("/var/lib/containers/storage/overlay-containers")
_PACKET = 8192  # what conmon takes at once
_READ = 64 * 1024
_RESIZING = 0.05  # seconds between two changes of the terminal's size
# The first byte of each packet from conmon.
_OUTPUTS = {2: session.Output.STDOUT, 3: session.Output.STDERR}


def directory_of(container_id: str) -> Path:
    """Where conmon keeps its sockets: podman's `userdata` of the container, which is its bundle too."""
    return runtime.bundle(container_id) or STORAGE / container_id / "userdata"


class Attacher:
    """Attaches clients; keeps what must outlive them.

    conmon takes the end of any attached connection for the end of the container's stdin. Unless that is what
    `stdinOnce` asks for, the connection therefore stays open, unread output thrown away, until the container ends.
    """

    def __init__(self) -> None:
        self._kept: set[asyncio.Task[None]] = set()

    async def run(
        self, client: session.Session, container: backend.ContainerRef, wanted: options.Streams
    ) -> dict[str, Any]:
        """Until the container ends or the client goes away; the Status that says how."""
        where = await asyncio.to_thread(directory_of, container.container_id)
        try:
            connection = await _connect(where)
        except OSError as error:
            return statuses.internal(f"error attaching to container: {error.strerror or error}")
        typing = wanted.stdin and container.stdin
        closing = not container.stdin or container.tty or (typing and container.stdin_once)
        try:
            await _relay(client, connection, where, wanted, typing=typing, half_close=closing)
        finally:
            client.stdin.discard()
            if closing:
                connection.close()
            else:
                self._keep(connection)
        return statuses.SUCCESS

    def _keep(self, connection: socket.socket) -> None:
        task = asyncio.create_task(_drain(connection))
        self._kept.add(task)
        task.add_done_callback(self._kept.discard)

    async def close(self) -> None:
        for task in self._kept:
            task.cancel()
        await asyncio.gather(*self._kept, return_exceptions=True)


async def _drain(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with connection, contextlib.suppress(OSError):
        while await loop.sock_recv(connection, _READ):
            pass


async def _relay(
    client: session.Session,
    connection: socket.socket,
    where: Path,
    wanted: options.Streams,
    *,
    typing: bool,
    half_close: bool,
) -> None:
    printing = asyncio.create_task(_print(client, connection, wanted))
    gone = asyncio.create_task(client.gone.wait())
    others = [asyncio.create_task(_resize(client, where))]
    if typing:
        others.append(asyncio.create_task(_type(client, connection, half_close=half_close)))
    else:  # without stdin in its spec a container has nothing to type into: dropped, as upstream does
        client.stdin.discard()
    try:
        await asyncio.wait([printing, gone], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in [printing, gone, *others]:
            task.cancel()
        await asyncio.gather(printing, gone, *others, return_exceptions=True)


async def _connect(where: Path) -> socket.socket:
    """The path is longer than a socket address may be: it is reached through a descriptor of its directory."""
    descriptor = os.open(where, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
    try:
        await asyncio.get_running_loop().sock_connect(connection, f"/proc/self/fd/{descriptor}/attach")
    except BaseException:
        connection.close()
        raise
    finally:
        os.close(descriptor)
    return connection


async def _print(client: session.Session, connection: socket.socket, wanted: options.Streams) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while packet := await loop.sock_recv(connection, _READ):
            output = _OUTPUTS.get(packet[0])
            if output is not None and getattr(wanted, output.value):
                await client.write(output, packet[1:])


async def _type(client: session.Session, connection: socket.socket, *, half_close: bool) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while piece := await client.stdin.get():
            for start in range(0, len(piece), _PACKET):
                await loop.sock_sendall(connection, piece[start : start + _PACKET])
        if half_close:
            connection.shutdown(socket.SHUT_WR)


async def _resize(client: session.Session, where: Path) -> None:
    """conmon loses the second of two sizes that it reads at once: they are sent one by one, the newest always."""
    while True:
        size = await client.sizes.get()
        while not client.sizes.empty():
            size = client.sizes.get_nowait()
        with contextlib.suppress(OSError):
            control = os.open(where / "ctl", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.write(control, f"1 {size.height} {size.width}\n".encode())
            finally:
                os.close(control)
        await asyncio.sleep(_RESIZING)
