"""How long CertificateSigningRequests are kept, as upstream's cleaner has it."""

from __future__ import annotations

import datetime
from typing import Any, Final

Object = dict[str, Any]

# In seconds.
PENDING: Final = 24 * 3600.0
SETTLED: Final = 3600.0


def deadline(request: Object) -> float | None:
    """When a request is to be deleted, in seconds since the epoch; None for one that is approved but not issued."""
    status = request.get("status") or {}
    conditions = status.get("conditions") or []
    if not conditions:
        return _seconds(request["metadata"]["creationTimestamp"]) + PENDING
    times = []
    for condition in conditions:
        kept = SETTLED
        if condition.get("type") == "Approved":
            if not status.get("certificate"):
                continue
            # No longer than the certificate that was asked for lives.
            kept = min(kept, float(request["spec"].get("expirationSeconds") or kept))
        elif condition.get("type") not in ("Denied", "Failed"):
            continue
        times.append(_seconds(condition["lastUpdateTime"]) + kept)
    return min(times, default=None)


def _seconds(text: str) -> float:
    return datetime.datetime.fromisoformat(text).timestamp()
