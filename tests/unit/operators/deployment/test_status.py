from datetime import UTC, datetime
from typing import Any

import pytest

from operators._kube import conditions
from operators.deployment import sets, status

from .build import Obj, deployment, replica_set

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
STAMP, EARLIER = "2026-01-01T12:00:00Z", "2026-01-01T11:55:00Z"


def computed(d: Obj, *owned: Obj, **options: Any) -> dict[str, Any]:
    return status.compute(d, sets.observe(d, owned), NOW, **options)


def reasons(report: dict[str, Any]) -> dict[str, str]:
    return {c["type"]: c["reason"] for c in report.get("conditions", [])}


def test_right_after_the_creation() -> None:
    fresh = replica_set("new", 3)
    fresh["status"] = {"replicas": 0}
    assert computed(deployment(3), fresh, created=True) == {
        "observedGeneration": 1,
        "unavailableReplicas": 3,
        "conditions": [
            {
                "type": "Progressing",
                "status": "True",
                "reason": "NewReplicaSetCreated",
                "message": 'Created new replica set "web-new"',
                "lastUpdateTime": STAMP,
                "lastTransitionTime": STAMP,
            },
            {
                "type": "Available",
                "status": "False",
                "reason": "MinimumReplicasUnavailable",
                "message": "Deployment does not have minimum availability.",
                "lastUpdateTime": STAMP,
                "lastTransitionTime": STAMP,
            },
        ],
    }


def test_in_the_middle() -> None:
    d = deployment(4, "img:2")
    report = computed(
        d, replica_set("old", 3, age=5, terminating=1), replica_set("new", 2, "img:2", available=1, running=2)
    )
    del report["conditions"]
    assert report == {
        "observedGeneration": 1,
        "replicas": 5,
        "updatedReplicas": 2,
        "readyReplicas": 4,
        "availableReplicas": 4,
        "unavailableReplicas": 1,
        "terminatingReplicas": 1,
    }


def test_a_settled_deployment_gets_the_same_status_again() -> None:
    d = deployment(3)
    d["status"] = computed(d, replica_set("new", 3), created=True)
    first = computed(d, replica_set("new", 3))
    assert reasons(first) == {"Progressing": "NewReplicaSetAvailable", "Available": "MinimumReplicasAvailable"}
    d["status"] = first
    assert status.compute(d, sets.observe(d, [replica_set("new", 3)]), datetime(2027, 1, 1, tzinfo=UTC)) == first


def test_progress_moves_the_update_time_only() -> None:
    d = deployment(3)
    kept = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated", "message": "x"}
    d["status"] = {
        "replicas": 3,
        "updatedReplicas": 3,
        "conditions": [{**kept, "lastUpdateTime": EARLIER, "lastTransitionTime": EARLIER}],
    }
    progressing = conditions.get(computed(d, replica_set("new", 3, available=1))["conditions"], "Progressing")
    assert progressing is not None
    assert (progressing["lastUpdateTime"], progressing["lastTransitionTime"]) == (STAMP, EARLIER)
    still = conditions.get(computed(d, replica_set("new", 3, available=0))["conditions"], "Progressing")
    assert still is not None
    assert still["lastUpdateTime"] == EARLIER


@pytest.mark.parametrize(
    ("replicas", "available", "expected"),
    [
        (4, 4, "MinimumReplicasAvailable"),
        (4, 3, "MinimumReplicasAvailable"),  # one may be missing
        (4, 2, "MinimumReplicasUnavailable"),
        (1, 0, "MinimumReplicasUnavailable"),
        (0, 0, "MinimumReplicasAvailable"),
    ],
)
def test_available(replicas: int, available: int, expected: str) -> None:
    report = computed(deployment(replicas), replica_set("new", replicas, available=available))
    assert reasons(report)["Available"] == expected


def test_terminating_replicas_are_unknown_until_all_say_so() -> None:
    silent = replica_set("old", 0, "img:0")
    del silent["status"]["terminatingReplicas"]
    assert "terminatingReplicas" not in computed(deployment(1), replica_set("new", 1), silent)
    assert computed(deployment(0))["terminatingReplicas"] == 0


def test_a_failed_creation() -> None:
    report = computed(deployment(3), failure='Failed to create new replica set "web-x": no')
    progressing = conditions.get(report["conditions"], "Progressing")
    assert progressing is not None
    assert (progressing["status"], progressing["reason"], progressing["message"]) == (
        "False",
        "ReplicaSetCreateError",
        'Failed to create new replica set "web-x": no',
    )


def test_a_collision_is_counted() -> None:
    d = deployment(3)
    assert computed(d, collision=True)["collisionCount"] == 1
    d["status"] = {"collisionCount": 1}
    assert computed(d, collision=True)["collisionCount"] == 2
    assert computed(d)["collisionCount"] == 1


def test_replica_failures_are_passed_on_and_taken_back() -> None:
    d = deployment(3)
    failing = replica_set("new", 3, available=0)
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"}
    failing["status"]["conditions"] = [{**failure, "lastTransitionTime": EARLIER}]
    d["status"] = computed(d, failing)
    found = conditions.get(d["status"]["conditions"], "ReplicaFailure")
    assert found == {**failure, "lastTransitionTime": EARLIER, "lastUpdateTime": EARLIER}
    assert computed(d, failing) == d["status"]
    assert "ReplicaFailure" not in reasons(computed(d, replica_set("new", 3, available=0)))


def test_paused_and_scaled_rounds_do_not_judge_progress() -> None:
    d = deployment(3, paused=True)
    report = computed(d, replica_set("new", 3), rollout=False)
    assert reasons(report) == {"Progressing": "DeploymentPaused", "Available": "MinimumReplicasAvailable"}


def test_deleting_keeps_the_conditions() -> None:
    d = deployment(3)
    d["metadata"]["deletionTimestamp"] = STAMP
    d["status"] = {"conditions": [{"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}]}
    report = computed(d, replica_set("new", 3), rollout=False)
    assert reasons(report)["Progressing"] == "ReplicaSetUpdated"


def test_foreign_conditions_stay() -> None:
    d = deployment(1)
    d["status"] = {"conditions": [{"type": "Mine", "status": "True", "reason": "Set"}]}
    assert reasons(computed(d, replica_set("new", 1)))["Mine"] == "Set"


def test_revision() -> None:
    d = deployment()
    found = sets.observe(d, [replica_set("new", 1, revision=3)])
    assert status.revision(d, found) == {sets.REVISION: "3"}
    d["metadata"]["annotations"][sets.REVISION] = "3"
    assert status.revision(d, found) == {}
    assert status.revision(d, sets.observe(d, [])) == {}
