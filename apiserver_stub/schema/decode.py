"""Request bodies into objects: JSON or YAML, checked against the kind's schema, with upstream's messages."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import orjson

from apiserver_stub.meta import field, status
from apiserver_stub.schema import diagnose, jsonsyntax, kinds, legacy, openapi, plan, yamltojson

FieldValidation = Literal["Strict", "Warn", "Ignore"]
AnyKind = kinds.Resource | kinds.Subresource
Object = dict[str, Any]

# JSON whose keys all stand right before their colon can be checked for duplicates by counting.
_SPACED_COLON: Final = re.compile(rb'"[ \t\r\n]+:')
_KEY_END: Final = b'":'
_HEAD: Final = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'
_OPTIONS: Final = ("DeleteOptions", "CreateOptions", "PatchOptions", "UpdateOptions", "ListOptions", "GetOptions")
_SCHEME: Final = 'in scheme "pkg/api/legacyscheme/scheme.go:30"'


class Unreadable(Exception):
    """The body doesn't even say what it is."""


def decode(
    raw: bytes,
    content_type: str,
    resource: AnyKind,
    field_validation: FieldValidation = "Warn",
    *,
    node: openapi.Node | None = None,
) -> tuple[Object, list[str]]:
    """The object in a request body, pruned of unknown fields and in canonical form, and warnings.

    content_type: YAML where it says so, else JSON. node: the schema to use instead of the kind's own.
    Raises StatusError 400 in upstream's words.
    """
    is_yaml = "yaml" in content_type
    try:
        document, duplicates = read_yaml(raw) if is_yaml else (read_json(raw), [])
        api_version, kind = head(document, resource)
    except Unreadable as problem:
        message = f"the object provided is unrecognized (must be of type {resource.kind}): {problem} ({summary(raw)})"
        raise status.bad_request(message) from None
    _check_kind(api_version, kind, resource)
    node = node or openapi.node_for(resource)
    document = document or {}
    twice = not (is_yaml or field_validation == "Ignore" or no_duplicates(raw, document))
    prefix = f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {resource.kind}: '
    try:
        obj, strict = convert(document, node, None if is_yaml else raw, slowly=twice)
    except diagnose.DecodeError as problem:
        raise status.bad_request(f"{prefix}{problem}") from None
    warnings = judge(duplicates, strict, field_validation, prefix)
    return {"kind": resource.kind, "apiVersion": _api_version(resource), **_without_head(obj)}, warnings


def check(
    obj: Object,
    resource: AnyKind,
    field_validation: FieldValidation = "Warn",
    *,
    quoted: str | None = None,
    node: openapi.Node | None = None,
) -> list[str]:
    """Checks a patched object like a decoded one, and prunes it in place; returns warnings.

    quoted: what the error quotes as the bad patch; the object's JSON if not given.
    Raises StatusError 422 about the field "patch", in upstream's words.
    """
    try:
        done, strict = convert(obj, node or openapi.node_for(resource), None, slowly=False)
    except diagnose.DecodeError as problem:
        raise bad_patch(obj, quoted, str(problem)) from None
    if strict and field_validation == "Strict":
        raise bad_patch(obj, quoted, f"strict decoding error: {', '.join(strict)}")
    obj.clear()
    obj.update({"kind": resource.kind, "apiVersion": _api_version(resource), **_without_head(done)})
    return strict if field_validation == "Warn" else []


def bad_patch(obj: Object, quoted: str | None, message: str) -> status.StatusError:
    text = orjson.dumps(obj, option=orjson.OPT_SORT_KEYS).decode() if quoted is None else quoted
    error = status.invalid("", "", "", [field.invalid("patch", text, message)])
    error.body["details"].pop("kind", None)
    return error


def convert(document: Object, node: openapi.Node, raw: bytes | None, *, slowly: bool) -> tuple[Object, list[str]]:
    """The canonical object and strict errors. raw: the JSON text, which knows more than the parsed document."""
    if node.type != "object":
        return document, []
    if not slowly:
        try:
            done: Object = plan.plan_for(node).convert(document)
            return done, []
        except plan.Odd:
            pass
    decoder = diagnose.Decoder()
    exact = document if raw is None else exact_json(raw)
    return decoder.decode(exact or {}, node), decoder.strict


def judge(duplicates: list[str], strict: list[str], mode: FieldValidation, prefix: str) -> list[str]:
    """Warnings for what is not strictly right; in Strict mode raises instead."""
    if mode == "Ignore" or not (duplicates or strict):
        return []
    if mode == "Warn":
        return [*duplicates, *strict]
    yaml_error = ["yaml: unmarshal errors:\n" + "\n".join(f"  {line}" for line in duplicates)] if duplicates else []
    raise status.bad_request(f"{prefix}strict decoding error: {', '.join([*yaml_error, *strict])}")


def read_yaml(raw: bytes) -> tuple[Any, list[str]]:
    try:
        return yamltojson.load(raw)
    except yamltojson.YAMLError as problem:
        raise Unreadable(str(problem)) from None


def read_json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        message = jsonsyntax.error(raw)
    if message is None:
        # Valid for Go, but not for us: too deep, or text that is no UTF-8.
        try:
            raw.decode()
            message = "exceeded max depth"
            return _replace_surrogates(exact_json(raw))
        except UnicodeDecodeError:
            message = "invalid UTF-8"
        except (RecursionError, ValueError):
            pass
    raise Unreadable(f"couldn't get version/kind; json parse error: {message}")


def _replace_surrogates(document: Any) -> Any:
    """A document of the lenient parser with what UTF-8 can't hold (lone surrogates) replaced, as Go does."""
    text = json.dumps(document, ensure_ascii=False)
    return orjson.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode())


def exact_json(raw: bytes) -> Any:
    """Parsed so that duplicate fields and the spelling of numbers are kept."""
    return json.loads(raw, object_pairs_hook=diagnose.Pairs, parse_float=diagnose.Literal, parse_constant=_refuse)


def _refuse(text: str) -> Any:
    raise ValueError(text)


def no_duplicates(raw: bytes, document: Any) -> bool:
    """Whether no object in `raw` has a field twice; may err on the side of no."""
    if raw.count(_KEY_END) != orjson.dumps(document).count(_KEY_END):
        return False
    return _SPACED_COLON.search(raw) is None


def head(document: Any, resource: AnyKind) -> tuple[str, str]:
    """apiVersion and kind of a document; the resource's own where they are missing."""
    problem = "couldn't get version/kind; json parse error: json: cannot unmarshal"
    if document is not None and not isinstance(document, dict):
        raise Unreadable(f"{problem} {diagnose.value_name(document)} into Go value of type {_HEAD}")
    found = {}
    for name in ("apiVersion", "kind"):
        value = (document or {}).get(name)
        if value is not None and not isinstance(value, str):
            raise Unreadable(f"{problem} {diagnose.value_name(value)} into Go struct field .{name} of type string")
        found[name] = value or ""
    if found["apiVersion"].count("/") > 1:
        raise Unreadable(f"unexpected GroupVersion string: {found['apiVersion']}")
    return found["apiVersion"] or _api_version(resource), found["kind"] or resource.kind


def _check_kind(api_version: str, kind: str, resource: AnyKind) -> None:
    """Refuses objects of another kind or version, in the words of upstream's scheme and conversion."""
    expected = _api_version(resource)
    if api_version == expected and kind == resource.kind:
        return
    group, _, version = api_version.rpartition("/")
    if not _registered(group, version, kind):
        reason = f'no kind "{kind}" is registered for version "{api_version}" {_SCHEME}'
    elif kind == resource.kind and group == resource.group:
        raise status.bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version ({expected})"
        )
    else:
        internal = resource.group.partition(".")[0] or "core"
        reason = f"converting ({version}.{kind}) to ({internal}.{resource.kind}): unknown conversion"
    raise status.bad_request(f'{kind} in version "{version}" cannot be handled as a {resource.kind}: {reason}')


def _registered(group: str, version: str, kind: str) -> bool:
    if (group, version, kind) in _known_kinds() or legacy.is_known(group, version, kind):
        return True
    # Options of API requests are registered with every group version.
    return kind in (
        "DeleteOptions",
        "CreateOptions",
        "PatchOptions",
        "UpdateOptions",
        "ListOptions",
        "GetOptions",
    ) and any((group, version) == (g, v) for g, v, _ in _known_kinds())


@functools.cache
def _known_kinds() -> frozenset[tuple[str, str, str]]:
    found = set()
    for res in kinds.builtin():
        found.add((res.group, res.version, res.kind))
        if res.list_kind:
            found.add((res.group, res.version, res.list_kind))
        found.update((sub.group, sub.version, sub.kind) for sub in res.subresources.values())
    return frozenset(found)


def _api_version(kind: AnyKind) -> str:
    return f"{kind.group}/{kind.version}" if kind.group else kind.version


def _without_head(obj: Mapping[str, Any]) -> Object:
    return {name: value for name, value in obj.items() if name not in ("apiVersion", "kind")}


def summary(raw: bytes) -> str:
    """The beginning of a body as upstream quotes it: text if it looks like JSON, else hexadecimal."""
    if not raw:
        return "<empty>"
    more = " ..." if len(raw) > 30 else ""
    head = raw[:30]
    return (head.decode(errors="replace") if raw[0] == 0x7B else head.hex()) + more
