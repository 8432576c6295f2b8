"""Who asks: client certificates, tokens of a file, and nobody."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

MASTERS = "system:masters"
AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True, slots=True)
class User:
    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))

# The server itself, when it writes its first objects.
SYSTEM = User("system:apiserver", (MASTERS, AUTHENTICATED))


class Headers(Protocol):
    """Request headers; a header may come more than once."""

    def get(self, name: str) -> str | None: ...
    def getall(self, name: str, default: list[str]) -> list[str]: ...
    def __iter__(self) -> Iterator[str]: ...


class TokenFile:
    """Tokens of kube-apiserver's CSV format: token,user,uid,"group1,group2"."""

    def __init__(self, users: Mapping[str, User]) -> None:
        # By digest: neither a lookup's time nor a memory dump of the table tells a token.
        self._users = {_digest(token): user for token, user in users.items()}

    @classmethod
    def read(cls, path: Path) -> "TokenFile":
        """Raises OSError, or ValueError with a sentence that names the line but not its token."""
        users: dict[str, User] = {}
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file, skipinitialspace=True), 1):
                if not row:
                    continue
                if len(row) < 3 or not row[0] or not row[1]:
                    raise ValueError(f"{path} line {number}: expected token,user,uid and optionally groups")
                groups = tuple(filter(None, row[3].split(","))) if len(row) > 3 else ()
                users[row[0]] = User(row[1], _with_authenticated(groups), row[2])
        return cls(users)

    def find(self, token: str) -> User | None:
        return self._users.get(_digest(token))


def from_certificate(certificate: Mapping[str, Any]) -> User | None:
    """The user of a verified client certificate (as ssl's getpeercert gives it): CN and all O."""
    names: dict[str, list[str]] = {}
    for relative in certificate.get("subject", ()):
        for key, value in relative:
            names.setdefault(key, []).append(value)
    common = names.get("commonName", [])
    if not common or not common[-1]:
        return None
    return User(common[-1], _with_authenticated(tuple(names.get("organizationName", ()))))


def bearer(authorization: str) -> str | None:
    """The token in a header, None for a header of another scheme or without one (RFC 6750)."""
    scheme, *rest = authorization.strip().split(" ", 2)
    return rest[0] or None if rest and scheme.lower() == "bearer" else None


def _with_authenticated(groups: tuple[str, ...]) -> tuple[str, ...]:
    return groups if AUTHENTICATED in groups else (*groups, AUTHENTICATED)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
