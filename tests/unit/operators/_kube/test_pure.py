"""Quantities, selectors, conditions, hashes, times, merge patches."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators._kube import conditions, hash, meta, paths, quantity, selectors
from operators._kube.client import merge_difference
from operators._kube.meta import Key
from operators._kube.paths import Kind
from tests.fakes.api import merged, parse_path

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "exact", "whole", "milli"),
    [
        ("1", "1", 1, 1000),
        ("500m", "0.5", 1, 500),
        ("1.5Gi", "1610612736", 1610612736, 1610612736000),
        ("1e3", "1000", 1000, 1000000),
        ("1E", "1000000000000000000", 10**18, 10**21),
        ("12E2", "1200", 1200, 1200000),
        ("100n", "0.0000001", 1, 1),
        ("-1", "-1", -1, -1000),
        (".5", "0.5", 1, 500),
        (2, "2", 2, 2000),
        (0.1, "0.1", 1, 100),
    ],
)
def test_quantities(text, exact, whole, milli):
    assert quantity.parse(text) == Decimal(exact)
    assert quantity.value(text) == whole
    assert quantity.milli(text) == milli


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1gi", "1e", "0x10", "1e9999", "NaN", "1.2.3", "--1"])
def test_what_is_no_quantity(text):
    with pytest.raises(ValueError, match="not a quantity"):
        quantity.parse(text)


def test_quantities_as_text():
    assert quantity.from_bytes(16311884 * 1024) == "16311884Ki"
    assert (quantity.from_milli(2000), quantity.from_milli(250)) == ("2", "250m")


@pytest.mark.parametrize(
    ("selector", "labels", "expected"),
    [
        (None, {}, False),
        ({}, {"a": "1"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"matchLabels": {"a": "1"}}, {"a": "2"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, {"a": "2"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {"a": "1"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
        ({"matchLabels": {"b": "2"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, False),
    ],
)
def test_selectors(selector, labels, expected):
    assert selectors.matches(selector, labels) is expected


def test_condition_times():
    ready = conditions.make("Ready", True, "Up", "fine")
    first = conditions.put([], ready, NOW)
    assert first == [{**ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}]
    assert conditions.put(first, ready, NOW + timedelta(hours=1)) == first
    (reworded,) = conditions.put(first, {**ready, "message": "very fine"}, NOW + timedelta(hours=1))
    assert reworded["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    (turned,) = conditions.put(first, conditions.make("Ready", False), NOW + timedelta(hours=1))
    assert turned == {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T01:00:00Z"}
    updated = conditions.put(first, {**ready, "reason": "New"}, NOW + timedelta(hours=1), update_time=True)
    assert updated[0]["lastUpdateTime"] == "2026-01-01T01:00:00Z"
    assert conditions.make("X", None)["status"] == "Unknown"


def test_hashes_depend_on_content_and_collisions_alone():
    assert hash.fnv32a(b"") == 0x811C9DC5
    assert hash.fnv32a(b"foobar") == 0xBF9CF968
    assert hash.of_template({"a": 1, "b": 2}) == hash.of_template({"b": 2, "a": 1})
    found = {hash.of_template({"a": 1}), hash.of_template({"a": 1}, 0), hash.of_template({"a": 1}, 1)}
    assert len(found) == 3
    assert all(set(text) <= set("bcdfghjklmnpqrstvwxz2456789") and len(text) <= 10 for text in found)


def test_times():
    assert meta.format_time(meta.parse_time("2026-01-01T02:00:00+02:00")) == "2026-01-01T00:00:00Z"
    assert meta.format_micro_time(meta.parse_time("2026-01-01T00:00:00.5Z")) == "2026-01-01T00:00:00.500000Z"


@pytest.mark.parametrize(
    ("kind", "key", "subresource", "path"),
    [
        (Kind("v1", "pods"), Key("d", "a"), None, "/api/v1/namespaces/d/pods/a"),
        (Kind("v1", "pods"), Key("d", "a"), "status", "/api/v1/namespaces/d/pods/a/status"),
        (Kind("apps/v1", "deployments"), Key("d", "a"), None, "/apis/apps/v1/namespaces/d/deployments/a"),
        (Kind("v1", "namespaces"), Key("", "d"), "finalize", "/api/v1/namespaces/d/finalize"),
        (Kind("v1", "nodes"), Key("", "n"), None, "/api/v1/nodes/n"),
    ],
)
def test_paths(kind, key, subresource, path):
    assert paths.of_object(kind, key, subresource) == path
    assert parse_path(path) == (kind, key, subresource)


def test_hostile_names_stay_in_their_segment():
    path = paths.of_object(Kind("v1", "pods"), Key("../x", "a/../../b?c#d"))
    assert path == "/api/v1/namespaces/..%2Fx/pods/a%2F..%2F..%2Fb%3Fc%23d"


_json = st.recursive(
    st.integers(0, 3) | st.text("ab", max_size=1) | st.lists(st.integers(0, 2), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
_objects = st.dictionaries(st.sampled_from("abc"), _json, max_size=3)


@given(_objects, _objects)
def test_a_merge_difference_applied_gives_the_new_object(old, new):
    change = merge_difference(old, new)
    assert merged(old, change) == new
    assert (change == {}) == (old == new)
