"""A started command: its pipes or terminal, its end, and its death with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import struct
import termios
from pathlib import Path

from operators.pod.endpoint import options, runtime, session, stdio

_CONSOLE = 10.0  # seconds the runtime gets to hand over the terminal
_ENDING = 2.0  # seconds a killed command gets to be gone


class Process:
    """stdin: where to write, None without. outputs: what to read; a terminal's is stdout, stderr the runtime's own."""

    def __init__(self, launch: runtime.Launch, child: asyncio.subprocess.Process) -> None:
        self._launch = launch
        self._child = child
        self._terminal: int | None = None
        self.stdin: stdio.Writer | None = None
        self.outputs: dict[session.Output, stdio.Reader] = {}

    async def wait(self) -> int:
        """The exit code as a shell counts it: 128 + N for a signal N. Raises StartFailed if the command never ran."""
        code = await self._child.wait()
        code = 128 - code if code < 0 else code
        if code and not self._launch.command_pid() and (error := self._launch.error()):
            known = runtime.exit_code_of(error)
            if known is None:
                raise runtime.StartFailed(f"failed to exec in container: {error}")
            return known
        return code

    def resize(self, size: session.Size) -> None:
        if self._terminal is not None:
            with contextlib.suppress(OSError):
                _set_size(self._terminal, size)

    def kill(self) -> None:
        """The runtime's process ends by itself once the command is dead."""
        if self._child.returncode is None:
            kill_tree(self._launch.command_pid() or self._child.pid)

    async def close(self) -> None:
        """Kills it if it still runs, and frees everything."""
        self.kill()
        try:
            async with asyncio.timeout(_ENDING):
                await self._child.wait()
        except TimeoutError:
            kill_tree(self._child.pid)
        finally:
            if self.stdin is not None:
                self.stdin.abort()
            for output in self.outputs.values():
                output.close()
            if self._terminal is not None:
                os.close(self._terminal)
                self._terminal = None
            self._launch.close()

    async def use_terminal(self, terminal: int) -> None:
        """The command's terminal (our side of it), which is stdin and stdout in one."""
        self._terminal = terminal
        self.stdin = await stdio.writer(os.dup(terminal))
        self.outputs[session.Output.STDOUT] = await stdio.reader(os.dup(terminal))


def _set_size(terminal: int, size: session.Size) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.height, size.width, 0, 0))


async def start(launch: runtime.Launch, wanted: options.Streams, size: session.Size | None = None) -> Process:
    """Raises StartFailed; the launch is closed with the process, or at once if it fails."""
    try:
        if wanted.tty and launch.console is not None:
            return await _start_with_console(launch, Path(launch.console.name) / "console")
        return await (_start_with_terminal(launch, size) if wanted.tty else _start_with_pipes(launch, wanted))
    except (OSError, runtime.StartFailed) as error:
        launch.close()
        raise runtime.StartFailed(str(error)) from error


async def _spawn(launch: runtime.Launch, stdin: int, stdout: int, stderr: int) -> Process:
    child = await asyncio.create_subprocess_exec(
        *launch.argv, stdin=stdin, stdout=stdout, stderr=stderr, pass_fds=launch.descriptors(), start_new_session=True
    )
    return Process(launch, child)


async def _start_with_pipes(launch: runtime.Launch, wanted: options.Streams) -> Process:
    """Streams that the client did not ask for are connected to /dev/null."""
    ours: dict[str, int] = {}
    theirs: dict[str, int] = {}
    try:
        for name in ("stdin", "stdout", "stderr"):
            if getattr(wanted, name):
                reading, writing = os.pipe2(os.O_CLOEXEC)
                ours[name], theirs[name] = (writing, reading) if name == "stdin" else (reading, writing)
        null = asyncio.subprocess.DEVNULL
        process = await _spawn(
            launch, theirs.get("stdin", null), theirs.get("stdout", null), theirs.get("stderr", null)
        )
        if "stdin" in ours:
            process.stdin = await stdio.writer(ours.pop("stdin"))
        for output in session.Output:
            if output.value in ours:
                process.outputs[output] = await stdio.reader(ours.pop(output.value))
        return process
    finally:
        for descriptor in [*theirs.values(), *ours.values()]:
            os.close(descriptor)


async def _start_with_terminal(launch: runtime.Launch, size: session.Size | None) -> Process:
    """A terminal of ours, for runtimes that copy it into the container by themselves."""
    terminal, slave = os.openpty()
    try:
        if size is not None:
            _set_size(terminal, size)
        process = await _spawn(launch, slave, slave, slave)
    except OSError:
        os.close(terminal)
        raise
    finally:
        os.close(slave)
    await process.use_terminal(terminal)
    return process


async def _start_with_console(launch: runtime.Launch, path: Path) -> Process:
    """The terminal is made inside the container; the runtime sends us its descriptor over a socket."""
    null = asyncio.subprocess.DEVNULL
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as listener:
        listener.bind(str(path))
        listener.listen(1)
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            process = await _spawn(launch, null, writing, writing)
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        process.outputs[session.Output.STDERR] = await stdio.reader(reading)
        try:
            terminal = await _receive_terminal(listener, process)
        except (OSError, runtime.StartFailed):
            await process.close()
            raise
    if terminal is not None:
        await process.use_terminal(terminal)
    return process


async def _receive_terminal(listener: socket.socket, process: Process) -> int | None:
    """None when the runtime ended without one: `wait` will tell why."""
    loop = asyncio.get_running_loop()
    accepting = asyncio.ensure_future(loop.sock_accept(listener))
    ending = asyncio.create_task(process.wait())
    try:
        await asyncio.wait([accepting, ending], timeout=_CONSOLE, return_when=asyncio.FIRST_COMPLETED)
        if not accepting.done() and not ending.done():
            raise runtime.StartFailed("the runtime gave no terminal")
    finally:
        for task in (accepting, ending):
            task.cancel()
        accepted, _ = await asyncio.gather(accepting, ending, return_exceptions=True)
    try:
        connection, _ = listener.accept() if isinstance(accepted, BaseException) else accepted
    except BlockingIOError:
        return None
    with connection:
        connection.settimeout(_CONSOLE)
        _, descriptors, _, _ = await asyncio.to_thread(socket.recv_fds, connection, 4096, 1)
    return descriptors[0] if descriptors else None


def kill_tree(pid: int) -> None:
    """SIGKILL to a process and all its descendants."""
    doomed = [pid]
    for parent in doomed:
        doomed += _children(parent)
    for one in doomed:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(text) for text in children.read_text().split()]
    return found
