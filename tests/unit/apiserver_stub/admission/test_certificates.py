"""Who asks for a certificate, and who may approve and sign."""

from typing import Any

import pytest

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.admission.certificates import CertificateApproval, CertificateRequester
from apiserver_stub.auth.authenticate import User
from apiserver_stub.auth.authorize import Decision
from apiserver_stub.auth.rbac import Attributes as Wanted
from apiserver_stub.meta import status
from apiserver_stub.schema import kinds

RESOURCE = kinds.builtin().get("certificates.k8s.io", "v1", "certificatesigningrequests")
USER = User("eve", ("team",), "u1", {"k": ("v",)})


class Allowing:
    """Allows what is listed, as (verb, signer)."""

    def __init__(self, *allowed: tuple[str, str]) -> None:
        self.allowed = allowed

    def decide(self, user: User, wanted: Wanted) -> Decision:
        assert (wanted.group, wanted.resource) == ("certificates.k8s.io", "signers")
        return Decision((wanted.verb, wanted.name) in self.allowed)


def attributes(subresource: str = "", operation: Any = "UPDATE", **status_: Any) -> Attributes:
    assert RESOURCE is not None
    spec = {"signerName": "example.com/a", "username": "mallory", "groups": ["system:masters"]}
    obj = {"metadata": {"name": "x"}, "spec": dict(spec), "status": status_}
    old = {"metadata": {"name": "x"}, "spec": dict(spec), "status": {}} if operation == "UPDATE" else None
    return Attributes(operation, RESOURCE, "", "x", obj, old, subresource, user=USER)


def test_the_requester_is_who_asks() -> None:
    a = attributes(operation="CREATE")
    CertificateRequester().admit(a)
    assert a.obj is not None
    assert a.obj["spec"] == {
        "signerName": "example.com/a",
        "username": "eve",
        "uid": "u1",
        "groups": ["team"],
        "extra": {"k": ["v"]},
    }


@pytest.mark.parametrize("allowed", [("approve", "example.com/a"), ("approve", "example.com/*")])
def test_approval_needs_a_right(allowed: tuple[str, str]) -> None:
    a = attributes("approval", conditions=[{"type": "Approved", "status": "True"}])
    CertificateApproval(Allowing(allowed)).validate(a)  # type: ignore[arg-type]
    with pytest.raises(status.StatusError, match="not permitted to approve requests"):
        CertificateApproval(Allowing(("sign", "example.com/a"))).validate(a)  # type: ignore[arg-type]


def test_signing_needs_a_right_but_other_changes_do_not() -> None:
    nobody = CertificateApproval(Allowing())  # type: ignore[arg-type]
    nobody.validate(attributes("status"))
    with pytest.raises(status.StatusError, match="not permitted to sign requests"):
        nobody.validate(attributes("status", certificate="eHh4"))
