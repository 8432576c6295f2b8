"""The whole status of a Pod (pure)."""

from datetime import datetime
from typing import Any

from operators._kube import meta
from operators.pod.lifecycle import plan
from operators.pod.sources import Object
from operators.pod.status import conditions, containers, phase, qos
from operators.pod.status.facts import Facts


def compute(pod: Object, facts: Facts, now: datetime) -> dict[str, Any]:
    """The whole new status; what others wrote into the old one (conditions of theirs, nominations) is kept."""
    old = dict(pod.get("status") or {})
    entries = _entries(pod, facts)
    phase_now = _phase(pod, entries, facts)
    inits = [entry for _, role, entry in entries if role in ("init", "sidecar")]
    apps = [entry for _, role, entry in entries if role == "container"]
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
    if whole := pod["spec"].get("resources"):
        new |= {"resources": whole, "allocatedResources": whole.get("requests") or {}}
    if ephemeral := [entry for _, role, entry in entries if role == "ephemeral"]:
        new["ephemeralContainerStatuses"] = ephemeral
    if generation := meta.generation_of(pod):
        new["observedGeneration"] = generation
    if facts.ending is not None and phase_now == "Failed":
        new |= {"reason": facts.ending.reason, "message": facts.ending.message}
    return {**new, **_addresses(pod, facts, old)}


def rejected(pod: Object, reason: str, message: str, now: datetime) -> dict[str, Any]:
    """The status of a Pod that this node refuses to run."""
    old = dict(pod.get("status") or {})
    status = {
        **old,
        "phase": "Failed",
        "reason": reason,
        "message": f"Pod was rejected: {message}",
        "startTime": old.get("startTime") or meta.format_time(now),
        "qosClass": old.get("qosClass") or qos.compute(pod),
    }
    if generation := meta.generation_of(pod):
        status["observedGeneration"] = generation
    return status


def _entries(pod: Object, facts: Facts) -> list[tuple[Object, str, dict[str, Any]]]:
    """(container, role, its status); those behind an init container that has not succeeded were never due."""
    was_due, found = True, []
    for spec, role in plan.everything(pod):
        entry = containers.compute(pod, spec, role, facts, was_due=was_due)
        found.append((spec, role, entry))
        if role == "init" and entry["state"].get("terminated", {}).get("exitCode") != 0:
            was_due = False
    return found


def _phase(pod: Object, entries: list[tuple[Object, str, dict[str, Any]]], facts: Facts) -> str:
    """A Pod that has ended stays so, and it has not ended before the last of its containers has."""
    old = str((pod.get("status") or {}).get("phase") or "Pending")
    if old in phase.ENDED:
        return old
    found = phase.compute(pod, {spec["name"]: entry for spec, _, entry in entries}, is_over=facts.is_over)
    if facts.ending is not None and facts.is_over:
        return "Failed"
    is_up = any("running" in entry["state"] for _, _, entry in entries)
    return old if found in phase.ENDED and is_up else found


def _addresses(pod: Object, facts: Facts, old: Object) -> dict[str, Any]:
    new: dict[str, Any] = {}
    if facts.host_ips:
        new |= {"hostIP": facts.host_ips[0], "hostIPs": [{"ip": ip} for ip in facts.host_ips]}
    pod_ip = facts.pod_ip or (facts.host_ips[0] if pod["spec"].get("hostNetwork") and facts.host_ips else "")
    if pod_ip and (facts.has_sandbox or old.get("podIP")):
        new |= {"podIP": pod_ip, "podIPs": [{"ip": pod_ip}]}
    return new
