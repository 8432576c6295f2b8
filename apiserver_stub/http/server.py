"""One request from its first line to its answer: authenticate, authorize, negotiate, dispatch."""

import asyncio
import dataclasses
import itertools
import logging
import uuid
from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from apiserver_stub.aggregation.controller import Aggregation
from apiserver_stub.auth import rbac
from apiserver_stub.auth.authenticate import ANONYMOUS, MASTERS
from apiserver_stub.auth.authorize import Authorizer
from apiserver_stub.auth.tokens import Tokens
from apiserver_stub.flow.fairness import Fairness, Rejected
from apiserver_stub.http import documents, metrics, resources, respond, route, system
from apiserver_stub.http.authentication import Authentication
from apiserver_stub.http.context import NO_QUERY, Context
from apiserver_stub.http.listener import Request
from apiserver_stub.http.upgrade import Forwarder
from apiserver_stub.meta import status
from apiserver_stub.registry.catalog import Catalog
from apiserver_stub.storage.log import StorageError, TooLarge

if TYPE_CHECKING:
    from apiserver_stub.audit.auditor import Auditor
    from apiserver_stub.http.audited import Audit

logger = logging.getLogger(__name__)


# What orjson says of documents that were read, but that JSON in UTF-8 can't hold.
_UNENCODABLE = ("Recursion limit reached", "str is not valid UTF-8", "Integer exceeds 64-bit range")

# Rights to one object of a collection count where the request selects just that one.
_BY_SELECTOR = frozenset({"list", "watch", "deletecollection"})

# Connections through the server, which last as long as they like.
_STREAMS = frozenset({"exec", "attach", "portforward", "proxy", "log"})
# Of the Audit-Id that a client chooses, in characters.
_ID_LENGTH = 64


class Server:
    """The handler of all requests."""

    def __init__(
        self,
        catalog: Catalog,
        tokens: Tokens,
        authorizer: Authorizer,
        forwarder: Forwarder,
        authentication: Authentication,
        aggregation: Aggregation,
        fairness: Fairness,
        auditor: "Auditor | None" = None,
    ) -> None:
        self.metrics = metrics.Metrics()
        # Where clients find this server; known once it listens.
        self.url = ""
        self._catalog = catalog
        self._tokens = tokens
        self._authentication = authentication
        self._authorizer = authorizer
        self._resources = resources.Resources(catalog, forwarder, tokens, authorizer)
        self._documents = documents.Documents(catalog, aggregation)
        self._aggregation = aggregation
        self._fairness = fairness
        self._audit: Audit | None = None
        self.metrics.sources.append(fairness.families)
        if auditor is not None:
            from apiserver_stub.http import audited

            self._audit = audited.Audit(auditor, self._authentication, authorizer)
            self.metrics.sources.append(auditor.families)
        # Random once and counted on: what an id names is no secret.
        self._id = str(uuid.uuid4())[:24]
        self._ids = itertools.count()

    async def handle(self, request: Request) -> web.StreamResponse:
        context: Context | None = None
        panicked = False
        try:
            if self._authentication.waits:
                await self._authentication.prepare(request)
            context = self._context(request)
            self._recognize(context, request)
            response = await self._in_turn(context, request)
        except status.StatusError as error:
            response = respond.failure(context, error)
        except Rejected:
            response = system.too_many_requests()
        except StorageError as error:
            response = respond.failure(context, status.internal(str(error)))
        except TooLarge as error:
            response = respond.failure(context, status.object_too_large(error.size))
        except (ConnectionError, asyncio.CancelledError):
            if request.trail is not None:
                request.trail.ended(None)
            raise
        except Exception as error:
            fault = _unencodable(error)
            if fault is None:
                panicked = True
                logger.exception("%s %s failed", request.method, request.path)
                fault = status.internal("the request could not be handled")
            response = respond.failure(context, fault)
        if context is not None:
            target = context.target
            self.metrics.count(context.verb, target.group, target.version, target.resource, response.status)
        if request.trail is not None:
            request.trail.ended(response, panicked=panicked)
        return response

    def _context(self, request: Request) -> Context:
        raw_path, has_query, _ = request.raw_path.partition("?")
        target = route.parse(raw_path)
        query = request.query if has_query else NO_QUERY
        verb = route.verb(target, request.method, query)
        audit_id = request.headers.get("Audit-Id", "")[:_ID_LENGTH]
        request.marks = {"Audit-Id": audit_id or f"{self._id}{next(self._ids):012x}"}
        return Context(request, target, verb, query, ANONYMOUS, check_verb=self._check_verb)

    def _recognize(self, context: Context, request: Request) -> None:
        """Raises StatusError (400, 401, 403)."""
        try:
            context.user = self._authentication.user(request)
        except status.StatusError as error:
            if self._audit is not None:
                self._audit.turned_away(context, request, error)
            raise
        if self._audit is not None:
            self._audit.begin(context, request)

    async def _in_turn(self, context: Context, request: Request) -> web.StreamResponse:
        """Answers once there is a seat; connections through the server need none. Raises StatusError, Rejected."""
        target = context.target
        if target.subresource in _STREAMS:
            return await self._answer(context)
        flow = self._fairness.flow(context.user, context.verb, target)
        request.marks = {**request.marks, **flow.headers}
        width = 1
        if context.verb == "list" and not flow.level.is_exempt:
            width = self._fairness.list_width(flow, target, _page(context))
        context.seat = await self._fairness.enter(flow, width)
        try:
            return await self._answer(context)
        finally:
            context.seat.leave()

    def _check_verb(self, context: Context, verb: str) -> None:
        if MASTERS not in context.user.groups:
            self._authorizer.check(context.user, dataclasses.replace(_attributes(context), verb=verb))

    async def _answer(self, context: Context) -> web.StreamResponse:
        target = context.target
        if self._audit is not None:
            self._audit.decide(context, _attributes(context))
        if MASTERS not in context.user.groups:
            self._authorizer.check(context.user, _attributes(context))
        if self._aggregation.backends and (backend := self._aggregation.find(target)) is not None:
            from apiserver_stub.aggregation import proxy

            return await proxy.serve(context, backend)
        if target.resource:
            return await self._resources.answer(context)
        return await self._other(context)

    async def _other(self, context: Context) -> web.StreamResponse:
        """Paths that name no resource."""
        path, method = context.target.path.rstrip("/") or "/", context.request.method
        if method not in ("GET", "HEAD"):
            raise status.method_not_allowed()
        if path.startswith(system.HEALTH):
            excluded = context.query.getall("exclude", [])
            return system.health(path, "verbose" in context.query, excluded) or system.page_not_found()
        if path == "/version":
            return await respond.document(context, system.VERSION)
        if path == "/metrics":
            return system.metrics_page(self.metrics)
        if path in system.OPENID:
            return system.openid(path, self._tokens.issuer, self.url)
        found = await self._documents.answer(context)
        if found is not None:
            return found
        if path.startswith("/openapi/"):
            return web.Response(status=404)
        if context.target.prefix in ("api", "apis") and self._catalog.has_group(context.target.group):
            raise status.no_such_resource()
        return system.page_not_found()


def _page(context: Context) -> int:
    """How many objects a list asks for, 0 for all."""
    limit = context.query.get("limit", "")
    return int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 10 else 0


def _unencodable(error: Exception) -> status.StatusError | None:
    """400 where the client's object can't be stored: it is encoded before anything is written."""
    if isinstance(error, RecursionError):
        return status.bad_request("the object can't be encoded as JSON: exceeded max depth")
    if isinstance(error, orjson.JSONEncodeError) and str(error).startswith(_UNENCODABLE):
        return status.bad_request(f"the object can't be encoded as JSON: {error}")
    return None


def _attributes(context: Context) -> rbac.Attributes:
    target = context.target
    name = target.name
    if not name and context.verb in _BY_SELECTOR and "fieldSelector" in context.query:
        name = route.name_selected(context.query["fieldSelector"])
    return rbac.Attributes(
        context.verb,
        target.path,
        target.group,
        target.resource,
        target.subresource,
        target.namespace,
        name,
    )
