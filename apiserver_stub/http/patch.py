"""PATCH: JSON patch, merge patch, strategic merge patch; server-side apply is in http/apply.py."""

from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from apiserver_stub.http import apply, manager, options, respond
from apiserver_stub.http.context import Context, body, check_representation
from apiserver_stub.http.update import check_name
from apiserver_stub.meta import field, goformat, jsonpatch, mergepatch, status, strategicpatch
from apiserver_stub.registry import parts
from apiserver_stub.registry.generic import Object, Registry, WriteOptions
from apiserver_stub.schema import decode, kinds

JSON_PATCH = "application/json-patch+json"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"

# A patch as a function of the object that it is applied to.
Patch = Callable[[Object], Object]


async def serve(context: Context, registry: Registry) -> web.Response:
    check_representation(context, registry, is_list=False)
    media = patch_media(context, registry)
    raw = await body(context.request)
    asked = options.write_options(context.query, context.dry_runs, "PatchOptions", context.user)
    if media == apply.MEDIA:
        return await apply.serve(context, registry, raw, asked)
    check_force(context)
    asked = manager.named(context, asked)
    document = load(raw, is_list=media == JSON_PATCH)
    # What an error quotes: of a strategic patch the patch, of the others what they result in.
    quoted = goformat.text(document) if media == STRATEGIC else None
    written = await registry.update(
        context.target.namespace,
        context.target.name,
        changer(context, registry, patch_of(media, document, registry), asked, quoted),
        asked,
        context.target.subresource,
    )
    context.warn(written.warnings)
    return await respond.entry(context, registry, written.entry)


def patch_media(context: Context, registry: Registry) -> str:
    """Raises StatusError (415)."""
    media = context.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media not in registry.patch_types:
        if registry.resource.is_custom:
            raise status.unsupported_media_type(registry.patch_types)
        raise status.unsupported_patch_type()
    return media


def changer(
    context: Context, registry: Registry, patch: Patch, asked: WriteOptions, quoted: str | None = None
) -> Patch:
    """The patch together with the checks of its outcome."""
    target = context.target

    def change(old: Object) -> Object:
        obj = patch(old)
        if not isinstance(obj, dict):
            raise status.bad_request("the patch does not result in an object")
        _check_kind(obj, registry, asked)
        context.warn(registry.check(obj, asked.field_validation, quoted))
        if not isinstance(obj.get("metadata"), dict):
            obj["metadata"] = {}
        check_name(obj, target.name)
        # The patch leaves `old` as it was: what a subresource may not change comes from there.
        return parts.merged(target.subresource, obj, old)

    return change


def _check_kind(obj: Object, registry: Registry, asked: WriteOptions) -> None:
    """A patch that makes an object of another kind: judged as that kind, and refused. Raises StatusError (400, 422)."""
    kind, api_version = obj.get("kind"), obj.get("apiVersion")
    if (kind, api_version) == (registry.resource.kind, registry.resource.api_version):
        return
    group, _, version = str(api_version).rpartition("/")
    other = kinds.builtin().by_kind(group, version, str(kind))
    if other is None:
        fault = (
            f'no kind "{kind}" is registered for version "{api_version}" in scheme "pkg/api/legacyscheme/scheme.go:30"'
        )
    else:
        decode.check(dict(obj), other, asked.field_validation)
        fault = f"unable to convert {api_version}, Kind={kind} to {registry.resource.kind}"
    quoted = orjson.dumps(obj, option=orjson.OPT_SORT_KEYS).decode()
    raise status.invalid("", "", "", [field.invalid("patch", quoted, fault)])


def patch_of(media: str, patch: Any, registry: Registry) -> Patch:
    """A patch document as a function."""
    if media == JSON_PATCH:
        return lambda old: jsonpatch.apply(old, patch)
    if media == MERGE:
        return lambda old: mergepatch.apply(old, patch)
    return lambda old: strategicpatch.apply(old, patch, registry.node)


def load(raw: bytes, *, is_list: bool) -> Any:
    """The patch document. Raises StatusError (400) in the words of Go's decoder."""
    try:
        patch = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise status.bad_request(f"error decoding patch: {options.go_json_fault(raw, error)}") from None
    if is_list and not isinstance(patch, list):
        shown = _go_name(patch)
        raise status.bad_request(
            f"error decoding patch: json: cannot unmarshal {shown} into Go value of type []handlers.jsonPatchOp"
        )
    if not is_list and not isinstance(patch, dict):
        shown = _go_name(patch)
        raise status.bad_request(
            f"error decoding patch: json: cannot unmarshal {shown} into Go value of type map[string]interface {{}}"
        )
    return patch


def _go_name(value: object) -> str:
    return {dict: "object", list: "array", str: "string", bool: "bool", type(None): "null"}.get(type(value), "number")


def check_force(context: Context) -> None:
    """Raises StatusError (422)."""
    if "force" in context.query:
        error = field.forbidden("force", "may not be specified for non-apply patch")
        raise status.invalid("meta.k8s.io", "PatchOptions", "", [error])
