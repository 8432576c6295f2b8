"""Runs a command in a running container, as its own process would be: with its user, namespaces, rights and cgroup.

crun directly: 6 ms where podman takes 150. Entering the namespaces ourselves would take 4, but with the rights of the
node's root. No transport of asyncio's either: starting crun costs the operator a quarter so.
"""

import contextlib
import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

from operators.pod.probes.attempt import Attempt, OnOutcome, Wires
from operators.pod.probes.exchange import Reactor
from operators.pod.probes.rules import Outcome, Probe, quoted, shown_seconds

_MAX_OUTPUT = 10 * 1024
_MAX_DRAIN = 64  # reads of what is left when the command has ended
_NOT_RUN = 255  # of crun itself; the texts below tell it from a command that ends so
_COMPLAINTS = ("executable file `", "the path `", "open executable: ", "exec failed", "error ")
_ONCE = select.EPOLLIN | select.EPOLLONESHOT
# What Python ignores, and every program it starts would then ignore too.
_DEFAULTS = (signal.SIGPIPE, signal.SIGXFSZ)

OnExit = Callable[[int, bytes], None]


class Command(Attempt):
    """One exec probe. Whatever the command leaves running in the container is its own business, but one that takes
    longer than it may is killed."""

    def __init__(
        self, wires: Wires, probe: Probe, on_outcome: OnOutcome, container_id: str, runtime: str = "crun"
    ) -> None:
        super().__init__(wires, probe, on_outcome)
        self._container_id, self._runtime = container_id, runtime
        self._process: Process | None = None

    def _begin(self) -> None:
        if not self._container_id:
            self._tell(_error("container not running"))
            return
        argv = [self._runtime, "exec", self._container_id, *(self._probe.action.get("command") or ())]
        try:
            self._process = Process(self._wires.reactor, argv, self._exited)
        except (OSError, ValueError) as error:
            self._tell(_error(str(error)))

    def _exited(self, code: int, output: bytes) -> None:
        self._process = None
        text = output.decode(errors="replace")
        if code == _NOT_RUN and text.startswith(_COMPLAINTS):
            self._tell(_error(text.strip()))
        else:
            self._tell(Outcome("success" if code == 0 else "failure", text))

    def _too_late(self) -> Outcome:
        shown = quoted(" ".join(self._probe.action.get("command") or ()))
        return Outcome("failure", f"command timed out: {shown} timed out after {shown_seconds(self._probe.timeout)}")

    def _end(self) -> None:
        super()._end()
        if self._process is not None:
            self._process.kill()
            self._process = None


class Process:
    """A child process, and what it prints; tells its exit code (negative: a signal) unless it is killed before."""

    def __init__(self, reactor: Reactor, argv: list[str], on_exit: OnExit) -> None:
        """Raises OSError, ValueError when it cannot be started."""
        self._reactor = reactor
        self._on_exit: OnExit | None = on_exit
        self._output = b""
        self._pipe, write = os.pipe2(os.O_CLOEXEC)
        try:
            os.set_blocking(self._pipe, False)
            actions = [
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, write, 1),
                (os.POSIX_SPAWN_DUP2, write, 2),
            ]
            self._pid = os.posix_spawnp(
                argv[0], argv, os.environ, file_actions=actions, setsid=True, setsigdef=_DEFAULTS
            )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(write)
        self._handle = os.pidfd_open(self._pid)
        reactor.wait(self._handle, self._exited, _ONCE)
        reactor.wait(self._pipe, self._readable, _ONCE)

    def kill(self) -> None:
        """Kills the command too: what crun has started in the container outlives crun."""
        self._on_exit = None
        for pid in (*_children(self._pid), self._pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _readable(self) -> None:
        if self._read():
            self._reactor.wait(self._pipe, self._readable, _ONCE)
        else:
            self._reactor.drop(self._pipe)  # the end of it; stays open until the exit

    def _read(self) -> bool:
        """Whether there may be more; keeps the beginning."""
        try:
            data = os.read(self._pipe, 65536)
        except BlockingIOError:
            return True
        self._output = (self._output + data)[:_MAX_OUTPUT]
        return bool(data)

    def _exited(self) -> None:
        try:
            _, status = os.waitpid(self._pid, os.WNOHANG)
        except ChildProcessError:
            status = 0
        self._drain()
        for descriptor in (self._handle, self._pipe):
            self._reactor.drop(descriptor)
            os.close(descriptor)
        if self._on_exit is not None:
            self._on_exit(os.waitstatus_to_exitcode(status), self._output)

    def _drain(self) -> None:
        """What was printed last. Somebody whom the command has left behind may print for ever."""
        for _ in range(_MAX_DRAIN):
            before = len(self._output)
            if not self._read() or len(self._output) in (before, _MAX_OUTPUT):
                return


def _error(text: str) -> Outcome:
    return Outcome("unknown", f"rpc error: code = Unknown desc = command error: {text}", error=True)


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
