"""The server's CA, its certificates, token keys and the admin's kubeconfig: made on first start, renewed later.

Importing cryptography costs 8 MB for the life of the process, and a start rarely has anything to issue: what was
issued is noted in a small file beside the certificates, and issuing happens in a child process.
"""

import base64
import hashlib
import ipaddress
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from apiserver_stub.auth import account_keys

CA_YEARS = 10
LEAF_DAYS = 365
# Renewed when less than this part of the life remains.
REMAINING = 1 / 3
# By certificate, whom a kubeconfig makes of its reader. The operators' own may do nothing but act as each of them.
USERS = {"admin": "kubernetes-admin", "operators": "ukube-operators"}


class PkiError(Exception):
    """One sentence for the owner of the node."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate that the CA signs. `names`: DNS names and IP addresses, sorted."""

    file: str
    common_name: str
    organization: str = ""
    names: tuple[str, ...] = ()
    server: bool = False


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
    ]


def ensure(directory: Path, wanted: Iterable[Leaf], *, in_child: bool = True) -> None:
    """Issues what is missing, about to expire or made for other names. Raises PkiError."""
    now = time.time()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
        ca_due = _due(directory, Leaf("ca", "kubernetes"), now)
        due = [leaf for leaf in wanted if ca_due or _due(directory, leaf, now)]
        if not (ca_due or due or account_keys.is_due(directory)):
            return
        if in_child:
            _issue_in_child(directory, due, ca_due, now)
        else:
            _issue(directory, due, ca_due, now)
    except OSError as error:
        raise PkiError(f"cannot write certificates to {directory}: {error.strerror}") from None


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


def _due(directory: Path, leaf: Leaf, now: float) -> bool:
    try:
        note = orjson.loads((directory / f"{leaf.file}.json").read_bytes())
        certificate = (directory / f"{leaf.file}.crt").read_bytes()
        has_key = (directory / f"{leaf.file}.key").stat().st_size > 0
    except (OSError, orjson.JSONDecodeError):
        return True
    if not has_key or note.get("sha256") != hashlib.sha256(certificate).hexdigest():
        return True
    if leaf.file == "ca":
        # A new CA locks out every client: it is replaced only when it has expired.
        return bool(now > note["notAfter"])
    remaining = note["notAfter"] - now
    return tuple(note["names"]) != leaf.names or remaining < (note["notAfter"] - note["notBefore"]) * REMAINING


def _issue_in_child(directory: Path, due: list[Leaf], ca_due: bool, now: float) -> None:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            _issue(directory, due, ca_due, now)
            code = 0
        except OSError as error:
            code = error.errno or 1
        except ValueError as error:
            print(error, file=sys.stderr)  # noqa: T201
        finally:
            sys.stderr.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise PkiError(
            f"cannot write certificates to {directory}: {os.strerror(code) if code > 1 else 'issuing failed'}"
        )


def _issue(directory: Path, due: list[Leaf], ca_due: bool, now: float) -> None:
    from apiserver_stub.auth import issue

    if ca_due:
        _store(directory, Leaf("ca", "kubernetes"), issue.authority(now, CA_YEARS * 365))
    signer = issue.Signer((directory / "ca.crt").read_bytes(), (directory / "ca.key").read_bytes())
    for leaf in due:
        _store(directory, leaf, signer.sign(leaf, now, LEAF_DAYS))
    if account_keys.is_due(directory):
        for name, content in account_keys.make(directory).items():
            _write(directory / name, content)


def _store(directory: Path, leaf: Leaf, issued: "tuple[bytes, bytes, float, float]") -> None:
    certificate, key, not_before, not_after = issued
    note = {
        "sha256": hashlib.sha256(certificate).hexdigest(),
        "notBefore": not_before,
        "notAfter": not_after,
        "names": leaf.names,
    }
    # The note goes last: a start that finds none issues again.
    (directory / f"{leaf.file}.json").unlink(missing_ok=True)
    _write(directory / f"{leaf.file}.key", key)
    _write(directory / f"{leaf.file}.crt", certificate)
    _write(directory / f"{leaf.file}.json", orjson.dumps(note))


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
