"""Node lifecycle: taints follow a Node's conditions; see the Kubernetes page "Taints and Tolerations"."""

from __future__ import annotations

from datetime import datetime

from operators._kube import identity, meta
from operators._kube.controller import DONE, Controller, Key, Kube, Result
from operators._kube.errors import raise_first
from operators.nodelifecycle import plan

controller = Controller("nodelifecycle", user=identity.account("node-controller"), component="node-controller")


@controller.reconcile("v1", "nodes")
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    """Level-triggered. Not the node's own work: a node may change neither its taints nor its role."""
    node = kube.get_or_none("v1", "nodes", key)
    if node is None or meta.is_deleting(node):
        return DONE
    raise_first(await kube.perform(plan.role(node)))
    raise_first(await kube.perform(plan.tainting(kube.get_or_none("v1", "nodes", key) or node)))
    return DONE
