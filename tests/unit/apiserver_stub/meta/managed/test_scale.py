"""Owners of the number of replicas, seen from a Scale and put back."""

from typing import Any

from apiserver_stub.meta.managed import scale

PATHS = {"apps/v1": ("spec", "replicas"), "apps/v0": None}
TIME = "2030-01-01T00:00:00Z"


def entry(name: str, fields: Any, version: str = "apps/v1", operation: str = "Apply", **more: str) -> dict[str, Any]:
    head = {"manager": name, "operation": operation, "apiVersion": version, "time": TIME}
    return {**head, "fieldsType": "FieldsV1", "fieldsV1": fields, **more}


REPLICAS = {"f:spec": {"f:replicas": {}}}
BOTH = {"f:spec": {"f:paused": {}, "f:replicas": {}}}
PAUSED = {"f:spec": {"f:paused": {}}}


def test_a_scale_shows_who_owns_the_replicas() -> None:
    found = scale.of([entry("one", BOTH), entry("two", PAUSED), entry("three", BOTH, "apps/v0")], PATHS)
    assert found == [entry("one", REPLICAS, "autoscaling/v1")]


def test_nothing_changed() -> None:
    parent = [entry("one", BOTH), entry("two", PAUSED)]
    assert scale.put(parent, scale.of(parent, PATHS), "apps/v1", PATHS) == parent


def test_who_sets_the_replicas_takes_them() -> None:
    parent = [entry("one", BOTH), entry("two", REPLICAS), entry("three", PAUSED, operation="Update")]
    hpa = entry("hpa", REPLICAS, "autoscaling/v1", "Update", subresource="scale")
    mine = entry("hpa", REPLICAS, operation="Update", subresource="scale")
    del mine["time"]
    done = scale.put(parent, [hpa], "apps/v1", PATHS)
    assert done == [entry("one", PAUSED), mine, entry("three", PAUSED, operation="Update")]
    assert scale.put(done, [hpa], "apps/v1", PATHS) == done


def test_entries_of_versions_that_are_gone_go() -> None:
    assert scale.put([entry("one", PAUSED, "apps/v9")], [], "apps/v1", PATHS) == []


def test_replicas_that_are_set_to_none_are_nobodys() -> None:
    assert scale.put([entry("one", BOTH)], [], "apps/v1", PATHS) == [entry("one", PAUSED)]
