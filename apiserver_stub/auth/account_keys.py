"""The keys of ServiceAccount tokens: sa.key signs; what any key in sa.pub has signed is believed.

Beside them, sa.json holds the public keys as a JSON Web Key Set, made when the files change: reading it needs no
cryptography. To change keys, put the new public key into sa.pub beside the old one and replace sa.key.
"""

import hashlib
from pathlib import Path
from typing import Any

import orjson

_BITS = 2048


def is_due(directory: Path) -> bool:
    """Whether keys or their set are missing or changed."""
    try:
        note = orjson.loads((directory / "sa.json").read_bytes())
        return bool(note["sha256"] != _digest(directory))
    except (OSError, KeyError, TypeError, orjson.JSONDecodeError):
        return True


def load(directory: Path) -> list[dict[str, str]]:
    """The JSON Web Keys, that of sa.key first. Raises OSError."""
    keys: list[dict[str, str]] = orjson.loads((directory / "sa.json").read_bytes())["keys"]
    return keys


def make(directory: Path) -> dict[str, bytes]:
    """Contents of the files that are missing, and sa.json. Imports cryptography: call it in a child.

    Raises OSError, ValueError where a file holds no RSA key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    made: dict[str, bytes] = {}
    key_file, public_file = directory / "sa.key", directory / "sa.pub"
    if key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    else:
        key = rsa.generate_private_key(65537, _BITS)
        made["sa.key"] = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f"{key_file} holds no RSA key")
    own = key.public_key()
    if public_file.exists():
        public = public_file.read_bytes()
    else:
        public = made["sa.pub"] = own.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    keys = [_jwk(own)]
    for block in _blocks(public):
        other = serialization.load_pem_public_key(block)
        if isinstance(other, rsa.RSAPublicKey) and (jwk := _jwk(other)) not in keys:
            keys.append(jwk)
    digest = hashlib.sha256(made.get("sa.key") or key_file.read_bytes())
    digest.update(public)
    return made | {"sa.json": orjson.dumps({"sha256": digest.hexdigest(), "keys": keys})}


def _digest(directory: Path) -> str:
    digest = hashlib.sha256((directory / "sa.key").read_bytes())
    digest.update((directory / "sa.pub").read_bytes())
    return digest.hexdigest()


def _blocks(pem: bytes) -> list[bytes]:
    end = b"-----END PUBLIC KEY-----"
    return [block.strip() + b"\n" + end + b"\n" for block in pem.split(end) if block.strip()]


def _jwk(key: Any) -> dict[str, str]:
    """RFC 7517; the key ID is made as upstream makes it, from the digest of the encoded key."""
    from cryptography.hazmat.primitives import serialization

    from apiserver_stub.auth.jws import encoded

    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    numbers = key.public_numbers()
    return {
        "use": "sig",
        "kty": "RSA",
        "kid": encoded(hashlib.sha256(der).digest()),
        "alg": "RS256",
        "n": encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
        "e": encoded(numbers.e.to_bytes((numbers.e.bit_length() + 7) // 8)),
    }
