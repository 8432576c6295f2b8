"""The order of groups, and what is taken over from an extension server's own documents."""

import subprocess
import sys
from typing import Any

import pytest

from apiserver_stub.aggregation import availability, discovery, openapi
from apiserver_stub.aggregation.availability import Condition
from apiserver_stub.aggregation.remote import Remote
from apiserver_stub.schema import kinds
from apiserver_stub.schema.kinds import Group


def remote(group: str, version: str, first: int, second: int) -> Remote:
    return Remote(f"{version}.{group}", "u", group, version, "default", "s", 443, "", False, first, second)


@pytest.mark.parametrize(
    ("remotes", "name", "behind", "versions"),
    [
        # By the group's priority, then by name.
        ([("m.example.com", "v1", 17250, 10)], "m.example.com", "certificates.k8s.io", ("v1",)),
        ([("batch.example.com", "v1", 17400, 10)], "batch.example.com", "batch", ("v1",)),
        # Versions by their own priority, then as Kubernetes orders versions.
        (
            [("m.example.com", v, 100, p) for v, p in (("v1beta1", 10), ("v1", 10), ("v2", 9))],
            "m.example.com",
            "flowcontrol.apiserver.k8s.io",
            ("v1", "v1beta1", "v2"),
        ),
        # The highest priority of any version counts for the group; one of ours may have another's beside it.
        ([("batch", "v9", 17801, 1)], "batch", "", ("v1", "v9")),
    ],
)
def test_order(remotes: list[tuple[str, str, int, int]], name: str, behind: str, versions: tuple[str, ...]) -> None:
    own = kinds.builtin().groups()
    merged = discovery.Merged(own, [remote(*one) for one in remotes]).groups()
    names = [group.name for group in merged]
    place = names.index(name)
    assert merged[place] == Group(name, versions)
    assert names[place - 1] == behind


def test_the_servers_own_order_stays() -> None:
    own = kinds.builtin().groups()
    assert [g for g in discovery.Merged(own, []).groups() if g.name] == [g for g in own if g.name]


def test_resources_with_subresources_in_any_order() -> None:
    base = {"namespaced": True, "verbs": ["get"], "kind": "A"}
    scale = {**base, "name": "as/scale", "kind": "Scale", "group": "autoscaling", "version": "v1"}
    found = discovery.of_resources({"resources": [scale, {**base, "name": "as"}]}, "g", "v1")
    assert found["resources"][0]["resource"] == "as"
    assert found["resources"][0]["subresources"] == [
        {
            "subresource": "scale",
            "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
            "verbs": ["get"],
        }
    ]


@pytest.mark.parametrize("document", [{}, {"paths": []}, {"paths": {}, "definitions": 5}])
def test_what_is_no_openapi(document: Any) -> None:
    with pytest.raises(ValueError, match="no OpenAPI document"):
        openapi.extension(document, "/apis/g/v1")


def test_only_what_belongs_to_the_version() -> None:
    paths = {
        "/apis/g/v1/": {},
        "/apis/g/v1/as": {"get": {"responses": {}}},
        "/apis/g/v11/as": {},
        "/api/v1/pods": {},
        "/apis/g/v1/broken": 5,
    }
    assert set(openapi.extension({"paths": paths}, "/apis/g/v1").paths) == {"/apis/g/v1/", "/apis/g/v1/as"}


@pytest.mark.parametrize(("before", "moved"), [("False", True), ("True", False)])
def test_the_time_of_a_condition(before: str, moved: bool) -> None:
    old = {"type": "Available", "status": before, "lastTransitionTime": "then", "reason": "", "message": ""}
    other = {"type": "Other", "status": "True"}
    obj = {"spec": {}, "status": {"conditions": [old, other]}}
    shown = availability.put(obj, Condition("True", "Passed", "all checks passed"), "now")["status"]["conditions"]
    assert shown[0] == other
    assert shown[1]["lastTransitionTime"] == ("now" if moved else "then")


def test_a_node_without_extension_servers_loads_nothing_for_them() -> None:
    code = (
        "import sys, apiserver_stub.app; "
        "print(*(name for name in sys.modules if name.startswith('apiserver_stub.aggregation.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in done.stdout.split()}
    assert loaded == {"authentication", "controller", "local", "remote"}
