"""What every active namespace gets: a default ServiceAccount and the cluster's root certificate."""

from __future__ import annotations

from typing import Any

from operators._kube import meta
from operators._kube.actions import Create, Patch

ACCOUNT = "default"
ROOT_CA = "kube-root-ca.crt"
_DESCRIPTION = "kubernetes.io/description"
_DESCRIPTION_TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)


def is_active(namespace: dict[str, Any]) -> bool:
    return not meta.is_deleting(namespace) and (namespace.get("status") or {}).get("phase", "Active") == "Active"


def contents(
    namespace: dict[str, Any], account: dict[str, Any] | None, root_ca: dict[str, Any] | None, ca_pem: str
) -> list[Create | Patch]:
    """The writes that bring both objects to what they should be; none in a namespace that is going away.

    `account` and `root_ca`: what is there now. The certificate map is put right when its data or its description
    was changed; an account that is there is the user's to change.
    """
    if not is_active(namespace):
        return []
    name = meta.name_of(namespace)
    actions: list[Create | Patch] = []
    if account is None:
        body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": name}}
        actions.append(Create("v1", "serviceaccounts", body))
    if not ca_pem:
        return actions
    if root_ca is None:
        actions.append(Create("v1", "configmaps", _root_ca(name, ca_pem)))
    elif patch := _repair(root_ca, ca_pem):
        actions.append(Patch("v1", "configmaps", name, ROOT_CA, patch))
    return actions


def _root_ca(namespace: str, ca_pem: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": ROOT_CA, "namespace": namespace, "annotations": {_DESCRIPTION: _DESCRIPTION_TEXT}},
        "data": {"ca.crt": ca_pem},
    }


def _repair(root_ca: dict[str, Any], ca_pem: str) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    data = root_ca.get("data") or {}
    if data != {"ca.crt": ca_pem}:
        patch["data"] = {**dict.fromkeys(data), "ca.crt": ca_pem}
    if meta.annotations_of(root_ca).get(_DESCRIPTION) != _DESCRIPTION_TEXT:
        patch["metadata"] = {"annotations": {_DESCRIPTION: _DESCRIPTION_TEXT}}
    return patch
