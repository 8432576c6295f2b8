"""kubeconfig files, good and bad."""

import base64
import ssl
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from operators._kube import kubeconfig
from operators._kube.kubeconfig import ConfigError


@pytest.fixture(scope="module")
def pems() -> tuple[str, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "admin")])
    now = datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=9999))
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    plain = serialization.NoEncryption()
    encoded = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    return certificate, encoded.decode()


def document(cluster: dict, user: dict | None = None, **context: str) -> dict:
    return {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", **context}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": user or {}}],
    }


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_embedded_certificates(tmp_path: Path, pems: tuple[str, str]):
    certificate, key = pems
    cluster = {"server": "https://h:6443/", "certificate-authority-data": encoded(certificate)}
    user = {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(document(cluster, user, namespace="x")))
    connection = kubeconfig.load(path)
    assert (connection.server, connection.namespace, connection.ca) == ("https://h:6443", "x", certificate)
    assert key not in repr(connection)
    context = connection.ssl_context()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.cert_store_stats()["x509"] == 1


def test_files_are_looked_up_beside_the_kubeconfig(tmp_path: Path, pems: tuple[str, str]):
    for name, text in zip(("ca.crt", "token"), (pems[0], "secret\n"), strict=True):
        (tmp_path / name).write_text(text)
    parsed = document({"server": "https://h", "certificate-authority": "ca.crt"}, {"tokenFile": "token"})
    connection = kubeconfig.parse(parsed, tmp_path)
    assert connection.ca == pems[0]
    assert connection.headers() == {"Authorization": "Bearer secret"}
    assert "secret" not in repr(connection)


def test_a_named_context(tmp_path: Path):
    parsed = document({"server": "https://h"})
    parsed["contexts"].append({"name": "other", "context": {"cluster": "d"}})
    parsed["clusters"].append({"name": "d", "cluster": {"server": "http://d", "insecure-skip-tls-verify": True}})
    connection = kubeconfig.parse(parsed, tmp_path, "other")
    assert (connection.server, connection.insecure) == ("http://d", True)
    assert connection.ssl_context().verify_mode == ssl.CERT_NONE


@pytest.mark.parametrize(
    ("parsed", "message"),
    [
        ({}, "no context named ''"),
        ({**document({"server": "s"}), "current-context": "x"}, "no context named 'x'"),
        ({**document({"server": "s"}), "clusters": None}, "no cluster named 'c'"),
        ({**document({"server": "s"}), "users": []}, "no user named 'u'"),
        (document({}), "no server"),
        (document({"server": "s"}, {"exec": {}}), "exec or auth-provider"),
        (document({"server": "s"}, {"client-certificate-data": encoded("x")}), "both a client certificate and its key"),
        (document({"server": "s", "certificate-authority-data": "%%"}), "not base64"),
        (document({"server": "s", "certificate-authority": "none"}), "can't read .*none: No such file"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, parsed: dict, message: str):
    with pytest.raises(ConfigError, match=message):
        kubeconfig.parse(parsed, tmp_path)


@pytest.mark.parametrize(("text", "message"), [("a: [", "is not YAML"), ("- 1", "is not a kubeconfig")])
def test_files_that_are_no_kubeconfig(tmp_path: Path, text: str, message: str):
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        kubeconfig.load(path)


def test_nothing_to_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    with pytest.raises(ConfigError, match="no kubeconfig found"):
        kubeconfig.load()


def test_unusable_certificates(tmp_path: Path):
    parsed = document({"server": "https://h", "certificate-authority-data": encoded("no PEM")})
    with pytest.raises(ConfigError, match="certificates for https://h can't be used"):
        kubeconfig.parse(parsed, tmp_path).ssl_context()
