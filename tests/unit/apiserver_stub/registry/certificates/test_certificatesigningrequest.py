"""CertificateSigningRequests: what may be asked, and who may change what of the status."""

import base64
import copy
import datetime
import functools
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from apiserver_stub.registry import strategies, webhook
from apiserver_stub.registry.certificates import pem
from apiserver_stub.registry.certificates.certificatesigningrequest import signer_name
from apiserver_stub.schema import kinds

Object = dict[str, Any]


def strategy() -> Any:
    resource = kinds.builtin().get("certificates.k8s.io", "v1", "certificatesigningrequests")
    assert resource is not None
    return strategies.for_resource(resource)


@functools.cache
def request() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "team")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode()


def csr(*conditions: Object, certificate: str = "", **spec: Any) -> Object:
    status: Object = {"conditions": list(conditions)} if conditions else {}
    if certificate:
        status["certificate"] = certificate
    body = {"request": request(), "signerName": "example.com/a", "usages": ["client auth"], **spec}
    return {"metadata": {"name": "x"}, "spec": body, "status": status}


def condition(kind: str, status: str = "True", **more: str) -> Object:
    return {"type": kind, "status": status, **more}


def messages(errors: Any) -> list[str]:
    return [error.message for error in errors]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("", "Required value"),
        ("nope", "must be a fully qualified domain and path of the form"),
        ("a/b", "should be a domain with at least two segments separated by dots"),
        ("A.b/c", 'Invalid value: "A.b": validating label "A": a lowercase RFC 1123 label'),
        ("a.b/C", 'Invalid value: "C": validating label "C": a lowercase RFC 1123 subdomain'),
    ],
)
def test_signer_names(name: str, part: str) -> None:
    (found,) = messages(signer_name("spec.signerName", name))
    assert part in found


def test_a_good_request() -> None:
    assert messages(strategy().validate(csr())) == []
    assert pem.organizations(request()) == ["team"]


def test_a_request_must_be_signed_by_its_own_key() -> None:
    lines = base64.b64decode(request()).decode().splitlines()
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    der[-1] ^= 1
    text = f"{lines[0]}\n{base64.b64encode(bytes(der)).decode()}\n{lines[-1]}\n"
    assert pem.request_fault(base64.b64encode(text.encode()).decode()) == "x509: verification error"
    assert pem.request_fault("eHh4") == "PEM block type must be CERTIFICATE REQUEST"


def test_issued_certificates() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a")])
    now = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    text = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def fault(data: bytes) -> str:
        return pem.certificate_fault(base64.b64encode(data).decode())

    assert fault(text + text) == ""
    assert webhook.ca_bundle("p", base64.b64encode(text).decode()) == []
    assert fault(text.replace(b"CERTIFICATE", b"PUBLIC KEY")) == (
        'only CERTIFICATE PEM blocks are allowed, found "PUBLIC KEY"'
    )
    assert fault(b"-----BEGIN CERTIFICATE-----\neHh4\n-----END CERTIFICATE-----\n") == "x509: malformed certificate"
    (found,) = webhook.ca_bundle("p", "eHh4")
    assert found.detail == "unable to load root certificates: unable to parse bytes as PEM block"


def test_mistakes() -> None:
    wrong = csr(usages=["fly", "any", "any"], signerName="kubernetes.io/legacy-unknown", expirationSeconds=599)
    found = messages(strategy().validate(wrong))
    assert len(found) == 4
    assert 'spec.usages[0]: Unsupported value: "fly"' in found[0]
    assert found[1] == 'spec.usages[2]: Duplicate value: "any"'
    assert "the legacy signerName is not allowed via this API version" in found[2]


def test_approval_stamps_times_and_may_not_be_taken_back() -> None:
    rules, old = strategy(), csr()
    approved = csr(condition("Approved"))
    assert rules.validate_part_update(approved, old, "approval") == []
    (stamped,) = approved["status"]["conditions"]
    assert stamped["lastUpdateTime"] == stamped["lastTransitionTime"]
    denied = csr(condition("Approved"), condition("Denied"))
    found = messages(rules.validate_part_update(denied, approved, "approval"))
    assert found == [
        'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive'
    ]
    found = messages(rules.validate_part_update(csr(), approved, "approval"))
    assert found == ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"']


def test_the_status_decides_nothing_and_the_certificate_stays() -> None:
    rules, old = strategy(), csr()
    found = messages(rules.validate_status_update(csr(condition("Denied")), old))
    assert found == ['status.conditions: Forbidden: updates may not add a condition of type "Denied"']
    found = messages(rules.validate_status_update(csr(condition("Failed", "False")), old))
    assert found == ['status.conditions[0].status: Unsupported value: "False": supported values: "True"']
    issued = csr(certificate="eHh4")
    found = messages(rules.validate_status_update(issued, old))
    assert found == [
        'status.certificate: Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block'
    ]
    found = messages(rules.validate_status_update(csr(certificate="eXl5"), issued))
    assert found == ["status.certificate: Forbidden: updates may not modify existing certificate content"]


def test_the_spec_never_changes() -> None:
    rules, old = strategy(), csr()
    new = copy.deepcopy(old)
    new["spec"]["signerName"] = "example.com/b"
    rules.prepare_update(new, old)
    assert new["spec"]["signerName"] == "example.com/a"
