from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators._kube import meta
from operators._workloads import pods, ranking

from .build import Obj, pod

NOW = datetime(2026, 1, 2, 0, 0, 0, tzinfo=UTC)


def first(*candidates: Obj, related: tuple[Obj, ...] = ()) -> str:
    assert len(candidates) > 1
    forth = meta.name_of(ranking.ranked(candidates, related, NOW)[0])
    back = meta.name_of(ranking.ranked(candidates[::-1], related, NOW)[0])
    assert forth == back
    return forth


@pytest.mark.parametrize(
    ("goes", "stays"),
    [
        (pod("a", node=None), pod("b", node="n1", phase="Pending", ready=None)),
        (pod("a", phase="Pending", ready=None), pod("b", phase="Unknown", ready=None)),
        (pod("a", phase="Unknown", ready=None), pod("b", ready=None)),
        (pod("a", ready=None), pod("b")),
        (pod("a", cost="-5"), pod("b")),
        (pod("a"), pod("b", cost="1")),
        (pod("a", cost="1"), pod("b", cost="2")),
        (pod("a", ready=None, cost="100"), pod("b", cost="-100")),  # readiness before cost
        (pod("a", ready="2026-01-01T23:59:00Z"), pod("b", ready="2026-01-01T01:00:00Z")),
        (pod("a", restarts=3), pod("b", restarts=2)),
        (pod("a", ready="2026-01-01T23:59:00Z"), pod("b", restarts=9)),  # time before restarts
        (
            pod("a", ready=None, created="2026-01-01T23:59:00Z"),
            pod("b", ready=None, created="2026-01-01T01:00:00Z"),
        ),
        (pod("a", ready=None, restarts=1, created="2025-01-01T00:00:00Z"), pod("b", ready=None)),
    ],
)
def test_the_first_to_go(goes: Obj, stays: Obj) -> None:
    assert first(goes, stays) == "a"


def test_the_fuller_node_first() -> None:
    left, right = pod("a", node="n1"), pod("b", node="n2")
    assert first(left, right, related=(left, right, pod("c", node="n2"))) == "b"
    assert first(left, right, related=(left, right, pod("c", node="n2", phase="Failed"))) == "a"


def test_about_the_same_age_is_a_draw() -> None:
    """Ready for 20 and 23 hours: the same order of magnitude, so that not always the newest goes."""
    newer, older = pod("z", ready="2026-01-01T04:00:00Z"), pod("a", ready="2026-01-01T01:00:00Z")
    assert first(newer, older) == "a"


def test_restarts_of_sidecars_count_after_those_of_containers() -> None:
    restarted, calm = pod("b"), pod("a")
    for each in (restarted, calm):
        each["spec"]["initContainers"] = [{"name": "s", "restartPolicy": "Always"}, {"name": "once"}]
    restarted["status"]["initContainerStatuses"] = [{"name": "s", "restartCount": 2}]
    calm["status"]["initContainerStatuses"] = [{"name": "once", "restartCount": 7}]
    assert first(restarted, calm) == "b"
    calm["status"]["containerStatuses"][0]["restartCount"] = 1
    assert first(restarted, calm) == "a"


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("0", 0),
        ("-5", -5),
        ("2147483647", 2147483647),
        ("2147483648", 0),
        ("-2147483648", -2147483648),
        ("007", 0),
        ("+1", 0),
        ("1.5", 0),
        ("x", 0),
        ("", 0),
        ("-", 0),
        ("²", 0),
    ],
)
def test_deletion_cost(text: str, cost: int) -> None:
    assert ranking.deletion_cost(pod(cost=text)) == cost


moments = st.sampled_from(["2026-01-01T01:00:00Z", "2026-01-01T22:00:00Z", "2026-01-01T23:59:59Z"])
any_pod: st.SearchStrategy[dict[str, Any]] = st.builds(
    pod,
    st.uuids().map(str),
    st.sampled_from(["Pending", "Running", "Unknown"]),
    node=st.sampled_from([None, "n1", "n2"]),
    ready=st.none() | moments,
    created=moments,
    restarts=st.integers(0, 3),
    cost=st.none() | st.integers(-2, 2).map(str),
)


@settings(max_examples=200)
@given(st.lists(any_pod, max_size=8, unique_by=meta.uid_of), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order(candidates: list[Obj], chance: Any) -> None:
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    ranked = ranking.ranked(candidates, candidates, NOW)
    assert ranked == ranking.ranked(shuffled, candidates, NOW)
    assert sorted(map(meta.uid_of, ranked)) == sorted(map(meta.uid_of, candidates))


@settings(max_examples=200)
@given(st.lists(any_pod, min_size=1, max_size=8, unique_by=meta.uid_of), st.integers(0, 8))
def test_a_ready_pod_goes_only_when_no_unready_one_of_its_phase_is_left(candidates: list[Obj], count: int) -> None:
    running = [p for p in candidates if pods.phase(p) == "Running" and p["spec"].get("nodeName")]
    ranked = ranking.ranked(running, (), NOW)
    kept = ranked[count:]
    if any(pods.is_ready(p) for p in ranked[:count]):
        assert all(pods.is_ready(p) for p in kept)
