"""Subresources of Pods with a kind of their own: binding, eviction."""

from typing import Any

import orjson
from aiohttp import web

from apiserver_stub.http import admit, delete_options, options, respond
from apiserver_stub.http.context import Context, decoded, object_body
from apiserver_stub.http.update import check_name
from apiserver_stub.meta import status
from apiserver_stub.registry import binding
from apiserver_stub.registry.generic import Registry
from apiserver_stub.registry.policy import eviction

Object = dict[str, Any]

_CREATED = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


async def bind(context: Context, registry: Registry, named: Registry) -> web.Response:
    """POST of a Binding, to a Pod or to the collection `bindings`. registry: of Pods; named: of what the path names."""
    content = await object_body(context)
    asked = options.write_options(context.query, context.dry_runs, "CreateOptions", context.user)
    wanted = decoded(context, content, registry.resource.subresources["binding"], asked.field_validation)
    name = context.target.name or (wanted.get("metadata") or {}).get("name") or ""
    if context.target.name:
        check_name(wanted, name)
    wanted = await admit.creation(context, named, wanted, asked)
    binding.check(wanted)
    await registry.update(context.target.namespace, name, lambda pod: binding.bind(pod, wanted), asked, "binding")
    return await respond.document(context, _CREATED, 201)


async def evict(context: Context, registry: Registry, budgets: Registry) -> web.Response:
    """POST of an Eviction. registry: of Pods; budgets: of PodDisruptionBudgets."""
    content = await object_body(context)
    asked = options.write_options(context.query, context.dry_runs, "CreateOptions", context.user)
    wanted = decoded(context, content, registry.resource.subresources["eviction"], asked.field_validation)
    given = (wanted.get("metadata") or {}).get("name")
    if given and given != context.target.name:
        raise status.bad_request("name in URL does not match name in Eviction object")
    wanted = await admit.creation(context, registry, wanted, asked)
    chosen = delete_options.parse({}, context.dry_runs, orjson.dumps(wanted.get("deleteOptions") or {}))
    chosen.dry_run = chosen.dry_run or asked.dry_run
    chosen.admitted = True
    await eviction.evict(registry, budgets, context.target.namespace, context.target.name, chosen)
    return await respond.document(context, _CREATED, 201)
