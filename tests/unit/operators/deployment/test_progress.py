from datetime import UTC, datetime
from typing import Any

import pytest

from operators.deployment import progress

from .build import deployment, replica_set

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def at(second: int) -> str:
    return f"2026-01-01T11:{50 + second // 60:02d}:{second % 60:02d}Z"


def condition(reason: str, status: str = "True", updated: str = "2026-01-01T12:00:00Z") -> dict[str, Any]:
    return {"type": "Progressing", "status": status, "reason": reason, "lastUpdateTime": updated}


def counts(replicas: int = 0, updated: int = 0, available: int = 0) -> dict[str, Any]:
    return {
        "replicas": replicas,
        "updatedReplicas": updated,
        "readyReplicas": available,
        "availableReplicas": available,
    }


@pytest.mark.parametrize(
    ("paused", "reason", "created", "expected"),
    [
        (False, None, True, ("NewReplicaSetCreated", "True", 'Created new replica set "web-new"')),
        (False, "NewReplicaSetAvailable", True, ("NewReplicaSetCreated", "True", 'Created new replica set "web-new"')),
        (False, None, False, ("FoundNewReplicaSet", "True", 'Found new replica set "web-new"')),
        (False, "ReplicaSetUpdated", False, None),
        (True, "ReplicaSetUpdated", False, ("DeploymentPaused", "Unknown", "Deployment is paused")),
        (True, None, False, ("DeploymentPaused", "Unknown", "Deployment is paused")),
        (True, "DeploymentPaused", False, None),
        (False, "DeploymentPaused", False, ("DeploymentResumed", "Unknown", "Deployment is resumed")),
        (True, "ProgressDeadlineExceeded", False, None),
    ],
)
def test_begun(paused: bool, reason: str | None, created: bool, expected: tuple[str, str, str] | None) -> None:
    d = deployment(paused=paused)
    d["status"] = {"conditions": [condition(reason)] if reason else []}
    found = progress.begun(d, replica_set("new", 1), created=created)
    assert (found and (found["reason"], found["status"], found["message"])) == expected


def test_without_a_deadline_there_is_no_condition() -> None:
    for d in (deployment(progressDeadlineSeconds=2**31 - 1), deployment(progressDeadlineSeconds=None)):
        assert progress.begun(d, replica_set("new", 1), created=True) is None
        assert progress.judged(d, None, counts(3, 3, 3), None, NOW) is None
        assert progress.next_check(d, {"conditions": [condition("ReplicaSetUpdated")]}, NOW) is None


@pytest.mark.parametrize(
    ("old", "new", "reason", "updated", "expected"),
    [
        (counts(), counts(3, 3, 3), "NewReplicaSetCreated", at(0), "NewReplicaSetAvailable"),
        (counts(), counts(3, 3, 0), "NewReplicaSetCreated", at(0), "ReplicaSetUpdated"),
        (counts(3, 3, 1), counts(3, 3, 2), "ReplicaSetUpdated", at(0), "ReplicaSetUpdated"),
        (counts(4, 1, 3), counts(3, 1, 3), "ReplicaSetUpdated", at(0), "ReplicaSetUpdated"),  # an old one went
        (counts(4, 1, 3), counts(4, 1, 3), "ReplicaSetUpdated", "2026-01-01T11:59:00Z", None),
        (counts(4, 1, 3), counts(4, 1, 3), "ReplicaSetUpdated", "2026-01-01T11:49:59Z", "ProgressDeadlineExceeded"),
        (counts(4, 1, 3), counts(4, 1, 3), "ReplicaSetUpdated", "2026-01-01T11:50:00Z", None),
        (counts(4, 1, 3), counts(4, 1, 2), "ProgressDeadlineExceeded", at(0), "ProgressDeadlineExceeded"),
        (counts(4, 1, 3), counts(4, 1, 4), "ProgressDeadlineExceeded", at(0), "ReplicaSetUpdated"),
        (counts(3, 3, 3), counts(3, 3, 1), "NewReplicaSetAvailable", at(0), None),  # done once, stays done
        (counts(3, 3, 3), counts(4, 1, 3), "NewReplicaSetAvailable", at(0), None),
    ],
)
def test_judged(old: dict[str, Any], new: dict[str, Any], reason: str, updated: str, expected: str | None) -> None:
    d = deployment(3)
    d["status"] = old
    current = condition(reason, "False" if "Exceeded" in reason else "True", updated)
    found = progress.judged(d, replica_set("new", 3), new, current, NOW)
    assert (found and found["reason"]) == expected


@pytest.mark.parametrize(
    ("new", "status", "message"),
    [
        (True, counts(3, 3, 3), 'ReplicaSet "web-new" has successfully progressed.'),
        (False, counts(3, 3, 3), 'Deployment "web" has successfully progressed.'),
        (True, counts(3, 3, 1), 'ReplicaSet "web-new" is progressing.'),
        (False, counts(3, 3, 1), 'Deployment "web" is progressing.'),
        (True, counts(), 'ReplicaSet "web-new" has timed out progressing.'),
    ],
)
def test_messages(new: bool, status: dict[str, Any], message: str) -> None:
    current = condition("ReplicaSetUpdated", updated="2026-01-01T10:00:00Z")
    found = progress.judged(deployment(3), replica_set("new", 3) if new else None, status, current, NOW)
    assert found is not None
    assert found["message"] == message


@pytest.mark.parametrize(
    ("reason", "updated", "status", "expected"),
    [
        ("ReplicaSetUpdated", "2026-01-01T12:00:00Z", counts(3, 1, 1), 601.0),
        ("ReplicaSetUpdated", "2026-01-01T11:55:00Z", counts(3, 1, 1), 301.0),
        ("ReplicaSetUpdated", "2026-01-01T11:40:00Z", counts(3, 1, 1), 1.0),
        ("ReplicaSetUpdated", "2026-01-01T12:00:00Z", counts(3, 3, 3), None),
        ("ProgressDeadlineExceeded", "2026-01-01T11:40:00Z", counts(3, 1, 1), None),
        ("NewReplicaSetAvailable", "2026-01-01T11:40:00Z", counts(3, 3, 1), None),
        ("DeploymentPaused", "2026-01-01T11:40:00Z", counts(3, 1, 1), None),
    ],
)
def test_next_check(reason: str, updated: str, status: dict[str, Any], expected: float | None) -> None:
    report = {**status, "conditions": [condition(reason, updated=updated)]}
    assert progress.next_check(deployment(3), report, NOW) == expected
