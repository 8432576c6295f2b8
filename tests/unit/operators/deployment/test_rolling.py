import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.deployment import limits, rolling, sets

from .build import Obj, deployment, replica_set, with_size
from .build import rolling as strategy


def observed(new: Obj | None, *old: Obj) -> sets.Sets:
    return sets.Sets(new, tuple(sorted(old, key=sets.age_order)))


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "new", "old", "expected"),
    [
        # (spec, available) of new and old
        (10, 0, 1, (0, 0), (10, 10), {"web-old": 9}),
        (10, 2, 0, (0, 0), (10, 10), {"web-new": 2}),
        (10, 2, 0, (0, 0), (5, 5), {"web-new": 7}),
        (10, 2, 0, (10, 10), (2, 2), {"web-old": 0}),
        (10, 2, 0, (12, 12), (0, 0), {"web-new": 10}),  # scaled past the wanted size
        # unavailable old Pods go first and at once
        (10, 0, 2, (0, 0), (10, 8), {"web-old": 8}),
        (10, 2, 2, (2, 0), (10, 0), {"web-old": 8}),
        # nothing can go while the new ones are not there
        (10, 2, 0, (2, 0), (10, 10), {}),
        (10, 2, 0, (2, 1), (10, 10), {"web-old": 9}),
        (10, 2, 0, (2, 2), (10, 10), {"web-old": 8}),
        (3, 1, 0, (1, 1), (3, 3), {"web-old": 2}),
        (3, 1, 0, (1, 1), (2, 2), {"web-new": 2}),
        (1, 1, 0, (1, 1), (1, 1), {"web-old": 0}),
        (1, 0, 1, (0, 0), (1, 1), {"web-old": 0}),
        (2, 1, 1, (0, 0), (2, 2), {"web-new": 1, "web-old": 1}),
        (4, 1, 1, (0, 0), (4, 4), {"web-new": 1, "web-old": 3}),
    ],
)
def test_sizes(
    replicas: int,
    surge: int,
    unavailable: int,
    new: tuple[int, int],
    old: tuple[int, int],
    expected: dict[str, int],
) -> None:
    d = deployment(replicas, "img:2", strategy=strategy(surge, unavailable))
    state = observed(
        replica_set("new", new[0], "img:2", available=new[1]),
        replica_set("old", old[0], "img:1", available=old[1], age=9),
    )
    assert rolling.sizes(d, state) == expected


def test_oldest_goes_first() -> None:
    d = deployment(10, "img:3", strategy=strategy(0, 2))
    state = observed(
        replica_set("new", 0, "img:3"),
        replica_set("mid", 5, "img:2", age=1),
        replica_set("old", 5, "img:1", age=9),
    )
    assert rolling.sizes(d, state) == {"web-old": 3}


def test_unavailable_ones_of_a_younger_set_go_before_available_ones_of_an_older() -> None:
    d = deployment(4, "img:3", strategy=strategy(1, 1))
    state = observed(
        replica_set("new", 1, "img:3", available=0),
        replica_set("mid", 1, "img:2", available=0, age=1),
        replica_set("old", 3, "img:1", age=9),
    )
    assert rolling.sizes(d, state) == {"web-mid": 0}


def test_pods_that_were_told_to_go_do_not_count_as_available() -> None:
    """The old set's status still counts four Pods although it was asked for three."""
    d = deployment(4, "img:2", strategy=strategy(1, 1))
    state = observed(
        replica_set("new", 2, "img:2", available=1),
        replica_set("old", 3, "img:1", running=4, available=4, age=9),
    )
    # three old and one new are available, three must stay
    assert rolling.sizes(d, state) == {"web-old": 2}


def test_a_pod_makes_room_only_when_it_was_told_to_go() -> None:
    d = deployment(3, "img:2", strategy=strategy(1, 0))
    new = replica_set("new", 1, "img:2")
    assert rolling.sizes(d, observed(new, replica_set("old", 2, running=3, age=9))) == {}
    assert rolling.sizes(d, observed(new, replica_set("old", 2, age=9))) == {"web-new": 2}
    late = observed(None, replica_set("old", 2, running=3, age=9))
    assert rolling.new_size(d, late) == 1


@st.composite
def rollouts(draw: st.DrawFn) -> tuple[Obj, list[Obj]]:
    replicas = draw(st.integers(0, 12))
    percent = st.integers(0, 120).map(lambda n: f"{n}%")
    d = deployment(
        replicas, "img:9", strategy=strategy(draw(st.integers(0, 6) | percent), draw(st.integers(0, 6) | percent))
    )
    old = []
    for index in range(draw(st.integers(0, 3))):
        size = draw(st.integers(0, 8))
        old.append(replica_set(f"o{index}", size, f"img:{index}", available=draw(st.integers(0, size)), age=10 + index))
    size = draw(st.integers(0, 8))
    new = replica_set("new", size, "img:9", available=draw(st.integers(0, size)))
    return d, [*old, new]


def apply(state: list[Obj], sizes: dict[str, int]) -> list[Obj]:
    return [with_size(rs, sizes.get(sets.name(rs), sets.size(rs))) for rs in state]


@settings(max_examples=400)
@given(rollouts())
def test_one_answer_is_complete(rollout: tuple[Obj, list[Obj]]) -> None:
    d, state = rollout
    once = apply(state, rolling.sizes(d, sets.observe(d, state)))
    assert rolling.sizes(d, sets.observe(d, once)) == {}


@settings(max_examples=400)
@given(rollouts())
def test_never_over_the_surge_and_never_under_availability(rollout: tuple[Obj, list[Obj]]) -> None:
    d, state = rollout
    wanted = limits.of(d)
    after = apply(state, rolling.sizes(d, sets.observe(d, state)))
    # A ReplicaSet gives up Pods that are not available first.
    before = sum(min(sets.size(rs), sets.counted(rs, "availableReplicas")) for rs in state)
    left = sum(min(sets.size(rs), sets.counted(rs, "availableReplicas")) for rs in after)
    assert left >= min(before, wanted.least)
    there = sum(max(sets.size(rs), sets.counted(rs, "replicas")) for rs in state)
    there_after = sum(max(sets.size(rs), sets.counted(rs, "replicas")) for rs in after)
    assert there_after <= max(there, wanted.most)
    grown = [sets.name(a) for a, b in zip(after, state, strict=True) if sets.size(a) > sets.size(b)]
    assert grown in ([], ["web-new"])


@settings(max_examples=200, deadline=None)
@given(rollouts(), st.randoms(use_true_random=False))
def test_reaches_its_end_with_pods_that_come_up_in_any_order(rollout: tuple[Obj, list[Obj]], chance) -> None:  # type: ignore[no-untyped-def]
    d, state = rollout
    wanted = limits.of(d)
    for _ in range(300):
        full = all(sets.counted(rs, "availableReplicas") == sets.size(rs) for rs in state)
        sizes = rolling.sizes(d, sets.observe(d, state))
        state = apply(state, sizes)
        for rs in state:
            status, size = rs["status"], sets.size(rs)
            status["replicas"] = size
            status["availableReplicas"] = min(size, status["availableReplicas"] + chance.randint(0, 2))
        if full and not sizes:
            break
    final = sets.observe(d, state)
    assert final.new is not None
    assert sets.size(final.new) == wanted.replicas
    assert sets.total(final.old) == 0
