"""oom_score_adj: whom the kernel ends first when the whole node is out of memory, as kubelet sets it (pure)."""

from operators._kube import podresources
from operators.pod.resources import priority
from operators.pod.sources import Object

GUARANTEED, BEST_EFFORT = -997, 1000


def score(pod: Object, spec: Object, qos: str, capacity: int) -> int:
    """`capacity`: the node's memory in bytes."""
    if priority.is_node_critical(pod) or qos == "Guaranteed":
        return GUARANTEED
    if qos == "BestEffort" or capacity <= 0:
        return BEST_EFFORT
    own = _burstable(pod, spec, capacity)
    if spec.get("restartPolicy") == "Always" and spec in (pod["spec"].get("initContainers") or ()):
        # A sidecar must not go before the containers it serves.
        return min(own, *(_burstable(pod, other, capacity) for other in pod["spec"]["containers"]))
    return own


def _burstable(pod: Object, spec: Object, capacity: int) -> int:
    requested = podresources.amounts(spec, "requests").get("memory", 0) + _share_of_rest(pod)
    adjustment = 1000 - 1000 * requested // capacity
    return max(1000 + GUARANTEED, min(adjustment, BEST_EFFORT - 1))


def _share_of_rest(pod: Object) -> int:
    """What the Pod itself requests beyond its containers, spread over them."""
    whole = podresources.amounts(pod["spec"], "requests").get("memory", 0)
    every = (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"])
    rest = whole - sum(podresources.amounts(spec, "requests").get("memory", 0) for spec in every)
    return max(0, rest) // len(every) if whole else 0
