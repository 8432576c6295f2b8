"""One pod operator a node: a second one would stop and start the same units."""

import fcntl
import os
from pathlib import Path


class Occupied(Exception):
    """Another process looks after this node's Pods."""


class Sole:
    """Held from startup to cleanup; the kernel lets go of it when the process dies, however it dies."""

    def __init__(self, path: Path) -> None:
        """Raises Occupied when another process holds `path`, OSError when it cannot be made."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._handle, 32).decode(errors="replace").strip()
            os.close(self._handle)
            raise Occupied(f"another pod operator runs on this node (pid {holder}): stop it first") from None
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        os.close(self._handle)
