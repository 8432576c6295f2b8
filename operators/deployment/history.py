"""revisionHistoryLimit: which old ReplicaSets are removed."""

from __future__ import annotations

from typing import Any

from operators.deployment import sets

_NO_LIMIT = 2**31 - 1


def surplus(deployment: dict[str, Any], observed: sets.Sets) -> list[dict[str, Any]]:
    """Old ReplicaSets beyond the limit, oldest revision first; never one that has or may still have Pods."""
    limit = deployment["spec"].get("revisionHistoryLimit", 10)
    if limit == _NO_LIMIT:
        return []
    living = [rs for rs in observed.old if not rs["metadata"].get("deletionTimestamp")]
    living.sort(key=lambda rs: (sets.revision(rs), *sets.age_order(rs)))
    return [rs for rs in living[: max(0, len(living) - limit)] if _idle(rs)]


def _idle(rs: dict[str, Any]) -> bool:
    observed = sets.counted(rs, "observedGeneration") >= rs["metadata"].get("generation", 0)
    return observed and sets.size(rs) == 0 and sets.counted(rs, "replicas") == 0
