"""ReplicationController: keep spec.replicas Pods alive."""

from __future__ import annotations

from datetime import datetime

from operators._kube.controller import Controller, Key, Kube, Result, Watch
from operators._kube.meta import Object
from operators._workloads import pods
from operators._workloads.replication import Replication
from operators.replicationcontroller import SLEEP

controller = Controller(
    "replicationcontroller",
    user=SLEEP.user,
    component="replication-controller",
    keep=pods.slim,
)


def _selector(rc: Object) -> Object | None:
    # The oldest kind of all: its selector is a plain map of labels.
    wanted = rc["spec"].get("selector")
    return {"matchLabels": wanted} if wanted else None


replication = Replication(
    "v1",
    "replicationcontrollers",
    selector=_selector,
    related=lambda rc, kube: kube.controlled_by(rc, "v1", "pods"),
    counts_terminating=False,
)


@controller.reconcile(
    "v1", "replicationcontrollers", owns=["v1/pods"], watches=[Watch("v1/pods", keys=replication.claimants)]
)
async def reconcile(key: Key, kube: Kube, now: datetime) -> Result:
    return await replication.reconcile(key, kube, now)
