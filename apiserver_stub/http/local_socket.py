"""Unix sockets that the server listens on: one that it makes itself, or those that systemd hands over."""

import contextlib
import os
import socket
import stat
from pathlib import Path

# systemd passes descriptors from here on, see sd_listen_fds(3).
_FIRST = 3
_BACKLOG = 128


def inherited() -> list[socket.socket]:
    """The Unix sockets that systemd opened for this process; what it passed is taken once."""
    mine = os.environ.pop("LISTEN_PID", "") == str(os.getpid())
    count = int(os.environ.pop("LISTEN_FDS", "0") or 0)
    os.environ.pop("LISTEN_FDNAMES", None)
    found = []
    for number in range(_FIRST, _FIRST + count) if mine else ():
        os.set_inheritable(number, False)
        opened = socket.socket(fileno=number)
        if opened.family == socket.AF_UNIX:
            found.append(opened)
        else:
            opened.close()
    return found


def listening(path: Path) -> socket.socket:
    """A new socket for the server's user and group (0660). Raises OSError (address in use while somebody answers)."""
    _remove_dead(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        path.chmod(0o660)
        made.listen(_BACKLOG)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


def _remove_dead(path: Path) -> None:
    """A server that was killed leaves its socket behind."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
