"""StatefulSet: what `status` says about its Pods (pure)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from operators._kube import conditions, meta
from operators._kube.meta import Object
from operators._workloads import pods
from operators.statefulset import identity
from operators.statefulset.plan import Revisions


def compute(set_: Object, owned: Collection[Object], revisions: Revisions, collisions: int, now: datetime) -> Object:
    """The whole status (apps/v1 StatefulSetStatus), zero counts left out as the API does."""
    current, update = meta.name_of(revisions.current), meta.name_of(revisions.update)
    least = set_["spec"].get("minReadySeconds", 0)
    there = [pod for pod in owned if (pod.get("status") or {}).get("phase")]
    staying = [pod for pod in there if not meta.is_deleting(pod)]
    ready = [pod for pod in there if pods.phase(pod) == "Running" and pods.is_ready(pod)]
    counts = {
        "readyReplicas": len(ready),
        "currentReplicas": sum(1 for pod in staying if identity.revision_of(pod) == current),
        "updatedReplicas": sum(1 for pod in staying if identity.revision_of(pod) == update),
    }
    replicas = int(set_["spec"].get("replicas", 1))
    strategy = (set_["spec"].get("updateStrategy") or {}).get("type", "RollingUpdate")
    if strategy == "RollingUpdate" and counts["updatedReplicas"] == counts["readyReplicas"] == len(there) == replicas:
        # The rolling update is over: what was new is what there is.
        counts["currentReplicas"], current = counts["updatedReplicas"], update
    status: Object = {
        "observedGeneration": meta.generation_of(set_),
        "replicas": len(there),
        **{name: count for name, count in counts.items() if count},
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": collisions,
        "availableReplicas": sum(1 for pod in ready if pods.is_available(pod, least, now)),
    }
    if listed := conditions.of(set_):
        status["conditions"] = listed
    return status


def next_check(set_: Object, owned: Collection[Object], now: datetime) -> float | None:
    """Seconds until the next Pod becomes available by the passing of minReadySeconds alone; None if none will."""
    least = set_["spec"].get("minReadySeconds", 0)
    waits = (pods.seconds_to_available(pod, least, now) for pod in owned if not meta.is_deleting(pod))
    return min((wait for wait in waits if wait is not None), default=None)
