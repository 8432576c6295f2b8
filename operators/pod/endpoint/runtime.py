"""How a command gets into a running container: `crun exec` where crun runs it, `podman exec` elsewhere."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from operators.pod.endpoint import backend, session

CRUN_ROOT = Path("/run/crun")
_INHERITED = "/proc/self/fd"
_LOG_READ = 64 * 1024


class StartFailed(Exception):
    """The runtime itself failed; the message is for the client."""


@dataclass(slots=True)
class Launch:
    """A command line, and the descriptors it names, which the child inherits under their own numbers.

    log: a file that the runtime writes its own errors to, as JSON lines. pid: one it writes the command's pid to.
    console: a directory in which the runtime expects the socket `console`, to send the terminal's descriptor to;
    without one a terminal of ours becomes the child's stdio.
    """

    argv: Sequence[str]
    log: int | None = None
    pid: int | None = None
    others: list[int] = field(default_factory=list)
    console: tempfile.TemporaryDirectory[str] | None = None

    def descriptors(self) -> list[int]:
        return [*self.others, *(fd for fd in (self.log, self.pid) if fd is not None)]

    def command_pid(self) -> int:
        """The pid of the command itself; 0 if the runtime has not started it."""
        if self.pid is None:
            return 0
        text = os.pread(self.pid, 32, 0).strip()
        return int(text) if text.isdigit() else 0

    def error(self) -> str:
        """The last error of the runtime itself; "" if it has none."""
        if self.log is None:
            return ""
        for line in reversed(os.pread(self.log, _LOG_READ, 0).splitlines()):
            try:
                return str(orjson.loads(line)["msg"])
            except (orjson.JSONDecodeError, KeyError, TypeError):
                continue
        return ""

    def close(self) -> None:
        for descriptor in self.descriptors():
            os.close(descriptor)
        self.others, self.log, self.pid = [], None, None
        if self.console is not None:
            self.console.cleanup()


@dataclass(frozen=True, slots=True)
class Command:
    """What is to run; size: of its terminal at the start, if it has one and the client has told it in time."""

    argv: Sequence[str]
    tty: bool
    size: session.Size | None = None


Launcher = Callable[[backend.ContainerRef, Command], Awaitable[Launch]]


def exit_code_of(error: str) -> int | None:
    """The exit code that stands for a runtime's error: 127 not found, 126 not executable, None for other faults."""
    if "not found in $PATH" in error or error.endswith("No such file or directory"):
        return 127
    if any(text in error for text in ("not executable", "not a regular file", "Exec format", "Permission denied")):
        return 126
    return None


def bundle(container_id: str) -> Path | None:
    """The OCI bundle of a container that crun runs; None if crun does not know it."""
    try:
        return Path(orjson.loads((CRUN_ROOT / container_id / "status").read_bytes())["bundle"])
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        return None


async def prepare(container: backend.ContainerRef, command: Command) -> Launch:
    """crun takes 8 ms, podman 150 ms. Raises StartFailed."""
    try:
        return await asyncio.to_thread(_prepare, container, command)
    except (OSError, orjson.JSONDecodeError, KeyError) as error:
        raise StartFailed(f"failed to exec in container: {error}") from error


def _prepare(container: backend.ContainerRef, command: Command) -> Launch:
    where = bundle(container.container_id) if container.container_id else None
    if where is None:
        flags = ["--interactive", *(["--tty"] if command.tty else [])]
        return Launch(["podman", "exec", *flags, container.container_id, *command.argv])
    # The command is as the container's own process: environment, user, groups, capabilities, seccomp, limits.
    process = orjson.loads((where / "config.json").read_bytes())["process"]
    process |= {"args": list(command.argv), "terminal": command.tty}
    process.pop("consoleSize", None)
    if command.size is not None:
        process["consoleSize"] = {"height": command.size.height, "width": command.size.width}
    if command.tty and not any(entry.startswith("TERM=") for entry in process.get("env", [])):
        process["env"] = [*process.get("env", []), "TERM=xterm"]
    spec, log, pid = _memory("process", orjson.dumps(process)), _memory("log"), _memory("pid")
    argv = ["crun", "--root", str(CRUN_ROOT), f"--log=file:{_INHERITED}/{log}", "--log-format=json", "exec"]
    argv += [f"--process={_INHERITED}/{spec}", f"--pid-file={_INHERITED}/{pid}"]
    console = None
    if command.tty:
        console = tempfile.TemporaryDirectory(prefix="ukube-exec-", dir="/run")
        argv.append(f"--console-socket={console.name}/console")
    return Launch([*argv, container.container_id], log=log, pid=pid, others=[spec], console=console)


def _memory(name: str, content: bytes = b"") -> int:
    """An anonymous file: a container's environment, which may hold secrets, never gets a name on a disk."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor
