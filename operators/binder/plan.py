"""Binder: which node takes a Pod, who has to leave for it, or why no node does (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from operators._kube import meta
from operators._kube.actions import Create
from operators._kube.meta import Object
from operators.binder import devices, filters, preemption, volumes
from operators.binder.cluster import Cluster, Refusal, is_finished
from operators.binder.volumes import Choice, Needs

SCHEDULER = "default-scheduler"


@dataclass(frozen=True, slots=True)
class Placement:
    """Either the `node` that takes the Pod, or a `message` in the scheduler's words.

    `choice`: what must be done there for the Pod's claims before it is bound. `victims`: Pods that have to leave
    `nominated`, the node where the Pod shall be; "" if there is none any more, None if it stays as it was.
    """

    node: str | None = None
    message: str = ""
    choice: Choice = field(default_factory=Choice)
    nominated: str | None = None
    victims: tuple[Object, ...] = ()


def is_ours(pod: Object) -> bool:
    """True for a Pod that waits for this scheduler and for nothing else."""
    spec = pod["spec"]
    return (
        not spec.get("nodeName")
        and not spec.get("schedulingGates")
        and spec.get("schedulerName", SCHEDULER) == SCHEDULER
        and not meta.is_deleting(pod)
        and not is_finished(pod)
    )


def place(pod: Object, cluster: Cluster) -> Placement:
    """The node that was meant for it, else the one with the fewest Pods, among those that can take the Pod."""
    if not cluster.nodes:
        return Placement(message="no nodes available to schedule pods")
    needs = volumes.needs(pod, cluster.storage) if cluster.storage is not None else Needs()
    refusals: dict[str, Refusal] = {}
    if everywhere := _everywhere(pod, cluster, needs):
        refusals = dict.fromkeys(cluster.nodes, Refusal((), final=True))
    else:
        for name, node in cluster.nodes.items():
            if refusal := filters.refused(pod, node, cluster, needs) or devices.refused(pod):
                refusals[name] = refusal
    fitting = [name for name in cluster.nodes if name not in refusals]
    if fitting:
        nominated = (pod.get("status") or {}).get("nominatedNodeName")
        chosen = min(fitting, key=lambda name: (name != nominated, len(cluster.on(name)), name))
        return Placement(node=chosen, choice=filters.choice(cluster.nodes[chosen], cluster, needs))
    none = f"0/{len(cluster.nodes)} nodes are available"
    reasons = everywhere or _counted(reason for refusal in refusals.values() for reason in refusal.reasons)
    found = _preempt(pod, cluster, refusals, needs)
    if isinstance(found, preemption.Candidate):
        return Placement(message=f"{none}: {reasons}.", nominated=found.node, victims=found.victims)
    devices_say = "still not schedulable" if any(devices.claim_names(pod).values()) else "no new claims to deallocate"
    if isinstance(found, str):
        return Placement(message=f"{none}: {reasons}. {devices_say}, preemption: {found}")
    preempting = f"{none}: {_counted(reason for refusal in found.values() for reason in refusal.reasons)}."
    return Placement(message=f"{none}: {reasons}. {devices_say}, preemption: {preempting}", nominated="")


def _everywhere(pod: Object, cluster: Cluster, needs: Needs) -> str:
    """A reason that has nothing to do with single nodes."""
    if needs.refusal:
        return needs.refusal
    found = cluster.refusal or filters.conflict(pod)
    return ", ".join(found.reasons) if found else ""


def _preempt(
    pod: Object, cluster: Cluster, refusals: Mapping[str, Refusal], needs: Needs
) -> preemption.Candidate | str | dict[str, Refusal]:
    """The best node to make room on; or why the Pod may not; or why that helps on no node."""
    if why := preemption.ineligible(pod, cluster, refusals):
        return why
    candidates: list[preemption.Candidate] = []
    useless: dict[str, Refusal] = {}
    for name, refusal in refusals.items():
        if refusal.final:
            useless[name] = preemption.NOT_HELPFUL
            continue
        node = cluster.nodes[name]

        def refused(changed: Cluster, node: Object = node) -> Refusal | None:
            return filters.refused(pod, node, changed, needs)

        found = preemption.select(pod, name, cluster, refused)
        if isinstance(found, Refusal):
            useless[name] = found
        else:
            candidates.append(found)
    return preemption.best(candidates) if candidates else useless


def binding(pod: dict[str, Any], node: str) -> Create:
    """POST pods/binding; the uid keeps it from binding a successor of the same name."""
    metadata = {"name": meta.name_of(pod), "namespace": meta.namespace_of(pod), "uid": meta.uid_of(pod)}
    target = {"apiVersion": "v1", "kind": "Node", "name": node}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": metadata, "target": target}
    return Create("v1", "pods", body, subresource="binding")


def _counted(texts: Iterable[str]) -> str:
    """Each reason with the number of nodes it holds for."""
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return ", ".join(sorted(f"{count} {text}" for text, count in counts.items()))
