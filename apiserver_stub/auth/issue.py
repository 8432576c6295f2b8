"""Signs certificates (ECDSA P-256); imported only when there is something to sign."""

import datetime
import hashlib
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from apiserver_stub.auth.pki import Leaf, is_address

# A machine without a battery-backed clock may believe that it is yesterday.
BACKDATED = 24 * 3600.0
# A CA is valid for any clock that is behind, however far: its key signs nothing by being older.
_CA_BEGIN = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC).timestamp()

_PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Issued:
    """Certificate and key as PEM, times in seconds since the epoch, digests of the own and of the issuer's key."""

    certificate: bytes
    key: bytes
    at: float
    not_before: float
    not_after: float
    key_id: str
    issuer_id: str


def authority(now: float, days: float, key_pem: bytes | None = None, common_name: str = "kubernetes") -> Issued:
    """A CA, of a new key or of one that there is. Raises ValueError."""
    key = load_key(key_pem) if key_pem else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    begin, end = min(_CA_BEGIN, now), now + days * 86400.0
    builder = (
        _builder(name, name, key.public_key(), begin, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    identity = _key_id(key.public_key())
    certificate = _pem(builder.sign(key, hashes.SHA256()))
    return Issued(certificate, key_pem or _key_pem(key), now, begin, end, identity, identity)


def read(certificate_pem: bytes, key_pem: bytes | None, now: float) -> Issued:
    """A CA that somebody else has made. Raises ValueError with a sentence."""
    certificate = x509.load_pem_x509_certificate(certificate_pem)
    public = certificate.public_key()
    if key_pem and _key_id(load_key(key_pem).public_key()) != _key_id(public):
        raise ValueError("ca.key is not the key of ca.crt")
    begin, end = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    return Issued(certificate_pem, key_pem or b"", now, begin, end, _key_id(public), _key_id(public))


def load_key(pem: bytes) -> _PrivateKey:
    """Raises ValueError."""
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("ca.key holds neither an ECDSA nor an RSA key")
    return key


class Signer:
    """A CA that signs leaves."""

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self._certificate = x509.load_pem_x509_certificate(certificate)
        self._key = load_key(key)

    def sign(self, leaf: Leaf, now: float, days: float) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, leaf.common_name)]
        if leaf.organization:
            attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, leaf.organization))
        begin = max(0.0, now - BACKDATED)
        end = min(now + days * 86400.0, self._certificate.not_valid_after_utc.timestamp())
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if leaf.server else ExtendedKeyUsageOID.CLIENT_AUTH
        issuer = self._key.public_key()
        builder = (
            _builder(x509.Name(attributes), self._certificate.subject, key.public_key(), begin, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer), critical=False)
        )
        if leaf.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(_general_names(leaf)), critical=False)
        certificate = _pem(builder.sign(self._key, hashes.SHA256()))
        return Issued(certificate, _key_pem(key), now, begin, end, _key_id(key.public_key()), _key_id(issuer))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, begin: float, end: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime.fromtimestamp(begin, datetime.UTC))
        .not_valid_after(datetime.datetime.fromtimestamp(end, datetime.UTC))
    )


def _general_names(leaf: Leaf) -> list[x509.GeneralName]:
    return [
        x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name) for name in leaf.names
    ]


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_id(key: object) -> str:
    der = key.public_bytes(  # type: ignore[attr-defined]
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(der).hexdigest()


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: _PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
