"""Which function answers which verb on which resource."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.auth.tokens import Tokens
from apiserver_stub.http import (
    admit,
    create,
    delete,
    list,
    negotiate,
    patch,
    respond,
    reviews,
    scale,
    subresources,
    system,
    token_request,
    update,
    watch,
)
from apiserver_stub.http.context import Context, check_representation
from apiserver_stub.http.upgrade import Forwarder
from apiserver_stub.meta import status
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.registry.generic import Registry

Answer = Callable[[Context, Registry], Awaitable[web.StreamResponse]]

_STREAMS = frozenset({"exec", "attach", "portforward"})


async def get(context: Context, registry: Registry) -> web.StreamResponse:
    """GET of an object (also of its status, which shows the whole object)."""
    if text := context.query.get("resourceVersion"):
        _check_version(registry, text)
    entry = registry.get(context.target.namespace, context.target.name)
    if registry.converts_remotely:
        await registry.ready([entry])
    if context.wanted.kind:
        check_representation(context, registry, is_list=False)
    return await respond.entry(context, registry, entry)


def _check_version(registry: Registry, text: str) -> None:
    """Raises StatusError: an object "not older than" a version that does not exist can't be had."""
    from apiserver_stub.http import options

    asked = options.list_options({"resourceVersion": text}, watch=True).revision or 0
    if asked > registry.log.revision:
        raise status.future_version(asked, registry.log.revision)


_OBJECT: dict[str, Answer] = {
    "get": get,
    "list": list.serve,
    "watch": watch.serve,
    "create": create.serve,
    "update": update.serve,
    "patch": patch.serve,
    "delete": delete.serve,
    "deletecollection": delete.serve_collection,
}
_SCALE: dict[str, Answer] = {
    "get": scale.get,
    "update": scale.put,
    "patch": scale.patched,
}
_PART: dict[str, Answer] = {"get": get, "update": update.serve, "patch": patch.serve}


class Resources:
    """Finds the registry and the function for a request."""

    def __init__(self, catalog: Catalog, forwarder: Forwarder, tokens: Tokens, authorizer: Authorizer) -> None:
        self._catalog = catalog
        self._issuer = tokens.issuer
        self._reviews = reviews.Reviews(tokens, authorizer)
        self._forwarder = forwarder

    async def answer(self, context: Context) -> web.StreamResponse:
        target = context.target
        registry = self._catalog.find(target.group, target.version, target.resource)
        if registry is None:
            if not self._catalog.has_group(target.group):
                return system.page_not_found()
            raise status.no_such_resource()
        if registry.resource.is_custom:
            return await self._custom(context, registry)
        self._check_scope(context, registry)
        proxied = target.subresource == "proxy"
        if (context.request.method == "HEAD" and not proxied) or (
            context.verb == "create" and target.name and not target.subresource
        ):
            raise status.method_not_allowed()
        if target.subresource in _STREAMS or target.subresource in ("log", "proxy"):
            return await self._forward(context, registry)
        context.wanted = negotiate.accept(context.request.headers.get("Accept", ""))
        if deprecated := registry.deprecation:
            context.warn([deprecated])
        if target.subresource:
            return await self._subresource(context, registry)
        if context.verb not in registry.resource.verbs or context.verb not in _OBJECT:
            raise status.method_not_allowed()
        if target.resource == "bindings" and not target.group:
            pods = self._catalog.find("", "v1", "pods")
            assert pods
            return await subresources.bind(context, pods, registry)
        if target.resource.endswith("reviews"):
            return await self._reviews.serve(context, registry)
        return await _OBJECT[context.verb](context, registry)

    async def _custom(self, context: Context, registry: Registry) -> web.StreamResponse:
        """Custom resources: refused in other words, and without built-in subresources."""
        target, resource = context.target, registry.resource
        across = not target.name and context.verb in ("list", "watch")
        if bool(target.namespace) != resource.namespaced and not (resource.namespaced and across):
            return system.page_not_found()
        context.wanted = negotiate.accept_of_custom(context.request.headers.get("Accept", ""), context.verb)
        if deprecated := registry.deprecation:
            context.warn([deprecated])
        if target.subresource and target.subresource not in resource.subresources:
            raise status.not_found(resource, target.name)
        if not (context.verb or target.name) and context.request.method in ("PUT", "PATCH"):
            raise status.bad_request("name must be provided")
        answers = _OBJECT
        if target.subresource:
            answers = _SCALE if target.subresource == "scale" else _PART
        if context.verb not in answers:
            raise status.method_not_supported(resource, context.verb)
        return await answers[context.verb](context, registry)

    def _check_scope(self, context: Context, registry: Registry) -> None:
        """Raises StatusError (404, 405) where path and scope of the kind don't fit."""
        target, resource = context.target, registry.resource
        # /api/v1/namespaces/x is both the namespace x and the scope of x.
        in_namespace = bool(target.namespace) and not (target.resource == "namespaces" and not target.group)
        if resource.namespaced and not in_namespace:
            if target.name:
                raise status.no_such_resource()
            if context.verb not in ("list", "watch"):
                raise status.method_not_allowed()
        elif in_namespace and not resource.namespaced:
            raise status.no_such_resource()

    async def _subresource(self, context: Context, registry: Registry) -> web.StreamResponse:
        target = context.target
        served = registry.resource.subresources.get(target.subresource)
        if served is None or target.tail:
            raise status.no_such_resource()
        if context.verb not in served.verbs:
            raise status.method_not_allowed()
        if target.subresource == "scale":
            return await _SCALE[context.verb](context, registry)
        if served.kind == registry.resource.kind:
            return await _PART[context.verb](context, registry)
        if target.subresource == "binding":
            return await subresources.bind(context, registry, registry)
        if target.subresource == "eviction":
            budgets = self._catalog.find("policy", "v1", "poddisruptionbudgets")
            assert budgets
            return await subresources.evict(context, registry, budgets)
        if target.subresource == "token":
            return await token_request.serve(context, registry, self._issuer)
        raise status.not_implemented(f"{target.resource}/{target.subresource} is not served yet")

    async def _forward(self, context: Context, registry: Registry) -> web.StreamResponse:
        target = context.target
        served = registry.resource.subresources.get(target.subresource)
        if served is None:
            raise status.no_such_resource()
        # Proxies take OPTIONS too, for which there is no verb.
        asks = target.subresource == "proxy" and context.request.method == "OPTIONS"
        if context.verb not in served.verbs and not asks:
            raise status.method_not_allowed()
        if target.subresource != "log":
            await admit.connection(context, registry)
        if target.subresource in _STREAMS:
            return await self._forwarder.connect(context)
        if target.subresource == "log":
            return await self._forwarder.log(context)
        if target.resource == "nodes":
            return await self._forwarder.node(context)
        from apiserver_stub.http import proxied

        return await proxied.serve(context, registry.log)
