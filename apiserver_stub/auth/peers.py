"""Who is at the other end of a Unix socket: the kernel says so, no credential is needed.

root, and whoever runs the server (both can read its CA's key anyway), are the administrator. Everybody else whom the
socket's mode lets in becomes a user of his own without any right; RBAC gives rights to him or to his groups.
"""

import pwd
import socket
import struct
from dataclasses import dataclass

from apiserver_stub.auth.authenticate import AUTHENTICATED, MASTERS, User

ADMIN = User("kubernetes-admin", (MASTERS, AUTHENTICATED))
# Whoever is let in, unless the command line says otherwise.
GROUP = "ukube:local"
_CREDENTIALS = struct.Struct("3i")  # struct ucred: process, user, group


@dataclass(frozen=True, slots=True)
class Peers:
    """user: what others than the administrator are called; "" for local:LOGIN. groups: which groups they are in."""

    own_uid: int
    user: str = ""
    groups: tuple[str, ...] = (GROUP,)

    def identify(self, connection: socket.socket) -> User:
        """Raises OSError where the kernel does not tell."""
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(raw)
        return self.of(uid)

    def of(self, uid: int) -> User:
        if uid in (0, self.own_uid):
            return ADMIN
        groups = (*(group for group in self.groups if group != AUTHENTICATED), AUTHENTICATED)
        return User(self.user or f"local:{_login(uid)}", groups, extra={"ukube.dev/uid": (str(uid),)})


def _login(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
