"""status.qosClass (pure)."""

from operators._kube import quantity
from operators.pod.sources import Object

_COUNTED = ("cpu", "memory")


def compute(pod: Object) -> str:
    """See the Kubernetes page "Pod Quality of Service Classes"; resources of the Pod itself decide alone."""
    spec = pod["spec"]
    holders = [spec] if spec.get("resources") else [*(spec.get("initContainers") or ()), *spec["containers"]]
    resources = [holder.get("resources") or {} for holder in holders]
    asked = [(_positive(r.get("requests")), _positive(r.get("limits"))) for r in resources]
    if not any(requests or limits for requests, limits in asked):
        return "BestEffort"
    if all(len(limits) == len(_COUNTED) and {**limits, **requests} == limits for requests, limits in asked):
        return "Guaranteed"
    return "Burstable"


def _positive(amounts: Object | None) -> dict[str, object]:
    parsed = {name: quantity.parse(str(amount)) for name, amount in (amounts or {}).items() if name in _COUNTED}
    return {name: amount for name, amount in parsed.items() if amount > 0}
