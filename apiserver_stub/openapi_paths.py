"""Paths of the OpenAPI documents: one operation for each verb of each resource, in OpenAPI v3 and v2 shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from apiserver_stub.openapi_parameters import DELETE, LIST, PARAMETERS, PATCH, WRITE
from apiserver_stub.schema import openapi
from apiserver_stub.schema.kinds import Resource, Subresource

JSON = dict[str, Any]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_READ_TYPES: Final = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
_PATCH_TYPES: Final = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)


@dataclass(frozen=True, slots=True)
class _Operation:
    """One HTTP method on one path; `body` and `answer` name definitions ("" for none)."""

    method: str
    action: str
    description: str
    identifier: str
    gvk: tuple[str, str, str]
    parameters: tuple[str, ...] = ()
    body: str = ""
    answer: str = ""
    codes: tuple[int, ...] = (200,)
    consumes: tuple[str, ...] = field(default=("*/*",))


def v3(resource: Resource) -> Iterator[tuple[str, JSON]]:
    """Paths of a resource as OpenAPI v3 (path, path item)."""
    for path, operations in _paths(resource):
        item = {op.method: _v3_operation(op, resource) for op in operations}
        yield path, {**item, "parameters": [_v3_parameter(name) for name in _path_parameters(path)]}


def v2(resource: Resource) -> Iterator[tuple[str, JSON]]:
    """Paths of a resource as OpenAPI v2."""
    for path, operations in _paths(resource):
        item = {op.method: _v2_operation(op, resource) for op in operations}
        yield path, {**item, "parameters": [_v2_reference(name) for name in _path_parameters(path)]}


def roots(resource: Resource) -> set[str]:
    """Definitions that a resource's operations speak of."""
    found = {name for _, ops in _paths(resource) for op in ops for name in (op.body, op.answer)}
    return (found | {resource.definition, f"{_META}WatchEvent"}) - {""}


def _paths(resource: Resource) -> Iterator[tuple[str, list[_Operation]]]:
    base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    collection = (
        f"{base}/namespaces/{{namespace}}/{resource.name}" if resource.namespaced else f"{base}/{resource.name}"
    )
    if resource.namespaced and "list" in resource.verbs:
        yield f"{base}/{resource.name}", [_list(resource, "ForAllNamespaces")]
    yield from _unless_empty(collection, _on_collection(resource))
    yield from _unless_empty(f"{collection}/{{name}}", _on_object(resource))
    for sub in resource.subresources.values():
        yield from _unless_empty(f"{collection}/{{name}}/{sub.name}", _on_subresource(resource, sub))


def _unless_empty(path: str, operations: list[_Operation]) -> Iterator[tuple[str, list[_Operation]]]:
    if operations:
        yield path, operations


def _on_collection(resource: Resource) -> list[_Operation]:
    found, kind, own = [], resource.kind, resource.definition
    if "list" in resource.verbs:
        found.append(_list(resource, ""))
    if "create" in resource.verbs:
        words = f"create {_article(kind)} {kind}"
        found.append(_operation(resource, "post", "create", words, WRITE, own, own, (200, 201, 202)))
    if "deletecollection" in resource.verbs:
        gvk = (resource.group, resource.version, kind)
        identifier = f"delete{_api_name(resource)}Collection{_scope(resource)}{kind}"
        words = f"delete collection of {kind}"
        body, answer, asked = f"{_META}DeleteOptions", f"{_META}Status", (*DELETE, *LIST)
        found.append(_Operation("delete", "deletecollection", words, identifier, gvk, asked, body, answer))
    return found


def _list(resource: Resource, suffix: str) -> _Operation:
    scope = "" if suffix else _scope(resource)
    identifier = f"list{_api_name(resource)}{scope}{resource.kind}{suffix}"
    words = f"list or watch objects of kind {resource.kind}"
    gvk = (resource.group, resource.version, resource.kind)
    return _Operation("get", "list", words, identifier, gvk, LIST, "", _list_definition(resource))


def _on_object(resource: Resource) -> list[_Operation]:
    found, kind, own = [], resource.kind, resource.definition
    if "get" in resource.verbs:
        found.append(_operation(resource, "get", "read", f"read the specified {kind}", (), "", own))
    if "update" in resource.verbs:
        words = f"replace the specified {kind}"
        found.append(_operation(resource, "put", "replace", words, WRITE, own, own, (200, 201)))
    if "patch" in resource.verbs:
        found.append(_patch(resource, f"partially update the specified {kind}", own))
    if "delete" in resource.verbs:
        words, body = f"delete {_article(kind)} {kind}", f"{_META}DeleteOptions"
        found.append(_operation(resource, "delete", "delete", words, DELETE, body, f"{_META}Status", (200, 202)))
    return found


def _patch(resource: Resource, words: str, own: str, sub: Subresource | None = None) -> _Operation:
    gvk = (sub.group, sub.version, sub.kind) if sub else (resource.group, resource.version, resource.kind)
    identifier = f"patch{_api_name(resource)}{_scope(resource)}{resource.kind}{_camel(sub.name) if sub else ''}"
    body = f"{_META}Patch"
    types = tuple(media for media in _PATCH_TYPES if not (resource.is_custom and "strategic" in media))
    return _Operation("patch", "patch", words, identifier, gvk, PATCH, body, own, (200, 201), types)


def _on_subresource(resource: Resource, sub: Subresource) -> list[_Operation]:
    is_own = resource.is_custom and sub.kind == resource.kind
    own = resource.definition if is_own else openapi.node_for(sub).name
    kind, title = resource.kind, _camel(sub.name)
    if sub.kind.endswith("Options") and own == "":
        return [_connect(resource, sub, verb) for verb in ("get", "create") if verb in sub.verbs]
    found = []
    if "get" in sub.verbs:
        words = f"read {sub.name} of the specified {kind}"
        found.append(_operation(resource, "get", "read", words, (), "", own, sub=sub, suffix=title))
    if "create" in sub.verbs:
        words, codes = f"create {sub.name} of {_article(kind)} {kind}", (200, 201, 202)
        found.append(_operation(resource, "post", "create", words, WRITE, own, own, codes, sub=sub, suffix=title))
    if "update" in sub.verbs:
        words = f"replace {sub.name} of the specified {kind}"
        found.append(_operation(resource, "put", "replace", words, WRITE, own, own, (200, 201), sub=sub, suffix=title))
    if "patch" in sub.verbs:
        found.append(_patch(resource, f"partially update {sub.name} of the specified {kind}", own, sub))
    return found


def _connect(resource: Resource, sub: Subresource, verb: str) -> _Operation:
    method = "get" if verb == "get" else "post"
    words = f"connect {method.upper()} requests to {sub.name} of {resource.kind}"
    identifier = f"connect{_api_name(resource)}{method.title()}{_scope(resource)}{resource.kind}{_camel(sub.name)}"
    return _Operation(method, "connect", words, identifier, (sub.group, sub.version, sub.kind))


def _operation(
    resource: Resource,
    method: str,
    verb: str,
    words: str,
    parameters: tuple[str, ...],
    body: str,
    answer: str,
    codes: tuple[int, ...] = (200,),
    *,
    sub: Subresource | None = None,
    suffix: str = "",
) -> _Operation:
    gvk = (sub.group, sub.version, sub.kind) if sub else (resource.group, resource.version, resource.kind)
    identifier = f"{verb}{_api_name(resource)}{_scope(resource)}{resource.kind}{suffix}"
    return _Operation(method, method, words, identifier, gvk, parameters, body, answer, codes)


def _list_definition(resource: Resource) -> str:
    name = resource.list_definition
    return name if resource.is_custom or name in openapi.definitions() else ""


def _scope(resource: Resource) -> str:
    return "Namespaced" if resource.namespaced else ""


def _article(kind: str) -> str:
    return "an" if kind[0] in "AEIOU" else "a"


def _camel(name: str) -> str:
    return name[:1].upper() + name[1:]


def _group_title(resource: Resource) -> str:
    """rbac.authorization.k8s.io -> RbacAuthorization."""
    return "".join(map(_camel, resource.group.removesuffix(".k8s.io").split("."))) or "Core"


def _api_name(resource: Resource) -> str:
    return f"{_group_title(resource)}{_camel(resource.version)}"


def _tag(resource: Resource) -> str:
    title = _group_title(resource)
    return f"{title[:1].lower()}{title[1:]}_{resource.version}"


def _path_parameters(path: str) -> list[str]:
    return [*(name for name in ("name", "namespace") if f"{{{name}}}" in path), "pretty"]


def _extensions(op: _Operation) -> JSON:
    group, version, kind = op.gvk
    gvk = {"group": group, "version": version, "kind": kind}
    return {"x-kubernetes-action": op.action, "x-kubernetes-group-version-kind": gvk}


_PHRASES: Final = {200: "OK", 201: "Created", 202: "Accepted"}


def _v3_operation(op: _Operation, resource: Resource) -> JSON:
    entry: JSON = {"tags": [_tag(resource)], "description": op.description, "operationId": op.identifier}
    if op.parameters:
        entry["parameters"] = [_v3_parameter(name) for name in op.parameters]
    if op.body:
        content = {media: {"schema": _v3_reference(op.body)} for media in op.consumes}
        entry["requestBody"] = {"content": content, "required": True}
        if op.method == "delete":
            del entry["requestBody"]["required"]
    answers: JSON = {}
    for code in op.codes:
        answers[str(code)] = {"description": _PHRASES[code]}
        if op.answer:
            content = {media: {"schema": _v3_reference(op.answer)} for media in _READ_TYPES}
            answers[str(code)]["content"] = content
    entry["responses"] = {**answers, "401": {"description": "Unauthorized"}}
    return entry | _extensions(op)


def _v3_reference(definition: str) -> JSON:
    return {"$ref": f"#/components/schemas/{definition}"}


def _v3_parameter(name: str) -> JSON:
    parameter = PARAMETERS[name]
    entry: JSON = {"name": parameter.name, "in": parameter.place, "description": parameter.description}
    if parameter.place == "path":
        entry["required"] = True
    return {**entry, "schema": {"type": parameter.type, "uniqueItems": True}}


def _v2_operation(op: _Operation, resource: Resource) -> JSON:
    parameters: list[JSON] = []
    if op.body:
        schema = {"$ref": f"#/definitions/{op.body}"}
        body: JSON = {"in": "body", "name": "body", "schema": schema}
        parameters.append(body if op.method == "delete" else {**body, "required": True})
    parameters += [_v2_reference(name) for name in op.parameters]
    answers: JSON = {}
    for code in op.codes:
        answers[str(code)] = {"description": _PHRASES[code]}
        if op.answer:
            answers[str(code)]["schema"] = {"$ref": f"#/definitions/{op.answer}"}
    entry: JSON = {"consumes": list(op.consumes), "description": op.description, "operationId": op.identifier}
    if parameters:
        entry["parameters"] = parameters
    entry |= {"produces": list(_READ_TYPES), "responses": {**answers, "401": {"description": "Unauthorized"}}}
    return {**entry, "schemes": ["https"], "tags": [_tag(resource)], **_extensions(op)}


def _v2_reference(name: str) -> JSON:
    return {"$ref": f"#/parameters/{name}"}


def v2_parameters() -> JSON:
    """The parameters that v2's operations refer to."""
    out = {}
    for key, parameter in PARAMETERS.items():
        entry: JSON = {"description": parameter.description, "in": parameter.place, "name": parameter.name}
        if parameter.place == "path":
            entry["required"] = True
        out[key] = {**entry, "type": parameter.type, "uniqueItems": True}
    return out
