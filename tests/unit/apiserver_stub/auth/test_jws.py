"""Signatures of tokens: what is believed and what is not; keys and the process that signs."""

import asyncio
import base64
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from apiserver_stub.auth import account_keys, jws, pki
from apiserver_stub.auth.signer import Signer, SigningError

CLAIMS = {"sub": "me"}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("pki")
    pki.ensure(found, [], in_child=False)
    return found


@pytest.fixture(scope="module")
def key(directory: Path) -> rsa.RSAPrivateKey:
    loaded = serialization.load_pem_private_key((directory / "sa.key").read_bytes(), None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


@pytest.fixture(scope="module")
def public(directory: Path) -> list[jws.PublicKey]:
    return [jws.PublicKey.from_jwk(jwk) for jwk in account_keys.load(directory)]


def sign(key: rsa.RSAPrivateKey, header: Any, claims: Any = CLAIMS, how: Any = None) -> str:
    message = f"{jws.encoded(orjson.dumps(header))}.{jws.encoded(orjson.dumps(claims))}"
    return f"{message}.{jws.encoded(key.sign(message.encode(), how or padding.PKCS1v15(), hashes.SHA256()))}"


def believed(token: str, keys: list[jws.PublicKey]) -> bool:
    try:
        return jws.read(token).is_signed_by(keys)
    except jws.Malformed:
        return False


def test_files_are_for_their_owner(directory: Path) -> None:
    for name in ("sa.key", "sa.pub", "sa.json"):
        assert (directory / name).stat().st_mode & 0o777 == 0o600
    assert not account_keys.is_due(directory)


def test_good_ones(key: rsa.RSAPrivateKey, public: list[jws.PublicKey]) -> None:
    for header in ({"alg": "RS256", "kid": public[0].kid}, {"alg": "RS256"}, {"alg": "RS256", "typ": "JWT"}):
        token = sign(key, header)
        assert believed(token, public)
        assert jws.read(token).claims == CLAIMS


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": "RS512"},
        {"alg": "PS256"},
        {},
        {"alg": "RS256", "kid": "another"},
        {"alg": "RS256", "crit": ["exp"]},
        {"alg": ["RS256"]},
    ],
)
def test_headers_that_are_not_believed(header: Any, key: rsa.RSAPrivateKey, public: list[jws.PublicKey]) -> None:
    assert not believed(sign(key, header), public)


def test_changed_ones(key: rsa.RSAPrivateKey, public: list[jws.PublicKey]) -> None:
    header = {"alg": "RS256", "kid": public[0].kid}
    token = sign(key, header)
    head, body, signature = token.split(".")
    other = jws.encoded(orjson.dumps({"sub": "root"}))
    stranger = rsa.generate_private_key(65537, 2048)
    raw = jws.decoded(signature)
    for bad in (
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature[:-8]}",
        f"{head}.{body}.{signature}AAAA",
        f"{head}.{body}.{jws.encoded(bytes(len(raw)))}",
        f"{head}.{body}.{jws.encoded(bytes([255]) * len(raw))}",
        f"{head}.{body}.{jws.encoded((int.from_bytes(raw) + public[0].n).to_bytes(len(raw) + 1))}",
        f"{head}.{body}.{signature}.{signature}",
        f" {token}",
        f"{token}\n",
        token.replace(".", "..", 1),
        sign(stranger, header),
        sign(key, header, how=padding.PSS(padding.MGF1(hashes.SHA256()), 32)),
        sign(key, header, claims=["a list"]),
        sign(key, header, claims={"x": "y" * jws.MAX_LENGTH}),
        base64.b64encode(token.encode()).decode(),
        "",
        ".",
        "..",
        "ä.ö.ü",
    ):
        assert not believed(bad, public), bad[:200]


def test_padding_is_compared_as_a_whole(key: rsa.RSAPrivateKey, public: list[jws.PublicKey]) -> None:
    """Bleichenbacher's forgery: short padding with rubbish behind the digest."""
    message = jws.unsigned(public[0].kid, CLAIMS)
    numbers = key.private_numbers()
    good = numbers.public_numbers
    digest = hashes.Hash(hashes.SHA256())
    digest.update(message)
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest.finalize()
    block = b"\x00\x01" + b"\xff" * 8 + b"\x00" + info
    block += b"\xaa" * (256 - len(block))
    forged = pow(int.from_bytes(block), numbers.d, good.n).to_bytes(256)
    assert not public[0].has_signed(message, forged)


def test_weak_keys_are_not_taken() -> None:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    jwk = {"kid": "weak", "n": jws.encoded(numbers.n.to_bytes(128)), "e": "AQAB"}
    with pytest.raises(ValueError, match="2048"):
        jws.PublicKey.from_jwk(jwk)


async def test_the_signer_signs_and_leaves(directory: Path, public: list[jws.PublicKey]) -> None:
    signer = Signer(directory / "sa.key")
    messages = [jws.unsigned(public[0].kid, {"n": number}) for number in range(3)]
    signatures = await asyncio.gather(*map(signer.sign, messages))
    assert all(map(public[0].has_signed, messages, signatures))
    process = signer._process
    assert process
    await signer.close()
    assert process.returncode == 0
    assert public[0].has_signed(messages[0], await signer.sign(messages[0]))
    await signer.close()


async def test_a_signer_that_died_is_replaced(directory: Path, public: list[jws.PublicKey]) -> None:
    signer = Signer(directory / "sa.key")
    await signer.sign(b"a")
    assert signer._process
    signer._process.kill()
    await signer._process.wait()
    assert public[0].has_signed(b"b", await signer.sign(b"b"))
    await signer.close()


async def test_without_a_key_it_says_so(tmp_path: Path) -> None:
    signer = Signer(tmp_path / "none")
    with pytest.raises(SigningError, match="none"):
        await signer.sign(b"a")
    await signer.close()


def test_the_server_itself_does_not_load_cryptography() -> None:
    code = "import sys, apiserver_stub.app; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, env=dict(os.environ)).returncode == 0


def test_changing_keys(directory: Path, tmp_path: Path) -> None:
    for name in ("sa.key", "sa.pub"):
        (tmp_path / name).write_bytes((directory / name).read_bytes())
    next_key = rsa.generate_private_key(65537, 2048)
    unused = ec.generate_private_key(ec.SECP256R1())
    for one in (next_key, unused):
        with (tmp_path / "sa.pub").open("ab") as file:
            file.write(
                one.public_key().public_bytes(
                    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
                )
            )
    pki.ensure(tmp_path, [], in_child=False)
    old = account_keys.load(tmp_path)
    assert len(old) == 2
    assert old[0] == account_keys.load(directory)[0]
    (tmp_path / "sa.key").write_bytes(
        next_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    pki.ensure(tmp_path, [], in_child=False)
    assert account_keys.load(tmp_path) == [old[1], old[0]]


def test_a_key_of_another_kind_ends_the_start(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "sa.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    with pytest.raises(pki.PkiError):
        pki.ensure(tmp_path, [])
    assert "holds no RSA key" in capfd.readouterr().err
