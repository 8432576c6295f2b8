"""A node without containers: a Backend whose containers are plain processes and log files of the test."""

from __future__ import annotations

import datetime
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from operators.pod.endpoint import attributes, backend, exposition, runtime

_SIGNING = x509.KeyUsage(
    digital_signature=True,
    key_cert_sign=True,
    crl_sign=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """A CA that writes certificates into `directory` as NAME.crt and NAME.key."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self.directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.ca = self._write(name, self._key, self._name, self._key, authority=True)

    def issue(self, file: str, common_name: str, group: str = "system:masters") -> tuple[Path, Path]:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, group),
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            ]
        )
        return self._write(file, key, subject, self._key, authority=False)

    def _write(
        self,
        file: str,
        key: ec.EllipticCurvePrivateKey,
        subject: x509.Name,
        signer: ec.EllipticCurvePrivateKey,
        *,
        authority: bool,
    ) -> tuple[Path, Path]:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        )
        # Python 3.13 verifies strictly: identifiers and a CA's key usage must be there.
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(identifier, critical=False)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        if authority:
            builder = builder.add_extension(_SIGNING, critical=True)
        else:
            usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
            builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        certificate = builder.sign(signer, hashes.SHA256())
        paths = self.directory / f"{file}.crt", self.directory / f"{file}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths

    def client_context(self, name: str, common_name: str, group: str = "system:masters") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca[0])
        context.load_cert_chain(*self.issue(name, common_name, group))
        return context


@dataclass
class Reviews:
    """Tokens and rights of the test."""

    users: dict[str, attributes.User] = field(default_factory=dict)
    rights: set[tuple[str, str, str]] = field(default_factory=set)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def user_of(self, token: str) -> attributes.User | None:
        return self.users.get(token)

    async def allows(self, user: attributes.User, verb: str, subresource: str) -> bool:
        self.asked.append((user.name, verb, subresource))
        return (user.name, verb, subresource) in self.rights


@dataclass
class Machine:
    """The Backend; tests put ContainerRefs and PodRefs into it."""

    root: Path
    containers: dict[tuple[str, str, str], backend.ContainerRef] = field(default_factory=dict)
    sandboxes: dict[tuple[str, str], backend.PodRef] = field(default_factory=dict)
    reviews: Reviews = field(default_factory=Reviews)

    def add(self, pod: str = "web", container: str = "c", namespace: str = "ns", **fields: Any) -> backend.ContainerRef:
        uid = f"uid-{pod}"
        log_dir = self.root / "logs" / f"{namespace}_{pod}_{uid}" / container
        log_dir.mkdir(parents=True, exist_ok=True)
        values: dict[str, Any] = {"state": "running", "reason": "", "container_id": "f" * 64, "pid": 0} | fields
        made = backend.ContainerRef(namespace, pod, uid, container, log_dir=log_dir, **values)
        self.containers[namespace, pod, container] = made
        netns = self.sandboxes[namespace, pod].netns if (namespace, pod) in self.sandboxes else None
        self.sandboxes[namespace, pod] = backend.PodRef(namespace, pod, uid, netns, running=True)
        return made

    def set_netns(self, pod: str, path: Path | None, namespace: str = "ns") -> None:
        self.sandboxes[namespace, pod] = replace(self.sandboxes[namespace, pod], netns=path)

    @property
    def log_root(self) -> Path:
        return self.root

    def configuration(self) -> Mapping[str, Any]:
        return {"maxPods": 250}

    async def summary(self, *, only_cpu_and_memory: bool) -> Mapping[str, Any]:
        return {"node": {"nodeName": "here"}, "pods": [], "only": only_cpu_and_memory}

    async def own_metrics(self) -> Sequence[exposition.Family]:
        return (exposition.Family("own", "x", "gauge", (exposition.Sample(1),)),)

    resource_metrics = cadvisor_metrics = own_metrics

    def probe_metrics(self) -> bytes:
        return b""

    async def container(self, namespace: str, pod: str, container: str) -> backend.ContainerRef:
        await self.pod(namespace, pod)
        try:
            return self.containers[namespace, pod, container]
        except KeyError:
            raise backend.ContainerNotFound from None

    async def pod(self, namespace: str, pod: str) -> backend.PodRef:
        try:
            return self.sandboxes[namespace, pod]
        except KeyError:
            raise backend.PodNotFound from None

    def pods(self) -> Sequence[dict[str, Any]]:
        return [{"metadata": {"namespace": namespace, "name": name}} for namespace, name in self.sandboxes]


async def run_here(container: backend.ContainerRef, command: runtime.Command) -> runtime.Launch:
    """A Launcher that runs the command right here."""
    return runtime.Launch([*(["setsid", "--ctty", "--wait"] if command.tty else []), *command.argv])


def line(text: str, stream: str = "stdout", tag: str = "F", at: int | None = None, zone: str = "+00:00") -> bytes:
    """A log line as conmon writes it; at: nanoseconds since 1970, now by default."""
    nanos = time.time_ns() if at is None else at
    moment = datetime.datetime.fromtimestamp(nanos // 10**9, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{nanos % 10**9:09d}{zone} {stream} {tag} {text}\n".encode()
