"""exec: a client's streams tied to a command's, until the command ends or the client goes away."""

from __future__ import annotations

import asyncio
from typing import Any

from operators.pod.endpoint import backend, options, process, runtime, session, statuses, stdio

_IDLE = 2.0  # seconds of silence after which a command that is over, but left its output open to others, is done

_FIRST_SIZE = 0.1  # seconds that a start waits for the size of the client's terminal


async def run(
    client: session.Session, container: backend.ContainerRef, wanted: options.Streams, launcher: runtime.Launcher
) -> dict[str, Any]:
    """Runs the command and relays it; the Status that says how it ended."""
    try:
        size = await _first_size(client) if wanted.tty else None
        running = await _start(container, wanted, launcher, size)
    except runtime.StartFailed as error:
        return statuses.internal(f"error executing command in container: {error}")
    try:
        return statuses.exit_code(wanted.command, await _relay(client, running, wanted))
    except runtime.StartFailed as error:
        return statuses.internal(f"error executing command in container: {error}")
    finally:
        client.stdin.discard()
        await running.close()


async def _first_size(client: session.Session) -> session.Size | None:
    """The terminal's size, which kubectl sends at once: a command that looks at it first shall not see 0 × 0."""
    try:
        async with asyncio.timeout(_FIRST_SIZE):
            return await client.sizes.get()
    except TimeoutError:
        return None


async def _start(
    container: backend.ContainerRef, wanted: options.Streams, launcher: runtime.Launcher, size: session.Size | None
) -> process.Process:
    """A client that goes away meanwhile must not leave half a start behind: it is completed, then undone."""

    async def work() -> process.Process:
        command = runtime.Command(wanted.command, wanted.tty, size)
        return await process.start(await launcher(container, command), wanted, size)

    starting = asyncio.create_task(work())
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        try:
            await (await starting).close()
        except runtime.StartFailed:
            pass
        raise


async def _relay(client: session.Session, running: process.Process, wanted: options.Streams) -> int:
    ended = asyncio.Event()
    tasks = [asyncio.create_task(_resize(client, running)), asyncio.create_task(_kill_when_gone(client, running))]
    if wanted.stdin and running.stdin is not None:
        tasks.append(asyncio.create_task(_type(client, running.stdin, half_close=not wanted.tty)))
    outputs = [
        asyncio.create_task(_print(client, session.Output.STDOUT if wanted.tty else output, reader, ended))
        for output, reader in running.outputs.items()
    ]
    try:
        code = await running.wait()
        ended.set()
        await asyncio.gather(*outputs)
        return code
    finally:
        for task in [*tasks, *outputs]:
            task.cancel()
        await asyncio.gather(*tasks, *outputs, return_exceptions=True)


async def _type(client: session.Session, stdin: stdio.Writer, *, half_close: bool) -> None:
    try:
        while piece := await client.stdin.get():
            await stdin.write(piece)
    except ConnectionError:
        client.stdin.discard()  # the command reads no more; the client may go on
        return
    if half_close:
        stdin.close()


async def _print(client: session.Session, output: session.Output, reader: stdio.Reader, ended: asyncio.Event) -> None:
    """Until the end of the output; once the command has ended, also until nothing more comes."""
    over = asyncio.create_task(ended.wait())
    try:
        while True:
            reading = asyncio.create_task(reader.read())
            await asyncio.wait([reading, over], return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                await asyncio.wait([reading], timeout=_IDLE)
            if not reading.done():
                reading.cancel()
                return
            if not (piece := reading.result()):
                return
            await client.write(output, piece)
    except ConnectionError:
        client.gone.set()
    finally:
        over.cancel()


async def _resize(client: session.Session, running: process.Process) -> None:
    while True:
        running.resize(await client.sizes.get())


async def _kill_when_gone(client: session.Session, running: process.Process) -> None:
    await client.gone.wait()
    running.kill()
