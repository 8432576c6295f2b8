"""status.qosClass (pure)."""

from operators._kube import quantity
from operators.pod.sources import Object


def compute(pod: Object) -> str:
    """See the Kubernetes page "Pod Quality of Service Classes"."""
    containers = [*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]]
    resources = [container.get("resources") or {} for container in containers]
    named = [{name for name in ("cpu", "memory") if _positive(part, name)} for r in resources for part in _parts(r)]
    if not any(named):
        return "BestEffort"
    for r in resources:
        limits, requests = r.get("limits") or {}, r.get("requests") or {}
        for name in ("cpu", "memory"):
            if not _positive(limits, name):
                return "Burstable"
            if name in requests and quantity.parse(str(requests[name])) != quantity.parse(str(limits[name])):
                return "Burstable"
    return "Guaranteed"


def _parts(resources: Object) -> tuple[Object, Object]:
    return (resources.get("limits") or {}, resources.get("requests") or {})


def _positive(amounts: Object, name: str) -> bool:
    return name in amounts and quantity.parse(str(amounts[name])) > 0
