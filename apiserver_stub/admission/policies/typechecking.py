"""Type checking of ValidatingAdmissionPolicies against the kinds they match (pure); it only warns.

See "Type checking" of the Kubernetes page on validating admission policies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import orjson

from apiserver_stub.registry.admissionregistration import environment
from apiserver_stub.schema import cel, kinds, openapi
from apiserver_stub.schema.cel import schematypes, types
from apiserver_stub.schema.cel.types import Type

Object = Mapping[str, Any]
# The kind of group, version and plural name, None where there is none.
Resources = Callable[[str, str, str], kinds.Resource | None]

_MAX_TYPES: Final = 10
_SCALARS: Final = {
    "integer": types.INT,
    "number": types.DOUBLE,
    "boolean": types.BOOL,
    "time": types.TIMESTAMP,
}
_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def warnings(policy: Object, resources: Resources, params: kinds.Resource | None) -> list[dict[str, str]]:
    """status.typeChecking.expressionWarnings. params: the resource of the policy's paramKind."""
    spec = policy["spec"]
    matching = [(_shown(resource), of(resource)) for resource in matched(spec.get("matchConstraints"), resources)]
    param_type = of(params) if params is not None else None
    out = []
    for index, validation in enumerate(spec.get("validations") or ()):
        for name in ("expression", "messageExpression"):
            text = validation.get(name) or ""
            faults = ((shown, _fault(text, kind, param_type, spec)) for shown, kind in matching if text)
            found = [f"{shown}: {fault}\n" for shown, fault in faults if fault]
            if found:
                out.append({"fieldRef": f"spec.validations[{index}].{name}", "warning": "\n".join(found)})
    return out


def matched(constraints: Object | None, resources: Resources) -> list[kinds.Resource]:
    """The kinds that the rules name without wildcards, at most ten, by group, version and kind."""
    found: dict[tuple[str, str, str], kinds.Resource] = {}
    for rule in (constraints or {}).get("resourceRules") or ():
        groups, versions = rule.get("apiGroups") or (), rule.get("apiVersions") or ()
        if any("*" in text for text in (*groups, *versions)):
            continue
        named = _named(groups, versions, rule.get("resources") or (), resources)
        for count, resource in enumerate(named, 1):
            found[resource.group, resource.version, resource.kind] = resource
            if count == _MAX_TYPES:
                return [found[key] for key in sorted(found)]
    return [found[key] for key in sorted(found)]


def _named(
    groups: Iterable[str], versions: Iterable[str], plurals: Iterable[str], resources: Resources
) -> Iterable[kinds.Resource]:
    plain = sorted(text for text in plurals if not set(text) & {"*", "/"})
    for group in sorted(groups):
        for version in sorted(versions):
            for plural in plain:
                resource = resources(group, version, plural)
                if resource is not None:
                    yield resource


def _shown(resource: kinds.Resource) -> str:
    return f"{resource.group}/{resource.version}, Kind={resource.kind}"


def _fault(text: str, kind: Type, params: Type | None, spec: Object) -> str:
    composed: dict[str, Type] = {}
    known = environment.variables(params=params is not None, authorizer=True, composed={})
    known |= {"object": kind, "oldObject": kind}
    if params is not None:
        known["params"] = params
    for variable in spec.get("variables") or ():
        known["variables"] = environment.composition(composed)
        try:
            composed[variable["name"]] = environment.compile(variable["expression"], known).type
        except cel.CompileError:
            composed[variable["name"]] = types.DYN
    known["variables"] = environment.composition(composed)
    try:
        environment.compile(text, known)
    except cel.CompileError as problem:
        return str(problem)
    return ""


def of(resource: kinds.Resource) -> Type:
    """The type of a resource's objects."""
    if not resource.is_custom:
        return _of_node(openapi.node_for(resource), ())
    found = schematypes.of(orjson.loads(resource.schema), root=True) if resource.schema else None
    if found is None or not found.fields:
        return types.DYN
    meta = _of_node(openapi.definitions().node(_META), ())
    return Type("object", fields={**found.fields, "metadata": meta}, names=found.names)


def _of_node(node: openapi.Node, above: tuple[str, ...]) -> Type:
    if node.name and node.name in above:
        # Schemas that hold themselves.
        return types.DYN
    if node.name:
        above = (*above, node.name)
    if node.type == "string":
        return types.BYTES if node.format == "byte" else types.STRING
    if node.type == "array" and node.items is not None:
        return types.list_of(_of_node(node.items, above))
    if node.type == "map" and node.values is not None:
        return types.map_of(types.STRING, _of_node(node.values, above))
    if node.type == "object" and node.fields:
        return _of_fields(node, above)
    return _SCALARS.get(node.type, types.DYN)


def _of_fields(node: openapi.Node, above: tuple[str, ...]) -> Type:
    fields, names = {}, {}
    for name, inner in node.fields.items():
        escaped = schematypes.escape(name)
        if escaped is not None:
            fields[escaped] = _of_node(inner, above)
            if escaped != name:
                names[escaped] = name
    return Type("object", fields=fields, names=names)
