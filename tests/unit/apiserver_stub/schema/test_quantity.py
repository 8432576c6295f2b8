"""Quantities: canonical spelling and refusals."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiserver_stub.schema import quantity

# The machine may be busy.
_PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("1", "1"),
        ("-1", "-1"),
        ("+5", "5"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.1", "100m"),
        (".5", "500m"),
        ("5.", "5"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("1023Ki", "1023Ki"),
        ("100000k", "100M"),
        ("1048576", "1048576"),
        ("1e-1", "100e-3"),
        ("1E3", "1e3"),
        ("12e6", "12e6"),
        ("1E", "1E"),
        ("1n", "1m"),
        ("1.0001", "1001m"),
        ("99999999999999999999", "9223372036854775807"),
    ],
)
def test_canonical(text: str, expected: str) -> None:
    assert quantity.canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "quantities must match"),
        ("one", "quantities must match"),
        ("1.2.3", "quantities must match"),
        ("--1", "quantities must match"),
        (".", "quantities must match"),
        ("1x", "quantities must match"),
        ("1ki", "unable to parse quantity's suffix"),
        ("1e", "unable to parse quantity's suffix"),
        ("1e9999999999", "unable to parse quantity's suffix"),
    ],
)
def test_refused(text: str, message: str) -> None:
    with pytest.raises(quantity.QuantityError, match=message):
        quantity.parse(text)


@_PATIENT
@given(st.integers(-(10**12), 10**12), st.sampled_from(["", "m", "k", "Ki", "M", "Mi", "e3"]))
def test_canonical_keeps_the_value(number: int, suffix: str) -> None:
    text = f"{number}{suffix}"
    assert quantity.parse(quantity.canonical(text)) == quantity.parse(text)


@_PATIENT
@given(st.integers(-(10**12), 10**12), st.sampled_from(["", "m", "k", "Ki", "M", "Mi", "e3"]))
def test_canonical_is_stable(number: int, suffix: str) -> None:
    once = quantity.canonical(f"{number}{suffix}")
    assert quantity.canonical(once) == once


def test_parse_is_exact() -> None:
    assert quantity.parse("0.1") + quantity.parse("200m") == Decimal("0.3")


@pytest.mark.parametrize("text", ["9" * 400, "0." + "1" * 400, "9" * 101 + "Ei", "1" * 5000 + "m"])
def test_endless_numbers_are_none(text: str) -> None:
    with pytest.raises(quantity.QuantityError):
        quantity.parse(text)
    assert quantity.parse("9" * 100 + "Ei") == 2**63 - 1
