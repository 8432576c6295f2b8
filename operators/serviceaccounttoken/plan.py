"""Secrets of type kubernetes.io/service-account-token: what each of them lacks (pure).

See the Kubernetes page "Configure Service Accounts for Pods", "Manually create a long-lived API token".
"""

from __future__ import annotations

import base64

from operators._kube import meta
from operators._kube.meta import Object

NAME = "kubernetes.io/service-account.name"
UID = "kubernetes.io/service-account.uid"
# These tokens live as long as their Secret: a hundred years. They are bound to it, so that they end with it.
SECONDS = 100 * 365 * 24 * 3600


def is_orphan(secret: Object, account: Object | None) -> bool:
    """Whether the ServiceAccount that a Secret names is gone, or is another one of that name by now."""
    uid = meta.annotations_of(secret).get(UID)
    return account is None or (bool(uid) and uid != meta.uid_of(account))


def lacks(secret: Object, account: Object, ca: str) -> dict[str, str]:
    """What is to be written into `data`, but for the token: it is "" here where it is missing."""
    data = secret.get("data") or {}
    wanted = {"namespace": _encoded(meta.namespace_of(account)), **({"ca.crt": _encoded(ca)} if ca else {})}
    missing = {name: value for name, value in wanted.items() if data.get(name) != value}
    return missing | ({} if data.get("token") else {"token": ""})


def request(secret: Object) -> Object:
    """A TokenRequest for a token that is bound to the Secret."""
    bound = {"apiVersion": "v1", "kind": "Secret", "name": meta.name_of(secret), "uid": meta.uid_of(secret)}
    return {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": [], "expirationSeconds": SECONDS, "boundObjectRef": bound},
    }


def patch(secret: Object, account: Object, missing: dict[str, str], token: str) -> Object:
    data = {name: value or _encoded(token) for name, value in missing.items()}
    annotations = {UID: meta.uid_of(account)}
    guard = {"uid": meta.uid_of(secret), "resourceVersion": secret["metadata"]["resourceVersion"]}
    return {"metadata": {**guard, "annotations": annotations}, "data": data}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
