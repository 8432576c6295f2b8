"""Certificates: made once, renewed when due, all signed by one CA."""

import stat
import time
from pathlib import Path

import orjson
import pytest
from cryptography import x509

from apiserver_stub.auth import addresses, pki


def leaves(*names: str) -> list[pki.Leaf]:
    return pki.leaves(["node"], ["10.0.0.5"], names, "10.96.0.1")


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.suffix == ".crt"}


def test_first_start(tmp_path: Path) -> None:
    directory = tmp_path / "pki"
    pki.ensure(directory, leaves("extra.example"), in_child=False)
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    for path in directory.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    authority = certificate(directory / "ca.crt")
    for name in ("serving", "admin", "kubelet-client", "kubelet"):
        certificate(directory / f"{name}.crt").verify_directly_issued_by(authority)
    serving = certificate(directory / "serving.crt").extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert {"kubernetes.default.svc", "localhost", "node", "extra.example"} <= set(
        serving.value.get_values_for_type(x509.DNSName)
    )
    assert {"127.0.0.1", "10.96.0.1", "10.0.0.5"} <= {
        str(address) for address in serving.value.get_values_for_type(x509.IPAddress)
    }
    admin = certificate(directory / "admin.crt").subject.rfc4514_string()
    assert admin == "CN=kubernetes-admin,O=system:masters"


def test_later_starts_change_nothing(tmp_path: Path) -> None:
    pki.ensure(tmp_path, leaves(), in_child=False)
    before = contents(tmp_path)
    pki.ensure(tmp_path, leaves(), in_child=False)
    assert contents(tmp_path) == before


def test_other_names_renew_the_certificates_that_carry_them(tmp_path: Path) -> None:
    pki.ensure(tmp_path, leaves(), in_child=False)
    before = contents(tmp_path)
    pki.ensure(tmp_path, leaves("new.example"), in_child=False)
    after = contents(tmp_path)
    assert {name for name in before if before[name] != after[name]} == {"serving.crt", "kubelet.crt"}


@pytest.mark.parametrize(("days", "renewed"), [(200, False), (260, True), (400, True)])
def test_renewal_when_a_third_of_life_remains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, renewed: bool
) -> None:
    pki.ensure(tmp_path, leaves(), in_child=False)
    before = contents(tmp_path)
    later = time.time() + days * 86400
    monkeypatch.setattr(pki.time, "time", lambda: later)
    pki.ensure(tmp_path, leaves(), in_child=False)
    after = contents(tmp_path)
    assert before["ca.crt"] == after["ca.crt"]
    assert (before["admin.crt"] != after["admin.crt"]) is renewed


def test_a_certificate_that_was_swapped_is_replaced(tmp_path: Path) -> None:
    pki.ensure(tmp_path, leaves(), in_child=False)
    (tmp_path / "serving.crt").write_bytes((tmp_path / "admin.crt").read_bytes())
    pki.ensure(tmp_path, leaves(), in_child=False)
    assert certificate(tmp_path / "serving.crt").subject.rfc4514_string() == "CN=kube-apiserver"


def test_unwritable_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(pki.PkiError, match=r"cannot write certificates to .*: Not a directory"):
        pki.ensure(tmp_path / "file" / "pki", leaves(), in_child=False)


def test_kubeconfig(tmp_path: Path) -> None:
    pki.ensure(tmp_path / "pki", leaves(), in_child=False)
    path = tmp_path / "admin.kubeconfig"
    pki.write_kubeconfig(path, tmp_path / "pki", "https://127.0.0.1:1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    config = orjson.loads(path.read_bytes())
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:1"


def test_addresses_of_the_machine() -> None:
    trie = "  +-- 127.0.0.0/8 2 0 2\n     |-- 127.0.0.1\n        /32 host LOCAL\n"
    trie += "     |-- 10.0.0.0\n        /24 link UNICAST\n"
    assert addresses.ipv4(trie) == {"127.0.0.1"}
    table = "fe800000000000000000000000000001 02 40 20 80 eth0\n20010db8000000000000000000000001 02 40 00 80 eth0\n"
    assert addresses.ipv6(table) == {"2001:db8::1"}
