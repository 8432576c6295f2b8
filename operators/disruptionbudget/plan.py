"""PodDisruptionBudget: how many Pods there should be, and how many must stay healthy (pure).

See the Kubernetes page "Specifying a Disruption Budget for your Application".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from operators._kube import meta
from operators._kube.meta import Object
from operators._workloads import amounts, pods

# An eviction that has not led to the Pod's deletion by then did not happen.
EVICTION_SECONDS = 120


def needs_scale(budget: Object) -> bool:
    """Whether what is asked for depends on the whole, so that the owners of the Pods are asked for their size."""
    spec = budget["spec"]
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)


def counts(budget: Object, present: int, scale: int) -> tuple[int, int]:
    """(expectedPods, desiredHealthy). `present`: Pods selected; `scale`: what their owners want together."""
    spec = budget["spec"]
    if (most := spec.get("maxUnavailable")) is not None:
        return scale, max(0, scale - amounts.whole(most, scale, round_up=True))
    least = spec.get("minAvailable")
    if isinstance(least, str):
        return scale, amounts.whole(least, scale, round_up=True)
    return present, int(least or 0)


def disrupted(budget: Object, found: Iterable[Object], now: datetime) -> tuple[dict[str, str], list[Object]]:
    """Evictions on their way, by Pod; and the Pods whose eviction has led to nothing."""
    by_name = {meta.name_of(pod): pod for pod in found}
    kept, stale = {}, []
    for name, since in ((budget.get("status") or {}).get("disruptedPods") or {}).items():
        pod = by_name.get(name)
        if pod is None or meta.is_deleting(pod):
            continue  # it has gone, or is about to: the eviction worked
        if meta.parse_time(since) + timedelta(seconds=EVICTION_SECONDS) <= now:
            stale.append(pod)
        else:
            kept[name] = since
    return kept, stale


def healthy(found: Iterable[Object], evicted: Mapping[str, str]) -> int:
    """Ready Pods that nobody is about to take away."""
    return sum(
        1 for pod in found if not meta.is_deleting(pod) and meta.name_of(pod) not in evicted and pods.is_ready(pod)
    )


def next_check(evicted: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until the first eviction on its way counts as failed."""
    ends = [meta.parse_time(since) + timedelta(seconds=EVICTION_SECONDS) for since in evicted.values()]
    return max(0.0, (min(ends) - now).total_seconds()) if ends else None
