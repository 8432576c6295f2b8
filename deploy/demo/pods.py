"""What a list of Pods says about itself. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

Pod = Mapping[str, Any]


def is_ready(pod: Pod) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def waiting_reason(pod: Pod) -> str:
    """Why a container of the Pod waits; "" if none does."""
    for container in pod.get("status", {}).get("containerStatuses", []):
        reason = container.get("state", {}).get("waiting", {}).get("reason", "")
        if reason:
            return str(reason)
    return ""


def all_ready(pods: Sequence[Pod], wanted: int) -> bool:
    return len(pods) == wanted and all(is_ready(pod) for pod in pods)


def all_waiting_for_config(pods: Sequence[Pod], wanted: int) -> bool:
    return len(pods) == wanted and all(waiting_reason(pod) == "CreateContainerConfigError" for pod in pods)


def summary(pods: Sequence[Pod], wanted: int) -> str:
    """One line for a progress display: "2/3 ready, 1 ContainerCreating"."""
    states: dict[str, int] = {}
    for pod in pods:
        if not is_ready(pod):
            state = waiting_reason(pod) or pod.get("status", {}).get("phase", "Pending")
            states[state] = states.get(state, 0) + 1
    ready = sum(is_ready(pod) for pod in pods)
    return ", ".join([f"{ready}/{wanted} ready", *(f"{count} {state}" for state, count in sorted(states.items()))])
