"""Runs on the machine, with the Python that the API server runs with: its certificates as JSON, one list.

Argument: the API server's data directory.
"""

import base64
import json
import sys
from pathlib import Path

from cryptography import x509


def found(data: Path) -> list[tuple[str, bytes]]:
    """File names and PEM, the CAs first."""
    files = sorted((data / "pki").glob("*.crt"), key=lambda path: ("ca" not in path.stem.split("-"), path.name))
    certificates = [(f"pki/{path.name}", path.read_bytes()) for path in files]
    for path in sorted(data.glob("*.kubeconfig")):
        for user in json.loads(path.read_bytes())["users"]:
            pem = base64.b64decode(user["user"].get("client-certificate-data", ""))
            certificates.append((path.name, pem))
    return certificates


def described(file: str, pem: bytes) -> dict[str, object]:
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    return {
        "file": file,
        "subject": certificate.subject.rfc4514_string(),
        "names": [str(name.value) for name in names],
        "not_before": certificate.not_valid_before_utc.timestamp(),
        "not_after": certificate.not_valid_after_utc.timestamp(),
    }


if __name__ == "__main__":
    json.dump([described(file, pem) for file, pem in found(Path(sys.argv[1]))], sys.stdout)
