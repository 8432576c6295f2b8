"""Shared parts of cells: durations, selectors, labels, shortened lists."""

import datetime as dt

import pytest

from apiserver_stub.printers import cells

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "<invalid>"),
        (-1, "0s"),
        (-0.5, "0s"),
        (0, "0s"),
        (1.9, "1s"),
        (119, "119s"),
        (120, "2m"),
        (2 * MINUTE + 5, "2m5s"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE + 5, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + 20 * MINUTE, "3h20m"),
        (8 * HOUR + 20 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (2 * DAY + 3 * HOUR, "2d3h"),
        (8 * DAY + 3 * HOUR, "8d"),
        (700 * DAY, "700d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + 10 * DAY, "2y10d"),
        (9 * YEAR + 10 * DAY, "9y"),
    ],
)
def test_human_duration(seconds: float, shown: str) -> None:
    assert cells.human_duration(seconds) == shown


@pytest.mark.parametrize(
    ("stamp", "shown"),
    [
        ("2025-12-31T23:59:00Z", "60s"),
        ("2025-12-31T23:59:00.123456Z", "59s"),
        (None, "<unknown>"),
        ("", "<unknown>"),
        ("nonsense", "<unknown>"),
    ],
)
def test_since(stamp: str | None, shown: str) -> None:
    assert cells.since(stamp, NOW) == shown


@pytest.mark.parametrize(
    ("selector", "shown"),
    [
        (None, "<none>"),
        ({}, "<none>"),
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "k", "operator": "In", "values": ["y", "x"]}]}, "k in (x,y)"),
        ({"matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["x"]}]}, "k notin (x)"),
        (
            {"matchLabels": {"m": "1"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]},
            "a,m=1",
        ),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, "!a"),
    ],
)
def test_selector(selector: dict[str, object] | None, shown: str) -> None:
    assert cells.selector(selector) == shown


def test_shortened() -> None:
    assert cells.shortened("ab") == "a,b"
    assert cells.shortened("abc") == "a,b,c"
    assert cells.shortened("abcde") == "a,b,c + 2 more..."
