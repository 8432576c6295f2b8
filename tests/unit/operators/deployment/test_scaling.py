import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.deployment import limits, scaling, sets

from .build import RECREATE, Obj, deployment, replica_set, rolling, with_size


@pytest.mark.parametrize(
    ("replicas", "noted", "size", "expected"),
    [(3, 3, 3, False), (5, 3, 3, True), (0, 3, 3, True), (5, None, 3, False), (5, 3, 0, False)],
)
def test_wanted(replicas: int, noted: int | None, size: int, expected: bool) -> None:
    state = sets.Sets(replica_set("a", size, desired=noted), ())
    assert scaling.wanted(deployment(replicas), state) is expected


def sized(replicas: int, *state: Obj, strategy: Obj | None = None) -> dict[str, int]:
    d = deployment(replicas, "img:9", strategy=strategy or rolling(0, 1))
    return scaling.sizes(d, sets.observe(d, state))


def test_the_only_active_one_takes_all() -> None:
    new, old = replica_set("new", 3, "img:9"), replica_set("old", 0, age=5)
    assert sized(8, new, old) == {"web-new": 8}
    assert sized(8, replica_set("new", 0, "img:9"), replica_set("old", 3, age=5)) == {"web-old": 8}


def test_without_an_active_one_the_new_one_takes_all_else_the_latest() -> None:
    assert sized(2, replica_set("new", 0, "img:9"), replica_set("old", 0, age=5)) == {"web-new": 2}
    assert sized(2, replica_set("mid", 0, age=1), replica_set("old", 0, age=5)) == {"web-mid": 2}
    assert sized(2) == {}


def test_a_complete_new_one_ends_the_others() -> None:
    new = replica_set("new", 4, "img:9", desired=4)
    assert sized(4, new, replica_set("old", 2, age=5)) == {"web-old": 0}


def test_recreate_does_not_scale_in_proportion() -> None:
    new, old = replica_set("new", 2, "img:9", desired=2), replica_set("old", 2, age=5, desired=2)
    assert sized(8, new, old, strategy=RECREATE) == {"web-old": 2, "web-new": 2}


@pytest.mark.parametrize(
    ("replicas", "surge", "before", "state", "expected"),
    [
        # (wanted, maxSurge, max-replicas noted, [(name, size, age)], sizes afterwards)
        (15, 0, 10, [("a", 5, 2), ("b", 5, 1)], {"a": 7, "b": 8}),  # the newer takes what is left over
        (5, 0, 10, [("a", 5, 2), ("b", 5, 1)], {"a": 2, "b": 3}),  # shrinking, the older
        (20, 0, 10, [("a", 6, 2), ("b", 4, 1)], {"a": 12, "b": 8}),
        (5, 0, 10, [("a", 8, 2), ("b", 2, 1)], {"a": 4, "b": 1}),
        (0, 0, 10, [("a", 6, 2), ("b", 4, 1)], {"a": 0, "b": 0}),
        (10, 0, 10, [("a", 6, 2), ("b", 4, 1)], {"a": 6, "b": 4}),
        (10, 2, 10, [("a", 6, 2), ("b", 4, 1)], {"a": 7, "b": 5}),
        (12, 0, 10, [("a", 3, 3), ("b", 3, 2), ("c", 4, 1)], {"a": 3, "b": 4, "c": 5}),
    ],
)
def test_proportional(
    replicas: int, surge: int, before: int, state: list[tuple[str, int, int]], expected: dict[str, int]
) -> None:
    d = deployment(replicas, "img:9", strategy=rolling(surge, 1))
    running = [replica_set(n, s, f"img:{n}", age=age, desired=before, most=before) for n, s, age in state]
    sizes = scaling.sizes(d, sets.observe(d, running))
    assert {name.removeprefix("web-"): size for name, size in sizes.items()} == expected


def test_without_a_noted_size_the_status_serves() -> None:
    d = deployment(20, "img:9", strategy=rolling(0, 1))
    d["status"] = {"replicas": 10}
    running = [replica_set("a", 6, "img:1", age=2), replica_set("b", 4, "img:2", age=1)]
    assert scaling.sizes(d, sets.observe(d, running)) == {"web-a": 12, "web-b": 8}


@settings(max_examples=400)
@given(
    st.integers(0, 40),
    st.integers(0, 10),
    st.lists(st.integers(1, 20), min_size=2, max_size=4),
)
def test_the_sum_is_what_is_allowed(replicas: int, surge: int, running: list[int]) -> None:
    d = deployment(replicas, "img:9", strategy=rolling(surge, 1))
    before = sum(running)
    state = [
        replica_set(f"s{index}", size, f"img:{index}", age=index, desired=before, most=before)
        for index, size in enumerate(running)
    ]
    sizes = scaling.sizes(d, sets.observe(d, state))
    allowed = limits.of(d).most if replicas else 0
    assert all(size >= 0 for size in sizes.values())
    total = sum(sizes.values())
    assert total == allowed or (total > allowed and 0 in sizes.values())
    grown = [sizes[sets.name(rs)] >= sets.size(rs) for rs in state]
    shrunk = [sizes[sets.name(rs)] <= sets.size(rs) for rs in state]
    biggest = max(state, key=sets.size)
    others = [index for index, rs in enumerate(state) if rs is not biggest]
    assert all(grown[i] for i in others) or all(shrunk[i] for i in others)


def test_with_size_is_a_copy() -> None:
    rs = replica_set("a", 1)
    with_size(rs, 5)
    assert sets.size(rs) == 1
