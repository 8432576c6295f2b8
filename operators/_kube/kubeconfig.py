"""Where the API server is and who we are: kubeconfig files and service accounts."""

from __future__ import annotations

import base64
import binascii
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ConfigError(Exception):
    """The configuration can't be used; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Server URL and credentials. PEM texts and the token are secret: `repr` leaves them out."""

    server: str
    namespace: str = "default"
    ca: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    insecure: bool = False

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def ssl_context(self) -> ssl.SSLContext:
        """TLS 1.2+ that trusts only the given CA (the system's where none is given). Raises ConfigError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.use(context)
        return context

    def use(self, context: ssl.SSLContext) -> None:
        """Have connections that are opened with `context` from now on use these credentials. Raises ConfigError."""
        try:
            if self.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            elif self.ca:
                context.load_verify_locations(cadata=self.ca)
            else:
                context.load_default_certs()
            if self.certificate and self.key:
                with _in_memory(f"{self.certificate}\n{self.key}") as path:
                    context.load_cert_chain(path)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigError(f"the certificates for {self.server} can't be used: {error}") from error


def load(path: Path | None = None, context: str | None = None) -> Connection:
    """The named or current context of a kubeconfig; without a path that of $KUBECONFIG, ~/.kube/config or a Pod's own.

    Raises ConfigError. Of a list of files in $KUBECONFIG the first that exists is taken.
    """
    if path is None:
        candidates = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
        candidates.append(Path("~/.kube/config").expanduser())
        path = next((candidate for candidate in candidates if candidate.exists()), None)
        if path is None and (_SERVICE_ACCOUNT / "token").exists():
            return _of_service_account()
        if path is None:
            raise ConfigError("no kubeconfig found: name one with --kubeconfig or in $KUBECONFIG")
    try:
        document = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(document, dict):
        raise ConfigError(f"{path} is not a kubeconfig")
    return parse(document, path.parent, context)


def parse(document: Mapping[str, Any], folder: Path, context: str | None = None) -> Connection:
    """A kubeconfig as parsed; relative file names in it are looked up in `folder`. Raises ConfigError."""
    chosen = _named(document, "contexts", "context", context or document.get("current-context") or "")
    cluster = _named(document, "clusters", "cluster", chosen.get("cluster") or "")
    user = _named(document, "users", "user", chosen["user"]) if chosen.get("user") else {}
    if "exec" in user or "auth-provider" in user:
        raise ConfigError(
            "kubeconfig users with exec or auth-provider are not supported here: use a token or certificate"
        )
    if not cluster.get("server"):
        raise ConfigError("the kubeconfig's cluster has no server")
    certificate = _content(user, "client-certificate", folder)
    key = _content(user, "client-key", folder)
    if bool(certificate) != bool(key):
        raise ConfigError("the kubeconfig's user needs both a client certificate and its key")
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = _read(folder / user["tokenFile"])
    return Connection(
        server=str(cluster["server"]).rstrip("/"),
        namespace=chosen.get("namespace") or "default",
        ca=_content(cluster, "certificate-authority", folder),
        certificate=certificate,
        key=key,
        token=token.strip() if token else None,
        insecure=bool(cluster.get("insecure-skip-tls-verify")),
    )


def _of_service_account() -> Connection:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise ConfigError("a service account token is mounted, but $KUBERNETES_SERVICE_HOST is not set")
    return Connection(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        namespace=_read(_SERVICE_ACCOUNT / "namespace").strip(),
        ca=_read(_SERVICE_ACCOUNT / "ca.crt"),
        token=_read(_SERVICE_ACCOUNT / "token").strip(),
    )


def _named(document: Mapping[str, Any], section: str, inner: str, name: str) -> Mapping[str, Any]:
    for entry in document.get(section) or ():
        if entry.get("name") == name:
            return entry.get(inner) or {}
    raise ConfigError(f"the kubeconfig has no {inner} named {name!r}")


def _content(section: Mapping[str, Any], name: str, folder: Path) -> str | None:
    """`NAME-data` (base64) or the file that `NAME` points to."""
    if data := section.get(f"{name}-data"):
        try:
            return base64.b64decode(data, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise ConfigError(f"the kubeconfig's {name}-data is not base64 of a PEM text") from error
    return _read(folder / section[name]) if section.get(name) else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        raise ConfigError(f"can't read {path}: {error.strerror}") from error


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """A path of a file that exists only in this process: Python's ssl takes keys from files alone."""
    descriptor = os.memfd_create("credentials", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
