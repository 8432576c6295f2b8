"""What a Job decides in one round."""

from datetime import timedelta
from typing import Any

import pytest

from operators.job import backoff, facts, finishing, indexes, members, plan, policies, status
from operators.job.backoff import Record
from operators.job.indexes import Indexes
from tests.unit.operators.job.jobs import NOW, STAMP, Object, indexed, job, pod


@pytest.mark.parametrize(
    ("text", "below", "expected", "total"),
    [
        ("", 5, "", 0),
        (None, 5, "", 0),
        ("0-2,5", 9, "0-2,5", 4),
        ("1,2", 9, "1,2", 2),
        ("3,1,2", 9, "1-3", 3),
        ("0-9", 4, "0-3", 4),
        ("7", 4, "", 0),
        ("x,2,4-", 9, "2,4", 2),
        ("0-1000000000", 2000000000, "0-1000000000", 1000000001),
    ],
)
def test_text_of_indexes(text: str | None, below: int, expected: str, total: int) -> None:
    found = indexes.parse(text, below)
    assert (str(found), found.total) == (expected, total)
    assert all(
        (number in found) == (number in range(first, last + 1))
        for first, last in found.intervals
        for number in (first, last)
    )


def test_sets_of_indexes() -> None:
    found = Indexes().union([4, 0, 1])
    assert str(found.merged(Indexes(((2, 3),)))) == "0-4"
    assert list(found.missing(7)) == [2, 3, 5, 6]
    assert found.common(Indexes(((1, 4),))) == 2
    assert 2 not in found and 4 in found


def made(step: plan.Step) -> list[Any]:
    """Indexes (or None) of what is made; names of what goes, those let go before in brackets."""
    released = [patch.name for patch in step.releases]
    gone = [f"({delete.name})" if delete.name in released else delete.name for delete in step.deletes]
    return [*(members.index_of(create.body) for create in step.creates), *gone]


@pytest.mark.parametrize(
    ("given", "owned", "expected"),
    [
        (job(), [], [None]),
        (job(parallelism=3), [], [None]),
        (job(parallelism=3, completions=5), [], [None] * 3),
        (job(parallelism=0, completions=5), [pod()], ["(p)"]),
        (job({"succeeded": 4}, parallelism=3, completions=5), [], [None]),
        (job({"succeeded": 1}, completions=1), [pod()], ["(p)"]),
        # A work queue.
        (job(completions=None, parallelism=2), [], [None, None]),
        (job({"succeeded": 1}, completions=None, parallelism=2), [pod()], []),
        # What is on its way out is replaced, or waited for.
        (job(), [pod(going=True, tracked=False)], [None]),
        (job(podReplacementPolicy="Failed"), [pod(going=True)], []),
        (job(suspend=True), [pod()], ["(p)"]),
        (indexed(3), [pod(index=1)], [0, 2]),
        (indexed(3), [pod("a", index=1), pod("b", index=1)], ["(a)"]),
        (indexed(2), [pod("a", index=7), pod("b")], ["(a)", "(b)"]),
        (indexed(4, {"completedIndexes": "0-1"}, parallelism=1), [], [2]),
        (indexed(3, podReplacementPolicy="Failed"), [pod(index=0, going=True)], [1, 2]),
        # No index beyond its own limit.
        (indexed(2, backoffLimitPerIndex=0), [pod("a", "Failed", index=0, failures=0)], [1]),
        (indexed(2, {"failedIndexes": "1"}, backoffLimitPerIndex=0), [], [0]),
    ],
)
def test_step(given: Object, owned: list[Object], expected: list[Any]) -> None:
    assert sorted(map(str, made(plan.step(facts.gather(given, owned), Record(), NOW)))) == sorted(map(str, expected))


def test_a_new_pod() -> None:
    whole = members.body(job(template={"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}]}}))
    assert whole["metadata"]["finalizers"] == [members.FINALIZER]
    assert whole["metadata"]["generateName"] == "job-"
    of_index = members.body(indexed(2), 1, (2, 1))
    assert of_index["metadata"]["generateName"] == "job-1-"
    assert of_index["metadata"]["annotations"] == {
        members.INDEX: "1",
        members.FAILURES: "2",
        members.IGNORED: "1",
    }
    assert of_index["spec"]["hostname"] == "job-1"
    assert [each["name"] for each in of_index["spec"]["containers"][0]["env"]] == ["JOB_COMPLETION_INDEX"]
    long = indexed(2)
    long["metadata"]["name"] = "x" * 63
    assert len(members.body(long, 12)["metadata"]["generateName"]) == 58


def test_failures_of_an_index_are_handed_on() -> None:
    """Kept by the last failed Pod until its successor has them."""
    given = indexed(1, backoffLimitPerIndex=5)
    failed = pod("a", "Failed", index=0, failures=2)
    found = facts.gather(given, [failed])
    (create,) = plan.step(found, Record(), NOW).creates
    assert create.body["metadata"]["annotations"][members.FAILURES] == "3"
    assert status.note(found, given["status"], None, NOW)[1] == []
    found = facts.gather(given, [failed, pod("b", index=0, failures=3)])
    assert status.note(found, given["status"], None, NOW)[1] == [failed]


DONE = pod("p", "Succeeded", index=0)
LOST = pod("p", "Failed", index=0)
RULES = {
    "rules": [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}},
        {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [7]}},
        {"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [1]}},
    ]
}


@pytest.mark.parametrize(
    ("failed", "action", "counts", "message"),
    [
        (pod("p", "Failed", conditions=("DisruptionTarget",)), "Ignore", False, ""),
        (pod("p", "Failed", code=42), "FailJob", True,
         "Container main for pod ns/p failed with exit code 42 matching FailJob rule at index 1"),
        (pod("p", "Failed", code=7), "FailIndex", True, ""),
        (pod("p", "Failed", code=9), "Count", True, ""),
        (pod("p", "Failed", code=1), "", True, ""),
    ],
)  # fmt: skip
def test_failure_policy(failed: Object, action: str, counts: bool, message: str) -> None:
    verdict = policies.failure(indexed(1, podFailurePolicy=RULES), failed)
    assert (verdict.action, verdict.counts, verdict.message) == (action, counts, message)


def test_a_condition_that_fails_the_job() -> None:
    rule = {"action": "FailJob", "onPodConditions": [{"type": "ConfigIssue", "status": "True"}]}
    found = policies.failure(job(podFailurePolicy={"rules": [rule]}), pod("p", "Failed", conditions=("ConfigIssue",)))
    assert found.message == "Pod ns/p has condition ConfigIssue matching FailJob rule at index 0"


@pytest.mark.parametrize(
    ("rule", "succeeded", "is_met"),
    [
        ({"succeededIndexes": "0,2"}, "0-2", True),
        ({"succeededIndexes": "0,2"}, "0,1", False),
        ({"succeededIndexes": "0-3", "succeededCount": 2}, "0,1", True),
        ({"succeededIndexes": "2-3", "succeededCount": 1}, "0,1", False),
        ({"succeededCount": 2}, "0,4", True),
        ({"succeededCount": 3}, "0,4", False),
    ],
)
def test_success_policy(rule: Object, succeeded: str, is_met: bool) -> None:
    given = indexed(5, successPolicy={"rules": [{"succeededCount": 5}, rule]})
    expected = "Matched rules at index 1" if is_met else None
    assert policies.success(given, indexes.parse(succeeded, 5)) == expected


@pytest.mark.parametrize(
    ("given", "owned", "reason"),
    [
        (job(), [], None),
        (job(backoffLimit=0), [pod("p", "Failed")], "BackoffLimitExceeded"),
        (job(backoffLimit=1), [pod("p", "Failed")], None),
        (job({"failed": 1}, backoffLimit=1), [pod("p", "Failed")], "BackoffLimitExceeded"),
        (job({"failed": 1}, backoffLimit=1), [pod("p", "Failed", tracked=False)], None),
        (job(backoffLimit=0), [pod("p", going=True)], "BackoffLimitExceeded"),
        (job(backoffLimit=0, podReplacementPolicy="Failed"), [pod("p", going=True)], None),
        (job({"startTime": STAMP}, activeDeadlineSeconds=3600), [], "DeadlineExceeded"),
        (job({"startTime": STAMP}, activeDeadlineSeconds=3601), [], None),
        (job({"startTime": STAMP}, activeDeadlineSeconds=1, suspend=True), [], None),
        (indexed(1, podFailurePolicy=RULES), [pod("p", "Failed", index=0, code=42)], "PodFailurePolicy"),
        (indexed(3, backoffLimitPerIndex=0, maxFailedIndexes=0), [LOST], "MaxFailedIndexesExceeded"),
        (indexed(2, {"completedIndexes": "1"}, backoffLimitPerIndex=0), [pod("p", "Failed", index=0)], "FailedIndexes"),
        (indexed(2, backoffLimitPerIndex=0), [pod("p", "Failed", index=0)], None),
        (indexed(2, successPolicy={"rules": [{"succeededIndexes": "0"}]}), [DONE], "SuccessPolicy"),
        (job({"conditions": [{"type": "FailureTarget", "status": "True", "reason": "Known"}]}), [], "Known"),
        (job({"conditions": [{"type": "SuccessCriteriaMet", "status": "True", "reason": "Known"}]}), [], "Known"),
    ],
)  # fmt: skip
def test_finish(given: Object, owned: list[Object], reason: str | None) -> None:
    found = finishing.decide(facts.gather(given, owned), NOW)
    assert (found.reason if found else None) == reason


@pytest.mark.parametrize(("limit", "restarts", "ends"), [(0, 0, False), (0, 1, True), (3, 2, False), (3, 3, True)])
def test_restarts_in_place(limit: int, restarts: int, ends: bool) -> None:
    template = {"spec": {"restartPolicy": "OnFailure", "containers": []}}
    found = facts.gather(job(backoffLimit=limit, template=template), [pod(restarts=restarts)])
    assert (finishing.decide(found, NOW) is not None) == ends


def test_terminal_condition_waits_for_pods_on_their_way_out() -> None:
    finish = finishing.Finish("FailureTarget", "DeadlineExceeded", "late")
    given = job()
    waiting = status.settle(given, [pod(going=True, tracked=False)], finish, NOW)
    assert waiting["terminating"] == 1 and "conditions" not in waiting
    over = status.settle(given, [], finish, NOW)
    assert [each["type"] for each in over["conditions"]] == ["Failed"] and "completionTime" not in over


def test_unfinished_pods_of_a_failed_job_count_as_failed() -> None:
    given = job(parallelism=2, completions=2)
    found = facts.gather(given, [pod("a", going=True), pod("b", "Succeeded")])
    finish = finishing.Finish("FailureTarget", "DeadlineExceeded", "late")
    noted, release, _ = status.note(found, given["status"], finish, NOW)
    assert noted["uncountedTerminatedPods"] == {"failed": ["a"], "succeeded": ["b"]} and len(release) == 2


def test_ignored_failures_are_let_go_uncounted() -> None:
    given = indexed(1, backoffLimit=0, podFailurePolicy=RULES)
    found = facts.gather(given, [pod("a", "Failed", index=0, conditions=("DisruptionTarget",))])
    noted, release, _ = status.note(found, given["status"], None, NOW)
    assert (found.failed, noted["uncountedTerminatedPods"], len(release)) == (0, {}, 1)


@pytest.mark.parametrize(("failures", "wait"), [(0, 0), (1, 10), (2, 20), (4, 80), (9, 600)])
def test_backoff(failures: int, wait: float) -> None:
    owned = [pod(f"p{number}", "Failed", tracked=False) for number in range(failures)]
    record = backoff.merge(Record(), job(), owned)
    end = NOW.replace(hour=11)
    assert backoff.remaining(record, end) == wait
    # What is gone stays counted, what is seen again is not counted twice.
    assert backoff.remaining(backoff.merge(backoff.merge(record, job(), owned), job(), []), end) == wait
    assert backoff.remaining(record, end + timedelta(seconds=wait)) == 0
    step = plan.step(facts.gather(job(), owned), record, end)
    assert (step.again, len(step.creates)) == ((wait, 0) if wait else (None, 1))


def test_a_success_ends_the_backoff() -> None:
    record = backoff.merge(Record(), job(), [pod("a", "Failed")])
    later = pod("b", "Succeeded")
    later["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"] = "2026-01-01T11:00:05Z"
    assert backoff.merge(record, job(), [later]).failures == {}
