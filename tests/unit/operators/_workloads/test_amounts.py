"""Shares of a whole."""

from __future__ import annotations

import pytest

from operators._workloads import amounts


@pytest.mark.parametrize(
    ("value", "total", "up", "down"),
    [
        (0, 10, 0, 0),
        (3, 10, 3, 3),
        (30, 10, 30, 30),
        ("0%", 10, 0, 0),
        ("25%", 10, 3, 2),
        ("25%", 4, 1, 1),
        ("25%", 3, 1, 0),
        ("25%", 1, 1, 0),
        ("25%", 0, 0, 0),
        ("1%", 1, 1, 0),
        ("33%", 100, 33, 33),
        ("100%", 7, 7, 7),
        ("150%", 7, 11, 10),
    ],
)
def test_whole(value: int | str, total: int, up: int, down: int) -> None:
    assert amounts.whole(value, total, round_up=True) == up
    assert amounts.whole(value, total, round_up=False) == down
