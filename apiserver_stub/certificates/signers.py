"""What each signer demands of a request, and which requests are approved by themselves.

See the Kubernetes page "Certificates and Certificate Signing Requests", "Kubernetes signers".
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

CLIENT: Final = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT: Final = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING: Final = "kubernetes.io/kubelet-serving"
LEGACY: Final = "kubernetes.io/legacy-unknown"
ALL: Final = frozenset({CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY})

_SIGNATURE, _ENCIPHERMENT = "digital signature", "key encipherment"
_CLIENT_AUTH, _SERVER_AUTH = "client auth", "server auth"
_NODES: Final = ["system:nodes"]
_NODE_PREFIX: Final = "system:node:"


@dataclass(frozen=True, slots=True)
class Request:
    """What a PKCS #10 request asks for."""

    common_name: str = ""
    organizations: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Approval:
    """right: the subresource that the requester must be allowed to create."""

    right: str
    message: str


_SELF: Final = Approval("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview.")
_NODE: Final = Approval("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview.")


def fault(signer: str, request: Request, usages: Collection[str]) -> str:
    """Why one of ALL does not sign a request, in upstream's words; "" if it does."""
    if signer == CLIENT:
        return _client_fault(usages)
    if signer == KUBELET_CLIENT:
        return _kubelet_client_fault(request, usages)
    if signer == KUBELET_SERVING:
        return _kubelet_serving_fault(request, usages)
    return ""


def approvals(signer: str, request: Request, usages: Collection[str], username: str) -> list[Approval]:
    """Any of these lets a request through without a person; the narrowest first."""
    if signer != KUBELET_CLIENT or _kubelet_client_fault(request, usages):
        return []
    return [_SELF, _NODE] if username == request.common_name else [_NODE]


def _client_fault(usages: Collection[str]) -> str:
    for usage in usages:
        if usage not in (_SIGNATURE, _ENCIPHERMENT, _CLIENT_AUTH):
            return f"invalid usage for client certificate: {usage}"
    return "" if _CLIENT_AUTH in usages else f"missing required usage for client certificate: {_CLIENT_AUTH}"


def _kubelet_client_fault(request: Request, usages: Collection[str]) -> str:
    if list(request.organizations) != _NODES:
        return "subject organization is not system:nodes"
    names = {"DNS": request.dns, "Email": request.emails, "IP": request.addresses, "URI": request.uris}
    for kind, found in names.items():
        if found:
            return f"{kind} subjectAltNames are not allowed"
    return _node_name_fault(request) or _usages_fault(usages, _CLIENT_AUTH)


def _kubelet_serving_fault(request: Request, usages: Collection[str]) -> str:
    if list(request.organizations) != _NODES:
        return "subject organization is not system:nodes"
    if not (request.dns or request.addresses):
        return "DNS or IP subjectAltName is required"
    for kind, found in {"Email": request.emails, "URI": request.uris}.items():
        if found:
            return f"{kind} subjectAltNames are not allowed"
    return _usages_fault(usages, _SERVER_AUTH) or _node_name_fault(request)


def _node_name_fault(request: Request) -> str:
    is_node = request.common_name.startswith(_NODE_PREFIX)
    return "" if is_node else f"subject common name does not begin with {_NODE_PREFIX}"


def _usages_fault(usages: Collection[str], purpose: str) -> str:
    """Keys that are not RSA encipher nothing: they may leave that out."""
    required = {_SIGNATURE, _ENCIPHERMENT, purpose}
    if set(usages) in (required, required - {_ENCIPHERMENT}):
        return ""
    return f"usages did not match [{' '.join(sorted(required))}]"
