"""A small registry: decodes, defaults and validates objects as the write path does."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from typing import Any

import pytest

from apiserver_stub.registry import metadata, strategies
from apiserver_stub.schema import decode, kinds

Object = dict[str, Any]
UID = "11111111-2222-3333-4444-555555555555"


class Objects:
    """A view of objects that a test puts there: {(group, plural): {(namespace, name): object}}."""

    off: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], dict[tuple[str, str], Object]] = {}

    def put(self, group: str, plural: str, obj: Object) -> None:
        meta = obj["metadata"]
        self.held.setdefault((group, plural), {})[meta.get("namespace", ""), meta["name"]] = obj

    def get(self, group: str, plural: str, namespace: str, name: str) -> Object | None:
        return self.held.get((group, plural), {}).get((namespace, name))

    def list(self, group: str, plural: str) -> Iterable[Object]:
        return self.held.get((group, plural), {}).values()


class Writer:
    """Creates and updates without storing; `errors` are the messages that a client would read."""

    def __init__(self) -> None:
        self.view = Objects()
        self.view.put("", "serviceaccounts", {"metadata": {"namespace": "ns", "name": "default"}})
        self.strategies = strategies.Strategies(self.view)

    def _resource(self, body: Object) -> kinds.Resource:
        group, _, version = body["apiVersion"].rpartition("/")
        found = kinds.builtin().by_kind(group, version, body["kind"])
        assert found, body
        return found

    def decode(self, body: Object) -> tuple[kinds.Resource, Object]:
        resource = self._resource(body)
        obj, _ = decode.decode(json.dumps(body).encode(), "application/json", resource, "Strict")
        if resource.namespaced:
            obj["metadata"].setdefault("namespace", "ns")
        self.strategies.for_resource(resource).default(obj)
        return resource, obj

    def create(self, body: Object) -> Object:
        obj, errors = self.try_create(body)
        assert not errors
        return obj

    def try_create(self, body: Object) -> tuple[Object, list[str]]:
        resource, obj = self.decode(body)
        strategy = self.strategies.for_resource(resource)
        obj["metadata"] |= {"uid": UID, "creationTimestamp": "2026-01-01T00:00:00Z"}
        strategy.prepare_create(obj)
        errors = metadata.validate(resource, obj) + strategy.validate(obj)
        return obj, [error.message for error in errors]

    def update(self, old: Object, change: Object) -> tuple[Object, list[str]]:
        """`change` is laid over the old object like a merge patch."""
        resource, obj = self.decode(_merge(copy.deepcopy(old), change))
        strategy = self.strategies.for_resource(resource)
        strategy.prepare_update(obj, old)
        errors = metadata.validate_update(resource, obj, old) + strategy.validate_update(obj, old)
        return obj, [error.message for error in errors]

    def update_status(self, old: Object, change: Object) -> tuple[Object, list[str]]:
        resource, obj = self.decode(_merge(copy.deepcopy(old), change))
        strategy = self.strategies.for_resource(resource)
        strategy.prepare_status_update(obj, old)
        return obj, [error.message for error in strategy.validate_status_update(obj, old)]

    def warnings(self, body: Object) -> list[str]:
        resource, obj = self.decode(body)
        return self.strategies.for_resource(resource).warnings(obj, None)


def _merge(into: Object, change: Object) -> Object:
    for name, value in change.items():
        if value is None:
            into.pop(name, None)
        elif isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
    return into


@pytest.fixture
def writer() -> Writer:
    return Writer()
