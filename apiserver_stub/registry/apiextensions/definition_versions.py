"""Versions of a CustomResourceDefinition: names, storage, columns, subresources and selectable fields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from apiserver_stub.meta import field
from apiserver_stub.meta.field import FieldError
from apiserver_stub.registry import formats
from apiserver_stub.registry.apiextensions import definition_fields
from apiserver_stub.registry.apiextensions.definition_form import Form

Object = dict[str, Any]

MAX_SELECTABLE: Final = 8
_COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SELECTABLE: Final = (
    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
)


def name(text: str, path: str) -> list[FieldError]:
    found = formats.label_1035(text)
    return [field.invalid(path, text, ",".join(found))] if found else []


def together(form: Form) -> list[FieldError]:
    """What the versions are as a list."""
    out = []
    names = [version.get("name", "") for version in form.versions]
    if len(set(names)) < len(names):
        out.append(field.invalid("spec.versions", form.shown(), "must contain unique version names"))
    if sum(1 for version in form.versions if version.get("storage")) != 1:
        detail = "must have exactly one version marked as storage version"
        out.append(field.invalid("spec.versions", form.shown(), detail))
    return out + (name(form.version, "spec.version") if form.version else [])


def deprecation(version: Object, path: str) -> list[FieldError]:
    text = version.get("deprecationWarning")
    if text is None:
        return []
    path = f"{path}.deprecationWarning"
    if not version.get("deprecated"):
        return [field.invalid(path, text, "can only be set for deprecated versions")]
    out = []
    if len(text.encode()) > 256:
        out.append(field.invalid(path, text, "must be <= 256 characters long"))
    if not text:
        out.append(field.invalid(path, text, "must not be an empty string"))
    bad = next(
        (i for i, char in enumerate(text) if not (char == " " or (char.isprintable() and not char.isspace()))), None
    )
    if bad is not None:
        at = len(text[:bad].encode())
        detail = f"must only contain printable UTF-8 characters; non-printable character found at index {at}"
        out.append(field.invalid(path, text, detail))
    return out


def stored(status: Object, versions: Sequence[Object]) -> list[FieldError]:
    """status.storedVersions beside spec.versions."""
    path, found = "status.storedVersions", status.get("storedVersions")
    if not found:
        return [field.invalid(path, found, "must have at least one stored version")]
    out = []
    for version in versions:
        if version.get("storage") and version.get("name") not in found:
            out.append(field.invalid(path, found, f"must have the storage version {version.get('name', '')}"))
    names = {version.get("name") for version in versions}
    for text, i in {text: i for i, text in enumerate(found)}.items():
        if text not in names:
            detail = (
                f"missing from spec.versions; {text} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {text} and removes "
                f"{text} from status.storedVersions"
            )
            out.append(field.invalid(f"{path}[{i}]", text, detail))
    return out


def columns(values: Sequence[Object] | None, path: str) -> list[FieldError]:
    out = []
    for i, column in enumerate(values or ()):
        out += _column(column, f"{path}[{i}]")
    return out


def _column(column: Object, path: str) -> list[FieldError]:
    out = [] if column.get("name") else [field.required(f"{path}.name")]
    kind, form = column.get("type"), column.get("format")
    detail = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        out.append(field.required(f"{path}.type", detail))
    elif kind not in _COLUMN_TYPES:
        out.append(field.invalid(f"{path}.type", kind, detail))
    if form and form not in _COLUMN_FORMATS:
        out.append(field.invalid(f"{path}.format", form, f"must be one of {','.join(_COLUMN_FORMATS)}"))
    where, text = f"{path}.JSONPath", column.get("jsonPath")
    return out + ([field.required(where)] if not text else _simple_path(where, text))


def _simple_path(path: str, text: str) -> list[FieldError]:
    return [] if text.startswith(".") else [field.invalid(path, text, "must be a simple json path starting with .")]


def subresources(value: Object | None, path: str) -> list[FieldError]:
    scale = (value or {}).get("scale")
    if scale is None:
        return []
    out = []
    for name_, root in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
        where, text = f"{path}.scale.{name_}", scale.get(name_)
        if not text:
            out.append(field.required(where))
        else:
            out += _path_below(where, text, (root,), f"should be a json path under {root}")
    selector = scale.get("labelSelectorPath")
    if selector:
        detail = "should be a json path under either .spec or .status"
        out += _path_below(f"{path}.scale.labelSelectorPath", selector, (".spec", ".status"), detail)
    return out


def _path_below(path: str, text: str, roots: tuple[str, ...], detail: str) -> list[FieldError]:
    found = _simple_path(path, text)
    if not found and not text.startswith(tuple(f"{root}." for root in roots)):
        found = [field.invalid(path, text, detail)]
    return found


def selectable(
    values: Sequence[Object] | None, schema: Object | None, path: str, *, too_many_is_fine: bool = False
) -> list[FieldError]:
    """schema: of the version, None if it has none. too_many_is_fine: the list is unchanged and was too long before."""
    if not values:
        return []
    if schema is None:
        return [field.invalid(path, "", "may only be set when validations.schema is included")]
    out = []
    seen: set[tuple[str, ...]] = set()
    for i, value in enumerate(values):
        out += _selectable(value.get("jsonPath", ""), schema, f"{path}[{i}].jsonPath", seen)
    if len(seen) > MAX_SELECTABLE and not too_many_is_fine:
        out.append(field.too_many(path, len(seen), MAX_SELECTABLE))
    return out


def _selectable(text: str, schema: Object, path: str, seen: set[tuple[str, ...]]) -> list[FieldError]:
    if not text:
        return [field.required(path)]
    try:
        names, found = definition_fields.resolve(text, schema, arrays=False)
    except definition_fields.BadPath as problem:
        return [field.invalid(path, text, f"is an invalid path: {problem}")]
    out = []
    if names[:1] == ("metadata",):
        out.append(field.invalid(path, text, "must not point to fields in metadata"))
    if found.get("type") not in ("string", "boolean", "integer"):
        out.append(field.invalid(path, text, _SELECTABLE))
    if names in seen:
        out.append(field.duplicate(path, text))
    seen.add(names)
    return out
