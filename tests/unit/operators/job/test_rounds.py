"""Many rounds of a Job: whatever happens to Pods and operator, each end is counted exactly once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.operators.job.jobs import Broken, Object, World, indexed, job

OUTCOMES = st.lists(st.sampled_from(["Succeeded", "Succeeded", "Failed"]), min_size=40, max_size=40)
SPECS = st.builds(
    lambda mode, completions, parallelism, limit, per_index: (
        job(completions=completions, parallelism=parallelism, backoffLimit=limit)
        if mode == "NonIndexed"
        else indexed(completions, parallelism=parallelism, backoffLimit=100, backoffLimitPerIndex=per_index)
        if mode == "PerIndex"
        else indexed(completions, parallelism=parallelism, backoffLimit=limit)
    ),
    st.sampled_from(["NonIndexed", "Indexed", "PerIndex"]),
    st.integers(0, 6),
    st.integers(1, 4),
    st.integers(0, 6),
    st.integers(0, 2),
)


@settings(max_examples=150, deadline=None)
@given(SPECS, OUTCOMES, st.lists(st.integers(0, 12), max_size=12))
def test_every_end_is_counted_once(spec: Object, outcomes: list[str], breaks: list[int]) -> None:
    """`breaks`: after how many writes the operator is killed, again and again."""
    left = iter(breaks)
    countdown = [next(left, -1)]

    def is_broken() -> bool:
        countdown[0] -= 1
        if countdown[0] == -1:
            countdown[0] = next(left, -1)
            return True
        return False

    world, chosen = World(spec, is_broken), iter(outcomes * 5)
    for _ in range(150):
        try:
            world.reconcile()
        except Broken:
            continue
        if world.is_finished:
            break
        world.later()
        world.kubelet()
        for found in world.active()[:1]:
            outcome = next(chosen)
            world.end(found["metadata"]["name"], outcome, 0 if outcome == "Succeeded" else 1)
    world.kubelet()
    assert world.is_finished
    assert world.most_active <= spec["spec"]["parallelism"]
    status = world.status
    types = {each["type"] for each in status["conditions"] if each["status"] == "True"}
    succeeded = sum(1 for phase in world.ends.values() if phase == "Succeeded")
    assert status.get("succeeded", 0) == succeeded
    if "Complete" in types:
        assert succeeded == spec["spec"]["completions"]
        assert status.get("failed", 0) == sum(1 for phase in world.ends.values() if phase == "Failed")
    else:
        # Where a Job fails, Pods that were still active count as failed.
        assert status.get("failed", 0) >= sum(1 for phase in world.ends.values() if phase == "Failed")
    assert status["uncountedTerminatedPods"] == {} and "active" not in status and status["terminating"] == 0
    assert not any(found["metadata"]["finalizers"] for found in world.pods.values())


@pytest.mark.parametrize("parallelism", [1, 3])
def test_settled(parallelism: int) -> None:
    """Nothing is written while nothing happens."""
    world = World(job(parallelism=parallelism, completions=5))
    world.reconcile()
    before = world.status
    world.later(1)
    world.reconcile()
    assert world.status == before and len(world.pods) == parallelism


def test_suspension_counts_nothing() -> None:
    world = World(job(parallelism=2, completions=2))
    world.reconcile()
    world.job["spec"]["suspend"] = True
    world.reconcile()
    assert not world.active() and "startTime" not in world.status
    world.kubelet()
    world.reconcile()
    assert world.pods == {} and "failed" not in world.status
    world.job["spec"]["suspend"] = False
    world.later(60)
    world.reconcile()
    assert len(world.active()) == 2 and world.status["startTime"] == "2026-01-01T12:01:00Z"
    (suspended,) = world.status["conditions"]
    assert (suspended["status"], suspended["reason"]) == ("False", "JobResumed")
    world.job["spec"]["parallelism"] = 1
    world.reconcile()
    assert len(world.active()) == 1 and "failed" not in world.status


def test_elastic_indexed_job() -> None:
    world = World(indexed(3))
    world.reconcile()
    world.job["spec"] |= {"completions": 2, "parallelism": 2}
    world.reconcile()
    world.kubelet()
    assert len(world.active()) == 2
    for found in world.active():
        world.end(found["metadata"]["name"], "Succeeded")
    world.reconcile()
    assert world.status["completedIndexes"] == "0,1" and world.is_finished
