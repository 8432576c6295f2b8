"""Which parameters a binding gives to its policy."""

from collections.abc import Iterable
from typing import Any

import pytest

from apiserver_stub.admission.policies import parameters
from apiserver_stub.schema import kinds

CONFIGMAPS = kinds.builtin().get("", "v1", "configmaps")
NODES = kinds.builtin().get("", "v1", "nodes")


class Source:
    def __init__(self, *known: str) -> None:
        self.objects = {}
        for path in known:
            namespace, _, name = path.partition("/")
            self.objects[namespace, name] = {"metadata": {"name": name, "labels": {"n": name}}}

    def kind(self, api_version: str, kind: str) -> kinds.Resource | None:
        group, _, version = api_version.rpartition("/")
        return kinds.builtin().by_kind(group, version, kind)

    def get(self, resource: kinds.Resource, namespace: str, name: str) -> Any:
        return self.objects.get((namespace, name))

    def of_namespace(self, resource: kinds.Resource, namespace: str) -> Iterable[Any]:
        return [obj for (found, _), obj in self.objects.items() if found == namespace]


@pytest.mark.parametrize(
    ("of", "ref", "namespace", "expected"),
    [
        (None, {"name": "a"}, "n", [None]),
        (CONFIGMAPS, None, "n", [None]),
        (CONFIGMAPS, {"name": "a"}, "n", ["a"]),
        (CONFIGMAPS, {"name": "a", "namespace": "m"}, "n", []),
        (CONFIGMAPS, {"name": "c", "namespace": "m"}, "", ["c"]),
        (CONFIGMAPS, {"selector": {}}, "n", ["a", "b"]),
        (CONFIGMAPS, {"selector": {"matchLabels": {"n": "b"}}}, "n", ["b"]),
        (NODES, {"name": "x"}, "n", ["x"]),
    ],
)
def test_what_is_found(of: kinds.Resource | None, ref: Any, namespace: str, expected: list[Any]) -> None:
    source = Source("n/b", "n/a", "m/c", "/x")
    found = parameters.collect(of, ref, namespace, source)
    assert [one and one["metadata"]["name"] for one in found] == expected


@pytest.mark.parametrize(
    ("of", "ref", "message"),
    [
        (
            CONFIGMAPS,
            {"name": "a"},
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources",
        ),
        (
            NODES,
            {"name": "a", "namespace": "n"},
            "paramRef.namespace must not be provided for a cluster-scoped `paramKind`",
        ),
        (
            NODES,
            {"name": "a", "parameterNotFoundAction": "Deny"},
            "no params found for policy binding with `Deny` parameterNotFoundAction",
        ),
    ],
)
def test_what_cannot_be_followed(of: kinds.Resource, ref: Any, message: str) -> None:
    with pytest.raises(parameters.ConfigurationError) as fault:
        parameters.collect(of, ref, "", Source())
    assert str(fault.value) == message


def test_kinds() -> None:
    assert parameters.resource(None, Source()) is None
    assert parameters.resource({"apiVersion": "v1", "kind": "ConfigMap"}, Source()) == CONFIGMAPS
    with pytest.raises(parameters.ConfigurationError, match=r"paramKind: 'a\.b/v1, Kind=C'"):
        parameters.resource({"apiVersion": "a.b/v1", "kind": "C"}, Source())
