"""The ReplicaSets of a Deployment: which one is new, which are old, and how big they are together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from operators.deployment import template

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAX = "deployment.kubernetes.io/max-replicas"


@dataclass(frozen=True, slots=True)
class Sets:
    """What a Deployment controls: `new` runs its present template (None: not created yet); `old` oldest first."""

    new: dict[str, Any] | None
    old: tuple[dict[str, Any], ...]

    @property
    def all(self) -> tuple[dict[str, Any], ...]:
        return self.old if self.new is None else (*self.old, self.new)


def observe(deployment: dict[str, Any], owned: Iterable[dict[str, Any]]) -> Sets:
    """Tells the new ReplicaSet from the old ones; of several with the present template the oldest is the new one."""
    ordered = sorted(owned, key=age_order)
    wanted = deployment["spec"]["template"]
    new = next((rs for rs in ordered if template.same(rs["spec"]["template"], wanted)), None)
    return Sets(new, tuple(rs for rs in ordered if rs is not new))


def age_order(rs: dict[str, Any]) -> tuple[str, str]:
    """Sorts oldest first; names decide within one second."""
    return rs["metadata"].get("creationTimestamp", ""), rs["metadata"]["name"]


def name(rs: dict[str, Any]) -> str:
    return str(rs["metadata"]["name"])


def size(rs: dict[str, Any]) -> int:
    """spec.replicas: the Pods that the ReplicaSet is asked for."""
    return int(rs["spec"].get("replicas", 1))


def total(sets: Iterable[dict[str, Any]]) -> int:
    return sum(size(rs) for rs in sets)


def active(sets: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that are asked for any Pod."""
    return [rs for rs in sets if size(rs) > 0]


def counted(rs: dict[str, Any] | None, field: str) -> int:
    """A count of the ReplicaSet's status, such as `readyReplicas`; 0 when it is not there."""
    return 0 if rs is None else int((rs.get("status") or {}).get(field) or 0)


def most(rs: dict[str, Any]) -> int:
    """Pods that a ReplicaSet may have right now, though its status may not say so yet; for those that are clear."""
    told = counted(rs, "observedGeneration") >= rs["metadata"].get("generation", 0)
    return counted(rs, "replicas") if told else max(size(rs), counted(rs, "replicas"))


def is_clear(rs: dict[str, Any]) -> bool:
    """Whether size and status together bound the Pods there are: it changed at most once since the status was written.

    Grown and shrunk again, or the other way round, it may have more Pods, or fewer available ones, than either says.
    """
    return bool(rs["metadata"].get("generation", 0) - counted(rs, "observedGeneration") <= 1)


def annotation(rs: dict[str, Any], key: str) -> str | None:
    value = (rs["metadata"].get("annotations") or {}).get(key)
    return None if value is None else str(value)


def number(text: str | None) -> int | None:
    """An annotation as a number; None if it is missing or anything else."""
    try:
        return None if text is None else int(text)
    except ValueError:
        return None


def revision(rs: dict[str, Any]) -> int:
    """The revision a ReplicaSet stands for; 0 when unknown."""
    return number(annotation(rs, REVISION)) or 0


def latest_revision(sets: Sequence[dict[str, Any]]) -> int:
    return max((revision(rs) for rs in sets), default=0)
