"""What a CustomResourceDefinition must be: one small change to a good one, and the errors it makes."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from apiserver_stub.registry import strategies
from apiserver_stub.registry.apiextensions import definition_go
from apiserver_stub.schema import kinds

Object = dict[str, Any]

CASES = yaml.safe_load(Path(__file__).with_name("definition_cases.yaml").read_text())
LABEL = "a DNS-1035 label must consist of lower case alphanumeric"
OPEN = "x-kubernetes-preserve-unknown-fields"
LIST = "x-kubernetes-list-type"
KEYS = "x-kubernetes-list-map-keys"


def cases(name: str) -> list[tuple[Any, list[str]]]:
    return [(case["given"], case["errors"]) for case in CASES[name]]


def strategy() -> Any:
    resource = kinds.builtin().get("apiextensions.k8s.io", "v1", "customresourcedefinitions")
    assert resource is not None
    return strategies.for_resource(resource)


def version(name: str = "v1", schema: Any = None, storage: bool = True, **more: Any) -> Object:
    root = {"type": "object"} if schema is None else schema
    return {"name": name, "served": True, "storage": storage, "schema": {"openAPIV3Schema": root}, **more}


def crd(*versions: Object, names: Object | None = None, **spec: Any) -> Object:
    obj: Object = {
        "metadata": {"name": "xs.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "xs", "kind": "X", **(names or {})},
            "versions": list(versions or [version()]),
            **spec,
        },
    }
    return copy.deepcopy(obj)


def made(obj: Object) -> Object:
    rules = strategy()
    rules.default(obj)
    rules.prepare_create(obj)
    return obj


def faults(obj: Object) -> list[str]:
    return [error.message for error in strategy().validate(made(obj))]


def changed(old: Object, **spec: Any) -> list[str]:
    rules = strategy()
    before = made(old)
    obj = copy.deepcopy(before)
    obj["spec"] |= spec
    rules.default(obj)
    rules.prepare_update(obj, before)
    return [error.message for error in rules.validate_update(obj, before)]


def test_defaults() -> None:
    obj = made(crd())
    assert obj["spec"]["names"] == {"plural": "xs", "kind": "X", "singular": "x", "listKind": "XList"}
    assert obj["spec"]["conversion"] == {"strategy": "None"}
    assert obj["status"] == {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": ["v1"],
    }
    assert obj["metadata"]["generation"] == 1
    assert strategy().validate(obj) == []


def test_the_storage_version_joins_the_stored_versions() -> None:
    rules, before = strategy(), made(crd())
    obj = copy.deepcopy(before)
    obj["spec"]["versions"] = [version(storage=False), version("v2")]
    rules.prepare_update(obj, before)
    assert obj["status"]["storedVersions"] == ["v1", "v2"]
    assert obj["metadata"]["generation"] == 2
    assert rules.validate_update(obj, before) == []


@pytest.mark.parametrize(("spec", "expected"), cases("spec"))
def test_spec(spec: Object, expected: list[str]) -> None:
    found = faults(crd(**spec))
    found = [fault for fault in found if not fault.startswith("metadata.name")]
    assert len(found) == len(expected), found
    for fault, part in zip(found, expected, strict=True):
        assert part in fault


@pytest.mark.parametrize(("version_fields", "expected"), cases("version"))
def test_version(version_fields: Object, expected: list[str]) -> None:
    properties = {f"f{i}": {"type": "string"} for i in range(9)}
    properties |= {"a": {"type": "string"}, "l": {"type": "array", "items": {"type": "string"}}}
    schema = {"type": "object", "properties": properties}
    schema["properties"]["m"] = {"type": "object", "additionalProperties": {"type": "string"}}  # type: ignore[index]
    found = faults(crd(version(schema=schema, **version_fields)))
    assert len(found) == len(expected), found
    for fault, part in zip(found, expected, strict=True):
        assert part in fault


@pytest.mark.parametrize(("schema", "expected"), cases("schema"))
def test_schema(schema: Object, expected: list[str]) -> None:
    found = faults(crd(version(schema={"type": "object", "properties": {"a": schema}})))
    assert len(found) == len(expected), found
    for fault, part in zip(found, expected, strict=True):
        assert part in fault
        assert fault.startswith("spec.validation.openAPIV3Schema.properties[a].")


@pytest.mark.parametrize(("root", "expected"), cases("root"))
def test_root(root: Object, expected: list[str]) -> None:
    found = faults(crd(version(schema=root)))
    assert len(found) == len(expected), found
    for fault, part in zip(found, expected, strict=True):
        assert part in fault


def test_root_beside_a_status_subresource() -> None:
    schema = {"type": "object", "minProperties": 1}
    (found,) = faults(crd(version(schema=schema, subresources={"status": {}})))
    assert found.startswith('spec.validation.openAPIV3Schema: Invalid value: {"ID":"","Schema":"","Ref":null,')
    assert '"MinProperties":1' in found
    assert found.endswith(
        "XValidations] fields are allowed at the root of the schema if the status subresource is enabled"
    )


def test_what_differs_between_versions_is_named_by_version() -> None:
    bad = {"type": "object", "properties": {"a": {}}}
    found = faults(crd(version(), version("v2", schema=bad, storage=False)))
    assert found == [
        "spec.versions[1].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified "
        "object fields"
    ]


def test_struct_in_a_message() -> None:
    shown = definition_go.version(
        {"name": "v1"}, {"openAPIV3Schema": {"type": "object", "items": {"type": "x"}}}, {"status": {}}, None, None
    )
    assert shown["Subresources"] == {"Status": {}, "Scale": None}
    schema = shown["Schema"]["OpenAPIV3Schema"]
    assert schema["Items"]["Schema"]["Type"] == "x"
    assert schema["Items"]["JSONSchemas"] is None


@pytest.mark.parametrize(("annotation", "expected"), cases("approval"))
def test_protected_groups(annotation: str | None, expected: list[str]) -> None:
    obj = crd(group="tests.k8s.io")
    obj["metadata"]["name"] = "xs.tests.k8s.io"
    if annotation is not None:
        obj["metadata"]["annotations"] = {"api-approved.kubernetes.io": annotation}
    found = faults(obj)
    assert len(found) == len(expected), found
    for fault, part in zip(found, expected, strict=True):
        assert part in fault
        assert fault.startswith("metadata.annotations[api-approved.kubernetes.io]: ")


def test_updates() -> None:
    assert changed(crd(), scope="Cluster") == []
    established = made(crd())
    established["status"]["conditions"] = [{"type": "Established", "status": "True"}]
    rules = strategy()
    obj = copy.deepcopy(established)
    obj["spec"]["scope"] = "Cluster"
    obj["spec"]["names"] |= {"kind": "Y", "plural": "ys"}
    assert [error.message for error in rules.validate_update(obj, established)] == [
        'spec.scope: Invalid value: "Cluster": field is immutable',
        'spec.names.kind: Invalid value: "Y": field is immutable',
        'spec.names.plural: Invalid value: "ys": field is immutable',
    ]


def test_a_stored_version_must_stay() -> None:
    (found,) = changed(crd(), versions=[version("v2")])
    assert found.startswith(
        'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously'
    )


def test_what_was_always_wrong_may_stay_wrong() -> None:
    items = {"type": "object", "properties": {"k": {"type": "string"}}}
    wrong = {LIST: "map", KEYS: ["k"], "type": "array", "items": items}
    old = crd(version(schema={"type": "object", "properties": {"a": wrong}}))
    assert len(faults(copy.deepcopy(old))) == 1
    assert changed(old, names={"plural": "xs", "kind": "X", "shortNames": ["x"]}) == []


def test_schemas_within_items_are_pruned_too() -> None:
    items = {"type": "string", "unknown": 1, "nullable": False, "enum": ["a", None]}
    obj = made(
        crd(version(schema={"type": "array", "items": items, "additionalProperties": {"type": "string", "x": {}}}))
    )
    schema = obj["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert schema["items"] == {"type": "string", "enum": ["a", None]}
    assert schema["additionalProperties"] == {"type": "string"}


def test_warnings() -> None:
    properties = {
        name: {"type": "string", "format": name} for name in ("date-time", "int64", "colour", "k8s-short-name")
    }
    obj = made(crd(version(schema={"type": "object", "properties": properties})))
    assert strategy().warnings(obj, None) == ['unrecognized format "colour"']
    assert strategy().warnings(obj, obj) == []
