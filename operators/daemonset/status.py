"""DaemonSet: what `status` says about its Pods (pure)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from operators._kube import conditions, meta
from operators._kube.meta import Object
from operators._workloads import pods
from operators.daemonset import daemons, plan
from operators.daemonset.plan import Scene


def compute(set_: Object, owned: Collection[Object], scene: Scene) -> Object:
    """The whole status (apps/v1 DaemonSetStatus), optional zero counts left out as the API does."""
    on_node = plan.by_node(owned)
    least = set_["spec"].get("minReadySeconds", 0)
    desired = current = misscheduled = ready = available = updated = 0
    for node in scene.nodes:
        present = [pod for pod in on_node.get(meta.name_of(node), ()) if not meta.is_deleting(pod)]
        if not daemons.wants(set_, node)[0]:
            misscheduled += 1 if present else 0
            continue
        desired += 1
        if not present:
            continue
        current += 1
        # Two may stand there in a surge: the one that serves counts.
        pod = next((each for each in present if pods.is_available(each, least, scene.now)), present[0])
        ready += 1 if pods.is_ready(pod) else 0
        available += 1 if pods.is_available(pod, least, scene.now) else 0
        updated += 1 if any(plan.is_new(set_, each, scene.code) for each in present) else 0
    optional = {
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
        "numberUnavailable": desired - available,
        "collisionCount": int((set_.get("status") or {}).get("collisionCount") or 0),
    }
    status: Object = {
        "currentNumberScheduled": current,
        "numberMisscheduled": misscheduled,
        "desiredNumberScheduled": desired,
        "numberReady": ready,
        "observedGeneration": meta.generation_of(set_),
        **{name: count for name, count in optional.items() if count},
    }
    if listed := conditions.of(set_):
        status["conditions"] = listed
    return status


def next_check(set_: Object, owned: Collection[Object], now: datetime) -> float | None:
    """Seconds until the next Pod becomes available by the passing of minReadySeconds alone; None if none will."""
    least = set_["spec"].get("minReadySeconds", 0)
    waits = (pods.seconds_to_available(pod, least, now) for pod in owned if pods.is_active(pod))
    return min((wait for wait in waits if wait is not None), default=None)
