"""CertificateSigningRequests: who asks, and who may approve and sign for which signer.

See the Kubernetes page "Certificates and Certificate Signing Requests", "Authorization".
"""

from __future__ import annotations

from typing import Any, Final

from apiserver_stub.admission.attributes import Attributes
from apiserver_stub.auth import rbac
from apiserver_stub.auth.authenticate import MASTERS
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.meta import status
from apiserver_stub.registry.certificates import pem
from apiserver_stub.schema import kinds

Object = dict[str, Any]

_GROUP: Final = "certificates.k8s.io"
_CLIENT_SIGNER: Final = "kubernetes.io/kube-apiserver-client"


def _is_request(resource: kinds.Resource) -> bool:
    return resource.group_resource == f"certificatesigningrequests.{_GROUP}"


class CertificateRequester:
    """Writes down who asks for a certificate; what the client says of it doesn't count."""

    def handles(self, resource: kinds.Resource) -> bool:
        return _is_request(resource)

    def admit(self, a: Attributes) -> None:
        if a.operation != "CREATE" or a.obj is None:
            return
        user = a.user
        extra = {key: list(values) for key, values in user.extra.items()}
        found = {"username": user.name, "uid": user.uid, "groups": list(user.groups), "extra": extra}
        for name, value in found.items():
            a.obj["spec"].pop(name, None)
            if value:
                a.obj["spec"][name] = value


_JUDGE = {
    ("CREATE", ""): "CertificateSubjectRestriction",
    ("UPDATE", "approval"): "CertificateApproval",
    ("UPDATE", "status"): "CertificateSigning",
}


class CertificateApproval:
    """Upstream's plug-ins CertificateApproval, CertificateSigning and CertificateSubjectRestriction.

    off: which of them are switched off.
    """

    def __init__(self, authorizer: Authorizer, off: frozenset[str] = frozenset()) -> None:
        self._authorizer = authorizer
        self._off = off

    def handles(self, resource: kinds.Resource) -> bool:
        return _is_request(resource)

    def validate(self, a: Attributes) -> None:
        """Raises StatusError (403)."""
        if a.obj is None:
            return
        spec = (a.old or a.obj)["spec"]
        signer = spec.get("signerName", "")
        if _JUDGE.get((a.operation, a.subresource)) in self._off:
            return
        if a.operation == "CREATE":
            if signer == _CLIENT_SIGNER and MASTERS in pem.organizations(spec.get("request", "")):
                raise self._refused(a, f"use of {signer} signer with {MASTERS} group is not allowed")
        elif a.subresource == "approval" and not self._may(a, "approve", signer):
            raise self._refused(a, f'user not permitted to approve requests with signerName "{signer}"')
        elif a.subresource == "status" and _is_signed(a.obj, a.old) and not self._may(a, "sign", signer):
            raise self._refused(a, f'user not permitted to sign requests with signerName "{signer}"')

    def _may(self, a: Attributes, verb: str, signer: str) -> bool:
        """By the signer's name, or by its domain: example.com/*."""
        names = (signer, f"{signer.partition('/')[0]}/*")
        wanted = (rbac.Attributes(verb, "", _GROUP, "signers", name=name) for name in names)
        return any(self._authorizer.decide(a.user, one).allowed for one in wanted)

    def _refused(self, a: Attributes, why: str) -> status.StatusError:
        return status.forbidden(a.resource, a.name, why)


def _is_signed(obj: Object, old: Object | None) -> bool:
    """Whether the status changes in what a signer says."""
    new, before = obj.get("status") or {}, (old or {}).get("status") or {}
    return any((new.get(name) or None) != (before.get(name) or None) for name in ("certificate", "conditions"))
