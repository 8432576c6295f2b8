"""What a CustomResourceDefinition must be, and what of it an update may change."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.apiextensions import (
    definition_conversion,
    definition_defaults,
    definition_form,
    definition_lists,
    definition_names,
    definition_schema,
    definition_structural,
    definition_versions,
)
from apiserver_stub.registry.apiextensions.definition_form import Form, Part

Object = dict[str, Any]

_PRESERVE = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"


@dataclass(frozen=True, slots=True)
class Demands:
    """Rules that an object may break if it has always broken them (upstream's validation options)."""

    known_review: bool = True
    sound_bundle: bool = False
    every_schema: bool = True
    known_types: bool = True
    structural: bool = True
    pruned_defaults: bool = True
    atomic_sets: bool = True
    sound_keys: bool = True
    # Versions whose selectable fields are too many, as before; "" for those of all versions.
    many_selectable: frozenset[str] = attribute(default_factory=frozenset)


def validate(obj: Object) -> list[FieldError]:
    """A new CustomResourceDefinition, but for the rest of its metadata."""
    form = definition_form.form(obj["spec"])
    out = definition_names.object_name(obj) + _spec(form, Demands())
    return out + _rest(obj, form, None)


def validate_update(obj: Object, old: Object) -> list[FieldError]:
    form, before = definition_form.form(obj["spec"]), definition_form.form(old["spec"])
    out = _spec(form, _demands(form, before, old)) + _immutable(obj["spec"], old)
    return out + _rest(obj, form, old)


def validate_status(obj: Object) -> list[FieldError]:
    names = (obj.get("status") or {}).get("acceptedNames") or {}
    return definition_names.names(names, "status.acceptedNames")


def is_established(obj: Object) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions)


def _rest(obj: Object, form: Form, old: Object | None) -> list[FieldError]:
    """What comes after the spec."""
    out = validate_status(obj) + definition_versions.stored(obj.get("status") or {}, form.versions)
    out += definition_names.approval(obj, old)
    if form.preserve_unknown and not (old is not None and old["spec"].get("preserveUnknownFields")):
        out.append(field.invalid("spec.preserveUnknownFields", True, _PRESERVE))
    return out


def _immutable(spec: Object, old: Object) -> list[FieldError]:
    before = old["spec"]
    out = []
    if is_established(old):
        # These decide where objects are stored.
        out += formats.unchanged("spec.scope", spec.get("scope"), before.get("scope"))
        out += formats.unchanged("spec.names.kind", spec["names"].get("kind"), before["names"].get("kind"))
    out += formats.unchanged("spec.group", spec.get("group"), before.get("group"))
    return out + formats.unchanged("spec.names.plural", spec["names"].get("plural"), before["names"].get("plural"))


def _demands(form: Form, before: Form, old: Object) -> Demands:
    conversion = before.spec.get("conversion")
    return Demands(
        known_review=definition_conversion.speaks_known_review(conversion),
        sound_bundle=is_established(old) and definition_conversion.has_sound_bundle(conversion),
        every_schema=before.common.schema is not None or all(part.schema is not None for part in before.parts),
        known_types=not before.any_schema(_has_unknown_type),
        structural=not any(_is_unstructured(schema) for schema in before.schemas()),
        pruned_defaults=not before.any_schema(definition_defaults.has_unknown),
        atomic_sets=not before.any_schema(definition_lists.is_non_atomic_set),
        sound_keys=not before.any_schema(lambda schema: bool(definition_lists.sound(schema, ""))),
        many_selectable=_many_selectable(form, before),
    )


def _has_unknown_type(schema: Object) -> bool:
    return bool(schema.get("type")) and schema["type"] not in definition_schema.TYPES


def _is_unstructured(schema: Object) -> bool:
    return bool(definition_structural.obstacle(schema) or definition_structural.validate(schema, ""))


def _many_selectable(form: Form, before: Form) -> frozenset[str]:
    own = {version.get("name", ""): part for version, part in zip(before.versions, before.parts, strict=True)}
    pairs = [("", form.common, before.common)]
    for version, part in zip(form.versions, form.parts, strict=True):
        name = version.get("name", "")
        if name in own:
            pairs.append((name, part, own[name]))
    most = definition_versions.MAX_SELECTABLE
    return frozenset(
        name for name, new, old in pairs if len(old.selectable or ()) > most and new.selectable == old.selectable
    )


def _spec(form: Form, demands: Demands) -> list[FieldError]:
    spec = form.spec
    out = definition_names.group(spec.get("group", "")) + definition_names.scope(spec.get("scope", ""))
    out += _schemas_present(form, demands)
    if form.preserve_unknown and form.any_schema(lambda schema: schema.get("default") is not None):
        detail = "must be false in order to use defaults in the schema"
        out.append(field.invalid("spec.preserveUnknownFields", True, detail))
    for i, (version, part) in enumerate(zip(form.versions, form.parts, strict=True)):
        out += _version(version, part, form, demands, f"spec.versions[{i}]")
    out += definition_versions.together(form)
    names = spec.get("names") or {}
    out += definition_names.required(names) + definition_names.names(names, "spec.names")
    common = form.common
    has_status = any(part.has_status for part in (common, *form.parts))
    out += _schema(common, has_status, form, demands, "spec.validation")
    out += definition_versions.subresources(common.subresources, "spec.subresources")
    out += definition_versions.columns(common.columns, "spec.additionalPrinterColumns")
    out += definition_versions.selectable(
        common.selectable,
        common.schema,
        "spec.selectableFields",
        too_many_is_fine="" in demands.many_selectable,
    )
    conversion = spec.get("conversion")
    if form.preserve_unknown and conversion is not None and conversion.get("strategy") != "None":
        detail = "must be None if spec.preserveUnknownFields is true"
        out.append(field.invalid("spec.conversion.strategy", conversion.get("strategy", ""), detail))
    return out + definition_conversion.validate(
        conversion, known_review=demands.known_review, sound_bundle=demands.sound_bundle
    )


def _schemas_present(form: Form, demands: Demands) -> list[FieldError]:
    if form.common.schema is not None:
        return []
    out = []
    for i, (version, part) in enumerate(zip(form.versions, form.parts, strict=True)):
        if part.schema is not None:
            continue
        path = f"spec.versions[{i}].schema.openAPIV3Schema"
        if demands.every_schema:
            out.append(field.required(path))
        elif version.get("served") and not form.preserve_unknown:
            out.append(field.required(path, "because otherwise all fields are pruned"))
    return out


def _version(version: Object, part: Part, form: Form, demands: Demands, path: str) -> list[FieldError]:
    """One version, but for what it has in common with all others."""
    name = version.get("name", "")
    own = any(other.subresources is not None for other in form.parts)
    has_status = (part if own else form.common).has_status
    out = definition_versions.name(name, f"{path}.name") + definition_versions.deprecation(version, path)
    out += _schema(part, has_status, form, demands, f"{path}.schema")
    out += definition_versions.subresources(part.subresources, f"{path}.subresources")
    out += definition_versions.columns(part.columns, f"{path}.additionalPrinterColumns")
    return out + definition_versions.selectable(
        part.selectable,
        part.schema,
        f"{path}.selectableFields",
        too_many_is_fine=name in demands.many_selectable,
    )


def _schema(part: Part, has_status: bool, form: Form, demands: Demands, path: str) -> list[FieldError]:
    schema = part.schema
    if schema is None:
        return []
    path = f"{path}.openAPIV3Schema"
    out = definition_schema.root(schema, path, has_status=has_status)
    # Pruning, defaults and the extensions need a structural schema, whatever was let through before.
    must_be_structural = demands.structural or not form.preserve_unknown
    obstacle, sound = "", False
    if must_be_structural:
        obstacle = definition_structural.obstacle(schema)
        found = [] if obstacle else definition_structural.validate(schema, path)
        if not found and not obstacle:
            found = definition_defaults.validate(schema, path, pruned=demands.pruned_defaults)
            sound = not found
        out += found
    rules = definition_schema.Rules(
        known_types=demands.known_types, atomic_sets=demands.atomic_sets, sound_keys=demands.sound_keys
    )
    shape = definition_schema.validate(schema, path, rules, is_root=True)
    out += shape
    if sound and definition_form.has_rules(schema):
        out += _expressions(schema, path, shape)
    if obstacle and not out:
        out.append(field.invalid(path, "", obstacle))
    return out


def _expressions(schema: Object, path: str, shape: list[FieldError]) -> list[FieldError]:
    """Faults of CEL rules, but for those above or at a place whose schema is wrong already."""
    from apiserver_stub.schema.cel import rules

    out = []
    for error in rules.check_rules(schema, path):
        place = error.field.rpartition(".x-kubernetes-validations")[0]
        if not place or not any(_is_within(wrong.field, place) for wrong in shape):
            out.append(error)
    return out


def _is_within(path: str, place: str) -> bool:
    return path.startswith(place) and path[len(place) : len(place) + 1] in (".", "[", "")
