"""CustomResourceDefinition: defaults, what it must be, and which versions may be stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from apiserver_stub.meta import field, status
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import base
from apiserver_stub.registry.apiextensions import conditions, definition, definition_form
from apiserver_stub.schema import diagnose, openapi, plan

Object = base.Object

_SCHEMA: Final = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
# Of numbers; strings have those of schema/structural_formats.py.
_NUMBER_FORMATS: Final = frozenset({"int32", "int64", "float", "double"})
_PREFIX: Final = 'CustomResourceDefinition in version "v1" cannot be handled as a CustomResourceDefinition: '


class CustomResourceDefinitions(base.Kind):
    allow_unconditional_update = False

    def default(self, obj: Object) -> None:
        super().default(obj)
        spec = obj["spec"]
        names = spec["names"]
        kind = names.get("kind", "")
        if not names.get("singular") and kind:
            names["singular"] = kind.lower()
        if not names.get("listKind") and kind:
            names["listKind"] = f"{kind}List"
        conversion = spec.setdefault("conversion", {"strategy": "None"})
        service = ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service")
        if service is not None:
            service.setdefault("port", 443)
        for schema in _schemas(spec):
            _canonical(schema)

    def prepare_create(self, obj: Object) -> None:
        super().prepare_create(obj)
        _store(obj)

    def prepare_update(self, obj: Object, old: Object) -> None:
        super().prepare_update(obj, old)
        _store(obj)

    def validate(self, obj: Object) -> list[FieldError]:
        return definition.validate(obj)

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:
        return definition.validate_update(obj, old)

    def validate_status_update(self, obj: Object, old: Object) -> list[FieldError]:
        return definition.validate_status(obj)

    def held(self, obj: Object) -> bool:
        """The first delete only marks a definition."""
        return not obj["metadata"].get("deletionTimestamp")

    def mark_deleted(self, obj: Object) -> None:
        conditions.mark_for_removal(obj, obj["metadata"]["deletionTimestamp"])

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        known = set(_unknown_formats(old["spec"])) if old is not None else set()
        found = dict.fromkeys(_unknown_formats(obj["spec"]))
        return [f"unrecognized format {field.quote(name)}" for name in found if name not in known]


def _schemas(spec: Object) -> Iterator[Object]:
    for version in spec.get("versions") or ():
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if schema is not None:
            yield schema


def _store(obj: Object) -> None:
    """The storage version is a stored version from the moment it is one."""
    for version in obj["spec"].get("versions") or ():
        if version.get("storage"):
            state = obj["status"]
            stored = state.get("storedVersions") or []
            if version.get("name") not in stored:
                state["storedVersions"] = [*stored, version.get("name", "")]
            break


def _unknown_formats(spec: Object) -> Iterator[str]:
    from apiserver_stub.schema import structural_formats

    for schema in _schemas(spec):
        for found in definition_form.walk(schema):
            name = found.get("format")
            if name and name not in _NUMBER_FORMATS and name.replace("-", "") not in structural_formats.CHECKS:
                yield name


def _canonical(schema: Object) -> None:
    """Schemas where something else may stand as well (items, additionalProperties …), as Go would answer them.

    Unknown fields in them vanish without a word: Go's strict decoder doesn't look into these. Raises StatusError (400).
    """
    for name in ("additionalProperties", "additionalItems"):
        if name in schema:
            schema[name] = _either(schema[name], bool)
    if "items" in schema:
        items = schema["items"]
        schema["items"] = [_schema(item) for item in items] if isinstance(items, list) else _schema(items)
    if schema.get("dependencies"):
        dependencies = schema["dependencies"]
        schema["dependencies"] = {key: _either(value, list) for key, value in dependencies.items()}
    for inner in definition_form.within(schema):
        _canonical(inner)


def _either(value: Any, other: type) -> Any:
    return value if isinstance(value, other) else _schema(value)


def _schema(value: Any) -> Object:
    if not isinstance(value, dict):
        raise status.bad_request(f"{_PREFIX}boolean or JSON schema expected")
    node = openapi.definitions().node(_SCHEMA)
    try:
        found: Object = plan.plan_for(node).convert(value)
    except plan.Odd:
        try:
            found = diagnose.Decoder().decode(value, node)
        except diagnose.DecodeError as problem:
            raise status.bad_request(f"{_PREFIX}{problem}") from None
    return found
