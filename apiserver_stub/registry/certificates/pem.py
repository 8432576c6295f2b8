"""PEM in CertificateSigningRequests: what is wrong with a request or with issued certificates.

cryptography is imported where a request is read: few servers ever see one, and it costs 8 MB.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from collections.abc import Iterator
from typing import Final

_BLOCK: Final = re.compile(rb"-----BEGIN ([^\n-]+)-----[ \t]*\r?\n(.*?)-----END \1-----", re.DOTALL)
_HEADER: Final = re.compile(rb"[^\s:]+:")


def request_fault(encoded: str) -> str:
    """encoded: spec.request, PEM in base64; "" if it holds a request that its own key has signed."""
    kind, _, content = next(_blocks(base64.b64decode(encoded)), ("", False, b""))
    if kind != "CERTIFICATE REQUEST":
        return "PEM block type must be CERTIFICATE REQUEST"
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        found = x509.load_der_x509_csr(content)
        return "" if found.is_signature_valid else "x509: verification error"
    except (ValueError, UnsupportedAlgorithm):
        return "asn1: structure error: tags don't match"


def organizations(encoded: str) -> list[str]:
    """The groups that a request asks for; none if it is malformed."""
    from cryptography import x509

    kind, _, content = next(_blocks(base64.b64decode(encoded)), ("", False, b""))
    if kind != "CERTIFICATE REQUEST":
        return []
    try:
        names = x509.load_der_x509_csr(content).subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    except ValueError:
        return []
    return [str(name.value) for name in names]


def certificate_fault(encoded: str) -> str:
    """encoded: status.certificate, PEM in base64; "" if it holds certificates and nothing else."""
    blocks = list(_blocks(base64.b64decode(encoded)))
    for kind, has_headers, content in blocks:
        if kind != "CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{kind}"'
        if has_headers:
            return "no PEM block headers are permitted"
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content)
        except (ValueError, ssl.SSLError):
            return "x509: malformed certificate"
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def _blocks(data: bytes) -> Iterator[tuple[str, bool, bytes]]:
    """Type, whether there are headers, and content of each block."""
    for found in _BLOCK.finditer(data):
        kind, body = found.groups()
        headers, blank, rest = body.partition(b"\n\n")
        has_headers = bool(blank) and _HEADER.match(headers) is not None
        try:
            content = base64.b64decode(rest if has_headers else body, validate=False)
        except binascii.Error:
            continue
        yield kind.decode(errors="replace"), has_headers, content
