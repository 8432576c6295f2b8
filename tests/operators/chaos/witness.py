"""Sees every state of every Pod, in order, and notes whatever a rollout must never do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tests.fakes.cluster import Obj


@dataclass(slots=True)
class Bounds:
    """`least`: Pods that must be available at any moment; `most`: that may be active; `per_node`: on one node."""

    least: int
    most: int
    per_node: int = 99


@dataclass(slots=True)
class Witness:
    """Workloads are told apart by their Pods' label `app`. Bounds hold for those in `bounds`, from then on.

    `made`: UIDs of all Pods there ever were, by workload; `wrongs`: in words, what was seen that must not be.
    """

    bounds: dict[str, Bounds] = field(default_factory=dict)
    made: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    wrongs: list[str] = field(default_factory=list)
    _pods: dict[str, Obj] = field(default_factory=dict)

    def __call__(self, uid: str, pod: Obj | None) -> None:
        """An observer of Nodes."""
        state = pod or self._pods[uid]
        app = state["metadata"]["labels"]["app"]
        if pod is None:
            self._pods.pop(uid, None)
        else:
            self._pods[uid] = pod
            self.made[app].add(uid)
        if app in self.bounds:
            self._judge(app, self.bounds[app], state["metadata"]["resourceVersion"])

    def _judge(self, app: str, bounds: Bounds, version: str) -> None:
        active = [pod for pod in self._pods.values() if pod["metadata"]["labels"]["app"] == app and is_active(pod)]
        available = sum(map(is_ready, active))
        if available < bounds.least:
            self.wrongs.append(f"{app} had {available} available Pods at {version}: less than {bounds.least}")
        if len(active) > bounds.most:
            self.wrongs.append(f"{app} had {len(active)} Pods at {version}: more than {bounds.most}")
        nodes = [pod["spec"].get("nodeName") for pod in active]
        crowded = {node for node in nodes if node and nodes.count(node) > bounds.per_node}
        if crowded:
            self.wrongs.append(f"{app} had more than {bounds.per_node} Pods on {crowded} at {version}")


def is_active(pod: Obj) -> bool:
    return not pod["metadata"].get("deletionTimestamp")


def is_ready(pod: Obj) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
