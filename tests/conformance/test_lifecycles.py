"""Kinds whose lifecycle is alike: discovered, created, read, listed, watched, patched, replaced, deleted in turn."""

import copy
import itertools
import json
from typing import Any

import pytest

from tests.conformance.cluster import JSON_PATCH, Cluster, Object, Space, Watch
from tests.conformance.kinds import ALL_VERBS, KINDS, Kind

numbers = itertools.count(1)


class Lifecycle:
    """One kind's objects of one test."""

    def __init__(self, kind: Kind, space: Space) -> None:
        self.kind = kind
        self.cluster: Cluster = space.cluster
        self.label = f"lifecycle={space.name}"
        self.space = space
        root = f"/apis/{kind.group_version}" if "/" in kind.path else "/api/v1"
        self.everywhere = f"{root}/{kind.plural}"
        self.collection = space.path(kind.path) if kind.namespaced else self.everywhere

    def create(self) -> Object:
        name = f"{self.space.name}-{next(numbers)}"
        text = json.dumps(self.kind.body)
        for word, value in (("NAMESPACE", self.space.name), ("NAME", name), ("NUMBER", str(next(numbers)))):
            text = text.replace(word, value)
        body = json.loads(text)
        body["metadata"] = {"name": name, "labels": {"lifecycle": self.space.name}}
        return self.cluster.create(self.collection, body)

    def path(self, obj: Object) -> str:
        return f"{self.collection}/{obj['metadata']['name']}"

    def listed(self) -> list[str]:
        return self.cluster.names(self.everywhere, labelSelector=self.label)


@pytest.fixture(params=KINDS)
def lifecycle(request: pytest.FixtureRequest, space: Space) -> Lifecycle:
    return Lifecycle(KINDS[request.param], space)


def includes(whole: Any, part: Any) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and includes(whole[key], value) for key, value in part.items())
    return bool(whole == part)


def test_lifecycle(lifecycle: Lifecycle) -> None:
    discovered(lifecycle)
    first = lifecycle.create()
    with lifecycle.cluster.watch(
        lifecycle.collection, labelSelector=lifecycle.label, resourceVersion=first["metadata"]["resourceVersion"]
    ) as watch:
        read(lifecycle, first)
        patched(lifecycle, first, watch)
        replaced(lifecycle, first, watch)
        status(lifecycle, first, watch)
        deleted(lifecycle, first, watch)


def discovered(lifecycle: Lifecycle) -> None:
    kind = lifecycle.kind
    if "/" in kind.path:
        group, _, version = kind.group_version.partition("/")
        groups = {found["name"]: found for found in lifecycle.cluster.get("/apis")["groups"]}
        assert kind.group_version in [found["groupVersion"] for found in groups[group]["versions"]]
        assert version in [found["version"] for found in lifecycle.cluster.get(f"/apis/{group}")["versions"]]
    root = f"/apis/{kind.group_version}" if "/" in kind.path else "/api/v1"
    resources = {found["name"]: found for found in lifecycle.cluster.get(root)["resources"]}
    assert set(resources[kind.plural]["verbs"]) >= ALL_VERBS
    if kind.status:
        assert set(resources[f"{kind.plural}/status"]["verbs"]) == {"get", "patch", "update"}


def read(lifecycle: Lifecycle, first: Object) -> None:
    name = first["metadata"]["name"]
    assert lifecycle.cluster.get(lifecycle.path(first))["metadata"]["uid"] == first["metadata"]["uid"]
    assert lifecycle.listed() == [name]
    assert lifecycle.cluster.names(lifecycle.collection, labelSelector=lifecycle.label) == [name]
    assert lifecycle.cluster.names(lifecycle.everywhere, labelSelector=f"{lifecycle.label}-not") == []


def patched(lifecycle: Lifecycle, first: Object, watch: Watch) -> None:
    change = {"metadata": {"annotations": {"patched": "true"}}} | copy.deepcopy(lifecycle.kind.patch)
    answer = lifecycle.cluster.patch(lifecycle.path(first), change)
    assert includes(answer, change)
    assert includes(lifecycle.cluster.get(lifecycle.path(first)), change)
    while "patched" not in watch.until("MODIFIED")["metadata"].get("annotations", {}):
        pass


def replaced(lifecycle: Lifecycle, first: Object, watch: Watch) -> None:
    lifecycle.cluster.change(
        lifecycle.path(first), lambda found: found["metadata"]["annotations"].update(updated="true")
    )
    assert lifecycle.cluster.get(lifecycle.path(first))["metadata"]["annotations"]["updated"] == "true"
    while "updated" not in watch.until("MODIFIED")["metadata"]["annotations"]:
        pass


def status(lifecycle: Lifecycle, first: Object, watch: Watch) -> None:
    """Written by patch and by update, seen by those who read the object; the rest of the object stays."""
    wanted = lifecycle.kind.status
    if not wanted:
        return
    path = f"{lifecycle.path(first)}/status"
    assert lifecycle.cluster.get(path)["metadata"]["uid"] == first["metadata"]["uid"]
    answer = lifecycle.cluster.patch(path, {"metadata": {"annotations": {"patchedstatus": "true"}}, "status": wanted})
    assert includes(answer["status"], wanted)
    assert answer["metadata"]["annotations"].get("patched") == "true"
    answer = lifecycle.cluster.patch(path, [{"op": "remove", "path": "/status"}], JSON_PATCH)
    assert not includes(answer.get("status", {}), wanted)
    lifecycle.cluster.change(lifecycle.path(first), lambda found: found.update(status=wanted), "/status")
    assert includes(lifecycle.cluster.get(lifecycle.path(first))["status"], wanted)
    while not includes(watch.until("MODIFIED").get("status", {}), wanted):
        pass


def deleted(lifecycle: Lifecycle, first: Object, watch: Watch) -> None:
    """One by its name, the others as a collection: only what the selector matches."""
    others = [lifecycle.create()["metadata"]["name"] for _ in range(2)]
    kept = lifecycle.create()
    lifecycle.cluster.patch(lifecycle.path(kept), {"metadata": {"labels": {"lifecycle": "kept"}}})
    assert sorted(lifecycle.listed()) == sorted([first["metadata"]["name"], *others])
    lifecycle.cluster.delete(lifecycle.path(first))
    lifecycle.cluster.gone(lifecycle.path(first))
    watch.until("DELETED", first["metadata"]["name"])
    assert sorted(lifecycle.listed()) == sorted(others)
    lifecycle.cluster.delete(lifecycle.collection, labelSelector=lifecycle.label)
    for name in others:
        lifecycle.cluster.gone(f"{lifecycle.collection}/{name}")
    assert lifecycle.listed() == []
    assert lifecycle.cluster.exists(lifecycle.path(kept))
    lifecycle.cluster.delete(lifecycle.path(kept))
