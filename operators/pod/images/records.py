"""Which images this node has pulled, and with which credentials: an image pulled with a secret is for its holders only.

See KEP-2535, "Ensure Secret Pulled Images". On the disk there are hashes of credentials, never the credentials.
"""

import contextlib
import hashlib
import json
import logging
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from operators.pod.images.credentials import Credential

_log = logging.getLogger("ukube.pod")
_MOST = 100  # holders remembered for one repository


@dataclass(frozen=True, slots=True)
class Holder:
    """A Secret that an image was pulled with. `hash`: of user and password, with the record's salt."""

    namespace: str
    name: str
    uid: str
    hash: str


@dataclass(slots=True)
class Access:
    """Who may use an image under one repository's name. everyone: it was pulled without credentials."""

    everyone: bool = False
    holders: list[Holder] = field(default_factory=list)


@dataclass(slots=True)
class _Record:
    salt: str
    repositories: dict[str, Access] = field(default_factory=dict)


class Records:
    """Kept in memory, written through to files (blocking). `begin` and `end` enclose a pull: one that was cut off
    leaves a mark by which its image is not taken for one that was brought onto the node by other means."""

    def __init__(self, folder: Path) -> None:
        self._pulled = folder / "pulled"
        self._pulling = folder / "pulling"
        self._records: dict[str, _Record] = {}
        self._intents: dict[str, str] = {}

    def open(self) -> None:
        """Raises OSError."""
        self._pulled.parent.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self._pulled.parent, self._pulled, self._pulling):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        self._intents = {path.name: path.read_text(errors="replace") for path in self._pulling.iterdir()}
        for path in self._pulled.glob("*.json"):
            try:
                self._records[path.stem] = _parse(json.loads(path.read_bytes()))
            except (ValueError, TypeError, KeyError, AttributeError):
                # Its image must be checked with the registry again, as after a pull that was cut off.
                _log.warning("%s is damaged", path)
                self._records[path.stem] = _Record(secrets.token_hex(16))

    def begin(self, reference: str) -> None:
        """A pull begins. Raises OSError."""
        name = _digest(reference)
        path = self._pulling / name
        path.touch(mode=0o600)
        path.write_text(reference)
        self._intents[name] = reference

    def end(self, reference: str) -> None:
        """It is over, and recorded if it succeeded."""
        name = _digest(reference)
        (self._pulling / name).unlink(missing_ok=True)
        self._intents.pop(name, None)

    def cut_off(self) -> list[str]:
        """References whose pulls have begun and not ended."""
        return list(self._intents.values())

    def put_unknown(self, image_id: str) -> None:
        """The image was pulled, nobody knows with what: its registry is asked before anybody may use it."""
        if image_id not in self._records:
            self._records[image_id] = _Record(secrets.token_hex(16))
            self._write(image_id)

    def put(self, image_id: str, repository: str, credential: Credential | None) -> None:
        """The image was pulled, without credentials when there is none. Raises OSError."""
        record = self._records.setdefault(image_id, _Record(secrets.token_hex(16)))
        access = record.repositories.setdefault(repository, Access())
        if credential is None:
            access.everyone, access.holders = True, []
        elif not access.everyone:
            _add(access, _holder(record, credential))
        self._write(image_id)

    def may_use(self, image_id: str, reference: str, repository: str, credentials: Iterable[Credential]) -> bool:
        """Whether a Pod with these credentials may use an image that is there, without asking its registry."""
        record = self._records.get(image_id)
        if record is None:
            return _digest(reference) not in self._intents  # brought by other means: for everyone
        access = record.repositories.get(repository)
        if access is None:
            return False
        if access.everyone:
            return True
        for credential in credentials:
            mine = _holder(record, credential)
            same_hash = any(holder.hash == mine.hash for holder in access.holders)
            same_secret = any(_place(holder) == _place(mine) for holder in access.holders)
            if same_hash or same_secret:
                if not (same_hash and same_secret) and _add(access, mine):
                    with contextlib.suppress(OSError):  # it only saves a check another time
                        self._write(image_id)
                return True
        return False

    def has(self, image_id: str) -> bool:
        """Whether this node has pulled it."""
        return image_id in self._records

    def ids(self) -> set[str]:
        """All images that this node has pulled."""
        return set(self._records)

    def remove(self, image_id: str) -> None:
        if self._records.pop(image_id, None) is not None:
            (self._pulled / f"{image_id}.json").unlink(missing_ok=True)

    def _write(self, image_id: str) -> None:
        record = self._records[image_id]
        content = {"salt": record.salt, "repositories": {name: asdict(a) for name, a in record.repositories.items()}}
        path = self._pulled / f"{image_id}.json"
        fresh = path.with_suffix(".new")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                json.dump(content, out)
            fresh.rename(path)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


def _parse(content: dict[str, Any]) -> _Record:
    repositories = {
        name: Access(bool(entry["everyone"]), [Holder(**holder) for holder in entry["holders"]])
        for name, entry in content["repositories"].items()
    }
    return _Record(str(content["salt"]), repositories)


def _add(access: Access, holder: Holder) -> bool:
    """A Secret has one entry; one whose content has changed replaces what was there."""
    others = [other for other in access.holders if _place(other) != _place(holder)]
    if holder in access.holders or len(others) >= _MOST:
        return False
    access.holders = [*others, holder]
    return True


def _holder(record: _Record, credential: Credential) -> Holder:
    text = json.dumps([record.salt, credential.user, credential.password])
    secret = credential.secret
    return Holder(secret.namespace, secret.name, secret.uid, _digest(text))


def _place(holder: Holder) -> tuple[str, str, str]:
    return (holder.namespace, holder.name, holder.uid)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
