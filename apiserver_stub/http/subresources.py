"""Subresources with a kind of their own: scale, binding, eviction."""

from typing import Any

import orjson
from aiohttp import web

from apiserver_stub.http import delete_options, negotiate, options, patch, respond
from apiserver_stub.http.context import Context, body, decoded, object_body
from apiserver_stub.http.update import check_name
from apiserver_stub.meta import status
from apiserver_stub.registry import binding
from apiserver_stub.registry.generic import Registry, WriteOptions
from apiserver_stub.registry.policy import eviction
from apiserver_stub.schema import decode, openapi

Object = dict[str, Any]

_CREATED = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


async def get_scale(context: Context, registry: Registry) -> web.Response:
    entry = registry.get(context.target.namespace, context.target.name)
    return await respond.document(context, registry.scale.of(registry.object(entry)))


async def put_scale(context: Context, registry: Registry) -> web.Response:
    content = await object_body(context)
    asked = options.write_options(context.query, context.dry_runs, "UpdateOptions")
    wanted = decoded(context, content, registry.resource.subresources["scale"], asked.field_validation)
    check_name(wanted, context.target.name)
    return await _scaled(context, registry, asked, lambda old: registry.scale.put(old, wanted))


async def patch_scale(context: Context, registry: Registry) -> web.Response:
    media = patch.patch_media(context, registry)
    raw = await body(context.request)
    asked = options.write_options(context.query, context.dry_runs, "PatchOptions")
    subresource = registry.resource.subresources["scale"]
    if media == patch.APPLY:
        given = decoded(context, (raw, negotiate.YAML), subresource, asked.field_validation)
        change = _merge_scale(given)
    elif media == patch.STRATEGIC:
        node = openapi.node_for(subresource)
        document = patch.load(raw, is_list=False)
        change = _strategic_scale(document, node)
    else:
        change = patch.patch_of(media, patch.load(raw, is_list=media == patch.JSON_PATCH), registry)

    def apply(old: Object) -> Object:
        wanted = change(registry.scale.of(old))
        context.warn(decode.check(wanted, subresource, asked.field_validation))
        check_name(wanted, context.target.name)
        return registry.scale.put(old, wanted)

    return await _scaled(context, registry, asked, apply)


def _merge_scale(given: Object) -> patch.Patch:
    def merge(old: Object) -> Object:
        return old | {"spec": old["spec"] | (given.get("spec") or {})}

    return merge


def _strategic_scale(document: Object, node: openapi.Node) -> patch.Patch:
    from apiserver_stub.meta import strategicpatch

    return lambda old: strategicpatch.apply(old, document, node)


async def _scaled(context: Context, registry: Registry, asked: WriteOptions, change: patch.Patch) -> web.Response:
    written = await registry.update(context.target.namespace, context.target.name, change, asked)
    return await respond.document(context, registry.scale.of(registry.object(written.entry)))


async def bind(context: Context, registry: Registry) -> web.Response:
    """POST of a Binding, to a Pod or to the collection `bindings`. registry: of Pods."""
    content = await object_body(context)
    asked = options.write_options(context.query, context.dry_runs, "CreateOptions")
    wanted = decoded(context, content, registry.resource.subresources["binding"], asked.field_validation)
    name = context.target.name or (wanted.get("metadata") or {}).get("name") or ""
    if context.target.name:
        check_name(wanted, name)
    binding.check(wanted)
    await registry.update(context.target.namespace, name, lambda pod: binding.bind(pod, wanted), asked, "binding")
    return await respond.document(context, _CREATED, 201)


async def evict(context: Context, registry: Registry, budgets: Registry) -> web.Response:
    """POST of an Eviction. registry: of Pods; budgets: of PodDisruptionBudgets."""
    content = await object_body(context)
    asked = options.write_options(context.query, context.dry_runs, "CreateOptions")
    wanted = decoded(context, content, registry.resource.subresources["eviction"], asked.field_validation)
    given = (wanted.get("metadata") or {}).get("name")
    if given and given != context.target.name:
        raise status.bad_request("name in URL does not match name in Eviction object")
    chosen = delete_options.parse({}, context.dry_runs, orjson.dumps(wanted.get("deleteOptions") or {}))
    chosen.dry_run = chosen.dry_run or asked.dry_run
    await eviction.evict(registry, budgets, context.target.namespace, context.target.name, chosen)
    return await respond.document(context, _CREATED, 201)
