"""ReplicaSet: keep spec.replicas Pods alive."""

from __future__ import annotations

from datetime import datetime

from operators._kube import claims, identity, meta
from operators._kube.controller import Controller, Key, Kube, Result, Watch
from operators._kube.meta import Object
from operators._workloads import pods
from operators._workloads.replication import Replication

controller = Controller("replicaset", user=identity.account("replicaset-controller"), keep=pods.slim)

_API = "apps/v1"


def _related(rs: Object, kube: Kube) -> list[Object]:
    """The Pods of all ReplicaSets of the same Deployment."""
    owner = meta.controller_of(rs)
    siblings = [rs] if owner is None else kube.list(_API, "replicasets", meta.namespace_of(rs))
    return [
        pod
        for sibling in siblings
        if sibling is rs or (meta.controller_of(sibling) or {}).get("uid") == (owner or {}).get("uid")
        for pod in kube.controlled_by(sibling, "v1", "pods")
    ]


replication = Replication(_API, "replicasets", selector=claims.label_selector, related=_related)


@controller.reconcile(_API, "replicasets", owns=["v1/pods"], watches=[Watch("v1/pods", keys=replication.claimants)])
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    return await replication.reconcile(key, kube, now)
