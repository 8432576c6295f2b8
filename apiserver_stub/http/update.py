"""PUT of an object or of one of its subresources."""

from aiohttp import web

from apiserver_stub.http import manager, respond
from apiserver_stub.http.context import Context, check_representation, decoded_object, object_body
from apiserver_stub.meta import status
from apiserver_stub.registry import parts
from apiserver_stub.registry.generic import Object, Registry


async def serve(context: Context, registry: Registry) -> web.Response:
    check_representation(context, registry, is_list=False)
    content = await object_body(context)
    asked = manager.write_options(context, "UpdateOptions")
    obj = decoded_object(context, content, registry, asked.field_validation)
    target = context.target
    check_name(obj, target.name)
    subresource = target.subresource
    if not subresource and registry.strategy.allow_create_on_update and _missing(context, registry):
        context.check_create()
        written = await registry.create(obj, target.namespace, asked)
        context.warn(written.warnings)
        return await respond.entry(context, registry, written.entry, 201)

    def change(old: Object) -> Object:
        return parts.merged(subresource, obj, old)

    written = await registry.update(target.namespace, target.name, change, asked, subresource, uid_is_precondition=True)
    context.warn(written.warnings)
    return await respond.entry(context, registry, written.entry)


def _missing(context: Context, registry: Registry) -> bool:
    return registry.log.head(registry.key(context.target.namespace, context.target.name)) is None


def check_name(obj: Object, name: str) -> None:
    """Raises StatusError (400) when the object is not the one that the path names."""
    given = (obj.get("metadata") or {}).get("name") or ""
    if given and given != name:
        raise status.bad_request(f"the name of the object ({given}) does not match the name on the URL ({name})")
    if not given:
        fault = "name must be provided"
        raise status.bad_request(f"the name of the object ({name} based on URL) was undeterminable: {fault}")
