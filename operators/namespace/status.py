"""Namespace: the conditions that tell how its deletion goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from operators._kube import conditions

_DONE = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


@dataclass(slots=True)
class Remains:
    """What one attempt to empty a namespace left behind.

    `objects`: counts by group resource ("pods."); `finalizers`: counts by finalizer; `errors` of deletion, `unknown`
    of discovery.
    """

    objects: Counter[str] = field(default_factory=Counter)
    finalizers: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.objects or self.errors or self.unknown)


def compute(namespace: dict[str, Any], remains: Remains, now: datetime) -> dict[str, Any]:
    """The whole status of a Terminating namespace."""
    status = {**(namespace.get("status") or {}), "phase": "Terminating"}
    listed = conditions.of(namespace)
    failing = {condition["type"]: condition for condition in _failing(remains)}
    for type_, (reason, message) in _DONE.items():
        wanted = failing.get(type_) or conditions.make(type_, False, reason, message)
        listed = conditions.put(listed, wanted, now)
    status["conditions"] = listed
    return status


def _failing(remains: Remains) -> list[dict[str, Any]]:
    found = []
    if remains.unknown:
        count, text = len(remains.unknown), ", ".join(remains.unknown)
        message = (
            f"Discovery failed for some groups, {count} failing: "
            f"unable to retrieve the complete list of server APIs: {text}"
        )
        found.append(conditions.make("NamespaceDeletionDiscoveryFailure", True, "DiscoveryFailed", message))
    if remains.errors:
        message = f"Failed to delete all resource types, {len(remains.errors)} remaining: {_aggregate(remains.errors)}"
        found.append(conditions.make("NamespaceDeletionContentFailure", True, "ContentDeletionFailed", message))
    if remains.objects:
        counts = (f"{name} has {count} resource instances" for name, count in sorted(remains.objects.items()))
        message = f"Some resources are remaining: {', '.join(counts)}"
        found.append(conditions.make("NamespaceContentRemaining", True, "SomeResourcesRemain", message))
    if remains.finalizers:
        counts = (f"{name} in {count} resource instances" for name, count in sorted(remains.finalizers.items()))
        message = f"Some content in the namespace has finalizers remaining: {', '.join(counts)}"
        found.append(conditions.make("NamespaceFinalizersRemaining", True, "SomeFinalizersRemain", message))
    return found


def _aggregate(errors: Sequence[str]) -> str:
    unique = list(dict.fromkeys(errors))
    return unique[0] if len(unique) == 1 else f"[{', '.join(unique)}]"
