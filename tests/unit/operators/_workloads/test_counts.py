from datetime import UTC, datetime

from operators._kube import conditions
from operators._workloads import counts

from .build import Obj, pod, replica_set

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_counts() -> None:
    owned = [
        pod("ready"),
        pod("fresh", ready="2026-01-01T11:59:58Z"),
        pod("starting", ready=None),
        pod("relabelled", labels={"app": "rs", "extra": "yes"}),
        pod("going", deleting=True),
        pod("failed", "Failed"),
    ]
    rs = replica_set(4, minReadySeconds=5)
    rs["spec"]["template"]["metadata"]["labels"] = {"app": "rs", "extra": "yes"}
    assert counts.compute(rs, owned, NOW) == {
        "replicas": 4,
        "fullyLabeledReplicas": 1,
        "readyReplicas": 3,
        "availableReplicas": 2,
        "terminatingReplicas": 1,
        "observedGeneration": 2,
    }
    assert counts.next_check(rs, owned, NOW) == 3.0


def test_zeros_are_left_out_as_the_api_does() -> None:
    assert counts.compute(replica_set(), [], NOW) == {"replicas": 0, "terminatingReplicas": 0, "observedGeneration": 2}


def test_nothing_to_wait_for() -> None:
    assert counts.next_check(replica_set(), [pod(ready="2026-01-01T12:00:00Z")], NOW) is None
    rs = replica_set(minReadySeconds=5)
    assert counts.next_check(rs, [pod(), pod("b", ready=None)], NOW) is None
    assert counts.next_check(rs, [pod("b", ready="2026-01-01T12:00:00Z", deleting=True)], NOW) is None


def failure(rs: Obj) -> tuple[str, str] | None:
    found = conditions.get(conditions.of(rs), "ReplicaFailure")
    return None if found is None else (found["reason"], found["message"])


def test_the_first_failure_stays_until_it_is_over() -> None:
    rs = replica_set()
    rs["status"] = counts.compute(rs, [], NOW, errors=[RuntimeError("quota")], missing=3)
    assert failure(rs) == ("FailedCreate", "quota")
    again = counts.compute(rs, [], NOW, errors=[RuntimeError("another")], missing=3)
    assert again == rs["status"]
    assert "conditions" not in counts.compute(rs, [], NOW)


def test_a_failed_deletion() -> None:
    rs = replica_set()
    rs["status"] = counts.compute(rs, [pod()], NOW, errors=[RuntimeError("no")], missing=-1)
    assert failure(rs) == ("FailedDelete", "no")


def test_foreign_conditions_stay() -> None:
    rs = replica_set()
    rs["status"]["conditions"] = [{"type": "Mine", "status": "True"}]
    assert counts.compute(rs, [], NOW)["conditions"] == [{"type": "Mine", "status": "True"}]
