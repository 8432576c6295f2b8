"""The Lease of this node: the heartbeat that others may watch (pure).

See the Kubernetes page "Leases", section "Node heartbeats".
"""

from __future__ import annotations

from datetime import datetime

from operators._kube import meta
from operators._kube.meta import Key, Object

NAMESPACE = "kube-node-lease"
RENEW_SECONDS = 10
DURATION_SECONDS = 40


def key(node_name: str) -> Key:
    return Key(NAMESPACE, node_name)


def new(node: Object, now: datetime) -> Object:
    name = meta.name_of(node)
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": meta.uid_of(node)}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": NAMESPACE, "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": DURATION_SECONDS, **renewal(now)["spec"]},
    }


def renewal(now: datetime) -> Object:
    """A merge patch."""
    return {"spec": {"renewTime": meta.format_micro_time(now)}}
