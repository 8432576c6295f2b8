"""Jobs and CronJobs with their operators. The test is the kubelet."""

from typing import Any

import pytest

from tests.conformance.cluster import Object, Refused, Space, eventually
from tests.conformance.kinds import containers
from tests.conformance.kubelet import Kubelet, ended

JOBS, CRONJOBS = "batch/v1/jobs", "batch/v1/cronjobs"
INDEX = "batch.kubernetes.io/job-completion-index"


def body(name: str = "job", policy: str = "Never", **spec: Any) -> Object:
    template = {"metadata": {"labels": {"app": "x"}}, "spec": containers() | {"restartPolicy": policy}}
    return {"metadata": {"name": name, "labels": {"app": "x"}}, "spec": {"template": template} | spec}


def indexed(completions: int, **spec: Any) -> Object:
    return body(completionMode="Indexed", completions=completions, parallelism=completions, **spec)


def index_of(pod: Object) -> int:
    return int(pod["metadata"]["annotations"][INDEX])


def condition(space: Space, type_: str, name: str = "job") -> Object | None:
    found = space.get(JOBS, name)["status"].get("conditions", ())
    return next((each for each in found if each["type"] == type_ and each["status"] == "True"), None)


def until(space: Space, type_: str) -> Object:
    """The Job's status once that condition is true."""
    eventually(lambda: condition(space, type_), f"{type_} is true")
    found = space.get(JOBS, "job")["status"]
    assert isinstance(found, dict)
    return found


def running(space: Space, count: int) -> list[Object]:
    """The Job's Pods once so many run."""

    def look() -> list[Object]:
        found = [
            pod for pod in space.items("pods", labelSelector="job-name=job") if pod["status"]["phase"] == "Running"
        ]
        return found if len(found) == count else []

    return eventually(look, f"{count} Pods run")


def test_adoption_and_release(space: Space, kubelet: Kubelet) -> None:
    space.create(JOBS, body(parallelism=2, completions=2))
    pod = running(space, 2)[0]["metadata"]["name"]
    space.patch("pods", pod, {"metadata": {"ownerReferences": None}})
    eventually(lambda: space.get("pods", pod)["metadata"].get("ownerReferences"), "it is adopted again")
    own = ("job-name", "controller-uid", "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid")
    space.patch("pods", pod, {"metadata": {"labels": dict.fromkeys(own)}})
    eventually(lambda: "ownerReferences" not in space.get("pods", pod)["metadata"], "it is let go")
    eventually(lambda: "finalizers" not in space.get("pods", pod)["metadata"], "and no longer tracked")
    running(space, 2)


def test_ignored_disruption(space: Space, kubelet: Kubelet) -> None:
    """Each index is evicted once; the failures don't count, so the Job with backoffLimit 0 completes."""
    disrupted = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    failed = {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0]}}
    space.create(JOBS, indexed(2, backoffLimit=0, podFailurePolicy={"rules": [disrupted, failed]}))
    first = running(space, 2)
    kubelet.ends = lambda pod: None if pod["metadata"]["name"] in names else 0
    names = [pod["metadata"]["name"] for pod in first]
    for name in names:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        space.cluster.create(space.path("pods", name, "eviction"), eviction)
    status = until(space, "Complete")
    assert (status["succeeded"], status.get("failed", 0), status["completedIndexes"]) == (2, 0, "0,1")


def test_indexes_and_host_names(space: Space, kubelet: Kubelet) -> None:
    kubelet.ends = lambda pod: 0
    space.create(JOBS, indexed(4))
    assert until(space, "Complete")["completedIndexes"] == "0-3"
    pods = space.items("pods", labelSelector="job-name=job")
    assert sorted(map(index_of, pods)) == [0, 1, 2, 3]
    for pod in pods:
        number = str(index_of(pod))
        assert pod["metadata"]["labels"][INDEX] == number
        assert pod["spec"]["hostname"] == f"job-{number}"
        variable = pod["spec"]["containers"][0]["env"][0]
        assert variable["name"] == "JOB_COMPLETION_INDEX"
        assert variable["valueFrom"]["fieldRef"]["fieldPath"] == f"metadata.labels['{INDEX}']"


def test_deletion(space: Space, kubelet: Kubelet) -> None:
    space.create(JOBS, body(parallelism=2, completions=4))
    running(space, 2)
    space.delete(JOBS, "job", {"propagationPolicy": "Foreground"})
    space.cluster.gone(space.path(JOBS, "job"))
    assert space.names("pods") == []


def test_deletion_without_its_pods(space: Space, kubelet: Kubelet) -> None:
    space.create(JOBS, body(parallelism=2, completions=4))
    running(space, 2)
    space.delete(JOBS, "job", {"propagationPolicy": "Orphan"})
    eventually(lambda: not any("finalizers" in pod["metadata"] for pod in space.items("pods")), "they are let go")
    assert len(running(space, 2)) == 2


def test_each_index_has_its_limit(space: Space, kubelet: Kubelet) -> None:
    """Odd indexes fail twice, even ones succeed; the Job fails when all have been tried."""
    kubelet.ends = lambda pod: index_of(pod) % 2
    space.create(JOBS, indexed(4, backoffLimitPerIndex=1))
    status = until(space, "Failed")
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0,2", "1,3")
    assert (status["succeeded"], status["failed"]) == (2, 4)
    found = condition(space, "Failed")
    assert found is not None and found["reason"] == "FailedIndexes"


def test_life_of_a_job(space: Space, kubelet: Kubelet) -> None:
    space.create(JOBS, body(parallelism=1, suspend=True))
    until(space, "Suspended")
    assert space.names("pods") == []
    space.patch(JOBS, "job", {"metadata": {"labels": {"patched": "yes"}}})
    with pytest.raises(Refused):
        space.patch(JOBS, "job", {"spec": {"completions": 7}})
    space.change(JOBS, "job", lambda found: found["metadata"].update(annotations={"updated": "true"}))
    assert space.names(JOBS, labelSelector="patched=yes") == ["job"]
    assert space.get(JOBS, "job")["metadata"]["annotations"]["updated"] == "true"
    space.patch(JOBS, "job", {"spec": {"suspend": False}})
    pod = running(space, 1)[0]["metadata"]["name"]
    space.patch(JOBS, "job", {"spec": {"suspend": True}})
    eventually(lambda: space.names("pods") == [], f"{pod} is gone")
    assert "failed" not in space.get(JOBS, "job")["status"]
    space.patch(JOBS, "job", {"spec": {"suspend": False}})
    kubelet.ends = lambda pod: 0
    until(space, "Complete")
    space.cluster.delete(space.path(JOBS), {"propagationPolicy": "Background"}, labelSelector="patched=yes")
    eventually(lambda: space.names("pods") == [], "its Pods go too")


def test_indexes_that_fail_at_once(space: Space, kubelet: Kubelet) -> None:
    kubelet.ends = lambda pod: 42 if index_of(pod) == 0 else 0
    rule = {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [42]}}
    space.create(JOBS, indexed(2, backoffLimitPerIndex=1, podFailurePolicy={"rules": [rule]}))
    status = until(space, "Failed")
    assert (status["failedIndexes"], status["completedIndexes"], status["failed"]) == ("0", "1", 1)


@pytest.mark.parametrize("rule", [{"succeededCount": 2}, {"succeededIndexes": "0-1"}])
def test_success_of_all_indexes(space: Space, kubelet: Kubelet, rule: Object) -> None:
    kubelet.ends = lambda pod: 0
    space.create(JOBS, indexed(2, successPolicy={"rules": [rule]}))
    status = until(space, "Complete")
    reasons = {each["type"]: each["reason"] for each in status["conditions"]}
    assert reasons == {"SuccessCriteriaMet": "SuccessPolicy", "Complete": "SuccessPolicy"}
    assert (status["completedIndexes"], status["succeeded"]) == ("0,1", 2)


def test_success_of_some_indexes(space: Space, kubelet: Kubelet) -> None:
    kubelet.ends = lambda pod: 0 if index_of(pod) == 0 else None
    space.create(JOBS, indexed(2, successPolicy={"rules": [{"succeededIndexes": "0"}]}))
    status = until(space, "Complete")
    assert {each["reason"] for each in status["conditions"]} == {"SuccessPolicy"}
    assert (status["completedIndexes"], status["terminating"], status.get("active", 0)) == ("0", 0, 0)


def test_failing_job(space: Space, kubelet: Kubelet) -> None:
    """A rule that fails the Job ends its other Pods too."""
    rule = {"action": "FailJob", "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]}}
    space.create(JOBS, body(parallelism=2, completions=2, podFailurePolicy={"rules": [rule]}))
    victim = running(space, 2)[0]["metadata"]["name"]
    kubelet.ends = lambda pod: 42 if pod["metadata"]["name"] == victim else None
    until(space, "Failed")
    found = condition(space, "Failed")
    assert found is not None
    where = f"{space.name}/{victim}"
    text = f"Container main for pod {where} failed with exit code 42 matching FailJob rule at index 0"
    assert (found["reason"], found["message"]) == ("PodFailurePolicy", text)


def test_deadline(space: Space, kubelet: Kubelet) -> None:
    space.create(JOBS, body(activeDeadlineSeconds=1))
    status = until(space, "Failed")
    assert {each["reason"] for each in status["conditions"]} == {"DeadlineExceeded"}


def test_time_to_live(space: Space, kubelet: Kubelet) -> None:
    kubelet.ends = lambda pod: 0
    space.create(JOBS, body(ttlSecondsAfterFinished=1))
    space.cluster.gone(space.path(JOBS, "job"))
    eventually(lambda: space.names("pods") == [], "its Pods go too")


def test_jobs_of_others_are_left_alone(space: Space, kubelet: Kubelet) -> None:
    space.create(JOBS, body("theirs", managedBy="example.com/other"))
    space.create(JOBS, body())
    running(space, 1)
    assert space.get(JOBS, "theirs")["status"] == {}


def cron_job(space: Space, schedule: str = "* * * * *", policy: str = "Allow", **spec: Any) -> None:
    template = {"spec": body()["spec"]}
    cron = {"schedule": schedule, "concurrencyPolicy": policy, "jobTemplate": template, **spec}
    space.create(CRONJOBS, {"metadata": {"name": "cron"}, "spec": cron})


def active(space: Space) -> list[str]:
    return [ref["name"] for ref in space.get(CRONJOBS, "cron")["status"].get("active", ())]


def backdate(space: Space) -> None:
    """As if the last time had been long ago: every minute counts as missed, the last one is made up for."""
    space.patch(CRONJOBS, "cron", {"status": {"lastScheduleTime": "2020-01-01T00:00:00Z"}}, subresource="status")


def test_suspended_cron_job(space: Space, kubelet: Kubelet) -> None:
    cron_job(space, "* * * * *", suspend=True)
    backdate(space)
    # What is told of a Job that has gone is told in the round that would have started one.
    ref = {"apiVersion": "batch/v1", "kind": "Job", "name": "gone", "namespace": space.name, "uid": "gone"}
    space.patch(CRONJOBS, "cron", {"status": {"active": [ref]}}, subresource="status")
    eventually(lambda: _events(space, "MissingJob") == ["Active job went missing: gone"], "it was looked at")
    assert active(space) == space.names(JOBS) == []
    space.patch(CRONJOBS, "cron", {"spec": {"suspend": False}})
    eventually(lambda: space.names(JOBS), "it goes on when it is resumed")


def _events(space: Space, reason: str) -> list[str]:
    found = space.items("events", fieldSelector=f"reason={reason}")
    return [event["message"] for event in found]


def _adopted(space: Space, name: str) -> None:
    """Another Job in the place of the one that is due: as if it were of an earlier minute."""
    reference = space.get(CRONJOBS, "cron")
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": "cron",
        "uid": reference["metadata"]["uid"],
        "controller": True,
    }
    made = body(name)
    made["metadata"]["ownerReferences"] = [owner]
    job = space.create(JOBS, made)
    ref = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": name,
        "namespace": space.name,
        "uid": job["metadata"]["uid"],
    }
    space.patch(CRONJOBS, "cron", {"status": {"active": [ref]}}, subresource="status")


@pytest.mark.parametrize("policy", ["Forbid", "Replace", "Allow"])
def test_cron_job_beside_an_older_job(space: Space, kubelet: Kubelet, policy: str) -> None:
    cron_job(space, "* * * * *", policy, suspend=True)
    _adopted(space, "earlier")
    backdate(space)
    space.patch(CRONJOBS, "cron", {"spec": {"suspend": False}})
    if policy == "Forbid":
        text = "Not starting job because prior execution is running and concurrency policy is Forbid"
        eventually(lambda: text in _events(space, "JobAlreadyActive"), "it is refused")
        assert active(space) == space.names(JOBS) == ["earlier"]
    elif policy == "Replace":
        eventually(lambda: active(space) and "earlier" not in active(space), "it is replaced")
        space.cluster.gone(space.path(JOBS, "earlier"))
        assert "Deleted job earlier" in _events(space, "SuccessfulDelete")
    else:
        eventually(lambda: len(active(space)) == 2 and len(space.names(JOBS)) == 2, "both run")


def test_cron_job_and_its_history(space: Space, kubelet: Kubelet) -> None:
    cron_job(space, "0 0 1 1 *", successfulJobsHistoryLimit=0)
    backdate(space)
    (name,) = eventually(lambda: active(space), "a Job runs")
    job = space.get(JOBS, name)
    assert job["metadata"]["annotations"]["batch.kubernetes.io/cronjob-scheduled-timestamp"][4:] == "-01-01T00:00:00Z"
    assert f"Created job {name}" in _events(space, "SuccessfulCreate")
    (pod,) = eventually(lambda: space.items("pods"), "its Pod")
    space.patch("pods", pod["metadata"]["name"], {"status": ended(pod, 0)}, subresource="status")
    space.cluster.gone(space.path(JOBS, name))
    eventually(lambda: f"Saw completed job: {name}, condition: Complete" in _events(space, "SawCompletedJob"), "told")
    status = space.get(CRONJOBS, "cron")["status"]
    assert status["lastSuccessfulTime"] and "active" not in status
