"""managedFields as a table and back."""

from typing import Any

import pytest

from apiserver_stub.meta.managed import entries
from apiserver_stub.meta.managed.entries import Manager, Owned


def entry(name: str, time: str = "", operation: str = "Update", **more: Any) -> dict[str, Any]:
    out = {"manager": name, "operation": operation, "apiVersion": "v1"}
    if time:
        out["time"] = time
    return {**out, "fieldsType": "FieldsV1", "fieldsV1": {f"f:{name}": {}}, **more}


def test_there_and_back() -> None:
    given = [entry("a", "2030-01-01T00:00:00Z", "Apply"), entry("b", subresource="status")]
    assert entries.encode(entries.decode(given)) == given


def test_appliers_come_first_then_the_oldest() -> None:
    given = [
        entry("z", "2030-01-01T00:00:02Z"),
        entry("y", "2030-01-01T00:00:01Z"),
        entry("x", "2030-01-01T00:00:01Z"),
        entry("w", "2030-01-01T00:00:09Z", "Apply"),
        entry("v"),
    ]
    assert [one["manager"] for one in entries.encode(entries.decode(given))] == ["w", "v", "x", "y", "z"]


@pytest.mark.parametrize(
    "change",
    [{"operation": "Delete"}, {"operation": ""}, {"apiVersion": ""}, {"fieldsType": ""}, {"fieldsV1": {"a": {}}}],
)
def test_what_can_not_be_read(change: dict[str, Any]) -> None:
    with pytest.raises(entries.Malformed):
        entries.decode([entry("a") | change])


@pytest.mark.parametrize(
    ("given", "reset"),
    [([], True), ([{}], True), ([{"fieldsV1": {}, "manager": ""}], True), (None, False), ([{}, {}], False)],
)
def test_how_a_client_asks_to_forget_owners(given: Any, reset: bool) -> None:
    assert entries.is_reset(given) is reset


def test_the_oldest_updaters_are_joined_above_ten() -> None:
    table = {
        Manager(f"m{i:02}", "Update", "v1", ""): Owned({f"f:{i}": {}}, "v1", f"2030-01-01T00:00:{i:02}Z")
        for i in range(12)
    }
    table[Manager("applier", "Apply", "", "")] = Owned({"f:x": {}}, "v1")
    done = entries.capped(table)
    assert sorted(key.name for key in done) == ["ancient-changes", "applier", *(f"m{i:02}" for i in range(3, 12))]
    joined = done[Manager("ancient-changes", "Update", "v1", "")]
    assert (joined.fields, joined.time) == ({"f:0": {}, "f:1": {}, "f:2": {}}, "2030-01-01T00:00:02Z")


def test_updaters_of_different_versions_are_not_joined() -> None:
    table = {
        Manager(f"m{i:02}", "Update", f"v{i}", ""): Owned({f"f:{i}": {}}, f"v{i}", f"2030-01-01T00:00:{i:02}Z")
        for i in range(12)
    }
    assert entries.capped(table) == table


@pytest.mark.parametrize(
    ("manager", "text"),
    [
        (Manager("a", "Apply", "", ""), '"a"'),
        (Manager("a", "Update", "v1", ""), '"a" using v1'),
        (Manager("a", "Update", "apps/v1", "status"), '"a" with subresource "status" using apps/v1'),
        (Manager('a"b', "Apply", "", "scale"), '"a\\"b" with subresource "scale"'),
    ],
)
def test_managers_in_messages(manager: Manager, text: str) -> None:
    assert str(manager) == text
