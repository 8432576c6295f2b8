"""Binder: which node takes a Pod, or why none does."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from operators._kube import affinity, meta, taints
from operators._kube.actions import Create
from operators.binder import ports, resources, volumes
from operators.binder.volumes import Choice, Needs, Storage

SCHEDULER = "default-scheduler"
_FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Placement:
    """Either the `node` that takes the Pod, or a `message` in the scheduler's words.

    `choice`: what must be done there for the Pod's claims before it is bound.
    """

    node: str | None = None
    message: str = ""
    choice: Choice = field(default_factory=Choice)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one node does not take a Pod. `final`: removing other Pods from it would not help."""

    reasons: tuple[str, ...]
    final: bool


def is_ours(pod: dict[str, Any]) -> bool:
    """True for a Pod that waits for this scheduler and for nothing else."""
    spec = pod["spec"]
    return (
        not spec.get("nodeName")
        and not spec.get("schedulingGates")
        and spec.get("schedulerName", SCHEDULER) == SCHEDULER
        and not meta.is_deleting(pod)
        and not is_finished(pod)
    )


def is_finished(pod: dict[str, Any]) -> bool:
    """True for a Pod that no longer uses anything of its node."""
    return (pod.get("status") or {}).get("phase") in _FINISHED


def place(
    pod: dict[str, Any],
    nodes: Sequence[dict[str, Any]],
    on_node: Callable[[str], Collection[dict[str, Any]]],
    storage: Storage | None = None,
) -> Placement:
    """The node with the fewest Pods among those that can take the Pod.

    `on_node`: name -> Pods that use it; `storage`: where the Pod has claims.
    """
    if not nodes:
        return Placement(message="no nodes available to schedule pods")
    needs = volumes.needs(pod, storage) if storage is not None else Needs()
    if needs.refusal:
        return Placement(message=explain(pod, [Refusal((), final=True)] * len(nodes), needs.refusal))
    refusals: list[Refusal] = []
    fitting: list[tuple[int, str]] = []
    choices: dict[str, Choice] = {}
    for node in nodes:
        name, others = meta.name_of(node), on_node(meta.name_of(node))
        choices[name] = volumes.choose(needs, node, storage) if storage is not None else Choice()
        refusal = refused(pod, node, others) or _without_volumes(pod, others, choices[name], storage)
        if refusal is None:
            fitting.append((len(others), name))
        else:
            refusals.append(refusal)
    if fitting:
        chosen = min(fitting)[1]
        return Placement(node=chosen, choice=choices[chosen])
    return Placement(message=explain(pod, refusals))


def refused(pod: dict[str, Any], node: dict[str, Any], others: Collection[dict[str, Any]]) -> Refusal | None:
    """The first obstacle on this node, in the order of the scheduler's plug-ins; None if there is none."""
    if (node.get("spec") or {}).get("unschedulable") and not taints.allows_cordoned(pod):
        return Refusal(("node(s) were unschedulable",), final=True)
    if not taints.tolerated(pod, node):
        return Refusal(("node(s) had untolerated taint(s)",), final=True)
    if not affinity.matches(pod, node):
        return Refusal(("node(s) didn't match Pod's node affinity/selector",), final=True)
    if ports.conflict(pod, others):
        return Refusal(("node(s) didn't have free ports for the requested pod ports",), final=False)
    reasons, hopeless = resources.lacking(pod, node, others)
    return Refusal(tuple(reasons), final=hopeless) if reasons else None


def _without_volumes(
    pod: dict[str, Any], others: Collection[dict[str, Any]], choice: Choice, storage: Storage | None
) -> Refusal | None:
    if storage is None:
        return None
    if why := volumes.in_use(pod, others, storage):
        return Refusal((why,), final=False)
    return Refusal((choice.reason,), final=True) if choice.reason else None


def explain(pod: dict[str, Any], refusals: Collection[Refusal], everywhere: str = "") -> str:
    """The message of FailedScheduling: each reason with the number of nodes it holds for, then why nobody yields.

    `everywhere`: a reason that has nothing to do with nodes.
    """
    none = f"0/{len(refusals)} nodes are available"
    reasons = everywhere or _counted(reason for refusal in refusals for reason in refusal.reasons)
    if pod["spec"].get("preemptionPolicy") == "Never":
        preemption = "not eligible due to preemptionPolicy=Never."
    else:
        preemption = f"{none}: {_counted(_preemption(refusal) for refusal in refusals)}."
    return f"{none}: {reasons}. no new claims to deallocate, preemption: {preemption}"


def binding(pod: dict[str, Any], node: str) -> Create:
    """POST pods/binding; the uid keeps it from binding a successor of the same name."""
    metadata = {"name": meta.name_of(pod), "namespace": meta.namespace_of(pod), "uid": meta.uid_of(pod)}
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
    return Create("v1", "pods", body, subresource="binding")


def _preemption(refusal: Refusal) -> str:
    if refusal.final:
        return "Preemption is not helpful for scheduling"
    return "No preemption victims found for incoming pod"


def _counted(texts: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return ", ".join(sorted(f"{count} {text}" for text, count in counts.items()))
