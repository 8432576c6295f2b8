import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.deployment import limits

from .build import RECREATE, deployment, rolling


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "most", "least"),
    [
        (10, "25%", "25%", 13, 8),
        (4, "25%", "25%", 5, 3),
        (3, "25%", "25%", 4, 3),
        (1, "25%", "25%", 2, 1),
        (2, 1, 0, 3, 2),
        (2, 0, 1, 2, 1),
        (10, 0, 0, 10, 9),  # both zero could never move
        (10, "0%", "0%", 10, 9),
        (3, 0, "25%", 3, 2),  # rounds to zero both
        (3, 0, 10, 3, 0),  # never more than there are
        (3, "0%", "200%", 3, 0),
        (0, "25%", "25%", 0, 0),
        (0, 1, 1, 1, 0),
    ],
)
def test_limits(replicas: int, surge: int | str, unavailable: int | str, most: int, least: int) -> None:
    wanted = limits.of(deployment(replicas, strategy=rolling(surge, unavailable)))
    assert (wanted.most, wanted.least) == (most, least)


def test_recreate_has_neither() -> None:
    assert limits.of(deployment(3, strategy=RECREATE)) == limits.Limits(3, 0, 0)


def test_defaults_are_a_quarter() -> None:
    bare = deployment(8)
    del bare["spec"]["strategy"]
    assert limits.of(bare) == limits.Limits(8, 2, 2)


@given(st.integers(0, 500), st.integers(0, 300), st.integers(0, 300))
def test_a_rolling_update_can_always_move(replicas: int, surge: int, unavailable: int) -> None:
    wanted = limits.of(deployment(replicas, strategy=rolling(f"{surge}%", f"{unavailable}%")))
    assert wanted.most > wanted.least or replicas == 0
    assert 0 <= wanted.least <= replicas <= wanted.most
