"""The server's CA, its certificates, token keys and kubeconfigs: made on first start, renewed later.

Importing cryptography costs 8 MB for the life of the process, and there is rarely anything to issue: what was issued
is noted in a small file beside each certificate, and issuing happens in a child process.
"""

import base64
import hashlib
import ipaddress
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from apiserver_stub.auth import account_keys

CA_YEARS = 30
LEAF_DAYS = 365
# Renewed when less than this part of the life remains.
REMAINING = 1 / 3
# As long as a renewal would add less than this, in seconds, there is none: the CA ends as well.
_GAIN = 60.0
# By certificate, whom a kubeconfig makes of its reader. The operators' own may do nothing but act as each of them.
USERS = {"admin": "kubernetes-admin", "operators": "ukube-operators"}

Note = dict[str, Any]


class PkiError(Exception):
    """One sentence for the owner of the node."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate that a CA signs. `names`: DNS names and IP addresses, sorted; `authority`: the CA's file."""

    file: str
    common_name: str
    organization: str = ""
    names: tuple[str, ...] = ()
    server: bool = False
    authority: str = "ca"


def leaves(node_names: Iterable[str], addresses: Iterable[str], extra: Iterable[str], service: str) -> list[Leaf]:
    """All certificates of a node. service: the first address of the service range."""
    local = {"localhost", "127.0.0.1", "::1", *node_names, *addresses}
    cluster = {"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
    return [
        Leaf("serving", "kube-apiserver", "", tuple(sorted(local | cluster | {service, *extra})), server=True),
        Leaf("admin", USERS["admin"], "system:masters"),
        Leaf("operators", USERS["operators"]),
        Leaf("kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
        Leaf("kubelet", "kubelet", "", tuple(sorted(local | set(extra))), server=True),
        # Extension servers believe whoever has it who the user is: no client certificate of the node's CA will do.
        Leaf("front-proxy-client", "front-proxy-client", authority="front-proxy-ca"),
    ]


def ensure(
    directory: Path,
    wanted: Iterable[Leaf],
    *,
    in_child: bool = True,
    now: float | None = None,
    days: float = LEAF_DAYS,
) -> bool:
    """Issues what is missing, about to expire or made for other names; whether there was any. Raises PkiError."""
    now = time.time() if now is None else now
    wanted = list(wanted)
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        if not (is_due(directory, wanted, now) or account_keys.is_due(directory)):
            return False
        if in_child:
            _issue_in_child(directory, wanted, now, days)
        else:
            _issue(directory, wanted, now, days)
    except OSError as error:
        raise PkiError(f"cannot write certificates to {directory}: {error.strerror}") from None
    return True


def is_due(directory: Path, wanted: Iterable[Leaf], now: float) -> bool:
    """Whether there is something to issue."""
    for file, signed in _by_authority(wanted):
        authority = _authority(directory, file, now)
        if authority is None or any(_leaf_is_due(directory, leaf, authority, now) for leaf in signed):
            return True
    return False


def _by_authority(wanted: Iterable[Leaf]) -> Iterator[tuple[str, list[Leaf]]]:
    """The node's CA first: it is there even if it has nothing to sign."""
    wanted = list(wanted)
    for file in dict.fromkeys(("ca", *(leaf.authority for leaf in wanted))):
        yield file, [leaf for leaf in wanted if leaf.authority == file]


def next_due(directory: Path, wanted: Iterable[Leaf]) -> float:
    """When the first certificate that is here is to be renewed, in seconds since the epoch; inf if none ever is."""
    times = []
    for file, signed in _by_authority(wanted):
        authority = _note(directory, file) or {}
        notes = [note for leaf in signed if (note := _note(directory, leaf.file)) is not None]
        times += [_renewal(note) for note in notes if note["notAfter"] + _GAIN < authority.get("notAfter", 0)]
        if authority and not authority["adopted"] and (directory / f"{file}.key").exists():
            times.append(_renewal(authority))
    return min(times, default=float("inf"))


def write_kubeconfig(path: Path, directory: Path, server: str, leaf: str = "admin") -> None:
    """A kubeconfig with one of the certificates, whole or not at all, readable by its owner only."""
    user = USERS[leaf]
    ca, certificate, key = (_base64(directory / name) for name in ("ca.crt", f"{leaf}.crt", f"{leaf}.key"))
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "microkube", "cluster": {"server": server, "certificate-authority-data": ca}}],
        "users": [
            {
                "name": user,
                "user": {"client-certificate-data": certificate, "client-key-data": key},
            }
        ],
        "contexts": [{"name": "microkube", "context": {"cluster": "microkube", "user": user}}],
        "current-context": "microkube",
    }
    # JSON is YAML: every reader of a kubeconfig takes it.
    text = orjson.dumps(config, option=orjson.OPT_INDENT_2) + b"\n"
    if not path.exists() or path.read_bytes() != text:
        _write(path, text)


def _renewal(note: Note) -> float:
    """From issuing on, not from notBefore: that lies before it, for clocks that are behind."""
    return float(note["notAfter"] - (note["notAfter"] - note["issued"]) * REMAINING)


def _is_outside(note: Note, now: float) -> bool:
    """Whether a clock believes it to be expired or not yet valid."""
    return bool(now < note["notBefore"] or now > note["notAfter"])


def _authority(directory: Path, file: str, now: float) -> Note | None:
    """A CA's note; None where the CA is to be made, renewed or read first."""
    note = _note(directory, file)
    if note is None:
        return None
    if note["adopted"] or not (directory / f"{file}.key").exists():
        return note
    return None if _is_outside(note, now) or now > _renewal(note) else note


def _leaf_is_due(directory: Path, leaf: Leaf, authority: Note, now: float) -> bool:
    note = _note(directory, leaf.file)
    if note is None or note["issuer"] != authority["key"] or _lacks(note["names"], leaf.names):
        return True
    try:
        if not (directory / f"{leaf.file}.key").stat().st_size:
            return True
    except OSError:
        return True
    if now < note["notBefore"]:
        return True
    return bool(now > _renewal(note) and note["notAfter"] + _GAIN < authority["notAfter"])


def _lacks(noted: list[str], wanted: tuple[str, ...]) -> bool:
    """Addresses may be more than wanted: interfaces come and go, and a certificate for each time helps nobody."""
    names = {name for name in noted if not is_address(name)}
    return not set(wanted) <= set(noted) or names != {name for name in wanted if not is_address(name)}


def _note(directory: Path, file: str) -> Note | None:
    """None where the certificate is missing, or another than the one that was noted."""
    try:
        note: Note = orjson.loads((directory / f"{file}.json").read_bytes())
        certificate = (directory / f"{file}.crt").read_bytes()
        complete = note.keys() >= {"sha256", "issued", "notBefore", "notAfter", "names", "key", "issuer", "adopted"}
    except (OSError, AttributeError, orjson.JSONDecodeError):
        return None
    return note if complete and note["sha256"] == hashlib.sha256(certificate).hexdigest() else None


def _issue_in_child(directory: Path, wanted: list[Leaf], now: float, days: float) -> None:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _issue(directory, wanted, now, days)
            code = 0
        except OSError as error:
            code = error.errno or 1
        except (PkiError, ValueError) as error:
            print(error, file=sys.stderr)  # noqa: T201
        finally:
            sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise PkiError(
            f"cannot write certificates to {directory}: {os.strerror(code) if code > 1 else 'issuing failed'}"
        )


def _issue(directory: Path, wanted: list[Leaf], now: float, days: float) -> None:
    from apiserver_stub.auth import issue

    for file, signed in _by_authority(wanted):
        authority = _authority(directory, file, now) or _settle_authority(directory, file, now)
        due = [leaf for leaf in signed if _leaf_is_due(directory, leaf, authority, now)]
        if due and not (directory / f"{file}.key").exists():
            files = ", ".join(f"{leaf.file}.crt" for leaf in due)
            raise PkiError(f"{directory}/{file}.key is missing, so {files} cannot be issued: put it back")
        if due and now > authority["notAfter"]:
            raise PkiError(f"the CA in {directory}/{file}.crt has expired: put another one there, with its {file}.key")
        if due:
            signer = issue.Signer((directory / f"{file}.crt").read_bytes(), (directory / f"{file}.key").read_bytes())
            for leaf in due:
                _store(directory, leaf.file, signer.sign(leaf, now, days), leaf.names)
    if account_keys.is_due(directory):
        for name, content in account_keys.make(directory).items():
            _write(directory / name, content)


def _settle_authority(directory: Path, file: str, now: float) -> Note:
    """Makes the CA, renews it with the same key, or takes over one that the owner has put there."""
    from apiserver_stub.auth import issue

    certificate, key = directory / f"{file}.crt", directory / f"{file}.key"
    if certificate.exists() and _note(directory, file) is None:
        issued = issue.read(certificate.read_bytes(), key.read_bytes() if key.exists() else None, now)
        return _store(directory, file, issued, (), adopted=True)
    # With the same key, whoever trusts the old certificate also trusts what the new one signs.
    name = "kubernetes" if file == "ca" else file
    issued = issue.authority(now, CA_YEARS * 365, key.read_bytes() if key.exists() else None, name)
    return _store(directory, file, issued, ())


def _store(directory: Path, file: str, issued: Any, names: tuple[str, ...], *, adopted: bool = False) -> Note:
    """issued: an issue.Issued."""
    note: Note = {
        "sha256": hashlib.sha256(issued.certificate).hexdigest(),
        "issued": issued.at,
        "notBefore": issued.not_before,
        "notAfter": issued.not_after,
        "names": names,
        "key": issued.key_id,
        "issuer": issued.issuer_id,
        "adopted": adopted,
    }
    # The note goes last: a start that finds none, or an old one, issues again.
    if not adopted:
        _write(directory / f"{file}.key", issued.key)
        _write(directory / f"{file}.crt", issued.certificate)
    _write(directory / f"{file}.json", orjson.dumps(note))
    return note


def _write(path: Path, data: bytes) -> None:
    """Atomically, 0600 from its first byte on."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
