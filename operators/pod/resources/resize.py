"""What to say and do about a Pod that is being resized in place (pure). See KEP-1287."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from operators._kube import conditions, podresources
from operators.pod.resources import allocation, fitting, priority
from operators.pod.resources.allocation import Allocation
from operators.pod.sources import Object

PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"
DEFERRED, INFEASIBLE = "Deferred", "Infeasible"


@dataclass(frozen=True, slots=True)
class State:
    """How far a Pod's size has come.

    given: what the node has promised; actual: what its containers run with. pending: (reason, message, generation) of
    a size that is not given. progress: the generation of the size that is being put into effect, 0: none. error: why
    that does not get on. restarting: containers that are started anew for it, with the run that ends.
    """

    given: Allocation
    actual: Allocation
    pending: tuple[str, str, int] | None = None
    progress: int = 0
    error: str = ""
    restarting: Mapping[str, str] = field(default_factory=dict)


def objection(pod: Object, others: Sequence[Object], node: Object) -> tuple[str, str] | None:
    """(reason, message) why the size that the spec asks for is not given; None: it is."""
    if priority.is_static(pod):
        return INFEASIBLE, "In-place resize of static-pods is not supported"
    if message := fitting.hopeless(pod, node):
        return INFEASIBLE, message
    lacks = fitting.lacks(pod, others, node)
    return (DEFERRED, lacks[0].message) if lacks else None


def restarts(spec: Object, before: Object, after: Object) -> bool:
    """Whether the container must be started anew to get its new size, by its resizePolicy."""
    policies = {p["resourceName"]: p.get("restartPolicy") for p in spec.get("resizePolicy") or ()}
    changed = allocation.differences(before, after)
    return any(policies.get(name) == "RestartContainer" for _, name in changed)


def memory_objection(container: str, after: int | None, used: int) -> str:
    """Why a memory limit cannot be taken down now; `container` "": the Pod's. after: bytes, None: no limit."""
    if after is None or used <= after:
        return ""
    whose = f'container "{container}"' if container else "pod"
    return (
        f"cannot decrease memory limits: attempting to set {whose} memory limit ({after}) below current usage ({used})"
    )


def completed(state: State) -> State:
    return replace(state, progress=0, error="", restarting={})


def is_complete(state: State) -> bool:
    return allocation.is_same(state.given, state.actual) and not state.restarting


def compute_conditions(state: State) -> list[dict[str, Any]]:
    """PodResizePending and PodResizeInProgress, without times; those that are not there are to go."""
    found = []
    if state.pending is not None:
        reason, message, generation = state.pending
        found.append(_of_generation(conditions.make(PENDING, True, reason, message), generation))
    if state.progress:
        why = ("Error", state.error) if state.error else (None, None)
        found.append(_of_generation(conditions.make(IN_PROGRESS, True, *why), state.progress))
    return found


def _of_generation(condition: dict[str, Any], generation: int) -> dict[str, Any]:
    return {**condition, "observedGeneration": generation} if generation else condition


def event_message(what: str, pod: Object, generation: int, error: str = "") -> str:
    """`what`: "started", "completed", "error", or a reason why it is pending."""
    summary: dict[str, Any] = {}
    sidecars = [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for kind, containers in (("initContainers", sidecars), ("containers", pod["spec"]["containers"])):
        if containers:
            summary[kind] = [{"name": c["name"], "resources": _sorted(c.get("resources") or {})} for c in containers]
    summary["generation"] = generation
    if error:
        summary["error"] = error
    return f"Pod resize {what}: {orjson.dumps(summary).decode()}"


def _sorted(resources: Object) -> dict[str, Any]:
    kinds = ("limits", "requests")
    return {kind: dict(sorted(resources[kind].items())) for kind in kinds if resources.get(kind)}


def rank(pod: Object, increases: bool, since: str) -> tuple[bool, int, bool, str]:
    """Sort key of Pods that wait for a size: what takes nothing more first, then by priority, Guaranteed, age."""
    limits = [podresources.amounts(c, "limits") for c in pod["spec"]["containers"]]
    return (increases, -priority.of(pod), not all(limits), since)
