"""Bodies of custom resources: decoded as unstructured objects, pruned by their schema, metadata as every kind's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from apiserver_stub.meta import status
from apiserver_stub.schema import decode, diagnose, kinds, openapi, structural

Object = dict[str, Any]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


def read(
    raw: bytes,
    media: str,
    resource: kinds.Resource,
    schema: structural.CompiledSchema,
    field_validation: decode.FieldValidation,
) -> tuple[Object, list[str]]:
    """The object in a body and warnings; a wrong kind is left for validation. Raises StatusError (400)."""
    is_yaml = "yaml" in media
    try:
        document, twice = decode.read_yaml(raw) if is_yaml else (decode.read_json(raw), [])
        decode.head(document, resource)
        if not document or not document.get("kind"):
            raise decode.Unreadable(f"Object 'Kind' is missing in '{raw.decode(errors='replace')}'")
    except decode.Unreadable as problem:
        text = f"the object provided is unrecognized (must be of type {resource.kind}): {problem}"
        raise status.bad_request(f"{text} ({decode.summary(raw)})") from None
    kind, api_version = document["kind"], document.get("apiVersion") or ""
    prefix = f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {resource.kind}: '
    try:
        strict = [] if is_yaml or field_validation == "Ignore" else _duplicates(raw, document)
        strict += tidy(document, resource, schema)
    except diagnose.DecodeError as problem:
        raise status.bad_request(f"{prefix}{problem}") from None
    warnings = decode.judge(twice, strict, field_validation, prefix)
    if api_version != resource.api_version:
        expected = f"does not match the expected API version ({resource.api_version})"
        raise status.bad_request(f"the API version in the data ({api_version}) {expected}")
    return document, warnings


def check(
    obj: Object,
    resource: kinds.Resource,
    schema: structural.CompiledSchema,
    field_validation: decode.FieldValidation,
    quoted: str | None,
) -> list[str]:
    """Prunes a patched object in place; returns warnings. Raises StatusError (422)."""
    before = orjson.dumps(obj, option=orjson.OPT_SORT_KEYS).decode() if quoted is None else quoted
    try:
        strict = tidy(obj, resource, schema)
    except diagnose.DecodeError as problem:
        raise decode.bad_patch(obj, before, str(problem)) from None
    if strict and field_validation == "Strict":
        raise decode.bad_patch(obj, before, f"strict decoding error: {', '.join(strict)}")
    return strict if field_validation == "Warn" else []


def tidy(obj: Object, resource: kinds.Resource, schema: structural.CompiledSchema) -> list[str]:
    """Brings an object into form in place and tells of what it had no place for. Raises DecodeError."""
    strict = _metadata(obj)
    group, _, version = str(obj.get("apiVersion") or "").rpartition("/")
    # Objects of another kind are refused later; this schema says nothing about them.
    if (group, version, obj.get("kind")) == (resource.group, resource.version, resource.kind):
        strict += [f'unknown field "{path}"' for path in schema.prune(obj)]
    return strict


def _metadata(obj: Object) -> list[str]:
    given = obj.get("metadata")
    if given is None:
        obj.pop("metadata", None)
        return []
    if not isinstance(given, dict):
        shown = diagnose.value_name(given)
        raise diagnose.DecodeError(f"json: cannot unmarshal {shown} into Go value of type v1.ObjectMeta")
    obj["metadata"], strict = decode.convert(given, openapi.definitions().node(_META), None, slowly=False)
    return [fault.replace('field "', 'field "metadata.', 1) for fault in strict]


def _duplicates(raw: bytes, document: Object) -> list[str]:
    if decode.no_duplicates(raw, document):
        return []
    return [f'duplicate field "{path}"' for path in _twice(decode.exact_json(raw), "")]


def _twice(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, diagnose.Pairs):
        seen = set()
        for name, item in value.pairs:
            here = f"{path}.{name}" if path else name
            if name in seen:
                yield here
            seen.add(name)
            yield from _twice(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _twice(item, f"{path}[{index}]")
