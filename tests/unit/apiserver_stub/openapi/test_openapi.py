"""OpenAPI documents: what kubectl and other clients look for in them."""

import functools
import tracemalloc
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from apiserver_stub import openapi
from apiserver_stub.schema import kinds

KINDS = kinds.builtin()
JSON = dict[str, Any]
GROUP_VERSIONS = [(group.name, version) for group in KINDS.groups() for version in group.versions]


@functools.cache
def v3(group: str, version: str) -> JSON:
    document = openapi.v3_group(KINDS, group, version)
    assert document is not None
    found: JSON = orjson.loads(document.plain())
    return found


@pytest.fixture(scope="module")
def v2() -> JSON:
    found: JSON = orjson.loads(openapi.v2(KINDS).plain())
    return found


def references(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        if isinstance(found.get("$ref"), str):
            yield found["$ref"]
        for value in found.values():
            yield from references(value)
    elif isinstance(found, list):
        for value in found:
            yield from references(value)


def resolve(document: JSON, reference: str) -> Any:
    assert reference.startswith("#/")
    found: Any = document
    for part in reference[2:].split("/"):
        found = found[part]
    return found


def operations(document: JSON) -> Iterator[tuple[str, str, JSON]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield path, method, operation


@pytest.mark.parametrize(("group", "version"), GROUP_VERSIONS)
def test_v3_is_complete_in_itself(group: str, version: str) -> None:
    document = v3(group, version)
    for reference in set(references(document)):
        resolve(document, reference)
    identifiers = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(identifiers) == len(set(identifiers))


def test_v2_is_complete_in_itself(v2: JSON) -> None:
    for reference in set(references(v2)):
        resolve(v2, reference)


@pytest.mark.parametrize(
    "resource", [r for r in KINDS if "patch" in r.verbs], ids=lambda r: f"{r.api_version}/{r.name}"
)
def test_patch_tells_its_kind_and_parameters(resource: kinds.Resource) -> None:
    """kubectl looks a kind's PATCH up to learn whether the server knows fieldValidation and dryRun."""
    wanted = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    found = [
        operation
        for _, method, operation in operations(v3(resource.group, resource.version))
        if method == "patch" and operation["x-kubernetes-group-version-kind"] == wanted
    ]
    assert found
    for operation in found:
        assert {"fieldValidation", "dryRun"} <= {parameter["name"] for parameter in operation["parameters"]}
        assert operation["x-kubernetes-action"] == "patch"


def test_v3_kinds_are_found_by_group_version_kind() -> None:
    """kubectl explain finds the schema so."""
    schemas = v3("apps", "v1")["components"]["schemas"]
    deployment = schemas["io.k8s.api.apps.v1.Deployment"]
    assert deployment["x-kubernetes-group-version-kind"] == [{"group": "apps", "version": "v1", "kind": "Deployment"}]
    assert deployment["properties"]["spec"]["allOf"] == [
        {"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"}
    ]
    assert deployment["properties"]["spec"]["default"] == {}
    template = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert template["x-kubernetes-patch-merge-key"] == "name"


def test_v3_special_types() -> None:
    schemas = v3("", "v1")["components"]["schemas"]
    quantity = schemas["io.k8s.apimachinery.pkg.api.resource.Quantity"]
    assert quantity["oneOf"] == [{"type": "string"}, {"type": "number"}]
    port = schemas["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]
    assert port["format"] == "int-or-string"


def test_paths_of_a_resource() -> None:
    paths = v3("", "v1")["paths"]
    assert set(paths["/api/v1/namespaces/{namespace}/pods"]) == {"get", "post", "delete", "parameters"}
    assert set(paths["/api/v1/namespaces/{namespace}/pods/{name}"]) == {"get", "put", "patch", "delete", "parameters"}
    assert paths["/api/v1/pods"]["get"]["operationId"] == "listCoreV1PodForAllNamespaces"
    assert set(paths["/api/v1/nodes/{name}"]) == {"get", "put", "patch", "delete", "parameters"}
    eviction = paths["/api/v1/namespaces/{namespace}/pods/{name}/eviction"]["post"]
    assert eviction["x-kubernetes-group-version-kind"] == {"group": "policy", "version": "v1", "kind": "Eviction"}


def test_index_names_each_group_version_with_the_documents_hash() -> None:
    paths = orjson.loads(openapi.v3_index(KINDS).plain())["paths"]
    assert len(paths) == len(GROUP_VERSIONS)
    document = openapi.v3_group(KINDS, "apps", "v1")
    assert document is not None
    assert paths["apis/apps/v1"]["serverRelativeURL"] == f"/openapi/v3/apis/apps/v1?hash={document.etag}"
    assert len({entry["serverRelativeURL"] for entry in paths.values()}) == len(paths)


def test_hash_follows_the_kinds() -> None:
    fewer = kinds.Kinds([resource for resource in KINDS if resource.name != "pods"])
    assert openapi.v3_index(fewer).etag != openapi.v3_index(KINDS).etag


def test_unknown_group_version() -> None:
    assert openapi.v3_group(KINDS, "nope.io", "v1") is None
    assert openapi.v3_group(KINDS, "apps", "v9") is None


def test_only_compressed_bytes_stay() -> None:
    fewer = kinds.Kinds([resource for resource in KINDS if resource.name != "nodes"])
    openapi.v3_group(fewer, "", "v1")  # what is loaded once (schema data) is not counted
    tracemalloc.start()
    try:
        size = len(openapi.v2(fewer).gzipped)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < size + 200_000
    assert peak < 8_000_000
