"""What a decision looks at: nodes, the Pods that use them, and what is known besides (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from operators._kube import meta
from operators._kube.meta import Object
from operators.binder.volumes import Storage

_FINISHED = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one node does not take a Pod. `final`: removing other Pods from it would not help."""

    reasons: tuple[str, ...]
    final: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """`pods`: by node, those that use it; `nominated`: by node, those for which room is being made there.

    `namespaces`: labels by name, as far as namespace selectors need them; `storage`: where the Pod has claims;
    `budgets`: PodDisruptionBudgets, which preemption looks at; `refusal`: what keeps the Pod from every node.
    """

    nodes: Mapping[str, Object]
    pods: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    nominated: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    storage: Storage | None = None
    budgets: Sequence[Object] = ()
    refusal: Refusal | None = None

    def on(self, node: str) -> Sequence[Object]:
        return self.pods.get(node, ())

    def placed(self) -> Iterator[tuple[Object, Object]]:
        """Every Pod with its node."""
        for name, node in self.nodes.items():
            for pod in self.on(name):
                yield pod, node

    def having(self, node: str, pods: Sequence[Object]) -> Cluster:
        """The same, if the node had these Pods instead."""
        return replace(self, pods={**self.pods, node: pods})


def priority(pod: Object) -> int:
    return int(pod["spec"].get("priority") or 0)


def is_finished(pod: Object) -> bool:
    """True for a Pod that no longer uses anything of its node."""
    return (pod.get("status") or {}).get("phase") in _FINISHED


def is_other(pod: Object, other: Object) -> bool:
    return meta.uid_of(pod) != meta.uid_of(other)
