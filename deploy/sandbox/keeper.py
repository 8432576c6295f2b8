"""The power supply of one sandbox node: boots it, boots it again when it reboots, and lets the host reach its API.

One process per running node, started by `node.up`. It is the parent of the node's PID 1, which dies with it. The host's
network is left alone: connections to 127.0.0.1:PORT are carried by this process, which opens the other end from within
the node's network namespace.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tty
from dataclasses import dataclass
from pathlib import Path

from deploy import host
from deploy.sandbox import cgroup, kernel
from deploy.sandbox.files import Config, Folder, Running

API_PORT = 6443
CHUNK = 1 << 16
NAMESPACES = (
    kernel.CLONE_NEWNS | kernel.CLONE_NEWCGROUP | kernel.CLONE_NEWUTS | kernel.CLONE_NEWIPC | kernel.CLONE_NEWNET
)


@dataclass(slots=True)
class Keeper:
    """Owns the running node called `name`."""

    folder: Folder
    config: Config
    cgroup: Path
    script: str
    init: int = 0
    boots: int = 0

    async def keep(self) -> str:
        """Boots until the node is switched off; returns how it ended."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", self.config.port)
        async with server:
            while True:
                ended = await self._boot_once()
                if ended != "reboot":
                    return ended

    async def _boot_once(self) -> str:
        loop = asyncio.get_running_loop()
        self.boots += 1
        cgroup.remove_tree(self.cgroup, keep_top=False)
        cgroup.make(self.cgroup)
        controller, terminal = os.openpty()
        tty.setraw(terminal)
        child = self._power_on(terminal)
        self.init = child.pid
        with self.folder.console.open("ab", buffering=0) as log:
            log.write(f"--- boot {self.boots} at {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n".encode())
            loop.add_reader(controller, _drain, controller, log.fileno())
            Running(child.pid, kernel.start_time(child.pid) or 0, os.getpid(), self.boots).write(self.folder)
            exited = asyncio.Event()
            watch = os.pidfd_open(child.pid)
            loop.add_reader(watch, exited.set)
            await exited.wait()
            loop.remove_reader(watch)
            os.close(watch)
            loop.remove_reader(controller)
            _drain(controller, log.fileno())
        os.close(controller)
        # Until now: a console that nobody has open for a while is hung up, and reading it would never wait again.
        os.close(terminal)
        return how_it_ended(child.wait())

    def _power_on(self, terminal: int) -> subprocess.Popen[bytes]:
        """Starts PID 1. A pid namespace takes one init in its life, so each boot needs a new one."""
        own = os.open("/proc/self/ns/pid", os.O_RDONLY)
        try:
            kernel.unshare(kernel.CLONE_NEWPID)
            return subprocess.Popen(
                ["/bin/sh", "-c", self.script, "boot.sh", self.folder.disk, self.config.lower, os.ttyname(terminal)],
                stdin=terminal,
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
                preexec_fn=self._enter_namespaces,  # safe: this process has one thread
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            )
        finally:
            kernel.setns(own, kernel.CLONE_NEWPID)
            os.close(own)

    def _enter_namespaces(self) -> None:
        kernel.die_with_parent()
        cgroup.enter(self.cgroup)  # before the cgroup namespace, whose root is where its maker stands
        kernel.unshare(NAMESPACES)
        socket.sethostname(self.folder.name)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner = self._socket_inside()
            await asyncio.get_running_loop().sock_connect(inner, ("127.0.0.1", API_PORT))
            far_reader, far_writer = await asyncio.open_connection(sock=inner)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        writer.close()
        far_writer.close()

    def _socket_inside(self) -> socket.socket:
        """A socket belongs to the namespace it was made in, whatever its maker does later."""
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        inside = os.open(f"/proc/{self.init}/ns/net", os.O_RDONLY)
        try:
            kernel.setns(inside, kernel.CLONE_NEWNET)
            try:
                made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            finally:
                kernel.setns(own, kernel.CLONE_NEWNET)
        finally:
            os.close(inside)
            os.close(own)
        made.setblocking(False)
        return made


def how_it_ended(returncode: int) -> str:
    """How PID 1 ended, see reboot(2), "Behavior inside PID namespaces"."""
    if returncode == -signal.SIGHUP:
        return "reboot"
    if returncode == -signal.SIGINT:
        return "power off"
    if returncode == -signal.SIGKILL:
        return "power cut"
    return f"exit of its init with {returncode}"


def _drain(source: int, target: int) -> None:
    with contextlib.suppress(OSError):  # EIO: the other end is closed
        os.set_blocking(source, False)
        while data := os.read(source, CHUNK):
            os.write(target, data)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.transport.abort()


def main(name: str) -> int:
    """Runs until the node is switched off. Exit code 0: it ended as asked."""
    folder = Folder(name)
    with folder.lock.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"node {name} is running already\n")
            return 1
        base = cgroup.base(name)
        keeper = Keeper(folder, Config.read(folder), base / "node", (Path(__file__).parent / "boot.sh").read_text())
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # the terminal it was started from may go away
        cgroup.settle(base)
        try:
            ended = asyncio.run(keeper.keep())
        finally:
            cgroup.remove_tree(base / "node", keep_top=False)
            cgroup.remove_tree(base, keep_top=host.systemd_is_init())
            folder.running.unlink(missing_ok=True)
        sys.stdout.write(json.dumps({"ended": ended}) + "\n")
        return 0 if ended in ("power off", "power cut") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
