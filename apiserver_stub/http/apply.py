"""Server-side apply: PATCH with a configuration that says which fields its manager wants."""

from typing import Any

import orjson
from aiohttp import web

from apiserver_stub.http import respond
from apiserver_stub.http.context import Context
from apiserver_stub.http.update import check_name
from apiserver_stub.meta import field, status
from apiserver_stub.meta.managed import lastapplied
from apiserver_stub.registry import parts
from apiserver_stub.registry.generic import Object, Registry, WriteOptions, now
from apiserver_stub.schema import decode, diagnose, yamltojson

MEDIA = "application/apply-patch+yaml"
_KEY_END = b'":'


async def serve(context: Context, registry: Registry, raw: bytes, asked: WriteOptions) -> web.Response:
    """Answers 201 where the object was created. Raises StatusError (400, 409, 422, 500 as upstream)."""
    require_manager(asked)
    config, duplicates = read(raw)
    target = context.target
    missing = registry.log.head(registry.key(target.namespace, target.name)) is None
    if missing and not target.subresource:
        context.check_create()
        return await _create(context, registry, config, duplicates, asked)
    fields = registry.owners.of(target.subresource)

    def change(old: Object) -> Object:
        obj, owners = fields.apply(old, config, asked.field_manager, now(), force=is_forced(context))
        judge(context, duplicates, asked.field_validation)
        obj = _checked(context, registry, obj, config, asked)
        merged = parts.merged(target.subresource, obj, old)
        merged["metadata"]["managedFields"] = owners
        return merged

    written = await registry.update(target.namespace, target.name, change, asked, target.subresource, owned=True)
    context.warn(written.warnings)
    return await respond.entry(context, registry, written.entry)


async def _create(
    context: Context, registry: Registry, config: Object, duplicates: list[str], asked: WriteOptions
) -> web.Response:
    obj, owners = registry.owners.of().apply(None, config, asked.field_manager, now(), force=is_forced(context))
    judge(context, duplicates, asked.field_validation)
    name = context.target.name
    if uid := (config.get("metadata") or {}).get("uid"):
        message = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise status.conflict(registry.resource, name, message)
    obj = _checked(context, registry, obj, config, asked)
    written = await registry.create(obj, context.target.namespace, asked, owners=owners)
    context.warn(written.warnings)
    return await respond.entry(context, registry, written.entry, 201)


def _checked(context: Context, registry: Registry, obj: Object, config: Object, asked: WriteOptions) -> Object:
    """The outcome in canonical form."""
    obj = dict(obj)
    context.warn(registry.check(obj, asked.field_validation))
    if not isinstance(obj.get("metadata"), dict):
        obj["metadata"] = {}
    check_name(obj, context.target.name)
    return lastapplied.renewed(obj, config) if asked.field_manager == lastapplied.MANAGER else obj


def require_manager(asked: WriteOptions) -> None:
    """Raises StatusError (422)."""
    if not asked.field_manager:
        error = field.required("fieldManager", "is required for apply patch")
        raise status.invalid("meta.k8s.io", "PatchOptions", "", [error])


def is_forced(context: Context) -> bool:
    """Everything but "false" and "0" means yes, as upstream reads booleans of options."""
    return context.query.get("force", "false") not in ("false", "0")


def read(raw: bytes) -> tuple[Object, list[str]]:
    """The configuration, and what stands twice in it. Raises StatusError (400)."""
    document, duplicates = _load(raw)
    if document is None:
        document = {}
    if not isinstance(document, dict):
        raise status.bad_request(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
            f"{diagnose.value_name(document)} into Go value of type map[string]interface {{}}"
        )
    return document, duplicates


def _load(raw: bytes) -> tuple[Any, list[str]]:
    # Clients mostly send JSON, which is YAML too and much faster to read.
    if raw[:1] == b"{":
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            document = None
        if document is not None and raw.count(_KEY_END) == orjson.dumps(document).count(_KEY_END):
            return document, []
    try:
        return yamltojson.load(raw)
    except yamltojson.YAMLError as problem:
        text = str(problem).removeprefix("error converting YAML to JSON: ")
        raise status.bad_request(f"error decoding YAML: error converting YAML to JSON: {text}") from None


def judge(context: Context, duplicates: list[str], mode: decode.FieldValidation) -> None:
    """Warns of fields that stand twice, or refuses them. Raises StatusError (400)."""
    if not duplicates or mode == "Ignore":
        return
    lines = "\n".join(f"  {line}" for line in duplicates)
    text = f"error converting YAML to JSON: yaml: unmarshal errors:\n{lines}"
    if mode == "Strict":
        raise status.bad_request(f"error strict decoding YAML: {text}")
    context.warn([text])
