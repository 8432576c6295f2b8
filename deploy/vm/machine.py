"""A running virtual machine: boot it, run programs in it, switch it off."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy import command
from deploy.failure import Failure
from deploy.sandbox import kernel as processes
from deploy.vm import qemu
from deploy.vm.qemu import Size

BOOT_SECONDS = 180.0  # emulated, on a busy machine


@dataclass(slots=True)
class Vm:
    """See deploy.machine.Machine. port: where on 127.0.0.1 its API is; pid, started: of the emulator."""

    folder: Path
    port: int
    pid: int
    started: int
    name: str = "vm"
    _line: socket.socket | None = None
    _answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    _arrived: threading.Condition = field(default_factory=threading.Condition)
    _last: int = 0

    @property
    def is_alive(self) -> bool:
        return processes.start_time(self.pid) == self.started

    def run(
        self,
        words: Sequence[str],
        *,
        check: bool = True,
        stdin: str | None = None,
        timeout: float = 120,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program inside, as root. `timeout`: seconds. Raises CalledProcessError if `check` and it fails."""
        assert self._line is not None
        with self._arrived:
            self._last += 1
            number = self._last
            wanted = {"id": number, "argv": list(words), "stdin": stdin, "timeout": timeout, "env": dict(env or {})}
            self._line.sendall(json.dumps(wanted).encode() + b"\n")
            self._arrived.wait_for(lambda: number in self._answers or not self.is_alive, timeout + 30)
            answer = self._answers.pop(number, None)
        if answer is None and not self.is_alive:
            raise Failure("the virtual machine has ended", self.tail())
        if answer is None or answer["code"] is None:
            raise subprocess.TimeoutExpired(list(words), timeout)
        done = subprocess.CompletedProcess(list(words), answer["code"], answer["stdout"], answer["stderr"])
        if check:
            done.check_returncode()
        return done

    def argv(self, words: Sequence[str], env: Mapping[str, str] | None = None) -> list[str]:
        raise NotImplementedError("a virtual machine is entered by its agent only")

    def write(self, path: str, text: str) -> None:
        """Writes a file inside, with the folders above it."""
        self.run(["sh", "-ec", 'mkdir -p "$(dirname "$1")"; cat > "$1"', "sh", path], stdin=text)

    def tail(self) -> str:
        """The last words of the emulator and of the console."""
        logs = (self.folder / "qemu.log", self.folder / "console.log")
        return "\n".join(command.tail(log.read_text(errors="replace")) for log in logs if log.exists()).strip()

    def connect(self) -> None:
        """Waits until its agent answers. Raises Failure."""
        line = socket.socket(socket.AF_UNIX)
        while True:
            if not self.is_alive:
                raise Failure(f"{qemu.PROGRAM} has ended", self.tail())
            try:
                line.connect(str(self.folder / "agent"))
                break
            except OSError:
                time.sleep(0.05)
        self._line = line
        # Numbers that no earlier caller's answers have, who may have left while they were on their way.
        self._last = time.monotonic_ns()
        threading.Thread(target=self._read, args=(line,), daemon=True).start()
        try:
            self.run(["true"], timeout=BOOT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Failure(f"the virtual machine did not boot within {BOOT_SECONDS:.0f} s", self.tail()) from error

    def _read(self, line: socket.socket) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while chunk := line.recv(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for text in lines:
                    answer = json.loads(text)
                    with self._arrived:
                        self._answers[answer["id"]] = answer
                        self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()

    def leave(self) -> None:
        """Hangs up; the machine goes on."""
        if self._line is not None:
            self._line.shutdown(socket.SHUT_RDWR)
            self._line.close()
            self._line = None

    def stop(self) -> None:
        """Pulls the plug: nothing on its disk is kept anyway."""
        self.leave()
        if self.is_alive:
            os.kill(self.pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(self.pid, 0)


@contextlib.contextmanager
def running(kernel: Path, disk: Path, size: Size | None = None) -> Iterator[Vm]:
    """A machine that is gone when the block ends, with all it has written. Raises Failure when it does not boot."""
    with tempfile.TemporaryDirectory(prefix="ukube-vm-") as scratch:
        vm = start(kernel, disk, Path(scratch), size)
        try:
            vm.connect()
            yield vm
        finally:
            vm.stop()


def start(kernel: Path, disk: Path, folder: Path, size: Size | None = None) -> Vm:
    """Switches a machine on; `folder` is where attach() finds it again."""
    port = _free_port()
    argv = qemu.argv(kernel, disk, folder, port, size or Size())
    with (folder / "qemu.log").open("wb") as log:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    process.returncode = 0  # waited for in stop(), or by nobody: it may outlive this process
    vm = Vm(folder, port, process.pid, processes.start_time(process.pid) or 0)
    (folder / "vm.json").write_text(json.dumps({"port": port, "pid": vm.pid, "started": vm.started}))
    return vm


def attach(folder: Path) -> Vm | None:
    """The machine that an earlier process started there; None if it is off."""
    try:
        vm = Vm(folder, **json.loads((folder / "vm.json").read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return vm if vm.is_alive else None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
