"""Certificates: made once, renewed when due, all signed by one CA."""

import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from cryptography import x509

from apiserver_stub.auth import addresses, issue, pki


def leaves(*names: str) -> list[pki.Leaf]:
    return [leaf for leaf in pki.leaves(["node"], ["10.0.0.5"], names, "10.96.0.1") if leaf.authority == "ca"]


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
    for name in ("serving", "admin", "operators", "kubelet-client", "kubelet"):
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


DAY = 86400.0
YEAR = 365 * DAY
AUTHORITIES = {"ca"}
LEAVES = {leaf.file for leaf in leaves()}


@pytest.mark.parametrize(
    ("later", "renewed"),
    [
        (200 * DAY, {}),
        (260 * DAY, LEAVES),
        (3 * YEAR, LEAVES),
        # A clock that is behind, by less than certificates are backdated and by more.
        (-0.5 * DAY, {}),
        (-2 * DAY, LEAVES),
        (-20 * YEAR, LEAVES),
        # The CA gets a new certificate for its old key in its last third, and when it has expired.
        (21 * YEAR, AUTHORITIES | LEAVES),
        (40 * YEAR, AUTHORITIES | LEAVES),
    ],
)
def test_renewal_by_the_clock(tmp_path: Path, later: float, renewed: set[str]) -> None:
    now = 1_800_000_000.0
    pki.ensure(tmp_path, leaves(), in_child=False, now=now)
    before, key = contents(tmp_path), (tmp_path / "ca.key").read_bytes()
    assert pki.is_due(tmp_path, leaves(), now + later) is bool(renewed)
    assert pki.ensure(tmp_path, leaves(), in_child=False, now=now + later) is bool(renewed)
    after = contents(tmp_path)
    assert {name.removesuffix(".crt") for name in after if after[name] != before[name]} == set(renewed)
    assert (tmp_path / "ca.key").read_bytes() == key
    assert not pki.is_due(tmp_path, leaves(), now + later)
    for name in after:
        times = certificate(tmp_path / name)
        assert times.not_valid_before_utc.timestamp() <= now + later < times.not_valid_after_utc.timestamp(), name


def test_who_trusts_the_old_ca_trusts_what_the_renewed_one_signs(tmp_path: Path) -> None:
    pki.ensure(tmp_path, leaves(), in_child=False)
    old = certificate(tmp_path / "ca.crt")
    pki.ensure(tmp_path, leaves(), in_child=False, now=time.time() + 21 * YEAR)
    assert old != certificate(tmp_path / "ca.crt")
    certificate(tmp_path / "serving.crt").verify_directly_issued_by(old)


def test_when_to_look_again(tmp_path: Path) -> None:
    now = 1_800_000_000.0
    assert pki.next_due(tmp_path, leaves()) == float("inf")
    pki.ensure(tmp_path, leaves(), in_child=False, now=now)
    due = pki.next_due(tmp_path, leaves())
    assert due == pytest.approx(now + YEAR * 2 / 3)
    assert not pki.is_due(tmp_path, leaves(), due - 1)
    assert pki.is_due(tmp_path, leaves(), due + 1)


def test_addresses_that_are_gone_need_no_new_certificate(tmp_path: Path) -> None:
    both = pki.leaves(["node"], ["10.0.0.5", "10.0.0.6"], [], "10.96.0.1")
    pki.ensure(tmp_path, both, in_child=False)
    now = time.time()
    assert not pki.is_due(tmp_path, leaves(), now)
    assert pki.is_due(tmp_path, pki.leaves(["node"], ["10.0.0.7"], [], "10.96.0.1"), now)
    assert pki.is_due(tmp_path, pki.leaves(["other"], ["10.0.0.5"], [], "10.96.0.1"), now)


def own_authority(directory: Path, days: float) -> x509.Certificate:
    """A CA that the owner of a node has made with tools of his own."""
    directory.mkdir(exist_ok=True)
    made = issue.authority(time.time() - 10 * DAY, days + 10)
    (directory / "ca.crt").write_bytes(made.certificate)
    (directory / "ca.key").write_bytes(made.key)
    return x509.load_pem_x509_certificate(made.certificate)


@pytest.mark.parametrize("started_before", [False, True])
def test_a_ca_of_the_owners_is_taken_over(tmp_path: Path, started_before: bool) -> None:
    if started_before:
        pki.ensure(tmp_path, leaves(), in_child=False)
    own = own_authority(tmp_path, 1000)
    pki.ensure(tmp_path, leaves(), in_child=False)
    assert certificate(tmp_path / "ca.crt") == own
    certificate(tmp_path / "serving.crt").verify_directly_issued_by(own)
    # It is his to renew: certificates end with it, and no new ones are made when that would add nothing.
    later = time.time() + 950 * DAY
    pki.ensure(tmp_path, leaves(), in_child=False, now=later)
    assert certificate(tmp_path / "ca.crt") == own
    assert certificate(tmp_path / "serving.crt").not_valid_after_utc == own.not_valid_after_utc
    assert not pki.is_due(tmp_path, [leaf for leaf in leaves() if leaf.authority == "ca"], later + 40 * DAY)
    assert pki.next_due(tmp_path, [leaf for leaf in leaves() if leaf.authority == "ca"]) == float("inf")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: (d / "ca.key").unlink(), "ca.key is missing, so serving.crt, admin.crt"),
        (lambda d: (d / "ca.key").write_bytes(issue.authority(0, 1).key), "ca.key is not the key of ca.crt"),
        (lambda d: own_authority(d, -5), "has expired"),
    ],
)
def test_a_ca_that_cannot_sign(tmp_path: Path, change: Callable[[Path], object], sentence: str) -> None:
    own_authority(tmp_path, 1000)
    change(tmp_path)
    with pytest.raises((pki.PkiError, ValueError), match=sentence):
        pki.ensure(tmp_path, leaves(), in_child=False)


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


def message(kind: int, scope: int) -> bytes:
    return struct.pack("=IHHII", 28, kind, 0, 1, 0) + bytes([2, 24, 0, scope]) + bytes(8)


@pytest.mark.parametrize(
    ("messages", "scopes"),
    [
        (message(20, 0), [0]),
        (message(21, 253) + message(20, 0), [253, 0]),
        (message(16, 0), []),
        (message(20, 0)[:18], []),
        (bytes(40), []),
    ],
)
def test_what_the_kernel_says_of_addresses(messages: bytes, scopes: list[int]) -> None:
    assert list(addresses.scopes(messages)) == scopes
