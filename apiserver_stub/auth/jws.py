"""JSON Web Signatures in compact form, RS256 only: reading, checking, and what is to be signed (RFC 7515, RFC 7518).

Checking needs nothing secret, so plain arithmetic does; the private key stays in the signer's process.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

# A ServiceAccount's token is about 1,000 characters long.
MAX_LENGTH = 16 * 1024

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
# DER of DigestInfo{SHA-256} up to the digest itself (RFC 8017, 9.2, note 1).
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_WEAKEST = 2048


class Malformed(Exception):
    """The text is no token of the form that is read here."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An RSA key. `kid`: its name in the header of a token."""

    kid: str
    n: int
    e: int

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, str]) -> "PublicKey":
        """Raises ValueError for a key that is too weak to trust."""
        n, e = (int.from_bytes(decoded(jwk[name])) for name in ("n", "e"))
        if n.bit_length() < _WEAKEST or e < 3:
            raise ValueError(f"the key {jwk['kid']} has less than {_WEAKEST} bits")
        return cls(jwk["kid"], n, e)

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """RSASSA-PKCS1-v1_5 with SHA-256: what was signed is made again and compared as a whole."""
        size = (self.n.bit_length() + 7) // 8
        number = int.from_bytes(signature)
        if len(signature) != size or number >= self.n:
            return False
        info = _DIGEST_INFO + hashlib.sha256(message).digest()
        padding = b"\xff" * (size - len(info) - 3)
        return pow(number, self.e, self.n).to_bytes(size) == b"\x00\x01" + padding + b"\x00" + info


@dataclass(frozen=True, slots=True)
class Token:
    """A token that has been read, but not been checked."""

    header: Mapping[str, Any]
    claims: dict[str, Any]
    message: bytes
    signature: bytes

    def is_signed_by(self, keys: Iterable[PublicKey]) -> bool:
        """Whether one of the keys has signed it; a header that names a key is taken at its word."""
        if self.header.get("alg") != "RS256" or "crit" in self.header:
            return False
        kid = self.header.get("kid")
        return any(key.has_signed(self.message, self.signature) for key in keys if kid in (None, "", key.kid))


def read(text: str) -> Token:
    """Raises Malformed."""
    found = _COMPACT.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        raise Malformed
    try:
        header, claims = orjson.loads(decoded(found[1])), orjson.loads(decoded(found[2]))
        signature = decoded(found[3])
    except ValueError:
        raise Malformed from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Malformed
    return Token(header, claims, text[: found.end(2)].encode(), signature)


def unsigned(kid: str, claims: Mapping[str, Any]) -> bytes:
    """The message to sign: header and claims."""
    header = orjson.dumps({"alg": "RS256", "kid": kid})
    return f"{encoded(header)}.{encoded(orjson.dumps(claims))}".encode()


def encoded(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
