"""How long a Job stays after its end."""

from datetime import UTC, datetime
from typing import Any

import pytest

from operators.ttlafterfinished import operator, plan

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def job(ttl: int | None, end: str = "", status: str = "True", **metadata: Any) -> dict[str, Any]:
    condition = {"type": end, "status": status, "lastTransitionTime": "2026-01-01T11:59:00Z"}
    spec = {} if ttl is None else {"ttlSecondsAfterFinished": ttl, "template": {}}
    return {"metadata": {"name": "j", **metadata}, "spec": spec, "status": {"conditions": [condition]}}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (job(None, "Complete"), None),
        (job(60, "Complete"), 0),
        (job(0, "Failed"), -60),
        (job(90, "Failed"), 30),
        (job(0, "Suspended"), None),
        (job(0, "Complete", "False"), None),
        (job(0, "Complete", deletionTimestamp="2026-01-01T11:59:30Z"), None),
    ],
)
def test_seconds_left(given: dict[str, Any], left: float | None) -> None:
    assert plan.seconds_left(given, NOW) == left
    assert plan.seconds_left(operator.slim(given), NOW) == left
