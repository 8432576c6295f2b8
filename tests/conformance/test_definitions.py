"""Custom resource definitions: watched, listed, published, selected by fields in every version."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance import certificates
from tests.conformance.cluster import Cluster, Kubectl, Object, Refused, Space, eventually
from tests.conformance.definitions import BARS, DEFINITIONS, FREE, Custom, definition, version
from tests.conformance.hooks import Hooks


def test_watched(cluster: Cluster, space: Space) -> None:
    """The objects of a definition, one after another; and the definition itself."""
    body = definition(watched=space.name)
    with cluster.watch(DEFINITIONS, labelSelector=f"watched={space.name}") as definitions:
        custom = Custom(cluster, body)
        definitions.until("ADDED", custom.name)
        definitions.until("MODIFIED", custom.name)
        with cluster.watch(space.path(custom.path)) as watch:
            space.create(custom.path, custom.object("a", spec={"x": 1}))
            space.create(custom.path, custom.object("b"))
            space.patch(custom.path, "a", {"spec": {"x": 2}})
            space.delete(custom.path, "a")
            space.delete(custom.path, "b")
            changes = [("ADDED", "a"), ("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "a"), ("DELETED", "b")]
            assert watch.some(5) == changes
        custom.delete()
        definitions.until("DELETED", custom.name)


def test_listed_and_deleted_by_label(cluster: Cluster, space: Space) -> None:
    label = f"listed={space.name}"
    names = [cluster.create(DEFINITIONS, definition(listed=space.name))["metadata"]["name"] for _ in range(10)]
    other = cluster.create(DEFINITIONS, definition(listed="other"))["metadata"]["name"]
    assert sorted(cluster.names(DEFINITIONS, labelSelector=label)) == sorted(names)
    cluster.delete(DEFINITIONS, labelSelector=label)
    eventually(lambda: not cluster.names(DEFINITIONS, labelSelector=label), "none are left")
    assert cluster.exists(f"{DEFINITIONS}/{other}")


HOSTS: Object = {"type": "object", "properties": {"host": {"type": "string"}, "port": {"type": "string"}}}
JOINED: Object = {"type": "object", "properties": {"hostPort": {"type": "string"}}}


def convert(review: Object) -> Object:
    """v1 has host and port, v2 has hostPort."""
    # Long enough for the next change to come in between.
    time.sleep(0.03)
    wanted = review["request"]["desiredAPIVersion"]
    found = []
    for item in review["request"]["objects"]:
        if item["apiVersion"] != wanted:
            item["apiVersion"] = wanted
            if "hostPort" in item:
                item["host"], item["port"] = item.pop("hostPort").split(":")
            elif "host" in item:
                item["hostPort"] = f"{item.pop('host')}:{item.pop('port')}"
        found.append(item)
    answer = {"uid": review["request"]["uid"], "result": {"status": "Success"}, "convertedObjects": found}
    return {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}


@pytest.fixture
def converter(tmp_path: Path) -> Iterator[Hooks]:
    with Hooks(tmp_path, {"/convert": convert}) as hooks:
        yield hooks


def test_field_selectors_in_every_version(cluster: Cluster, space: Space, converter: Hooks) -> None:
    body = definition(
        version("v1", HOSTS, selectableFields=[{"jsonPath": ".host"}]),
        version("v2", JOINED, storage=False, selectableFields=[{"jsonPath": ".hostPort"}]),
    )
    body["spec"]["conversion"] = {
        "strategy": "Webhook",
        "webhook": {
            "clientConfig": {"url": f"{converter.url}/convert", "caBundle": certificates.bundle()},
            "conversionReviewVersions": ["v1"],
        },
    }
    custom = Custom(cluster, body)
    second = custom.path.replace("/v1/", "/v2/")
    old, new = space.path(custom.path), space.path(second)
    with (
        cluster.watch(old, fieldSelector="host=host1") as hosts,
        cluster.watch(new, fieldSelector="hostPort=host1:80") as joined,
    ):
        space.create(custom.path, custom.object("one", host="host1", port="80"))
        space.create(custom.path, custom.object("two", host="host1", port="8080"))
        space.create(custom.path, custom.object("three", host="host2", port="80"))
        assert cluster.names(old, fieldSelector="host=host1") == ["one", "two"]
        assert cluster.names(new, fieldSelector="hostPort=host1:80") == ["one"]
        assert cluster.get(f"{new}/one")["hostPort"] == "host1:80"
        with pytest.raises(Refused):
            cluster.get(old, fieldSelector="port=80")
        space.patch(custom.path, "one", {"host": "host2"})
        space.patch(second, "two", {"hostPort": "host1:80"})
        assert cluster.names(old, fieldSelector="host=host1") == ["two"]
        assert cluster.names(old, fieldSelector="host!=host1") == ["one", "three"]
        cluster.delete(new, fieldSelector="hostPort=host1:80")
        assert space.names(custom.path) == ["one", "three"]
        assert hosts.some(5) == [
            ("ADDED", "one"),
            ("ADDED", "two"),
            ("DELETED", "one"),
            ("MODIFIED", "two"),
            ("DELETED", "two"),
        ]
        assert joined.some(4) == [("ADDED", "one"), ("DELETED", "one"), ("ADDED", "two"), ("DELETED", "two")]


def text(custom: Custom, name: str, **fields: object) -> str:
    return json.dumps(custom.object(name, **fields))


def published(cluster: Cluster, custom: Custom) -> Object:
    """Its schema in OpenAPI v3, once it is there."""
    path = f"/openapi/v3/apis/{custom.group}/{custom.version}"

    def look() -> Object | None:
        if not cluster.exists(path):
            return None
        for schema in cluster.get(path)["components"]["schemas"].values():
            kinds = schema.get("x-kubernetes-group-version-kind", [])
            if {"group": custom.group, "version": custom.version, "kind": custom.kind} in kinds:
                return dict(schema)
        return None

    return eventually(look, f"{custom.name} is published") or {}


def test_published_with_a_schema(cluster: Cluster, kubectl: Kubectl) -> None:
    custom = Custom(cluster, definition(version(schema=BARS)))
    published(cluster, custom)
    good: Object = {"bars": [{"name": "test-bar"}]}
    for verb in ("create", "apply"):
        kubectl(verb, "-f", "-", stdin=text(custom, f"ok-{verb}", spec=good))
        said = kubectl(verb, "-f", "-", stdin=text(custom, "no", spec={"bars": [], "foo": True}), code=1)
        assert 'unknown field "spec.foo"' in said
        said = kubectl(verb, "-f", "-", stdin=text(custom, "no", spec={"bars": [{"age": "10"}]}), code=1)
        assert "spec.bars[0].name: Required value" in said
        said = kubectl(
            verb, "-f", "-", stdin=text(custom, "no", spec={"bars": [{"name": "x", "feeling": "So"}]}), code=1
        )
        assert 'Unsupported value: "So"' in said
    changed: Object = {"bars": [{"name": "test-bar", "age": "10"}]}
    assert "configured" in kubectl("apply", "-f", "-", stdin=text(custom, "ok-apply", spec=changed))
    assert "Foo CRD for Testing" in kubectl("explain", custom.plural)
    assert "Specification of Foo" in kubectl("explain", f"{custom.plural}.spec")
    said = kubectl("explain", f"{custom.plural}.spec.bars")
    for words in ("name", "-required-", "<string>", "Age of Bar.", "List of Bazs."):
        assert words in said
    assert "fields bazs" not in said
    assert "<[]string>" in kubectl("explain", f"{custom.plural}.spec.bars.bazs")
    assert 'field "notexists" does not exist' in kubectl("explain", f"{custom.plural}.spec.notexists", code=1)


@pytest.mark.parametrize("schema", ["root", "object"])
def test_published_where_unknown_fields_are_kept(cluster: Cluster, kubectl: Kubectl, schema: str) -> None:
    inner: Object = {"type": "object", "properties": {"spec": FREE, "status": {"type": "object"}}}
    custom = Custom(cluster, definition(version(schema=FREE if schema == "root" else inner)))
    published(cluster, custom)
    for verb in ("create", "apply"):
        kubectl(verb, "-f", "-", stdin=text(custom, f"ok-{verb}", spec={"a": None, "b": [{"c": "d"}]}))
    kubectl("apply", "-f", "-", stdin=text(custom, "ok-apply", spec={"a": 2}))
    assert custom.kind in kubectl("explain", custom.plural)
    assert "DESCRIPTION" in kubectl("explain", custom.plural)


@pytest.mark.parametrize("same_group", [False, True], ids=["groups", "kinds"])
def test_several_published(cluster: Cluster, same_group: bool) -> None:
    groups = ["one.kinds.example.com"] * 2 if same_group else ["one.groups.example.com", "two.groups.example.com"]
    customs = [Custom(cluster, definition(version(schema=BARS), group=group)) for group in groups]
    for custom in customs:
        assert published(cluster, custom)["properties"]["spec"]["description"] == "Specification of Foo"
    definitions = cluster.get("/openapi/v2")["definitions"]
    kinds = [kind for schema in definitions.values() for kind in schema.get("x-kubernetes-group-version-kind", ())]
    for custom in customs:
        assert {"group": custom.group, "version": "v1", "kind": custom.kind} in kinds
