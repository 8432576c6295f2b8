"""POST to a collection."""

from aiohttp import web

from apiserver_stub.http import manager, respond
from apiserver_stub.http.context import Context, check_representation, decoded_object, object_body
from apiserver_stub.registry.generic import Registry


async def serve(context: Context, registry: Registry) -> web.Response:
    check_representation(context, registry, is_list=False)
    content = await object_body(context)
    asked = manager.write_options(context, "CreateOptions")
    obj = decoded_object(context, content, registry, asked.field_validation)
    written = await registry.create(obj, context.target.namespace, asked)
    context.warn(written.warnings)
    return await respond.entry(context, registry, written.entry, 201)
