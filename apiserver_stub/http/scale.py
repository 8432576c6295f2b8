"""The subresource `scale`: read and written as autoscaling/v1 Scale, whatever the kind of the workload."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from apiserver_stub.http import apply, manager, options, patch, respond
from apiserver_stub.http.context import Context, body, decoded, object_body
from apiserver_stub.http.update import check_name
from apiserver_stub.meta import strategicpatch
from apiserver_stub.meta.managed import scale as managed
from apiserver_stub.registry import ownership
from apiserver_stub.registry.generic import Registry, WriteOptions, now
from apiserver_stub.schema import decode, kinds, openapi

Object = dict[str, Any]
# From the Scale as it is to the one that is wanted, with its managedFields.
Change = Callable[[Object], tuple[Object, list[Object]]]


async def get(context: Context, registry: Registry) -> web.Response:
    entry = registry.get(context.target.namespace, context.target.name)
    return await respond.document(context, registry.scale.of(registry.object(entry)))


async def put(context: Context, registry: Registry) -> web.Response:
    content = await object_body(context)
    asked = manager.write_options(context, "UpdateOptions")
    wanted = decoded(context, content, registry.resource.subresources["scale"], asked.field_validation)
    check_name(wanted, context.target.name)
    return await _store(context, registry, asked, lambda live: (wanted, _updated(registry, live, wanted, asked)))


async def patched(context: Context, registry: Registry) -> web.Response:
    media = patch.patch_media(context, registry)
    raw = await body(context.request)
    asked = options.write_options(context.query, context.dry_runs, "PatchOptions", context.user)
    if media == apply.MEDIA:
        return await _store(context, registry, asked, _applier(context, registry, raw, asked))
    patch.check_force(context)
    asked = manager.named(context, asked)
    document = patch.load(raw, is_list=media == patch.JSON_PATCH)
    subresource = registry.resource.subresources["scale"]

    def change(live: Object) -> tuple[Object, list[Object]]:
        if media == patch.STRATEGIC:
            wanted = strategicpatch.apply(live, document, openapi.node_for(subresource))
        else:
            wanted = patch.patch_of(media, document, registry)(live)
        _check(context, wanted, subresource, asked)
        return wanted, _updated(registry, live, wanted, asked)

    return await _store(context, registry, asked, change)


def _applier(context: Context, registry: Registry, raw: bytes, asked: WriteOptions) -> Change:
    apply.require_manager(asked)
    config, duplicates = apply.read(raw)
    subresource = registry.resource.subresources["scale"]

    def change(live: Object) -> tuple[Object, list[Object]]:
        fields = ownership.of_scale(subresource)
        wanted, owners = fields.apply(live, config, asked.field_manager, now(), force=apply.is_forced(context))
        apply.judge(context, duplicates, asked.field_validation)
        wanted = dict(wanted)
        _check(context, wanted, subresource, asked)
        return wanted, owners

    return change


def _check(context: Context, wanted: Object, subresource: kinds.Subresource, asked: WriteOptions) -> None:
    context.warn(decode.check(wanted, subresource, asked.field_validation))
    check_name(wanted, context.target.name)


def _updated(registry: Registry, live: Object, wanted: Object, asked: WriteOptions) -> list[Object]:
    fields = ownership.of_scale(registry.resource.subresources["scale"])
    given = (wanted.get("metadata") or {}).get("managedFields")
    return fields.update(live, wanted, given, asked.field_manager, now())


async def _store(context: Context, registry: Registry, asked: WriteOptions, change: Change) -> web.Response:
    paths = registry.scale_paths

    def changed(old: Object) -> Object:
        before = old["metadata"].get("managedFields")
        live = registry.scale.live(old)
        if owners := managed.of(before, paths):
            live["metadata"]["managedFields"] = owners
        wanted, owners = change(live)
        obj = registry.scale.put(old, wanted)
        obj["metadata"]["managedFields"] = managed.put(before, owners, registry.resource.api_version, paths)
        return obj

    target = context.target
    written = await registry.update(target.namespace, target.name, changed, asked, owned=True, part=registry.scale)
    context.warn(written.warnings)
    return await respond.document(context, registry.scale.of(registry.object(written.entry)))
