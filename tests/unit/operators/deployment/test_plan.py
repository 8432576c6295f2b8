from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from operators._kube.actions import Create, Delete, Event, Patch
from operators.deployment import plan, sets

from .build import RECREATE, Obj, deployment, replica_set, rolling


def step(d: Obj, *owned: Obj) -> plan.Step:
    return plan.step(d, sets.observe(d, owned))


def resized(found: plan.Step) -> dict[str, int]:
    patches = [action for action in found.actions if isinstance(action, Patch)]
    return {p.name: p.body["spec"]["replicas"] for p in patches if isinstance(p.body, dict) and "spec" in p.body}


def told(found: plan.Step) -> list[str]:
    return [action.message for action in found.actions if isinstance(action, Event)]


def test_a_fresh_deployment_creates_its_set() -> None:
    found = step(deployment(3))
    assert isinstance(found.create, Create)
    assert found.create.body["spec"]["replicas"] == 3
    assert found.actions == ()
    assert found.rollout


def test_one_round_of_a_rolling_update() -> None:
    d = deployment(3, "img:2")
    new, old = replica_set("new", 1, "img:2", revision=2, desired=3, most=4), replica_set("old", 3, age=5, desired=3)
    found = step(d, new, old)
    assert found.create is None
    assert found.actions == (
        Patch(
            "apps/v1",
            "replicasets",
            "ns",
            "web-old",
            {
                "metadata": {"uid": "uid-old", "annotations": {sets.MAX: "4"}},
                "spec": {"replicas": 2},
            },
        ),
        Event(d, "Normal", "ScalingReplicaSet", "Scaled down replica set web-old from 3 to 2"),
    )


def test_the_next_round() -> None:
    d = deployment(3, "img:2")
    new, old = replica_set("new", 1, "img:2", revision=2, desired=3, most=4), replica_set("old", 2, age=5, desired=3)
    assert step(d, new, old).actions == (
        Patch("apps/v1", "replicasets", "ns", "web-new", {"metadata": {"uid": "uid-new"}, "spec": {"replicas": 2}}),
        Event(d, "Normal", "ScalingReplicaSet", "Scaled up replica set web-new from 1 to 2"),
    )


def test_nothing_to_do() -> None:
    d = deployment(3)
    assert step(d, replica_set("new", 3, desired=3, most=4)) == plan.Step(rollout=True)


def test_deleting() -> None:
    d = deployment(3)
    d["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert step(d, replica_set("new", 1)) == plan.Step()
    assert step(d) == plan.Step()


def test_scaling_comes_before_rolling() -> None:
    d = deployment(6, "img:2")
    new, old = (
        replica_set("new", 1, "img:2", revision=2, desired=3, most=4),
        replica_set("old", 3, age=5, desired=3, most=4),
    )
    found = step(d, new, old)
    assert not found.rollout
    assert resized(found) == {"web-old": 6, "web-new": 2}


def test_a_scaled_deployment_does_not_create_its_next_set_yet() -> None:
    d = deployment(6, "img:2")
    found = step(d, replica_set("old", 3, desired=3, most=4))
    assert (found.create, resized(found)) == (None, {"web-old": 6})


def test_paused_makes_no_new_set_but_scales() -> None:
    d = deployment(5, "img:2", paused=True)
    found = step(d, replica_set("old", 3, desired=3))
    assert found.create is None
    assert not found.rollout
    assert resized(found) == {"web-old": 5}
    assert told(found) == ["Scaled up replica set web-old from 3 to 5"]


def test_a_rollback_renumbers_and_rolls_in_one_patch() -> None:
    d = deployment(2, "img:1", strategy=rolling(1, 0))
    new = replica_set("one", 0, "img:1", revision=1, age=9)
    old = replica_set("two", 2, "img:2", revision=2, desired=2, most=3)
    found = step(d, new, old)
    patch = found.actions[0]
    assert isinstance(patch, Patch)
    assert patch.body == {
        "metadata": {
            "uid": "uid-one",
            "annotations": {
                sets.REVISION: "3",
                sets.REVISION_HISTORY: "1",
                sets.DESIRED: "2",
                sets.MAX: "3",
            },
        },
        "spec": {"replicas": 1},
    }


def test_recreate_empties_then_waits_then_creates() -> None:
    d = deployment(3, "img:2", strategy=RECREATE)
    found = step(d, replica_set("old", 3, desired=3))
    assert (found.create, resized(found)) == (None, {"web-old": 0})
    for waiting in (
        replica_set("old", 0, running=1, desired=3),
        replica_set("old", 0, terminating=1, desired=3),
    ):
        assert step(d, waiting) == plan.Step(rollout=True)
    unseen = replica_set("old", 0, desired=3)
    unseen["metadata"]["generation"] = 2
    assert step(d, unseen) == plan.Step(rollout=True)
    created = step(d, replica_set("old", 0, desired=3)).create
    assert created is not None
    assert created.body["spec"]["replicas"] == 3


def test_recreate_back_to_an_old_template_waits_as_well() -> None:
    d = deployment(3, "img:1", strategy=RECREATE)
    one = replica_set("one", 0, "img:1", age=9, revision=1)
    found = step(d, one, replica_set("two", 0, "img:2", terminating=2, revision=2))
    assert resized(found) == {}
    found = step(d, one, replica_set("two", 0, "img:2", revision=2))
    assert resized(found) == {"web-one": 3}


def test_old_sets_are_removed_once_the_rollout_is_complete() -> None:
    d = deployment(1, "img:9", revisionHistoryLimit=1)
    state = [
        replica_set("new", 1, "img:9", revision=3, desired=1, most=2),
        replica_set("b", 0, "img:2", revision=2),
        replica_set("a", 0, "img:1", revision=1),
    ]
    assert step(d, *state).actions == ()
    d["status"] = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
    assert step(d, *state).actions == (
        Delete("apps/v1", "replicasets", "ns", "web-a", uid="uid-a", resource_version="7"),
    )


def test_claims_everything() -> None:
    assert plan.claims_everything(deployment(selector={}))
    assert plan.claims_everything(deployment(selector={"matchLabels": {}}))
    assert not plan.claims_everything(deployment())


@settings(max_examples=300)
@given(
    replicas=st.integers(0, 8),
    sizes=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(0, 9) | st.none()), max_size=4),
    paused=st.booleans(),
    recreate=st.booleans(),
)
def test_steps_come_to_rest(
    replicas: int, sizes: list[tuple[int, int, int | None]], paused: bool, recreate: bool
) -> None:
    """Carried out again and again while the Pods do nothing, any state runs out of things to do."""
    d = deployment(replicas, "img:0", strategy=RECREATE if recreate else rolling(2, 1), paused=paused)
    state: dict[str, Any] = {}
    for index, (size, available, desired) in enumerate(sizes):
        rs = replica_set(f"s{index}", size, f"img:{index}", age=index, available=min(size, available), desired=desired)
        state[sets.name(rs)] = rs
    for _ in range(6):
        found = step(d, *state.values())
        if found.create is None and not found.actions:
            return
        for action in found.actions:
            if isinstance(action, Patch) and isinstance(action.body, dict):
                rs = state[action.name]
                rs["metadata"]["annotations"] |= action.body["metadata"].get("annotations", {})
                rs["spec"] |= action.body.get("spec", {})
        if found.create is not None:
            body = {**found.create.body, "status": {}}
            body["metadata"] = {**body["metadata"], "uid": "made", "creationTimestamp": "2026-01-01T01:00:00Z"}
            state[sets.name(body)] = body
    raise AssertionError("the steps did not come to rest")
