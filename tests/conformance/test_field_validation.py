"""fieldValidation=Strict: unknown and duplicate fields are refused, valid objects are not."""

from collections.abc import Iterator

import pytest

from tests.conformance.cluster import APPLY, Cluster, Object, Refused, Space
from tests.conformance.definitions import Custom, definition, version

CLOSED: Object = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "foo": {"type": "string"},
                "ports": {
                    "type": "array",
                    "x-kubernetes-list-map-keys": ["containerPort"],
                    "x-kubernetes-list-type": "map",
                    "items": {
                        "type": "object",
                        "required": ["containerPort"],
                        "properties": {"containerPort": {"type": "integer"}, "hostPort": {"type": "integer"}},
                    },
                },
                "template": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "properties": {
                        "metadata": {"type": "object", "properties": {"name": {"type": "string"}}},
                        "spec": {"type": "object", "properties": {"foo": {"type": "string"}}},
                    },
                },
            },
        }
    },
}
EMBEDDED = '"template": {"apiVersion": "foo/v1", "kind": "Sub", "metadata": {"name": "sub"%s}, "spec": {"foo": "x"}}'


@pytest.fixture(scope="module")
def closed(cluster: Cluster) -> Iterator[Custom]:
    yield Custom(cluster, definition(version(schema=CLOSED)))


@pytest.fixture(scope="module")
def free(cluster: Cluster) -> Iterator[Custom]:
    yield Custom(cluster, definition())


def apply(space: Space, kind: str, name: str, text: str) -> Object:
    path = space.path(kind, name)
    return space.cluster.ask(
        "PATCH", path, text.encode(), {"Content-Type": APPLY}, fieldManager="me", fieldValidation="Strict"
    )


def create(space: Space, kind: str, text: str) -> Object:
    return space.cluster.ask("POST", space.path(kind), text.encode(), fieldValidation="Strict")


def custom(kind: Custom, name: str, spec: str, metadata: str = "") -> str:
    head = f'"apiVersion": "{kind.api_version}", "kind": "{kind.kind}"'
    return f'{{{head}, "metadata": {{"name": "{name}"{metadata}}}, "spec": {{{spec}}}}}'


def test_valid_custom_resource(space: Space, closed: Custom) -> None:
    spec = '"foo": "foo1", "ports": [{"containerPort": 80, "hostPort": 81}]'
    assert create(space, closed.path, custom(closed, "created", spec))["spec"]["foo"] == "foo1"
    assert apply(space, closed.path, "applied", custom(closed, "applied", spec))["spec"]["foo"] == "foo1"


def test_unknown_fields_of_a_custom_resource(space: Space, closed: Custom) -> None:
    spec = '"foo": "foo1", "unknown": "x", "ports": [{"containerPort": 80, "stranger": 81}]'
    words = 'unknown field "spec.unknown"', 'unknown field "spec.ports[0].stranger"'
    with pytest.raises(Refused) as found:
        create(space, closed.path, custom(closed, "a", spec))
    assert found.value.code == 400
    for word in words:
        assert word in found.value.status["message"]
    with pytest.raises(Refused) as found:
        apply(space, closed.path, "a", custom(closed, "a", spec))
    assert "field not declared in schema" in found.value.status["message"]
    assert not space.cluster.exists(space.path(closed.path, "a"))


def test_duplicates_where_unknown_fields_are_kept(space: Space, free: Custom) -> None:
    with pytest.raises(Refused) as found:
        create(space, free.path, custom(free, "a", '"unknown": "x", "foo": "1", "foo": "2"'))
    assert found.value.code == 400
    assert 'duplicate field "spec.foo"' in found.value.status["message"]
    with pytest.raises(Refused) as found:
        apply(space, free.path, "a", custom(free, "a", '"unknown": "x", "foo": "1", "foo": "2"'))
    assert '"foo" already set' in found.value.status["message"]


def test_unknown_and_duplicate_fields_of_a_typed_object(space: Space) -> None:
    container = '{"name": "x", "image": "x", "imagePullPolicy": "Always", "imagePullPolicy": "Never"}'
    spec = (
        '"unknown1": "x", "replicas": 1, "replicas": 2, "selector": {"matchLabels": {"app": "x"}}, '
        f'"template": {{"metadata": {{"labels": {{"app": "x"}}}}, "spec": {{"containers": [{container}]}}}}'
    )
    text = f'{{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "a"}}, "spec": {{{spec}}}}}'
    with pytest.raises(Refused) as found:
        create(space, "apps/v1/deployments", text)
    assert found.value.code == 400
    for word in (
        'unknown field "spec.unknown1"',
        'duplicate field "spec.replicas"',
        'duplicate field "spec.template.spec.containers[0].imagePullPolicy"',
    ):
        assert word in found.value.status["message"]
    with pytest.raises(Refused) as found:
        apply(space, "apps/v1/deployments", "a", text)
    assert not space.cluster.exists(space.path("apps/v1/deployments", "a"))


def test_unknown_metadata_of_a_custom_resource(space: Space, closed: Custom) -> None:
    text = custom(closed, "a", EMBEDDED % ', "unknownSub": "x"', ', "unknownMeta": "x"')
    with pytest.raises(Refused) as found:
        create(space, closed.path, text)
    assert 'unknown field "metadata.unknownMeta"' in found.value.status["message"]
    assert 'unknown field "spec.template.metadata.unknownSub"' in found.value.status["message"]
    with pytest.raises(Refused) as found:
        apply(space, closed.path, "a", text)
    assert "unknownMeta" in found.value.status["message"]
    with pytest.raises(Refused) as found:
        apply(space, closed.path, "a", custom(closed, "a", EMBEDDED % ', "unknownSub": "x"'))
    assert "unknownSub" in found.value.status["message"]
    assert not space.cluster.exists(space.path(closed.path, "a"))


def test_unknown_metadata_of_a_typed_object(space: Space) -> None:
    text = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "unknownMeta": "x"}}'
    with pytest.raises(Refused) as found:
        create(space, "configmaps", text)
    assert found.value.code == 400
    assert 'unknown field "metadata.unknownMeta"' in found.value.status["message"]
    with pytest.raises(Refused) as found:
        apply(space, "configmaps", "a", text)
    assert "unknownMeta" in found.value.status["message"]
    assert not space.cluster.exists(space.path("configmaps", "a"))
