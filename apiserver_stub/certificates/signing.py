"""Reads PKCS #10 requests and signs what they ask for; imported only when there is a request."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Collection
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from apiserver_stub.auth import issue
from apiserver_stub.certificates.signers import Request

# Seconds: the longest and the shortest life; how far notBefore lies back; shorter lives are given in full.
LONGEST: Final = 365 * 86400
SHORTEST: Final = 600
_BACKDATED: Final = 300
_SHORT: Final = 8 * 3600

_PURPOSES: Final = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "s/mime": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec end system": ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec tunnel": ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec user": ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft sgc": ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape sgc": ObjectIdentifier("2.16.840.1.113730.4.1"),
}


def read(encoded: str) -> Request:
    """encoded: spec.request, PEM in base64. Raises ValueError."""
    found = _load(encoded)
    names = _alternative_names(found)
    return Request(
        common_name=(_subject(found, NameOID.COMMON_NAME) or ("",))[-1],
        organizations=_subject(found, NameOID.ORGANIZATION_NAME),
        dns=tuple(one.value for one in names if isinstance(one, x509.DNSName)),
        emails=tuple(one.value for one in names if isinstance(one, x509.RFC822Name)),
        addresses=tuple(str(one.value) for one in names if isinstance(one, x509.IPAddress)),
        uris=tuple(one.value for one in names if isinstance(one, x509.UniformResourceIdentifier)),
    )


def sign(directory: Path, encoded: str, usages: Collection[str], seconds: int | None, now: float) -> bytes:
    """A certificate of the CA in `directory`, as PEM. seconds: the life asked for. Raises OSError, ValueError."""
    authority = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
    key = issue.load_key((directory / "ca.key").read_bytes())
    request = _load(encoded)
    begin, end = boundaries(seconds, now, authority.not_valid_after_utc.timestamp())
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(authority.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(begin, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(end, datetime.UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if usage := _key_usage(usages):
        builder = builder.add_extension(usage, critical=True)
    if purposes := list(dict.fromkeys(_PURPOSES[one] for one in usages if one in _PURPOSES)):
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    if names := _alternative_names(request):
        # RFC 5280, 4.2.1.6: without a subject it is the names that count.
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not request.subject.rdns)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def boundaries(seconds: int | None, now: float, authority_end: float) -> tuple[float, float]:
    """notBefore and notAfter, as upstream's signers have them. Raises ValueError when the CA has expired."""
    life = LONGEST if seconds is None else max(SHORTEST, min(seconds, LONGEST))
    if now >= authority_end:
        raise ValueError("the CA has expired")
    end = now + life if life < _SHORT else now + life - _BACKDATED
    return now - _BACKDATED, min(end, authority_end)


def _load(encoded: str) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(base64.b64decode(encoded))


def _subject(request: x509.CertificateSigningRequest, identifier: ObjectIdentifier) -> tuple[str, ...]:
    return tuple(str(one.value) for one in request.subject.get_attributes_for_oid(identifier))


def _alternative_names(request: x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    carried = (x509.DNSName, x509.RFC822Name, x509.IPAddress, x509.UniformResourceIdentifier)
    return [name for name in found if isinstance(name, carried)]


def _key_usage(usages: Collection[str]) -> x509.KeyUsage | None:
    agreement = "key agreement" in usages
    flags = {
        "digital_signature": "digital signature" in usages or "signing" in usages,
        "content_commitment": "content commitment" in usages,
        "key_encipherment": "key encipherment" in usages,
        "data_encipherment": "data encipherment" in usages,
        "key_agreement": agreement,
        "key_cert_sign": "cert sign" in usages,
        "crl_sign": "crl sign" in usages,
        # Without key agreement these two mean nothing.
        "encipher_only": agreement and "encipher only" in usages,
        "decipher_only": agreement and "decipher only" in usages,
    }
    return x509.KeyUsage(**flags) if any(flags.values()) else None
