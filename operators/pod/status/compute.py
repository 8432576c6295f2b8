"""The whole status of a Pod (pure)."""

from datetime import datetime
from typing import Any

from operators._kube import meta
from operators.pod.sources import Object
from operators.pod.status import conditions, containers, phase, qos
from operators.pod.status.facts import Facts


def compute(pod: Object, facts: Facts, now: datetime) -> dict[str, Any]:
    """The whole new status; what others wrote into the old one (conditions of theirs, nominations) is kept."""
    old = dict(pod.get("status") or {})
    inits = [containers.compute(pod, spec, facts, is_init=True) for spec in pod["spec"].get("initContainers") or ()]
    apps = [containers.compute(pod, spec, facts, is_init=False) for spec in pod["spec"]["containers"]]
    phase_now = phase.compute(pod, inits, apps, facts.is_over)
    new = {
        **old,
        "phase": phase_now,
        "conditions": conditions.compute(pod, phase_now, inits, apps, facts, now),
        "startTime": old.get("startTime") or meta.format_time(now),
        "containerStatuses": apps,
        "qosClass": old.get("qosClass") or qos.compute(pod),
    }
    if inits:
        new["initContainerStatuses"] = inits
    if generation := meta.generation_of(pod):
        new["observedGeneration"] = generation
    if facts.host_ips:
        new |= {"hostIP": facts.host_ips[0], "hostIPs": [{"ip": ip} for ip in facts.host_ips]}
    pod_ip = facts.pod_ip or (facts.host_ips[0] if pod["spec"].get("hostNetwork") and facts.host_ips else "")
    if pod_ip and (facts.has_sandbox or old.get("podIP")):
        new |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    return new


def rejected(pod: Object, reason: str, message: str, now: datetime) -> dict[str, Any]:
    """The status of a Pod that this node refuses to run."""
    old = dict(pod.get("status") or {})
    return {
        **old,
        "phase": "Failed",
        "reason": reason,
        "message": f"Pod was rejected: {message}",
        "startTime": old.get("startTime") or meta.format_time(now),
        "qosClass": old.get("qosClass") or qos.compute(pod),
    }
