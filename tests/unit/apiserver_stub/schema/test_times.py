"""Times: canonical spelling and Go's messages."""

import pytest

from apiserver_stub.schema import times


@pytest.mark.parametrize(
    ("text", "whole", "micro"),
    [
        ("2020-01-02T03:04:05Z", "2020-01-02T03:04:05Z", "2020-01-02T03:04:05.000000Z"),
        ("2020-01-02T03:04:05.1234567Z", "2020-01-02T03:04:05Z", "2020-01-02T03:04:05.123456Z"),
        ("2020-01-01T01:00:00+02:00", "2019-12-31T23:00:00Z", "2019-12-31T23:00:00.000000Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    ],
)
def test_canonical(text: str, whole: str, micro: str) -> None:
    assert times.canonical(text, micro=False) == whole
    assert times.canonical(text, micro=True) == micro


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'),
        ("2020-01-01", 'parsing time "2020-01-01" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"'),
        ("2020-13-01T00:00:00Z", 'parsing time "2020-13-01T00:00:00Z": month out of range'),
        ("2020-02-30T00:00:00Z", 'parsing time "2020-02-30T00:00:00Z": day out of range'),
        ("2020-01-01T25:00:00Z", 'parsing time "2020-01-01T25:00:00Z": hour out of range'),
        ("2020-01-01T00:00:00Zx", 'parsing time "2020-01-01T00:00:00Zx": extra text: "x"'),
        ("0001-01-01T00:00:00+23:59", 'parsing time "0001-01-01T00:00:00+23:59": day out of range'),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(times.TimeError) as caught:
        times.canonical(text, micro=False)
    assert str(caught.value) == message
