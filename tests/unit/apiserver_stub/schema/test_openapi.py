"""Nodes: what may stand where, and how lists merge."""

import orjson

from apiserver_stub.schema import generate, kinds, openapi


def _node(path: str) -> openapi.Node:
    resource = kinds.builtin().get("apps", "v1", "deployments")
    assert resource
    found: openapi.Node | None = openapi.node_for(resource)
    for step in path.split("."):
        assert found is not None
        found = found.items if step == "[]" else found.values if step == "{}" else found.field(step)
    assert found is not None, path
    return found


def test_types() -> None:
    spec = "spec.template.spec"
    expected = {
        "spec.replicas": ("integer", "int32"),
        "spec.paused": ("boolean", ""),
        "metadata.labels": ("map", ""),
        "metadata.labels.{}": ("string", ""),
        "metadata.creationTimestamp": ("time", "date-time"),
        "spec.strategy.rollingUpdate.maxSurge": ("int-or-string", "int-or-string"),
        f"{spec}.containers": ("array", ""),
        f"{spec}.containers.[].resources.limits.{{}}": ("quantity", ""),
        "metadata.managedFields.[].fieldsV1": ("any", ""),
    }
    for path, wanted in expected.items():
        node = _node(path)
        assert (node.type, node.format) == wanted, path


def test_list_semantics() -> None:
    containers = _node("spec.template.spec.containers")
    assert containers.merge_key == "name"
    assert containers.patch_strategies == {"merge"}
    assert (containers.list_type, containers.list_map_keys) == ("map", ("name",))
    volumes = _node("spec.template.spec.volumes")
    assert volumes.patch_strategies == {"merge", "retainKeys"}
    assert _node("spec.template.spec.containers.[].command").list_type == "atomic"
    assert _node("spec.selector").map_type == "atomic"
    assert _node("spec.template.spec").required == ("containers",)
    assert _node("spec").field("nope") is None


def test_recursive_definitions_end() -> None:
    node = openapi.definitions().node("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps")
    inner = node.field("properties")
    assert inner and inner.values and inner.values.field("properties")


def test_kinds_without_schema_allow_anything() -> None:
    assert openapi.node_for(("example.com", "v1", "Widget")).type == "any"


def test_published_definitions() -> None:
    full = openapi.full_definitions()
    assert set(full) == set(openapi.definitions().names())
    pod = orjson.loads(full["io.k8s.api.core.v1.Pod"])
    assert pod["properties"]["spec"]["$ref"] == "#/definitions/io.k8s.api.core.v1.PodSpec"
    assert pod["properties"]["kind"] == {"type": "string", "description": pod["properties"]["kind"]["description"]}
    assert orjson.loads(full["io.k8s.apimachinery.pkg.api.resource.Quantity"])["type"] == "string"


def test_compact_form() -> None:
    schema = {
        "properties": {
            "n": {"type": ["integer", "null"], "format": "int32"},
            "l": {
                "type": ["array", "null"],
                "items": {"$ref": "#/$defs/x.Y"},
                "x-kubernetes-patch-merge-key": "k",
                "x-kubernetes-patch-strategy": "merge,retainKeys",
            },
            "m": {"type": "object", "additionalProperties": {"type": "string", "format": "byte"}},
        },
        "required": ["n"],
    }
    assert generate.compact_definition(schema) == {
        "f": {
            "n": "int32",
            "l": {"t": "array", "i": "#x.Y", "mk": "k", "ps": ["merge", "retainKeys"]},
            "m": {"t": "map", "v": "byte"},
        },
        "r": ["n"],
    }
    assert generate.compact_definition({"type": ["object", "null"]}) == {"f": {}}
    assert generate.compact_definition({"description": "JSON represents any"}) == {"t": "any"}
